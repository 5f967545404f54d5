"""Reading statements that were imported."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from domain.kernel import database
from domain.kernel.actor import Actor
from domain.kernel.money import Money
from domain.settlement.desk import require_funds


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementView:
    statement_id: int
    bank_account_code: str
    day: date
    source: str
    opening: Money
    closing: Money
    received: Money
    paid: Money
    line_count: int
    imported_by_name: str
    imported_at: datetime
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementLineView:
    line_no: int
    host_serial_no: str
    booked_on: date
    booked_time: str
    amount: Money
    balance: Money
    reversal: bool
    counterparty_account_masked: str
    counterparty_name_masked: str
    remark: str
    summary: str
    ticked: bool


async def statements_of(
    *, actor: Actor, bank_account_code: str | None = None, since: date, until: date
) -> list[StatementView]:
    """Current statements, newest day first; both days inclusive."""
    require_funds(actor)
    rows = await database.rows(
        "SELECT * FROM bank_statement WHERE state = 'current' AND ($1::text IS NULL OR bank_account_code = $1)"
        " AND day BETWEEN $2 AND $3 ORDER BY day DESC, bank_account_code",
        bank_account_code,
        since,
        until,
    )
    return [
        StatementView(
            statement_id=row["statement_id"],
            bank_account_code=row["bank_account_code"],
            day=row["day"],
            source=row["source"],
            opening=Money(row["opening_fen"]),
            closing=Money(row["closing_fen"]),
            received=Money(row["in_fen"]),
            paid=Money(row["out_fen"]),
            line_count=row["line_count"],
            imported_by_name=row["imported_by_name"],
            imported_at=row["imported_at"],
            notes=tuple(row["notes"]),
        )
        for row in rows
    ]


async def statement_lines(*, actor: Actor, statement_id: int) -> list[StatementLineView]:
    require_funds(actor)
    rows = await database.rows(
        "SELECT l.*, t.host_serial_no IS NOT NULL AS ticked FROM bank_statement_line l"
        " LEFT JOIN bank_tick t USING (bank_account_code, booked_on, host_serial_no)"
        " WHERE l.statement_id = $1 ORDER BY l.line_no",
        statement_id,
    )
    return [
        StatementLineView(
            line_no=row["line_no"],
            host_serial_no=row["host_serial_no"],
            booked_on=row["booked_on"],
            booked_time=row["booked_time"],
            amount=Money(row["amount_fen"]),
            balance=Money(row["balance_fen"]),
            reversal=row["reversal"],
            counterparty_account_masked=row["counterparty_account_masked"],
            counterparty_name_masked=row["counterparty_name_masked"],
            remark=row["remark"],
            summary=row["summary"],
            ticked=row["ticked"],
        )
        for row in rows
    ]
