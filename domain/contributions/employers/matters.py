"""单位业务: what an employer or the counter asks for, decided where it must be, and carried out.

submitted → (passed) → waiting → done, or refused, withdrawn, failed. What carries a matter out is bound by its kind in
`carrying_out`; a matter whose carrying out is refused by the rules of that day stays as `failed` with the reason and is
run again or withdrawn (D03). Locks: the employer's account, then the matter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal, Protocol

from domain import catalogue
from domain.contributions.employers.documents import GivenDocument, check_documents, keep_documents
from domain.contributions.employers.standing import (
    COUNTER_ROLES,
    EmployerStanding,
    lock_standing,
    require_employer,
)
from domain.contributions.events import MATTER_ENDED
from domain.contributions.refusals import (
    MATTER_NOT_FOUND,
    MATTER_OPEN,
    MATTER_REASON,
    MATTER_SAME_PERSON,
    MATTER_STATE,
)
from domain.kernel import audit, idempotency, outbox
from domain.kernel.actor import Actor, Role
from domain.kernel.database import Record, Transaction, transaction
from domain.kernel.identifiers import new_case_no, new_id
from domain.kernel.refusal import NOT_PERMITTED, Refused

STATE_NAMES = {
    "submitted": "待受理",
    "passed": "待复核",
    "waiting": "待生效",
    "done": "已办结",
    "refused": "不予办理",
    "withdrawn": "已撤回",
    "failed": "办理失败",
}
KIND_NAMES = {
    "information": "单位信息变更",
    "state": "单位状态变更",
    "payment_method": "缴款方式变更",
    "entrusted_collection": "开通委托收款",
    "opening_change": "单位开户变更",
    "month_adjustment": "调整汇缴月份",
    "rate_change": "调整缴存比例",
    "rate_reduction": "降低缴存比例",
    "deferral": "缓缴",
    "resumption": "复缴",
    "closure": "单位销户",
    "listing_certificate": "上市合规信息查询",
    "bankruptcy_certificate": "破产（强制清算）信息查询",
}
ITEM_OF_KIND = {
    "information": "employer_information_change",
    "state": "employer_information_change",
    "opening_change": "employer_information_change",
    "month_adjustment": "employer_information_change",
    "payment_method": "payment_method_change",
    "entrusted_collection": "payment_method_change",
    "rate_change": "contribution_rate_change",
    "rate_reduction": "contribution_rate_change",
    "deferral": "deferral_and_resumption",
    "resumption": "deferral_and_resumption",
    "closure": "employer_seal_and_closure",
    "listing_certificate": "compliance_certificate",
    "bankruptcy_certificate": "compliance_certificate",
}
TWO_REVIEWS = frozenset({"closure", "listing_certificate", "bankruptcy_certificate"})
Step = Literal["pass", "approve", "refuse"]
_OPEN = ("submitted", "passed", "waiting", "failed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Carry:
    """What carrying a matter out is given: everything locked."""

    tx: Transaction
    actor: Actor
    standing: EmployerStanding
    matter_id: int
    given: Mapping[str, Any]
    now: datetime
    business_date: date


class CarryOut(Protocol):
    async def __call__(self, *, carry: Carry) -> dict[str, object]: ...


async def open_matter(
    tx: Transaction,
    *,
    actor: Actor,
    standing: EmployerStanding,
    kind: str,
    given: Mapping[str, object],
    documents: Sequence[GivenDocument] = (),
    state: str,
    now: datetime,
    business_date: date,
) -> tuple[int, str]:
    """Writes a matter with its papers; one of a kind at a time. Returns its id and number. Raises Refused."""
    check_documents(documents, business_date=business_date)
    item = catalogue.item(ITEM_OF_KIND[kind])
    open_one = await tx.value(
        "SELECT matter_no FROM employer_matter WHERE employer_no = $1 AND item = $2 AND kind = $3 AND state = ANY ($4)",
        standing.employer_no,
        item.identifier,
        kind,
        list(_OPEN),
    )
    if open_one is not None:
        raise Refused(MATTER_OPEN(matter_no=open_one))
    matter_id, matter_no = new_id(), new_case_no(business_date=business_date, item_code=item.code)
    await tx.execute(
        "INSERT INTO employer_matter (employer_no, matter_id, matter_no, item, kind, office_code, state, given,"
        " channel,"
        " submitted_by, submitted_by_name, submitted_at, ended_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, CASE WHEN $7 = 'done' THEN $12::timestamptz END)",
        standing.employer_no,
        matter_id,
        matter_no,
        item.identifier,
        kind,
        standing.office_code,
        state,
        dict(given),
        actor.channel,
        actor.reference,
        actor.name,
        now,
    )
    await keep_documents(
        tx, actor=actor, employer_no=standing.employer_no, matter_id=matter_id, documents=documents, now=now
    )
    await note(tx, actor, employer_no=standing.employer_no, matter_id=matter_id, action="submitted", text="", now=now)
    return matter_id, matter_no


async def decide_matter(
    *,
    actor: Actor,
    employer_no: int,
    matter_no: str,
    step: Step,
    reason: str,
    carry_out: Mapping[str, CarryOut],
    request_key: str,
    now: datetime,
    business_date: date,
) -> str:
    """Passes, approves (and carries out) or refuses. What takes two reviews takes two persons; nobody decides what they
    submitted. Returns the state. Raises Refused."""
    if not actor.has_role(*COUNTER_ROLES):
        raise Refused(NOT_PERMITTED())
    reason = reason.strip()
    if step == "refuse" and not 4 <= len(reason) <= 500:
        raise Refused(MATTER_REASON())
    given = {"matter_no": matter_no, "step": step, "reason": reason}
    async with transaction() as tx:
        _, row = await _locked(tx, actor=actor, employer_no=employer_no, matter_no=matter_no)
        earlier = await idempotency.begin(
            tx, actor=actor, account_no=employer_no, request_key=request_key, operation="decide_matter", given=given,
            now=now,
        )  # fmt: skip
        if earlier is not None:
            return str(row["state"])
        if actor.reference in (row["submitted_by"], row["passed_by"]):
            raise Refused(MATTER_SAME_PERSON())
        expected = "submitted" if step == "pass" or row["kind"] not in TWO_REVIEWS else "passed"
        allowed = ("submitted", "passed") if step == "refuse" else (expected,)
        if row["state"] not in allowed or (step == "pass" and row["kind"] not in TWO_REVIEWS):
            raise Refused(MATTER_STATE(state=STATE_NAMES[row["state"]]))
        if (
            step == "approve"
            and row["kind"] in TWO_REVIEWS
            and not actor.has_role(Role.FINAL_REVIEWER, Role.SUPERVISOR)
        ):
            raise Refused(NOT_PERMITTED())
        state = {"pass": "passed", "approve": "waiting", "refuse": "refused"}[step]
        await tx.execute(
            "UPDATE employer_matter SET state = $3, passed_by = CASE WHEN $3 = 'passed' THEN $4 ELSE passed_by END,"
            " decided_by = CASE WHEN $3 <> 'passed' THEN $4 END, decided_by_name = CASE WHEN $3 <> 'passed' THEN $5"
            " END,"
            " decided_at = CASE WHEN $3 <> 'passed' THEN $6::timestamptz END, reason = nullif($7, ''),"
            " ended_at = CASE WHEN $3 = 'refused' THEN $6::timestamptz END WHERE employer_no = $1 AND matter_id = $2",
            employer_no,
            row["matter_id"],
            state,
            actor.reference,
            actor.name,
            now,
            reason,
        )
        await note(tx, actor, employer_no=employer_no, matter_id=row["matter_id"], action=step, text=reason, now=now)
        if state == "refused":
            await _tell_end(tx, employer_no=employer_no, matter_no=matter_no, state=state, now=now)
        await idempotency.finish(
            tx, actor=actor, account_no=employer_no, request_key=request_key, result={"matter_no": matter_no}
        )
        await audit.record(
            tx, actor=actor, action=f"matter.{state}", subject=f"employer:{employer_no}", now=now,
            detail={"matter_no": matter_no, "kind": row["kind"]},
        )  # fmt: skip
    if state != "waiting":
        return state
    return await run_matter(
        actor=actor, employer_no=employer_no, matter_no=matter_no, carry_out=carry_out, now=now,
        business_date=business_date,
    )  # fmt: skip


async def run_matter(
    *,
    actor: Actor,
    employer_no: int,
    matter_no: str,
    carry_out: Mapping[str, CarryOut],
    now: datetime,
    business_date: date,
) -> str:
    """Carries out what was approved, or tries again what failed. Refused by the rules of the day: `failed`, nothing of
    it happened. Returns the state."""
    try:
        async with transaction() as tx:
            standing, row = await _locked(tx, actor=actor, employer_no=employer_no, matter_no=matter_no)
            if row["state"] not in ("waiting", "failed"):
                return str(row["state"])
            result = await carry_out[row["kind"]](
                carry=Carry(
                    tx=tx,
                    actor=actor,
                    standing=standing,
                    matter_id=row["matter_id"],
                    given=row["given"],
                    now=now,
                    business_date=business_date,
                )
            )
            await tx.execute(
                "UPDATE employer_matter SET state = 'done', result = $3, ended_at = $4, attempts = attempts + 1,"
                " last_problem = NULL WHERE employer_no = $1 AND matter_id = $2",
                employer_no,
                row["matter_id"],
                result,
                now,
            )
            await note(tx, actor, employer_no=employer_no, matter_id=row["matter_id"], action="done", text="", now=now)
            await audit.record(
                tx, actor=actor, action="matter.done", subject=f"employer:{employer_no}", now=now,
                detail={"matter_no": matter_no, "kind": row["kind"]},
            )  # fmt: skip
            await _tell_end(tx, employer_no=employer_no, matter_no=matter_no, state="done", now=now)
        return "done"
    except Refused as refused:
        problem = refused.refusals[0].message
        if refused.refusals[0].code in (NOT_PERMITTED.code, MATTER_NOT_FOUND.code):
            raise
    async with transaction() as tx:
        await tx.execute(
            "UPDATE employer_matter SET state = 'failed', attempts = attempts + 1, last_problem = $3"
            " WHERE employer_no = $1 AND matter_no = $2 AND state IN ('waiting', 'failed')",
            employer_no,
            matter_no,
            problem,
        )
    return "failed"


async def withdraw_matter(
    *, actor: Actor, employer_no: int, matter_no: str, reason: str, request_key: str, now: datetime
) -> str:
    """Takes back what is not carried out (D08): its employer while nobody has decided, the counter what failed."""
    reason = reason.strip()
    if not 4 <= len(reason) <= 500:
        raise Refused(MATTER_REASON())
    async with transaction() as tx:
        _, row = await _locked(tx, actor=actor, employer_no=employer_no, matter_no=matter_no)
        earlier = await idempotency.begin(
            tx, actor=actor, account_no=employer_no, request_key=request_key, operation="withdraw_matter",
            given={"matter_no": matter_no, "reason": reason}, now=now,
        )  # fmt: skip
        if earlier is not None:
            return str(row["state"])
        if row["state"] not in (("submitted",) if actor.is_agent else ("submitted", "passed", "waiting", "failed")):
            raise Refused(MATTER_STATE(state=STATE_NAMES[row["state"]]))
        await tx.execute(
            "UPDATE employer_matter SET state = 'withdrawn', reason = $3, ended_at = $4"
            " WHERE employer_no = $1 AND matter_id = $2",
            employer_no,
            row["matter_id"],
            reason,
            now,
        )
        await note(
            tx, actor, employer_no=employer_no, matter_id=row["matter_id"], action="withdrawn", text=reason, now=now
        )
        await audit.record(
            tx, actor=actor, action="matter.withdrawn", subject=f"employer:{employer_no}", now=now,
            detail={"matter_no": matter_no},
        )  # fmt: skip
        await _tell_end(tx, employer_no=employer_no, matter_no=matter_no, state="withdrawn", now=now)
        await idempotency.finish(
            tx, actor=actor, account_no=employer_no, request_key=request_key, result={"matter_no": matter_no}
        )
        return "withdrawn"


async def _tell_end(tx: Transaction, *, employer_no: int, matter_no: str, state: str, now: datetime) -> None:
    payload: dict[str, object] = {"matter_no": matter_no, "state": state}
    await outbox.emit(tx, account_no=employer_no, kind=MATTER_ENDED, payload=payload, now=now)


async def note(
    tx: Transaction, actor: Actor, *, employer_no: int, matter_id: int, action: str, text: str, now: datetime
) -> None:
    await tx.execute(
        "INSERT INTO employer_matter_event (employer_no, matter_id, event_id, at, actor, actor_name, action, note)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        employer_no,
        matter_id,
        new_id(),
        now,
        actor.reference,
        actor.name,
        action,
        text,
    )


async def _locked(
    tx: Transaction, *, actor: Actor, employer_no: int, matter_no: str
) -> tuple[EmployerStanding, Record]:
    standing = await lock_standing(tx, employer_no=employer_no)
    require_employer(actor, employer_no=employer_no, office_code=standing.office_code, scope="employer")
    row = await tx.row(
        "SELECT * FROM employer_matter WHERE employer_no = $1 AND matter_no = $2 FOR UPDATE", employer_no, matter_no
    )
    if row is None:
        raise Refused(MATTER_NOT_FOUND())
    return standing, row
