"""Which operations ask for a face, as data (`operations.yaml`), and whether this one does now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal

from domain import contributions, policy
from domain.kernel import database
from domain.kernel.actor import Actor
from domain.kernel.dates import business_date_of
from domain.kernel.declared import read
from domain.kernel.money import Money

When = Literal["always", "amount", "risky"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    code: str
    name: str
    when: When = "always"
    alternatives: tuple[str, ...] = ("counter",)
    party: str = "person"


@cache
def online_operations() -> Mapping[str, Operation]:
    return {code: Operation(code=code, **_fields(row)) for code, row in _declared()["online"].items()}


@cache
def counter_operations() -> Mapping[str, Operation]:
    """What staff trigger at the counter: the 18 functions for employers, and the transfer-in (R13)."""
    return {code: Operation(code=code, **_fields(row)) for code, row in _declared()["counter"].items()}


async def needed(*, actor: Actor, operation: Operation, amount: Money | None, now: datetime) -> bool:
    """Whether the citizen is asked for a face now."""
    if operation.when == "always":
        return True
    if operation.when == "amount":
        limit = policy.on(business_date_of(now)).money("identity.face_amount_from")
        if (amount if amount is not None else await _all_there_is(actor)) >= limit:
            return True
    return await _risky(actor, now=now)


async def _all_there_is(actor: Actor) -> Money:
    """The most that could leave: who names no amount may mean all of it."""
    accounts = await contributions.accounts_of(actor=actor)
    return Money(sum(account.available.fen for account in accounts))


async def _risky(actor: Actor, *, now: datetime) -> bool:
    """A change that has not cooled off, or a login by an account that was linked before."""
    assert actor.person_id is not None, "risk is a citizen's"
    if await contributions.changes_of(person_id=actor.person_id, now=now):
        return True
    proved = await database.value("SELECT proved FROM login_session WHERE session_id = $1", actor.session_id)
    return proved is False


def _fields(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "alternatives": tuple(row.get("alternatives", ("counter",)))}


@cache
def _declared() -> dict[str, Any]:
    declared: dict[str, Any] = read(Path(__file__).with_name("operations.yaml"))
    return declared
