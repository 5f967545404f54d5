"""What the desk sees of money that banks took back, and of one matter before it is decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from domain.contributions.employers.standing import require_employer
from domain.contributions.taken_back_refusals import TAKEN_BACK_NOT_SHORT
from domain.kernel import database
from domain.kernel.actor import Actor
from domain.kernel.database import Record
from domain.kernel.dates import YearMonth
from domain.kernel.money import Money
from domain.kernel.refusal import Refused

STATE_NAMES = {
    "working": "冲回中",
    "short": "账户不足，待确认",
    "partial": "部分收回，待确认",
    "owed": "待单位补足",
    "done": "已办结",
}
WAY_NAMES = {"remark": "备注", "serial": "流水号", "payer": "付款人", "hand": "人工"}


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenBackView:
    """`accounts`: debited so far; `short`: what is not in the accounts any more, or the part that was taken;
    `reference_no`: what a payer of the debt writes."""

    employer_no: int
    employer_name: str
    office_code: str
    receipt_id: int
    statement_no: str
    month: YearMonth | None
    amount: Money
    booked_on: date
    way_name: str
    state: str
    accounts: int
    short_count: int
    short: Money
    accepted_by_name: str | None
    reference_no: str | None
    noticed_at: datetime
    ended_at: datetime | None

    @property
    def state_name(self) -> str:
        return STATE_NAMES[self.state]


async def taken_back_matters(
    *, office_codes: Sequence[str], state: str = "", month: str = "", most: int = 500
) -> list[TakenBackView]:
    """Of some departments or of all: the newest first; of one state, noticed in one month (`2026-11`)."""
    rows = await database.rows(
        f"{_MATTERS} WHERE (cardinality($1::text[]) = 0 OR e.office_code = ANY ($1)) AND ($2 = '' OR t.state = $2)"
        " AND ($3 = '' OR to_char(t.noticed_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM') = $3)"
        " ORDER BY t.noticed_at DESC, t.receipt_id LIMIT $4",
        list(office_codes),
        state,
        month,
        most,
    )
    references = {
        row["expectation_id"]: row["reference_no"]
        for row in await database.rows(
            "SELECT expectation_id, reference_no FROM expected_receipt WHERE expectation_id = ANY ($1)",
            [row["expectation_id"] for row in rows if row["expectation_id"] is not None],
        )
    }
    return [_view(row, references.get(row["expectation_id"])) for row in rows]


async def taken_back_matter(*, actor: Actor, employer_no: int, receipt_id: int) -> TakenBackView:
    """One that waits for two persons. Raises Refused."""
    row = await database.row(f"{_MATTERS} WHERE t.employer_no = $1 AND t.receipt_id = $2", employer_no, receipt_id)
    if row is None:
        raise Refused(TAKEN_BACK_NOT_SHORT())
    require_employer(actor, employer_no=employer_no, office_code=row["office_code"], scope="payments")
    view = _view(row, None)
    if view.state not in ("short", "partial"):
        raise Refused(TAKEN_BACK_NOT_SHORT())
    return view


_MATTERS = """
SELECT t.*, s.statement_no, s.period, e.name, e.office_code
FROM payment_taken_back t
JOIN remittance_statement s ON s.employer_no = t.employer_no AND s.statement_id = t.statement_id
JOIN employer e ON e.employer_no = t.employer_no
"""


def _view(row: Record, reference_no: str | None) -> TakenBackView:
    return TakenBackView(
        employer_no=row["employer_no"],
        employer_name=row["name"],
        office_code=row["office_code"],
        receipt_id=row["receipt_id"],
        statement_no=row["statement_no"],
        month=YearMonth.of_period(row["period"]) if row["period"] else None,
        amount=Money(row["amount_fen"]),
        booked_on=row["booked_on"],
        way_name=WAY_NAMES[row["identified_by"]],
        state=row["state"],
        accounts=row["account_count"],
        short_count=row["short_count"],
        short=Money(row["short_fen"]),
        accepted_by_name=row["accepted_by_name"],
        reference_no=reference_no,
        noticed_at=row["noticed_at"],
        ended_at=row["ended_at"],
    )
