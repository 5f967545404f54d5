"""托收失败 (D07): why banks did not collect, counted by reason, bank, department and month; and what staff do about it:
present again (`collecting.collect_now`), settled offline, void."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.contributions.employers.standing import COUNTER_ROLES, lock_standing, require_employer
from domain.contributions.refusals import COLLECTION_HANDLED, MATTER_REASON, STATEMENT_NOT_FOUND
from domain.kernel import audit, database, idempotency
from domain.kernel.actor import Actor
from domain.kernel.database import Record, Transaction, transaction
from domain.kernel.dates import SHANGHAI, YearMonth
from domain.kernel.money import Money, total
from domain.kernel.refusal import NOT_PERMITTED, Refused

HANDLED_NAMES = {"again": "已重新托收", "otherwise": "已另行缴款", "void": "已作废"}
"""What was done about a failure; nothing yet is open."""
KIND_NAMES = {"remittance": "汇缴", "back_payment": "补缴"}


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedCollection:
    """`handled`: a key of HANDLED_NAMES, None while nobody has dealt with it."""

    employer_no: int
    employer_name: str
    office_code: str
    statement_no: str
    kind: str
    bank_code: str
    attempt_no: int
    amount: Money
    code: str
    message: str
    ended_at: datetime
    handled: str | None
    handled_note: str
    handled_at: datetime | None

    @property
    def month(self) -> str:
        """The month of Beijing in which the bank answered."""
        return str(YearMonth.of(self.ended_at.astimezone(SHANGHAI).date()))


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureSum:
    name: str
    count: int
    open: int
    amount: Money


async def collection_failures(
    *,
    office_codes: Sequence[str] = (),
    handled: str = "",
    code: str = "",
    bank_code: str = "",
    office: str = "",
    kind: str = "",
    month: str = "",
    most: int = 5_000,
) -> list[FailedCollection]:
    """Failures of some departments or of all, the newest first, by every filter that is given; `handled` may be `open`,
    `month` is like `2026-11`."""
    rows = await database.rows(
        "SELECT a.*, s.statement_no, s.kind, e.name, e.office_code FROM collection_attempt a"
        " JOIN remittance_statement s USING (employer_no, statement_id)"
        " JOIN employer e ON e.employer_no = a.employer_no WHERE a.state = 'rejected'"
        " AND (cardinality($1::text[]) = 0 OR e.office_code = ANY ($1))"
        " AND ($2 = '' OR coalesce(a.handled, 'open') = $2)"
        " AND ($3 = '' OR a.code = $3) AND ($4 = '' OR e.office_code = $4) AND ($5 = '' OR s.kind = $5)"
        " AND ($6 = '' OR to_char(a.ended_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM') = $6)"
        " ORDER BY a.ended_at DESC, a.employer_no, a.statement_id, a.attempt_no LIMIT $7",
        list(office_codes),
        handled,
        code,
        office,
        kind,
        month,
        most,
    )
    banks = {
        row["batch_id"]: row["bank_code"]
        for row in await database.rows(
            "SELECT b.batch_id, a.bank_code FROM bank_batch b JOIN bank_account a ON a.code = b.bank_account_code"
            " WHERE b.batch_id = ANY ($1)",
            list({row["batch_id"] for row in rows}),
        )
    }
    found = [_failure(row, banks[row["batch_id"]]) for row in rows]
    return [one for one in found if not bank_code or one.bank_code == bank_code]


def sums_of(failures: Sequence[FailedCollection], *, by: Callable[[FailedCollection], str]) -> list[FailureSum]:
    """The report: failures counted by what `by` says, the most money first."""
    groups: dict[str, list[FailedCollection]] = {}
    for one in failures:
        groups.setdefault(by(one), []).append(one)
    sums = [
        FailureSum(
            name=name,
            count=len(own),
            open=sum(one.handled is None for one in own),
            amount=total([one.amount for one in own]),
        )
        for name, own in groups.items()
    ]
    return sorted(sums, key=lambda one: (-one.amount.fen, one.name))


async def dismiss_failure(
    *, actor: Actor, employer_no: int, statement_no: str, how: str, note: str, request_key: str, now: datetime
) -> None:
    """Staff have dealt with a failure otherwise (settled offline, void). Raises Refused: without a reason, and when
    nothing of the statement waits for it."""
    assert how in ("otherwise", "void"), how
    if not actor.has_role(*COUNTER_ROLES):
        raise Refused(NOT_PERMITTED())
    note = checked_note(note)
    async with transaction() as tx:
        standing = await lock_standing(tx, employer_no=employer_no)
        require_employer(actor, employer_no=employer_no, office_code=standing.office_code, scope="payments")
        given = {"statement_no": statement_no, "how": how, "note": note}
        earlier = await idempotency.begin(
            tx, actor=actor, account_no=employer_no, request_key=request_key, operation="dismiss_failure",
            given=given, now=now,
        )  # fmt: skip
        if earlier is not None:
            return
        row = await tx.row(
            "SELECT employer_no, statement_id FROM remittance_statement WHERE employer_no = $1 AND statement_no = $2"
            " FOR UPDATE",
            employer_no,
            statement_no,
        )
        if row is None:
            raise Refused(STATEMENT_NOT_FOUND())
        if not await handle(tx, row=row, how=how, by=actor.reference, note=note, now=now):
            raise Refused(COLLECTION_HANDLED())
        await audit.record(
            tx, actor=actor, action="collection.dismissed", subject=f"employer:{employer_no}", now=now, detail={**given}
        )
        await idempotency.finish(tx, actor=actor, account_no=employer_no, request_key=request_key, result={})


def checked_note(note: str) -> str:
    """Raises Refused."""
    note = note.strip()
    if not 4 <= len(note) <= 500:
        raise Refused(MATTER_REASON.on("note"))
    return note


async def handle(tx: Transaction, *, row: Record, how: str, by: str, note: str, now: datetime) -> bool:
    """Marks the statement's failures that nobody has dealt with. False when there is none."""
    status = await tx.execute(
        "UPDATE collection_attempt SET handled = $3, handled_by = $4, handled_note = $5, handled_at = $6"
        " WHERE employer_no = $1 AND statement_id = $2 AND state = 'rejected' AND handled IS NULL",
        row["employer_no"],
        row["statement_id"],
        how,
        by,
        note,
        now,
    )
    return not status.endswith(" 0")


def _failure(row: Record, bank_code: str) -> FailedCollection:
    return FailedCollection(
        employer_no=row["employer_no"],
        employer_name=row["name"],
        office_code=row["office_code"],
        statement_no=row["statement_no"],
        kind=row["kind"],
        bank_code=bank_code,
        attempt_no=row["attempt_no"],
        amount=Money(row["amount_fen"]),
        code=row["code"],
        message=row["message"],
        ended_at=row["ended_at"],
        handled=row["handled"],
        handled_note=row["handled_note"] or "",
        handled_at=row["handled_at"],
    )
