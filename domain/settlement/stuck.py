"""Reading what is stuck (D06): payments without a result, held receipts, and proposals to post by hand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from domain.kernel import database
from domain.kernel.actor import Actor
from domain.kernel.money import Money
from domain.settlement.desk import require_funds

KIND_NAMES: dict[str, str] = {
    "payment_confirmed": "按已入账处理付款",
    "payment_rejected": "按已退回处理付款",
    "receipt": "到账手动入账",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StuckPayment:
    """`answer_*` is what the bank said when staff last asked."""

    account_no: int
    payment_id: int
    serial_no: str
    bank_code: str
    amount: Money
    state: str
    sent_at: datetime
    queries: int
    last_message: str | None
    answer_status: str | None
    answer_message: str | None
    answer_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HandPostingView:
    posting_id: int
    subject: str
    kind: str
    kind_name: str
    bank_account_code: str | None
    item_id: int | None
    reason: str
    state: str
    proposed_by: str
    proposed_by_name: str
    proposed_at: datetime
    decided_by_name: str | None
    decided_at: datetime | None
    decision_note: str | None


async def stuck_payments(*, actor: Actor, sent_before: datetime, most: int = 100) -> list[StuckPayment]:
    """Payments that the bank may have and that have no result since before an instant, oldest first."""
    require_funds(actor)
    rows = await database.rows(
        "SELECT p.* FROM payment p WHERE p.state IN ('sending', 'processing', 'unknown') AND p.sent_at < $1"
        " ORDER BY p.sent_at LIMIT $2",
        sent_before,
        most,
    )
    subjects = [f"payment:{row['account_no']}:{row['payment_id']}" for row in rows]
    answers = {
        row["subject"]: row
        for row in await database.rows(
            "SELECT DISTINCT ON (subject) * FROM bank_answer WHERE subject = ANY ($1)"
            " ORDER BY subject, asked_at DESC, answer_id DESC",
            subjects,
        )
    }
    return [
        StuckPayment(
            account_no=row["account_no"],
            payment_id=row["payment_id"],
            serial_no=row["serial_no"],
            bank_code=row["bank_code"],
            amount=Money(row["amount_fen"]),
            state=row["state"],
            sent_at=row["sent_at"],
            queries=row["queries"],
            last_message=row["last_message"],
            answer_status=answer["status"] if (answer := answers.get(subject)) else None,
            answer_message=answer["message"] if answer else None,
            answer_at=answer["asked_at"] if answer else None,
        )
        for subject, row in zip(subjects, rows, strict=True)
    ]


async def hand_postings(*, actor: Actor, state: str | None = None, most: int = 100) -> list[HandPostingView]:
    require_funds(actor)
    rows = await database.rows(
        "SELECT * FROM hand_posting WHERE ($1::text IS NULL OR state = $1)"
        " ORDER BY proposed_at DESC, posting_id DESC LIMIT $2",
        state,
        most,
    )
    return [
        HandPostingView(
            posting_id=row["posting_id"],
            subject=row["subject"],
            kind=row["kind"],
            kind_name=KIND_NAMES[row["kind"]],
            bank_account_code=row["bank_account_code"],
            item_id=row["item_id"],
            reason=row["reason"],
            state=row["state"],
            proposed_by=row["proposed_by"],
            proposed_by_name=row["proposed_by_name"],
            proposed_at=row["proposed_at"],
            decided_by_name=row["decided_by_name"],
            decided_at=row["decided_at"],
            decision_note=row["decision_note"],
        )
        for row in rows
    ]
