"""The review desk: claiming, releasing and deciding, the same for every item.

Four eyes are the flow's (`separate_from`), nobody decides on their own case, and what somebody works on is locked
with an expiry (D09).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta

from domain import policy
from domain.cases import rectification
from domain.cases.actions import advance, lock_case
from domain.cases.corrections import ask_correction
from domain.cases.flows import FlowError
from domain.cases.models import ServiceCase
from domain.cases.ports import Matters
from domain.cases.queries import case_by_no, checks_of
from domain.cases.refusals import (
    ACTION_NOT_POSSIBLE,
    DECISION_UNKNOWN,
    LOCKED_BY_OTHER,
    NOT_CLAIMED,
    OVERRIDE_REQUIRED,
    REASON_REQUIRED,
    REFUSAL_REASONS,
    RELEASE_NOT_PERMITTED,
    TEXT_TOO_LONG,
)
from domain.cases.signing import Place, place_of, sign
from domain.cases.views import CaseView
from domain.kernel import audit, database, idempotency
from domain.kernel.actor import Actor, Role
from domain.kernel.database import Executor, Transaction, transaction
from domain.kernel.dates import business_date_of
from domain.kernel.refusal import NOT_PERMITTED, Refused

DECISIONS = ("approve", "refuse", "return", "correct", "escalate")
_DECISION_NAMES = {
    "approve": "审核通过",
    "refuse": "不予办理",
    "return": "退回上一环节",
    "correct": "退回补正",
    "escalate": "提请特审",
}
NOTE_LENGTH_MAX = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A decision as it was given; see `decide`."""

    decision: str
    reason_code: str | None = None
    note: str | None = None
    override_reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    """The seat that the decision signs, and the flow's action that the signatures come to; None while others must
    still sign."""

    place: Place
    action: str | None


async def claim(*, actor: Actor, case_no: str, now: datetime) -> CaseView:
    """Locks a case for its reviewer for the policy's minutes. Claiming one's own lock again renews it."""
    seen = await case_by_no(actor=actor, case_no=case_no)
    minutes = policy.on(business_date_of(now)).number("review.lock_minutes")
    async with transaction() as tx:
        case = await lock_case(tx, case=seen)
        await place_of(actor=actor, case=case, now=now, using=tx)
        if case.locked_for_others(staff_id=actor.staff_id, now=now):
            raise Refused(LOCKED_BY_OTHER(name=await _staff_name(tx, case.locked_by)))
        await tx.execute(
            "UPDATE service_case SET locked_by = $3, locked_until = $4 WHERE account_no = $1 AND case_id = $2",
            case.account_no,
            case.case_id,
            actor.staff_id,
            now + timedelta(minutes=minutes),
        )
        await audit.record(tx, actor=actor, action="case.claimed", subject=f"case:{case_no}", now=now)
    return await case_by_no(actor=actor, case_no=case_no)


async def release(*, actor: Actor, case_no: str, now: datetime, reason: str | None = None) -> CaseView:
    """Gives a lock back; a supervisor may release another's, with a reason."""
    if not actor.is_staff:
        raise Refused(NOT_PERMITTED())
    seen = await case_by_no(actor=actor, case_no=case_no)
    async with transaction() as tx:
        case = await lock_case(tx, case=seen)
        foreign = case.locked_for_others(staff_id=actor.staff_id, now=now)
        if foreign and not actor.has_role(Role.SUPERVISOR):
            raise Refused(RELEASE_NOT_PERMITTED())
        if reason and len(reason) > NOTE_LENGTH_MAX:
            raise Refused(TEXT_TOO_LONG.on("reason", most=NOTE_LENGTH_MAX))
        if foreign and not (reason and reason.strip()):
            raise Refused(REASON_REQUIRED.on("reason"))
        await tx.execute(
            "UPDATE service_case SET locked_by = NULL, locked_until = NULL WHERE account_no = $1 AND case_id = $2",
            case.account_no,
            case.case_id,
        )
        await audit.record(
            tx,
            actor=actor,
            action="case.released",
            subject=f"case:{case_no}",
            now=now,
            detail={"held_by": case.locked_by, "reason": reason},
        )
    return await case_by_no(actor=actor, case_no=case_no)


