"""撤回审核意见、作废 (D08): who may take a decision back or end a case says `revocation.yaml`; here it is done."""

from __future__ import annotations

from datetime import datetime

from domain.cases import revocation
from domain.cases.actions import advance, lock_case
from domain.cases.corrections import drop_correction
from domain.cases.flows import FlowError
from domain.cases.ports import Matters
from domain.cases.queries import case_by_no
from domain.cases.refusals import TEXT_TOO_LONG
from domain.cases.revocation import ActorRelation, RevocationAction, RevocationFacts
from domain.cases.views import CaseView
from domain.kernel import audit, database, idempotency
from domain.kernel.actor import Actor
from domain.kernel.database import Executor, transaction
from domain.kernel.dates import business_date_of
from domain.kernel.refusal import NOT_PERMITTED, Refusal, Refused

REASON_LENGTH_MAX = 500


async def revoke(*, actor: Actor, case_no: str, reason: str, request_key: str, now: datetime) -> CaseView:
    """The reviewer takes the last decision back: the case returns to the step before. Raises Refused."""
    return await _take_back(
        action="revoke", actor=actor, case_no=case_no, reason=reason, request_key=request_key, now=now, matters=None
    )


async def void(
    *, actor: Actor, case_no: str, reason: str, request_key: str, now: datetime, matters: Matters
) -> CaseView:
    """A supervisor ends a case; what it had set aside goes back. Raises Refused."""
    return await _take_back(
        action="void", actor=actor, case_no=case_no, reason=reason, request_key=request_key, now=now, matters=matters
    )


async def revocations_of(*, case: CaseView, actor: Actor, now: datetime) -> tuple[RevocationAction, ...]:
    """Which of revoke and void the actor may do now, given a reason: for buttons."""
    offered: tuple[RevocationAction, ...] = ("revoke", "void")
    found: list[RevocationAction] = []
    for action in offered:
        against = await _against(database.pool, action=action, actor=actor, case=case, reason="有原因", now=now)
        if against is None and _step_of(case, action) is not None:
            found.append(action)
    return tuple(found)


async def _take_back(
    *,
    action: RevocationAction,
    actor: Actor,
    case_no: str,
    reason: str,
    request_key: str,
    now: datetime,
    matters: Matters | None,
) -> CaseView:
    if not actor.is_staff:
        raise Refused(NOT_PERMITTED())
    seen = await case_by_no(actor=actor, case_no=case_no)
    if len(reason) > REASON_LENGTH_MAX:
        raise Refused(TEXT_TOO_LONG.on("reason", most=REASON_LENGTH_MAX))
    async with transaction() as tx:
        done = await idempotency.begin(
            tx,
            actor=actor,
            account_no=seen.account_no,
            request_key=request_key,
            operation=f"{action}_case",
            given={"case_no": case_no, "reason": reason},
            now=now,
        )
        if done is None:
            case = await lock_case(tx, case=seen)
            against = await _against(tx, action=action, actor=actor, case=case, reason=reason, now=now)
            step = _step_of(case, action)
            if against is not None or step is None:
                raise Refused(
                    against or revocation.STAGE_PASSED(action="撤回审核意见" if action == "revoke" else "作废")
                )
            after = await advance(tx, case=case, action=step, actor=actor, now=now, internal_note=reason.strip())
            if matters is not None:
                await drop_correction(tx, case=case, state="dropped", now=now)
                await matters[case.item].cancelled(tx, case=after, now=now)
            await audit.record(
                tx,
                actor=actor,
                action="case.revoked" if action == "revoke" else "case.voided",
                subject=f"case:{case_no}",
                now=now,
                detail={"from": case.state, "reason": reason.strip()},
            )
            await idempotency.finish(
                tx, actor=actor, account_no=seen.account_no, request_key=request_key, result={"case_no": case_no}
            )
    return await case_by_no(actor=actor, case_no=case_no)


def _step_of(case: CaseView, action: RevocationAction) -> str | None:
    """The flow's transition; None where the pinned flow has none in this state."""
    if action == "void":
        return "void" if case.flow.allows(case.state, "void") else None
    return next((one for one in case.flow.actions_from(case.state) if one.endswith("_revoke")), None)


async def _against(
    using: Executor, *, action: RevocationAction, actor: Actor, case: CaseView, reason: str, now: datetime
) -> Refusal | None:
    last = await using.row(
        "SELECT actor, at, action FROM case_event WHERE account_no = $1 AND case_id = $2 AND seq = $3",
        case.account_no,
        case.case_id,
        case.revision,
    )
    assert last is not None, f"case {case.case_no} has no history"
    try:
        decided = case.flow.transition(last["action"]).decision is not None
    except FlowError:
        decided = False
    relation: ActorRelation = "decider" if decided and last["actor"] == actor.reference else "none"
    specials = [one for one, transition in case.flow.transitions.items() if transition.target == "pending_special"]
    escalated = await using.value(
        "SELECT EXISTS (SELECT FROM case_event WHERE account_no = $1 AND case_id = $2 AND action = ANY($3))",
        case.account_no,
        case.case_id,
        specials,
    )
    return revocation.may(
        action=action,
        state=case.state,
        actor_relation=relation,
        roles=actor.roles,
        now_facts=RevocationFacts(
            locked_by_other=case.locked_for_others(staff_id=actor.staff_id, now=now),
            payment_sent=case.state in ("paying", "completed", "payment_failed"),
            escalated=bool(escalated),
            same_business_day=business_date_of(last["at"]) == business_date_of(now),
            reason_given=len(reason.strip()) >= 2,
        ),
    )
