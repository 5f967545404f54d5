"""办件: everything that a reviewer needs to decide, the decision itself, and looking at data in the clear."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from auth import maintenance_care
from backoffice.components import DECISION_NAMES, Problems
from backoffice.desk import Desk, DeskPage, redirect
from backoffice.directory import office_names, staff_names
from backoffice.forms import new_request_key, text
from backoffice.pages.case_asking import asking_of
from backoffice.pages.case_form import declared, policy_used
from backoffice.pages.funds.shared import amount_field
from backoffice.refusals import DECISION_MISSING, FORM_MALFORMED, REGISTRIES_NOT_CONNECTED
from domain import cases, contributions, settlement, withdrawals
from domain.cases import CaseCheck, CaseEvent, CaseView
from domain.contributions import Revealed
from domain.kernel import access
from domain.kernel.refusal import Refusal, Refused

PATH = "/backoffice/cases/{case_no}"
PRINT = "case.print"
REFUND = "maintenance.refund"
REFUND_TONES = {"paying": "active", "returning": "active", "arrived": "waiting", "returned": "good", "failed": "bad"}

_DONE = {
    "asked": "已取得核验结果，见“部门核验”。",
    "claimed": "已领取该办件，请在领取时限内审核。",
    "released": "已释放该办件，其他人员可以领取。",
    "approve": "已审核通过。",
    "refuse": "已作出不予办理的决定，占用的金额已退回账户。",
    "return": "已退回上一环节。",
    "correct": "已退回申请人补正。",
    "escalate": "已提请特审。",
    "signed": "已签署意见，等待其他席位签署。",
    "revoke": "已撤回审核意见，业务退回上一环节。",
    "void": "该业务已作废，占用的金额已退回账户。",
    "refund": "退款申请已提交，等待另一人在“复核”中同意后付款。",
    "posted": "退款已记入个人账户。",
    "unposted": "退款仍不能入账，原因见“维修资金”。",
}
# With these the page of the case itself cannot be shown either.
_NO_PAGE = frozenset({"case.not_found"})


async def show(desk: Desk) -> Response:
    case = await _case(desk)
    await access.record_read(
        None,
        actor=desk.actor,
        person_id=case.person_id,
        purpose="办理办件",
        what=("申请人信息（脱敏）", "申请内容", "核验结果"),
        subject=f"case:{case.case_no}",
        now=desk.now,
    )
    return await _page(desk, case, notice=_DONE.get(desk.query.get("done", "")))


async def claim(desk: Desk) -> Response:
    case = await _case(desk)
    try:
        await cases.claim(actor=desk.actor, case_no=case.case_no, now=desk.now)
    except Refused as refused:
        return await _refused(desk, refused)
    return _back(case, done="claimed")


async def release(desk: Desk) -> Response:
    case = await _case(desk)
    try:
        await cases.release(actor=desk.actor, case_no=case.case_no, now=desk.now, reason=text(desk.form, "reason"))
    except Refused as refused:
        return await _refused(desk, refused)
    return _back(case, done="released")


async def decide(desk: Desk) -> Response:
    """The request key was made with the form: sending it twice decides once."""
    case = await _case(desk)
    decision = text(desk.form, "decision")
    try:
        if decision is None:
            raise Refused(DECISION_MISSING)
        approving = decision == "approve"
        after = await cases.decide(
            actor=desk.actor,
            case_no=case.case_no,
            decision=decision,
            reason_code=None if approving else text(desk.form, "reason_code"),
            note=None if approving else text(desk.form, "note"),
            override_reason=text(desk.form, "override_reason") if approving else None,
            request_key=desk.form.get("request_key", ""),
            now=desk.now,
            business_date=desk.business_date,
            matters=desk.services.matters,
        )
    except Refused as refused:
        return await _refused(desk, refused)
    signing = await cases.signing_of(case=after, now=desk.now)
    waits = signing is not None and any(one.signer == desk.actor.reference for one in signing.signatures)
    return _back(case, done="signed" if waits else decision)


async def take_back(desk: Desk) -> Response:
    """撤回审核意见, or 作废."""
    case = await _case(desk)
    what, given = desk.form.get("what"), {"reason": desk.form.get("reason", "")}
    if what not in ("revoke", "void"):
        raise Refused(FORM_MALFORMED)
    named = {"actor": desk.actor, "case_no": case.case_no, "request_key": desk.form.get("request_key", "")}
    try:
        if what == "revoke":
            await cases.revoke(**named, **given, now=desk.now)  # type: ignore[arg-type]
        else:
            await cases.void(**named, **given, now=desk.now, matters=desk.services.matters)  # type: ignore[arg-type]
    except Refused as refused:
        return await _refused(desk, refused)
    return _back(case, done=what)


async def ask(desk: Desk) -> Response:
    """The holder of the case asks an agency about a person of it; the answer stands on the page afterwards."""
    case = await _case(desk)
    try:
        if desk.services.registries is None:
            raise Refused(REGISTRIES_NOT_CONNECTED)
        await withdrawals.ask_by_hand(
            actor=desk.actor,
            case_no=case.case_no,
            question=text(desk.form, "question") or "",
            about=text(desk.form, "about") or "",
            registries=desk.services.registries,
            now=desk.now,
        )
    except Refused as refused:
        return await _refused(desk, refused)
    return _back(case, done="asked")


async def print_paper(desk: Desk) -> Response:
    """The sealed file for the printer; the print is in the register."""
    case = await _case(desk)
    try:
        content = await withdrawals.print_paper(
            actor=desk.actor,
            case_no=case.case_no,
            code=desk.form.get("paper", ""),
            reason=desk.form.get("print_reason", ""),
            now=desk.now,
            business_date=desk.business_date,
        )
    except Refused as refused:
        return await _refused(desk, refused)
    headers = {"Content-Disposition": f'inline; filename="{case.case_no}.pdf"', "Cache-Control": "no-store"}
    return Response(content, media_type="application/pdf", headers=headers)


async def reveal(desk: Desk) -> Response:
    """Shows the applicant's data in the clear on the answer to this form, and nowhere else."""
    case = await _case(desk)
    try:
        revealed = await contributions.reveal_person(
            actor=desk.actor, case_no=case.case_no, reason=desk.form.get("reason", ""), now=desk.now
        )
    except Refused as refused:
        renamed = [
            Refusal(refusal.code, refusal.message, "reveal_reason" if refusal.field else None)
            for refusal in refused.refusals
        ]
        return await _refused(desk, Refused(*renamed))
    return await _page(desk, case, revealed=revealed)