async def decide(
    *,
    actor: Actor,
    case_no: str,
    decision: str,
    reason_code: str | None = None,
    note: str | None = None,
    override_reason: str | None = None,
    request_key: str,
    now: datetime,
    business_date: date,
    matters: Matters,
    at_once: bool = False,
) -> CaseView:
    """Records a reviewer's signature (one of `DECISIONS`) and what follows from it, in one transaction: nothing yet
    while others must sign too.

    `reason_code` is one of `REFUSAL_REASONS`, needed unless approving; `override_reason` says why a check that did
    not pass may be passed over (初审通过原因). `at_once`: without claiming first, as from a list; who holds the case
    goes before. Raises Refused with every reason."""
    seen = await case_by_no(actor=actor, case_no=case_no)
    given = Decision(decision=decision, reason_code=reason_code, note=note, override_reason=override_reason)
    async with transaction() as tx:
        done = await idempotency.begin(
            tx,
            actor=actor,
            account_no=seen.account_no,
            request_key=request_key,
            operation="decide_case",
            given={"case_no": case_no, **asdict(given)},
            now=now,
        )
        if done is None:
            case = await lock_case(tx, case=seen)
            judged = await _judge(tx, actor=actor, case=case, decision=given, now=now, at_once=at_once)
            await _record(
                tx,
                actor=actor,
                case=case,
                judged=judged,
                decision=given,
                now=now,
                business_date=business_date,
                matters=matters,
            )
            await idempotency.finish(
                tx,
                actor=actor,
                account_no=seen.account_no,
                request_key=request_key,
                result={"case_no": case_no},
            )
    return await case_by_no(actor=actor, case_no=case_no)


async def _judge(
    tx: Transaction, *, actor: Actor, case: CaseView, decision: Decision, now: datetime, at_once: bool
) -> _Judged:
    """The seat and what follows, or every refusal at once."""
    if decision.decision not in DECISIONS:
        raise Refused(DECISION_UNKNOWN())
    place = await place_of(actor=actor, case=case, now=now, using=tx)
    try:
        action = case.flow.review_action(state=case.state, decision=decision.decision)  # type: ignore[arg-type]
    except FlowError:
        raise Refused(ACTION_NOT_POSSIBLE(state=case.state_name, action=_DECISION_NAMES[decision.decision])) from None
    refusals = []
    if case.locked_for_others(staff_id=actor.staff_id, now=now):
        refusals.append(LOCKED_BY_OTHER(name=await _staff_name(tx, case.locked_by)))
    elif not at_once and not case.is_locked(now=now):
        refusals.append(NOT_CLAIMED())
    needs_reason = case.flow.transition(action).reason_required
    if needs_reason and (decision.reason_code not in REFUSAL_REASONS or not (decision.note or "").strip()):
        refusals.append(REASON_REQUIRED())
    for field, text in (("note", decision.note), ("overrideReason", decision.override_reason)):
        if text and len(text) > NOTE_LENGTH_MAX:
            refusals.append(TEXT_TOO_LONG.on(field, most=NOTE_LENGTH_MAX))
    if decision.decision == "approve":
        # what the first review passed over has its reason; what was asked since needs one of its own
        first = not case.flow.transition(action).separate_from
        found = await checks_of(case=case, using=tx)
        open_checks = [one for one in found if one.outcome != "passed" and (first or not one.override_reason)]
        if ((first and case.flags) or open_checks) and len((decision.override_reason or "").strip()) < 4:
            refusals.append(OVERRIDE_REQUIRED())
    if refusals:
        raise Refused(*refusals)
    return _Judged(place=place, action=_outcome(case, place, decision.decision, action))


def _outcome(case: CaseView, place: Place, decision: str, action: str) -> str | None:
    """Approvals and refusals are counted; to return, correct or escalate it takes one."""
    if decision not in ("approve", "refuse"):
        return action
    signing = place.signing
    signed = {one.seat: one.decision for one in signing.signatures} | {place.seat.code: decision}
    reached = signing.review.outcome(seats=signing.seats, signed=signed)
    return None if reached is None else case.flow.review_action(state=case.state, decision=reached)


