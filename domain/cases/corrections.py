"""退回补正: what an applicant is asked to set right, until when, what they say to it; and what is not answered in time
ends."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from domain import policy
from domain.cases.actions import advance, lock_case
from domain.cases.ports import Matters
from domain.cases.queries import case_by_key, case_by_no
from domain.cases.refusals import ACTION_NOT_POSSIBLE, CORRECTION_LATE, CORRECTION_TEXT, REFUSAL_REASONS
from domain.cases.views import CaseView
from domain.kernel import audit, database, idempotency, vault
from domain.kernel.actor import SYSTEM, Actor
from domain.kernel.database import Executor, Transaction, transaction
from domain.kernel.dates import business_date_of
from domain.kernel.refusal import NOT_PERMITTED, Refused

STATE = "pending_correction"
TEXT_LENGTH_MIN, TEXT_LENGTH_MAX = 4, 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """One request to correct. `statement` is the applicant's answer."""

    reason_code: str
    reason: str
    note: str
    due_on: date
    asked_at: datetime
    state: str
    statement: str | None

    def __repr__(self) -> str:
        return f"Correction({self.state}, due {self.due_on})"


async def ask_correction(tx: Transaction, *, case: CaseView, reason_code: str, note: str, now: datetime) -> date:
    """Keeps what is asked of the applicant; `case` has just come to wait for it. Returns the last day."""
    today = business_date_of(now)
    due_on = policy.plus_working_days(today, days=policy.on(today).number("review.correction_within"))
    await tx.execute(
        "INSERT INTO case_correction (account_no, case_id, round, reason_code, note, due_on, asked_at, state)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, 'asked')",
        case.account_no,
        case.case_id,
        case.revision,
        reason_code,
        note,
        due_on,
        now,
    )
    return due_on


async def corrections_of(*, case: CaseView, using: Executor = database.pool) -> list[Correction]:
    """All requests to correct the case, the newest first."""
    rows = await using.rows(
        "SELECT * FROM case_correction WHERE account_no = $1 AND case_id = $2 ORDER BY round DESC",
        case.account_no,
        case.case_id,
    )
    return [
        Correction(
            reason_code=row["reason_code"],
            reason=REFUSAL_REASONS.get(row["reason_code"], "其他原因"),
            note=row["note"],
            due_on=row["due_on"],
            asked_at=row["asked_at"],
            state=row["state"],
            statement=vault.current().decrypt(row["statement_cipher"]) if row["statement_cipher"] else None,
        )
        for row in rows
    ]


Rejudge = Callable[[Transaction, CaseView], Awaitable[None]]
"""Judges a corrected application again, in the transaction that hands it in. Raises Refused."""


async def correct(
    *,
    actor: Actor,
    case_no: str,
    statement: str,
    request_key: str,
    now: datetime,
    changes: Mapping[str, str] | None = None,
    changed: str = "",
    rejudge: Rejudge | None = None,
) -> CaseView:
    """The applicant answers and hands in again; the review begins anew. `changes` are what is corrected in the form,
    `changed` names it for people; what the area makes of it is `rejudge`. Raises Refused."""
    if not actor.is_citizen:
        raise Refused(NOT_PERMITTED())
    seen = await case_by_no(actor=actor, case_no=case_no)
    async with transaction() as tx:
        done = await idempotency.begin(
            tx,
            actor=actor,
            account_no=seen.account_no,
            request_key=request_key,
            operation="correct_case",
            given={"case_no": case_no, "statement": statement, "changes": dict(changes or {})},
            now=now,
        )
        if done is None:
            case = await lock_case(tx, case=seen)
            await _check_answer(tx, case=case, statement=statement, now=now)
            if rejudge is not None:
                await rejudge(tx, case)
            await _answer(tx, actor=actor, case=case, statement=statement, changed=changed, now=now)
            await idempotency.finish(
                tx, actor=actor, account_no=seen.account_no, request_key=request_key, result={"case_no": case_no}
            )
    return await case_by_no(actor=actor, case_no=case_no)


async def _check_answer(tx: Transaction, *, case: CaseView, statement: str, now: datetime) -> None:
    if case.state != STATE:
        raise Refused(ACTION_NOT_POSSIBLE(state=case.state_name, action="补正"))
    if not TEXT_LENGTH_MIN <= len(statement.strip()) <= TEXT_LENGTH_MAX:
        raise Refused(CORRECTION_TEXT())
    due_on = await tx.value(
        "SELECT due_on FROM case_correction WHERE account_no = $1 AND case_id = $2 AND round = $3",
        case.account_no,
        case.case_id,
        case.revision,
    )
    if due_on < business_date_of(now):
        raise Refused(CORRECTION_LATE(due=due_on.isoformat()))


async def _answer(
    tx: Transaction, *, actor: Actor, case: CaseView, statement: str, changed: str, now: datetime
) -> None:
    await tx.execute(
        "UPDATE case_correction SET state = 'answered', statement_cipher = $4, ended_at = $5"
        " WHERE account_no = $1 AND case_id = $2 AND round = $3",
        case.account_no,
        case.case_id,
        case.revision,
        vault.current().encrypt(statement.strip()),
        now,
    )
    note = f"更正了：{changed}" if changed else None
    await advance(tx, case=case, action="resubmit", actor=actor, now=now, note=note)
    detail: dict[str, object] | None = {"changed": changed} if changed else None
    await audit.record(tx, actor=actor, action="case.corrected", subject=f"case:{case.case_no}", now=now, detail=detail)


async def drop_correction(tx: Transaction, *, case: CaseView, state: str, now: datetime) -> None:
    """A case that ends while it waits for its applicant: nothing is asked any more."""
    await tx.execute(
        "UPDATE case_correction SET state = $3, ended_at = $4"
        " WHERE account_no = $1 AND case_id = $2 AND state = 'asked'",
        case.account_no,
        case.case_id,
        state,
        now,
    )


async def expire_corrections(*, matters: Matters, business_date: date, now: datetime, most: int = 100) -> int:
    """Applications that were not corrected by their day end, and give back what they had set aside."""
    rows = await database.rows(
        "SELECT account_no, case_id FROM case_correction WHERE state = 'asked' AND due_on < $1"
        " ORDER BY due_on, case_id LIMIT $2",
        business_date,
        most,
    )
    for row in rows:
        seen = await case_by_key(account_no=row["account_no"], case_id=row["case_id"])
        async with transaction() as tx:
            case = await lock_case(tx, case=seen)
            if case.state != STATE:
                continue
            after = await advance(
                tx,
                case=case,
                action="correction_expired",
                actor=SYSTEM,
                now=now,
                reason_code="other",
                note="逾期未补正，申请已自动撤销",
            )
            await drop_correction(tx, case=case, state="expired", now=now)
            await matters[case.item].cancelled(tx, case=after, now=now)
            await audit.record(
                tx, actor=SYSTEM, action="case.correction_expired", subject=f"case:{case.case_no}", now=now
            )
    return len(rows)