async def refund(desk: Desk) -> Response:
    """维修资金退款: asked for here, agreed to by another on the page of approvals."""
    case = await _case(desk)
    problems: list[Refusal] = []
    amount = amount_field(desk.form, "amount", problems)
    try:
        if problems:
            raise Refused(*problems)
        await maintenance_care.ask_refund(
            actor=desk.actor,
            case_no=case.case_no,
            amount=amount,
            reason=text(desk.form, "reason") or "",
            now=desk.now,
        )
    except Refused as refused:
        return await _refused(desk, refused)
    return _back(case, done="refund")


async def post_refund(desk: Desk) -> Response:
    """Arrived money that could not be posted goes to the account now."""
    case = await _case(desk)
    try:
        posted = await withdrawals.post_refund(
            actor=desk.actor,
            case=case,
            refund_no=text(desk.form, "refund_no") or "",
            business_date=desk.business_date,
            now=desk.now,
        )
    except Refused as refused:
        return await _refused(desk, refused)
    return _back(case, done="posted" if posted else "unposted")


async def _case(desk: Desk) -> CaseView:
    return await cases.case_by_no(actor=desk.actor, case_no=desk.request.path_params["case_no"])


def _back(case: CaseView, *, done: str) -> Response:
    return redirect(f"/backoffice/cases/{case.case_no}?done={done}")


async def _refused(desk: Desk, refused: Refused) -> Response:
    """The case as it stands now with what was wrong and what was typed."""
    if any(refusal.code in _NO_PAGE for refusal in refused.refusals):
        raise refused
    typed = any(refusal.field for refusal in refused.refusals)
    return await _page(desk, await _case(desk), status=422 if typed else 409, problems=Problems.of(refused.refusals))


async def _page(
    desk: Desk,
    case: CaseView,
    *,
    status: int = 200,
    notice: str | None = None,
    problems: Problems | None = None,
    revealed: Revealed | None = None,
) -> Response:
    allowed = await cases.allowed_actions(case=case, actor=desk.actor, now=desk.now)
    checks = await cases.checks_of(case=case)
    history = await cases.history_of(case=case)
    holders = await staff_names([case.locked_by])
    offices = await office_names()
    key_again = desk.form.get("request_key") if status == 422 else None
    return desk.page(
        "case.html",
        status=status,
        case=case,
        office_name=offices.get(case.office_code, case.office_code),
        steps=case.flow.progress(state=case.state, visited={event.to_state for event in history}),
        notice=notice,
        problems=problems or Problems(),
        typed=desk.form if problems else {},
        revealed=revealed,
        person=await contributions.person_by_id(person_id=case.person_id),
        declared=await declared(case),
        policy_used=policy_used(case),
        checks=checks,
        history=history,
        payment=await settlement.payment_of_case(account_no=case.account_no, case_id=case.case_id),
        deposit=await withdrawals.deposit_of(case=case),
        may_refund=desk.may(REFUND),
        refund_tones=REFUND_TONES,
        evaluation=await cases.evaluation_of(account_no=case.account_no, case_id=case.case_id),
        grades=cases.GRADES,
        request_key=key_again or new_request_key(),
        overdue=case.ended_at is None and case.due_on < desk.business_date,
        may_reveal=desk.may("person.reveal"),
        **await _conflicts(case),
        **await asking_of(desk, case, checks),
        papers=withdrawals.papers_for(case) if desk.may(PRINT) else [],
        prints=await withdrawals.prints_of(case=case),
        corrections=await cases.corrections_of(case=case),
        revocations=await cases.revocations_of(case=case, actor=desk.actor, now=desk.now),
        **_desk_of(desk, case, allowed=allowed, checks=checks, history=history),
        **await _signing_of(desk, case),
        holder=holders.get(case.locked_by or 0, "其他人员"),
    )


