"""好差评: the applicant evaluates a finished case, once on each 评价渠道; a mark that nobody gave does not exist.

Every way in ends in `give`: the page and the mini-programs (the citizen logged in), the hotline (staff type in what
the caller says), and what needs no login (`evaluation_invitations`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from domain import policy
from domain.cases import evaluation_reports, rectification
from domain.cases.evaluation_port import GRADES, Terminal
from domain.cases.evaluation_rules import Opinion, indicators, judge
from domain.cases.events import EVALUATION_GIVEN
from domain.cases.queries import case_by_no
from domain.cases.refusals import EVALUATED_ALREADY, EVALUATION_CHANNEL, EVALUATION_NOT_HERE
from domain.cases.served import Served, lock_served, served_by_no, took_part
from domain.cases.views import CaseView
from domain.kernel import audit, database, idempotency, outbox
from domain.kernel.actor import Actor, Role
from domain.kernel.database import Executor, Record, Transaction, transaction
from domain.kernel.dates import business_date_of
from domain.kernel.refusal import NOT_PERMITTED, Refused

HOTLINE_ROLES = (Role.SERVICE_DESK, Role.SUPERVISOR)


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationView:
    """`push_state` is what the city's platform said of it: waiting, accepted, rejected."""

    account_no: int
    case_id: int
    evaluation_no: str
    grade: int
    grade_name: str
    tags: tuple[str, ...]
    comment: str
    channel: str
    terminal: str
    round: int
    entered_by: str | None
    given_at: datetime
    push_state: str
    pushed_at: datetime | None
    receipt_no: str | None


async def evaluate(
    *,
    actor: Actor,
    case_no: str,
    grade: int,
    comment: str = "",
    tags: tuple[str, ...] = (),
    request_key: str,
    now: datetime,
) -> CaseView:
    """The applicant, logged in, evaluates a completed or refused case."""
    case = await case_by_no(actor=actor, case_no=case_no)
    opinion = Opinion(grade=grade, tags=tags, comment=comment)
    await evaluate_served(actor=actor, served=case, opinion=opinion, request_key=request_key, now=now)
    return await case_by_no(actor=actor, case_no=case_no)


async def evaluate_served(*, actor: Actor, served: Served, opinion: Opinion, request_key: str, now: datetime) -> None:
    """The applicant, logged in, evaluates a case or a matter of another area."""
    if not actor.is_citizen or actor.person_id != served.person_id:
        raise Refused(NOT_PERMITTED())
    terminal = indicators().terminals.get(actor.channel)
    if terminal is None:
        raise Refused(EVALUATION_CHANNEL())
    await _once(actor=actor, case=served, opinion=opinion, terminal=terminal, request_key=request_key, now=now)


async def enter_evaluation(
    *, actor: Actor, case_no: str, caller_document_tail: str, opinion: Opinion, request_key: str, now: datetime
) -> Served:
    """The hotline's staff type in what the applicant says on the telephone. The caller proves to be the applicant by
    the last four characters of the document; nobody enters an evaluation of what they decided."""
    if not actor.has_role(*HOTLINE_ROLES):
        raise Refused(NOT_PERMITTED())
    case = await served_by_no(actor=actor, case_no=case_no)
    tail = await database.value("SELECT right(document_masked, 4) FROM person WHERE person_id = $1", case.person_id)
    given = caller_document_tail.strip().upper()
    if len(given) != 4 or given != tail or await took_part(actor=actor, served=case):
        raise Refused(EVALUATION_NOT_HERE())
    await _once(actor=actor, case=case, opinion=opinion, terminal="telephone", request_key=request_key, now=now)
    return await served_by_no(actor=actor, case_no=case_no)


