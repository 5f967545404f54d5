"""Persons put on a list, as two members of staff do it."""

from __future__ import annotations

from datetime import date
from typing import Any

from auth import approvals, risk_care
from domain import risk
from domain.kernel import database
from domain.kernel.database import Transaction
from domain.kernel.dates import business_date_of
from domain.risk import Listing
from ops.demo.city import city
from tests.city import RunningHouse
from tests.factories.people import staff

REASON = "以虚假租赁合同提取住房公积金"


def listing(running: RunningHouse, key: str, list_code: str = "bad_record", **changes: Any) -> Listing:
    """A sound proposal about a citizen of the city, unless changed."""
    person = city().citizens[key]
    said: dict[str, Any] = {
        "list": list_code,
        "document_type": "01",
        "document_no": person.document_no,
        "name": person.name,
        "reason_code": {"bad_record": "forged_contract", "key_review": "reported"}.get(list_code, "other"),
        "reason": REASON,
        "evidence": "京房公积金查〔2026〕12号",
        "from_on": business_date_of(running.clock()),
        **changes,
    }
    return Listing(**said)


async def put(
    running: RunningHouse, key: str, list_code: str = "bad_record", *, by: tuple[str, str] = ("li.min", "wang.fang"),
    **changes: Any,
) -> int:  # fmt: skip
    """Listed by the first, agreed to by the second; returns the entry's number."""
    asked = await risk_care.ask_listing(
        actor=await staff(by[0]),
        listing=listing(running, key, list_code, **changes),
        reason="专项治理查实",
        now=running.clock(),
    )
    await agree(running, asked.approval_id, by[1])
    return int(await database.value("SELECT entry_id FROM risk_entry ORDER BY listed_at DESC, entry_id DESC LIMIT 1"))


async def enter(tx: Transaction, running: RunningHouse, key: str, list_code: str) -> None:
    """As `put`, in a transaction that the test may undo."""
    await risk.enter(
        tx,
        listing=listing(running, key, list_code),
        asked_by="staff:1",
        actor=await staff("wang.fang"),
        now=running.clock(),
    )


async def agree(running: RunningHouse, approval_id: int, login: str, *, agrees: bool = True) -> approvals.Approval:
    return await approvals.decide(
        actor=await staff(login),
        approval_id=approval_id,
        agree=agrees,
        note="" if agrees else "依据不足，请补充",
        now=running.clock(),
    )


async def take_off(running: RunningHouse, entry_id: int, *, by: tuple[str, str] = ("li.min", "wang.fang")) -> None:
    asked = await risk_care.ask_removal(
        actor=await staff(by[0]), entry_id=entry_id, reason="复核后撤销认定", now=running.clock()
    )
    await agree(running, asked.approval_id, by[1])


async def entry(running: RunningHouse, entry_id: int, *, on: date | None = None) -> risk.EntryView:
    return await risk.entry_of(entry_id=entry_id, on=on or business_date_of(running.clock()))
