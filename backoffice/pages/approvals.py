"""复核: what waits for a second person, and what became of earlier requests.

Open to all staff: each sees what they may ask for or decide on, and that right is asked for again at each act."""

from __future__ import annotations

from starlette.responses import Response

from auth import approvals
from auth.approvals import Approval
from backoffice.components import Problems
from backoffice.desk import Desk, DeskPage, redirect
from backoffice.forms import number_field
from backoffice.navigation import SIGNED_IN
from backoffice.refusals import FORM_MALFORMED, PAGE_NOT_FOUND
from domain.kernel.refusal import Refusal, Refused

PATH = "/backoffice/approvals"
TONES = {"waiting": "waiting", "agreed": "good", "declined": "bad", "withdrawn": "quiet", "expired": "quiet"}
_NOTICES = {
    "agreed": "已同意，申请的操作已经执行。",
    "declined": "已登记不同意，申请的操作没有执行。",
    "withdrawn": "申请已撤回。",
    "asked": "已提交，等待另一人复核。",
}


async def show(desk: Desk) -> Response:
    found = await approvals.approvals_for(actor=desk.actor, now=desk.now)
    return desk.page(
        "approvals.html",
        waiting=[one for one in found if one.state == "waiting"],
        earlier=[one for one in found if one.state != "waiting"],
        tones=TONES,
        notice=_NOTICES.get(desk.query.get("done", "")),
    )


async def one(desk: Desk) -> Response:
    return await _one(desk, await _asked(desk, desk.request.path_params["approval_id"]))


async def _one(desk: Desk, found: Approval, *problems: Refusal) -> Response:
    return desk.page(
        "approval.html",
        status=422 if problems else 200,
        found=found,
        tones=TONES,
        may_decide=approvals.may_decide(desk.actor, found),
        mine=found.requested_by == desk.actor.staff_id,
        problems=Problems.of(problems),
        typed=desk.form,
        note_max=approvals.REASON_MAX,
    )


async def decide(desk: Desk) -> Response:
    found = await _asked(desk, desk.form.get("approval_id", ""))
    decision = desk.form.get("decision")
    if decision not in ("agree", "decline"):
        raise Refused(FORM_MALFORMED)
    try:
        done = await approvals.decide(
            actor=desk.actor,
            approval_id=found.approval_id,
            agree=decision == "agree",
            note=desk.form.get("note", ""),
            now=desk.now,
        )
    except Refused as refused:
        if any(refusal.field is None for refusal in refused.refusals):
            raise
        return await _one(desk, found, *refused.refusals)
    return redirect(f"{PATH}?done={done.state}")


async def withdraw(desk: Desk) -> Response:
    found = await _asked(desk, desk.form.get("approval_id", ""))
    await approvals.withdraw(actor=desk.actor, approval_id=found.approval_id, now=desk.now)
    return redirect(f"{PATH}?done=withdrawn")


async def _asked(desk: Desk, given: str) -> Approval:
    """A request that the member may see. Raises Refused for any other."""
    number = number_field(given)
    visible = await approvals.approvals_for(actor=desk.actor, now=desk.now)
    for found in visible:
        if found.approval_id == number:
            return found
    raise Refused(PAGE_NOT_FOUND)


PAGES = (
    DeskPage(PATH, SIGNED_IN, show),
    DeskPage(f"{PATH}/decide", SIGNED_IN, decide, "POST"),
    DeskPage(f"{PATH}/withdraw", SIGNED_IN, withdraw, "POST"),
    DeskPage(f"{PATH}/{{approval_id}}", SIGNED_IN, one),
)
