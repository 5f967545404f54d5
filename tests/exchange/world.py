"""Pushes of e窗通 and social security for tests that call the domain itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from domain import contributions, exchange
from domain.exchange import (
    AccountBody,
    AccountCancelledBody,
    AgentBody,
    BasesBody,
    Body,
    EmployeesBody,
    EmployerBody,
    Outcome,
    PersonRow,
    Push,
    Source,
)
from domain.kernel import database
from domain.kernel.dates import YearMonth
from domain.kernel.money import Money
from tests.contributions.world import NOW, TODAY, Registries, id_card, key, name_of

USCC, OTHER_USCC, NEW_USCC = "91110101MA0DEM00XL", "91110102MA0DEM01X4", "91110000600037341L"
ACCOUNT, SECOND_ACCOUNT = "6222000011112222", "6222000033334444"
NOTICE = contributions.NOTICE_VERSION


def push(kind: str, *, source: Source = "ewindow", uscc: str = USCC, minutes: int = 0, number: str = "") -> Push:
    """`minutes`: how long after the start of the test the fact came about."""
    return Push(
        source=source,
        message_no=number or f"T{key()}",
        kind=kind,
        uscc=uscc,
        occurred_at=NOW + timedelta(minutes=minutes),
        received_at=NOW,
    )


async def take(one: Push, body: Body, *, registries: Registries | None = None, now: datetime = NOW) -> Outcome:
    return await exchange.take(push=one, body=body, registries=registries or Registries(), now=now, business_date=TODAY)


def registration(**changes: Any) -> EmployerBody:
    given: dict[str, Any] = {
        "name": "北京样例科技有限公司",
        "kind": "enterprise",
        "district_code": "110105",
        "pay_day": 5,
        "rate_bp": 1200,
        "first_month": None,
        "agent": AgentBody(name=name_of(901), document_type="01", document_no=id_card(901), mobile="13800000901"),
    }
    return EmployerBody(**{**given, **changes})


def account(number: str = ACCOUNT, *, day: int = 15, name: str = "北京晨曦科技有限公司") -> AccountBody:
    return AccountBody(bank_code="102", account_no=number, account_name=name, day=day, notice_version=NOTICE)


def cancelled(number: str = ACCOUNT) -> AccountCancelledBody:
    return AccountCancelledBody(account_no=number)


def person(
    number: int, action: Literal["add", "remove", "base"] = "add", *, row_no: int = 1, base: str | None = "10000",
    **given: str,
) -> PersonRow:  # fmt: skip
    return PersonRow(
        row_no=row_no,
        action=action,
        document_type="01",
        document_no=given.get("document_no", id_card(number)),
        name=given.get("name", name_of(number)),
        declared=Money.parse(base) if base and action != "remove" else None,
    )


def employees(*rows: PersonRow, month: YearMonth | None = None) -> EmployeesBody:
    return EmployeesBody(month=month, rows=_numbered(rows))


def bases(year: int, *rows: PersonRow) -> BasesBody:
    return BasesBody(year=year, rows=_numbered(rows))


def _numbered(rows: Sequence[PersonRow]) -> tuple[PersonRow, ...]:
    return tuple(
        PersonRow(
            row_no=number, action=row.action, document_type=row.document_type, document_no=row.document_no,
            name=row.name, declared=row.declared,
        )
        for number, row in enumerate(rows, start=1)
    )  # fmt: skip


async def carry_out() -> int:
    """What the worker does behind the answer: lists applied, records ended."""
    for employer_no, list_id, state in await contributions.lists_due():
        if state == "applying":
            await contributions.apply_list(employer_no=employer_no, list_id=list_id, now=NOW, business_date=TODAY)
    return await exchange.follow(now=NOW)


async def record(one: Push) -> database.Record:
    found = await database.row(
        "SELECT * FROM exchange_record WHERE source = $1 AND message_no = $2", one.source, one.message_no
    )
    assert found is not None
    return found


async def result(one: Push) -> exchange.Result:
    (found,) = await exchange.results_of(source=one.source, message_nos=[one.message_no])
    return found
