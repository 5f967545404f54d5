"""What may be done to a personal account in which state, and what it becomes (`transitions.yaml`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from domain.kernel.declared import DeclarationError, read

Where = Literal["here", "elsewhere", "any"]
Effect = Literal["begins", "ends", "changes"]

NO_ACCOUNT = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """`befores` are GRZHZT states or `none`; `effect` says what becomes of contributing."""

    action: str
    name: str
    befores: frozenset[str]
    after: str
    where: Where
    effect: Effect


@cache
def transitions() -> Mapping[str, Transition]:
    """By action. Raises DeclarationError for a malformed table."""
    found = {}
    for action, row in read(Path(__file__).with_name("transitions.yaml")).items():
        if set(row) != {"zh", "from", "to", "where", "effect"} or row["effect"] not in ("begins", "ends", "changes"):
            raise DeclarationError(file="transitions.yaml", problems=[f"{action} is malformed"])
        found[action] = Transition(
            action=action,
            name=row["zh"],
            befores=frozenset(row["from"]),
            after=row["to"],
            where=row["where"],
            effect=row["effect"],
        )
    return found


def action_named(name: str) -> str | None:
    """`新开户` → `open`; None for a word that is none of them."""
    return _by_name().get(name)


@cache
def _by_name() -> Mapping[str, str]:
    aliases = {"开户": "open", "增员": "open", "减员": "seal", "调入": "transfer_in", "基数调整": "change_base"}
    return {**aliases, **{one.name: one.action for one in transitions().values()}}