async def give(
    tx: Transaction,
    *,
    actor: Actor,
    case: Served,
    opinion: Opinion,
    terminal: Terminal,
    now: datetime,
    window_no: str = "",
) -> str:
    """Judges and keeps an evaluation in the caller's transaction; returns its number. Raises Refused. Where a
    rectification waits for it, it is the second one and closes it."""
    await lock_served(tx, account_no=case.account_no, case_id=case.case_id)
    second = await rectification.awaiting_second(tx, account_no=case.account_no, case_id=case.case_id)
    number = 1 if second is None else 2
    given_already = await tx.value(
        "SELECT EXISTS (SELECT FROM evaluation WHERE account_no = $1 AND case_id = $2 AND terminal = $3"
        " AND round = $4)",
        case.account_no,
        case.case_id,
        terminal,
        number,
    )
    # a second evaluation stays open until the sweep has closed its rectification
    window = policy.on(business_date_of(now)).number("evaluation.window_days")
    refusals = judge(
        case=case,
        opinion=opinion,
        given_already=given_already,
        open_since=case.ended_at if second is None else second.asked_at,
        window_days=window,
        now=now,
    )
    if refusals:
        raise Refused(*refusals)
    evaluation_no = _number_of(case=case, terminal=terminal, round=number)
    status = await tx.execute(
        "INSERT INTO evaluation (account_no, case_id, evaluation_no, grade, tags, comment, channel, given_at, terminal,"
        " round, entered_by, window_no) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
        " ON CONFLICT DO NOTHING",
        case.account_no,
        case.case_id,
        evaluation_no,
        opinion.grade,
        list(opinion.tags),
        opinion.comment.strip(),
        actor.channel,
        now,
        terminal,
        number,
        actor.reference if actor.is_staff else None,
        window_no,
    )
    if not status.endswith(" 1"):
        raise Refused(EVALUATED_ALREADY())
    await evaluation_reports.queue(tx, case=case, evaluation_no=evaluation_no, kind="evaluation", now=now)
    closed = await rectification.heard(
        tx, case=case, evaluation_no=evaluation_no, grade=opinion.grade, second=second, now=now
    )
    if closed is not None:
        await evaluation_reports.queue(tx, case=case, evaluation_no=closed, kind="rectification", now=now)
    await audit.record(
        tx,
        actor=actor,
        action="case.evaluated",
        subject=f"case:{case.case_no}",
        now=now,
        detail={"grade": opinion.grade, "terminal": terminal, "round": number},
    )
    await outbox.emit(
        tx,
        account_no=case.account_no,
        kind=EVALUATION_GIVEN,
        payload={"case_no": case.case_no, "case_id": str(case.case_id), "grade": opinion.grade},
        now=now,
    )
    return evaluation_no


async def _once(
    *, actor: Actor, case: Served, opinion: Opinion, terminal: Terminal, request_key: str, now: datetime
) -> None:
    async with transaction() as tx:
        done = await idempotency.begin(
            tx,
            actor=actor,
            account_no=case.account_no,
            request_key=request_key,
            operation="evaluate_case",
            given={
                "case_no": case.case_no,
                "grade": opinion.grade,
                "comment": opinion.comment,
                "tags": list(opinion.tags),
            },
            now=now,
        )
        if done is None:
            await give(tx, actor=actor, case=case, opinion=opinion, terminal=terminal, now=now)
            await idempotency.finish(
                tx,
                actor=actor,
                account_no=case.account_no,
                request_key=request_key,
                result={"case_no": case.case_no},
            )


_TERMINAL_LETTERS = {
    "pc": "P",
    "mobile": "M",
    "qr_code": "Q",
    "hall_tablet": "H",
    "other_terminal": "K",
    "telephone": "T",
    "sms": "S",
}


def _number_of(*, case: Served, terminal: Terminal, round: int) -> str:
    return f"E{case.case_no}-{_TERMINAL_LETTERS[terminal]}{round}"


async def evaluation_of(*, account_no: int, case_id: int) -> EvaluationView | None:
    """The newest; what a list of cases shows."""
    found = await evaluations_of(account_no=account_no, case_id=case_id)
    return found[-1] if found else None


async def evaluations_of(*, account_no: int, case_id: int, using: Executor = database.pool) -> list[EvaluationView]:
    """In the order they were given."""
    rows = await using.rows(
        "SELECT e.*, r.state AS push_state, r.ended_at AS pushed_at, r.receipt_no FROM evaluation e"
        " LEFT JOIN evaluation_report r ON r.account_no = e.account_no AND r.case_id = e.case_id"
        " AND r.evaluation_no = e.evaluation_no AND r.kind = 'evaluation'"
        " WHERE e.account_no = $1 AND e.case_id = $2 ORDER BY e.given_at, e.evaluation_no",
        account_no,
        case_id,
    )
    return [_view(row) for row in rows]


def _view(row: Record) -> EvaluationView:
    return EvaluationView(
        account_no=row["account_no"],
        case_id=row["case_id"],
        evaluation_no=row["evaluation_no"],
        grade=row["grade"],
        grade_name=GRADES[row["grade"]],
        tags=tuple(row["tags"]),
        comment=row["comment"],
        channel=row["channel"],
        terminal=row["terminal"],
        round=row["round"],
        entered_by=row["entered_by"],
        given_at=row["given_at"],
        push_state=row["push_state"] or "accepted",
        pushed_at=row["pushed_at"],
        receipt_no=row["receipt_no"],
    )