async def _record(
    tx: Transaction,
    *,
    actor: Actor,
    case: CaseView,
    judged: _Judged,
    decision: Decision,
    now: datetime,
    business_date: date,
    matters: Matters,
) -> None:
    override = (decision.override_reason or "").strip()
    if decision.decision == "approve" and override:
        await tx.execute(
            "UPDATE case_check SET override_reason = $3, overridden_by = $4"
            " WHERE account_no = $1 AND case_id = $2 AND outcome <> 'passed' AND override_reason IS NULL",
            case.account_no,
            case.case_id,
            override,
            actor.staff_id,
        )
    await sign(
        tx,
        case=case,
        place=judged.place,
        actor=actor,
        decision=decision.decision,
        reason_code=decision.reason_code,
        note=decision.note,
        now=now,
    )
    if judged.action is None:
        await _set_down(tx, case=case)
    else:
        after = await advance(
            tx,
            case=case,
            action=judged.action,
            actor=actor,
            now=now,
            reason_code=decision.reason_code,
            note=decision.note,
            internal_note=override or None,
        )
        await _follow(tx, case=after, decision=decision, now=now, business_date=business_date, matters=matters)
    await audit.record(
        tx,
        actor=actor,
        action="case.signed" if judged.action is None else "case.decided",
        subject=f"case:{case.case_no}",
        now=now,
        detail={
            "action": judged.action or decision.decision,
            "seat": judged.place.seat.code,
            "deputy_for": judged.place.for_staff,
            "reason_code": decision.reason_code,
            "overridden": bool(override),
        },
    )


async def _follow(
    tx: Transaction, *, case: CaseView, decision: Decision, now: datetime, business_date: date, matters: Matters
) -> None:
    """What a decision means for its matter and its applicant."""
    matter = matters[case.item]
    if case.state == "pending_payment":
        await matter.approved(tx, case=case, now=now, business_date=business_date)
    elif case.state == "refused":
        await matter.refused(tx, case=case, now=now)
    elif decision.decision == "correct":
        await ask_correction(
            tx, case=case, reason_code=decision.reason_code or "other", note=decision.note or "", now=now
        )


async def _set_down(tx: Transaction, *, case: CaseView) -> None:
    """The next to sign need not wait for the lock of the one before."""
    await tx.execute(
        "UPDATE service_case SET locked_by = NULL, locked_until = NULL WHERE account_no = $1 AND case_id = $2",
        case.account_no,
        case.case_id,
    )


async def _staff_name(tx: Executor, staff_id: int | None) -> str:
    name: str | None = await tx.value("SELECT name FROM staff WHERE staff_id = $1", staff_id)
    return name or "其他人员"


async def allowed_actions(*, case: CaseView, actor: Actor, now: datetime) -> tuple[str, ...]:
    """What the actor may do with the case now, for buttons: of claim, release, `DECISIONS`, cancel, correct,
    evaluate. The actions check again."""
    if actor.is_citizen:
        again = await rectification.second_asked(account_no=case.account_no, case_id=case.case_id)
        return _citizen_actions(case, again=again)
    if not actor.is_staff:
        return ()
    actions: list[str] = []
    if case.is_locked(now=now) and (case.locked_by == actor.staff_id or actor.has_role(Role.SUPERVISOR)):
        actions.append("release")
    try:
        await place_of(actor=actor, case=case, now=now, using=database.pool)
    except Refused:
        return tuple(actions)
    if case.locked_for_others(staff_id=actor.staff_id, now=now):
        return tuple(actions)
    if not case.is_locked(now=now):
        return (*actions, "claim")
    decisions = [case.flow.transition(action).decision for action in case.flow.actions_from(case.state)]
    return (*actions, *(decision for decision in decisions if decision is not None))


def _citizen_actions(case: CaseView, *, again: bool) -> tuple[str, ...]:
    if case.flow.allows(case.state, "resubmit"):
        return ("cancel", "correct")
    if case.flow.allows(case.state, "cancel"):
        return ("cancel",)
    if case.was_served and (case.evaluation is None or again):
        return ("evaluate",)
    return ()


async def cases_locked_by(*, actor: Actor, now: datetime) -> list[str]:
    """Case numbers that the actor is working on, for the front page."""
    rows = await ServiceCase.filter(locked_by=actor.staff_id, locked_until__gt=now).order_by("locked_until")
    return [row.case_no for row in rows]
