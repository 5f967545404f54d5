"""好差评: the applicant evaluates a finished case, once, on any channel; the platform hears of it once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from domain import policy
from domain.cases.evaluation_port import GRADES
from domain.cases.events import EVALUATION_GIVEN
from domain.cases.models import Evaluation
from domain.cases.queries import case_by_no
from domain.cases.refusals import (
    COMMENT_TOO_LONG,
    EVALUATED_ALREADY,
    EVALUATION_CLOSED,
    EVALUATION_NOT_OPEN,
    GRADE_UNKNOWN,
    TAG_UNKNOWN,
)
from domain.cases.views import CaseView
from domain.kernel import audit, database, idempotency, outbox
from domain.kernel.actor import Actor
from domain.kernel.database import Transaction, transaction
from domain.kernel.dates import business_date_of
from domain.kernel.refusal import NOT_PERMITTED, Refusal, Refused

COMMENT_LENGTH_MAX = 500

# Indicator codes offered with a grade; the platform's own dictionary replaces them once it is known (unverified).
TAGS: dict[str, str] = {
    "fast": "办理及时",
    "clear": "说明清楚",
    "simple": "流程简便",
    "slow": "办理时间长",
    "unclear": "说明不清楚",
    "complicated": "流程繁琐",
    "attitude": "服务态度差",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationView:
    account_no: int
    case_id: int
    evaluation_no: str
    grade: int
    grade_name: str
    tags: tuple[str, ...]
    comment: str
    channel: str
    given_at: datetime
    push_state: str
    pushed_at: datetime | None


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
    """Gives the one evaluation of a completed or refused case. `grade` 5 非常满意 … 1 非常不满意."""
    case = await case_by_no(actor=actor, case_no=case_no)
    async with transaction() as tx:
        done = await idempotency.begin(
            tx,
            actor=actor,
            account_no=case.account_no,
            request_key=request_key,
            operation="evaluate_case",
            given={"case_no": case_no, "grade": grade, "comment": comment, "tags": list(tags)},
            now=now,
        )
        if done is None:
            refusals = _judge(actor=actor, case=case, grade=grade, comment=comment, tags=tags, now=now)
            if refusals:
                raise Refused(*refusals)
            await _keep(tx, actor=actor, case=case, grade=grade, comment=comment, tags=tags, now=now)
            await idempotency.finish(
                tx,
                actor=actor,
                account_no=case.account_no,
                request_key=request_key,
                result={"case_no": case_no},
            )
    return await case_by_no(actor=actor, case_no=case_no)


def may_be_evaluated(case: CaseView) -> bool:
    """A case that the centre has ended, whatever the result; one that the applicant took back was not served."""
    return case.flow.is_terminal(case.state) and case.state != "cancelled"


def _judge(
    *, actor: Actor, case: CaseView, grade: int, comment: str, tags: tuple[str, ...], now: datetime
) -> list[Refusal]:
    refusals: list[Refusal] = []
    window_days = policy.on(business_date_of(now)).number("evaluation.window_days")
    if not actor.is_citizen or actor.person_id != case.person_id:
        return [NOT_PERMITTED()]
    if not may_be_evaluated(case) or case.ended_at is None:
        refusals.append(EVALUATION_NOT_OPEN())
    elif now > case.ended_at + timedelta(days=window_days):
        refusals.append(EVALUATION_CLOSED())
    if case.evaluation is not None:
        refusals.append(EVALUATED_ALREADY())
    if grade not in GRADES:
        refusals.append(GRADE_UNKNOWN())
    if len(comment) > COMMENT_LENGTH_MAX:
        refusals.append(COMMENT_TOO_LONG())
    if any(tag not in TAGS for tag in tags):
        refusals.append(TAG_UNKNOWN())
    return refusals


async def _keep(
    tx: Transaction,
    *,
    actor: Actor,
    case: CaseView,
    grade: int,
    comment: str,
    tags: tuple[str, ...],
    now: datetime,
) -> None:
    status = await tx.execute(
        "INSERT INTO evaluation (account_no, case_id, evaluation_no, grade, tags, comment, channel, given_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
        case.account_no,
        case.case_id,
        f"E{case.case_no}",
        grade,
        list(tags),
        comment.strip(),
        actor.channel,
        now,
    )
    if not status.endswith(" 1"):
        raise Refused(EVALUATED_ALREADY())
    await audit.record(
        tx,
        actor=actor,
        action="case.evaluated",
        subject=f"case:{case.case_no}",
        now=now,
        detail={"grade": grade},
    )
    await outbox.emit(
        tx,
        account_no=case.account_no,
        kind=EVALUATION_GIVEN,
        payload={"case_no": case.case_no, "case_id": str(case.case_id), "grade": grade},
        now=now,
    )


async def evaluation_of(*, account_no: int, case_id: int) -> EvaluationView | None:
    row = await Evaluation.get_or_none(account_no=account_no, case_id=case_id)
    if row is None:
        return None
    return EvaluationView(
        account_no=row.account_no,
        case_id=row.case_id,
        evaluation_no=row.evaluation_no,
        grade=row.grade,
        grade_name=GRADES[row.grade],
        tags=tuple(row.tags),
        comment=row.comment,
        channel=row.channel,
        given_at=row.given_at,
        push_state=row.push_state,
        pushed_at=row.pushed_at,
    )


async def record_push(*, account_no: int, case_id: int, accepted: bool, now: datetime) -> None:
    """Keeps what the 好差评 platform answered; an accepted evaluation stays accepted."""
    await database.execute(
        "UPDATE evaluation SET push_state = $3, pushed_at = $4"
        " WHERE account_no = $1 AND case_id = $2 AND push_state <> 'accepted'",
        account_no,
        case_id,
        "accepted" if accepted else "rejected",
        now,
    )