async def _conflicts(case: CaseView) -> dict[str, Any]:
    """The other running cases of the account, and which of them the table forbids beside this one (D01)."""
    others = [other for other in await cases.running_cases(account_no=case.account_no) if other.case_no != case.case_no]
    if not others or case.ended_at is not None:
        return {"others": others, "conflicts": []}
    refusals = await cases.conflicts_of(account_no=case.account_no, item=case.item, besides=case.case_no)
    return {"others": others, "conflicts": [refusal.message for refusal in refusals]}


async def _signing_of(desk: Desk, case: CaseView) -> dict[str, Any]:
    """Who has signed and who must still sign, and what one more approval leads to."""
    signing = await cases.signing_of(case=case, now=desk.now)
    if signing is None:
        return {"signing": None, "seats": [], "effect": ""}
    given = {one.seat: one for one in signing.signatures}
    left = signing.needed - 1 - sum(one.decision == "approve" for one in signing.signatures)
    effect = "转入下一环节，暂不支付。"
    if left > 0:
        effect = f"还须{left}席签署通过，暂不支付。"
    elif case.state != "pending_preliminary":
        effect = f"将向申请人的银行卡支付 {case.amount.yuan_text}（金额较大或重点审核的，先转付款复核）。"
    if left <= 0 and case.state == "pending_payment_review":
        effect = f"将向申请人的银行卡支付 {case.amount.yuan_text}。"
    return {"signing": signing, "seats": [(seat, given.get(seat.code)) for seat in signing.seats], "effect": effect}


def _desk_of(
    desk: Desk, case: CaseView, *, allowed: tuple[str, ...], checks: list[CaseCheck], history: list[CaseEvent]
) -> dict[str, Any]:
    """The buttons that the actor has, and in words why some are missing."""
    locked = case.is_locked(now=desk.now)
    foreign = case.locked_for_others(staff_id=desk.actor.staff_id, now=desk.now)
    decisions = [(code, DECISION_NAMES[code]) for code in cases.DECISIONS if code in allowed]
    preliminary = case.state == "pending_preliminary"
    unsettled = bool(case.flags) or any(check.outcome != "passed" for check in checks)
    since = any(check.outcome != "passed" and check.about and not check.override_reason for check in checks)
    return {
        "locked": locked,
        "locked_by_other": foreign,
        "may_claim": "claim" in allowed,
        "may_release": "release" in allowed,
        "decisions": decisions,
        "reasons": cases.REFUSAL_REASONS,
        "override_needed": since or (preliminary and unsettled),
        "overridden": [check for check in checks if check.override_reason],
        "hindrance": _hindrance(desk, case, locked=locked, allowed=allowed, history=history),
    }


def _hindrance(
    desk: Desk, case: CaseView, *, locked: bool, allowed: tuple[str, ...], history: list[CaseEvent]
) -> str | None:
    """Why a reviewer of this step cannot take the case although nobody holds it."""
    reviewers = case.flow.reviewers_of(case.state)
    if not reviewers or locked or "claim" in allowed:
        return None
    if not desk.actor.has_role(*reviewers):
        return f"该办件当前为“{case.state_name}”，由具备相应审核权限的人员领取办理。"
    if desk.actor.person_id is not None and desk.actor.person_id == case.person_id:
        return "这是您本人的办件，须由其他审核人员办理。"
    if case.state == "pending_final":
        return "初审由您本人办理，或您已在复审签署，须由其他人员领取。"
    return "前一环节由您本人办理，或您已签署意见，须由其他人员领取。"


PAGES = (
    DeskPage(PATH, "case.read", show),
    DeskPage(f"{PATH}/claim", "case.claim", claim, "POST"),
    DeskPage(f"{PATH}/release", "case.read", release, "POST"),
    DeskPage(f"{PATH}/decision", "case.claim", decide, "POST"),
    DeskPage(f"{PATH}/take-back", "case.read", take_back, "POST"),
    DeskPage(f"{PATH}/ask", "case.claim", ask, "POST"),
    DeskPage(f"{PATH}/print", PRINT, print_paper, "POST"),
    DeskPage(f"{PATH}/refund", REFUND, refund, "POST"),
    DeskPage(f"{PATH}/post-refund", REFUND, post_refund, "POST"),
    DeskPage(f"{PATH}/reveal", "person.reveal", reveal, "POST"),
)
