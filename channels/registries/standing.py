"""What three agencies say of many persons at once: identity, pension, accounts in other cities.

Paths of the same gateway as the other registries; the wire shape is our own assumption:

    /persons/identity   {"requestNo", "persons": [{"name", "documentType", "documentNo"}, …]}
    /persons/pension    the same         /persons/national-account    the same
    data                [{"matches": true}], [{"since": "2026-01-01" | null}], [{"state": "none|contributing|sealed",
                          "centre": "天津住房公积金管理中心"}], one a person in the order asked
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any, TypeVar

from channels.wire import SignedClient, WireFailure
from domain.contributions.ports import ASKED_MAX, PersonAsked, Standing

T = TypeVar("T")

AGENCIES = {
    "identity": "公安身份核验",
    "pension": "人力社保（养老待遇）",
    "national-account": "全国住房公积金数据平台",
}


class PersonRegistriesClient:
    """Implements `PersonRegistries`: three questions at a time, each with its own silence."""

    def __init__(self, *, wire: SignedClient) -> None:
        self._wire = wire

    async def standings(self, *, persons: Sequence[PersonAsked], now: datetime) -> list[Standing]:
        assert 1 <= len(persons) <= ASKED_MAX, f"asked about {len(persons)} persons"
        identity, pension, national = await asyncio.gather(
            self._ask("identity", persons, _matches, now=now),
            self._ask("pension", persons, _since, now=now),
            self._ask("national-account", persons, _contributes, now=now),
        )
        silent = tuple(
            AGENCIES[name]
            for name, found in (("identity", identity), ("pension", pension), ("national-account", national))
            if found is None
        )
        return [
            Standing(
                identity_matches=identity is None or identity[at],
                pension_since=pension[at] if pension is not None else None,
                contributes_at=national[at] if national is not None else None,
                no_answer=silent,
            )
            for at in range(len(persons))
        ]

    async def _ask(
        self, name: str, persons: Sequence[PersonAsked], read: Callable[[Any], T], *, now: datetime
    ) -> list[T] | None:
        """None when the agency gave no clear answer."""
        request_no = secrets.token_hex(16)
        body = {
            "requestNo": request_no,
            "persons": [
                {"name": one.name, "documentType": one.document_type, "documentNo": one.document_no} for one in persons
            ],
        }
        try:
            answer = await self._wire.post_json(path=f"persons/{name}", body=body, now=now)
            if answer.get("requestNo") != request_no or answer.get("code") != "0":
                return None
            rows = answer.get("data")
            if not isinstance(rows, list) or len(rows) != len(persons):
                return None
            return [read(row) for row in rows]
        except (WireFailure, ValueError, KeyError, TypeError):
            return None


def _matches(row: Any) -> bool:
    if not isinstance(row["matches"], bool):
        raise ValueError("matches was agreed")
    return row["matches"]


def _since(row: Any) -> date | None:
    return None if row["since"] is None else date.fromisoformat(row["since"])


def _contributes(row: Any) -> str | None:
    state, centre = row["state"], row.get("centre")
    if state not in ("none", "contributing", "sealed"):
        raise ValueError("unknown state")
    if state != "contributing":
        return None
    if not isinstance(centre, str) or not 2 <= len(centre) <= 60 or not centre.isprintable():
        raise ValueError("a centre was agreed")
    return centre
