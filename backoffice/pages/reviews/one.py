"""One rectification: the review, what was done, and the forms for what the reader may do now."""

from __future__ import annotations

from starlette.responses import Response

from backoffice.components import Problems
from backoffice.desk import Desk, DeskPage, redirect
from backoffice.directory import office_names
from backoffice.forms import text
from backoffice.pages.reviews.shared import OPERATE, PATH, READ, show
from backoffice.refusals import PAGE_NOT_FOUND
from domain import cases
from domain.cases import RectificationView, Step
from domain.kernel.refusal import Refused

_ON_PAGE = "rectification.not_found"


async def shown(desk: Desk) -> Response:
    return await _page(desk, await _found(desk), refused=None)


async def _page(desk: Desk, view: RectificationView, *, refused: Refused | None) -> Response:
    offices = await office_names()
    problems = Problems.of(refused.refusals if refused else ())
    status = 200 if refused is None else (422 if any(one.field for one in refused.refusals) else 409)
    return show(
        desk,
        "review_one.html",
        status=status,
        one=view,
        office=offices.get(view.office_code, view.office_code),
        events=await cases.events_of(view=view),
        actions=await cases.actions_of(actor=desk.actor, view=view) if desk.may(OPERATE) else (),
        needs_text={
            action: transition.reason_required for action, transition in cases.RECTIFICATION_FLOW.transitions.items()
        },
        problems=problems,
        typed=desk.form,
        late=view.overdue(desk.business_date),
        notice="已办理，下一环节见页面上方状态。" if desk.query.get("done") else None,
    )


async def stepped(desk: Desk) -> Response:
    view = await _found(desk)
    step = Step(
        action=desk.form.get("do", ""),
        note=desk.form.get("note", ""),
        assignee=text(desk.form, "assignee") or "",
        complex_one=desk.form.get("complex") == "yes",
    )
    if step.action not in cases.RECTIFICATION_FLOW.transitions:
        raise Refused(PAGE_NOT_FOUND)
    try:
        await cases.take_step(
            actor=desk.actor,
            rectification_id=view.rectification_id,
            step=step,
            request_key=desk.form.get("request_key", ""),
            now=desk.now,
            business_date=desk.business_date,
        )
    except Refused as refused:
        return await _page(desk, await _found(desk), refused=refused)
    return redirect(f"{PATH}/{view.rectification_id}?done=yes")


async def _found(desk: Desk) -> RectificationView:
    given = str(desk.request.path_params["rectification_id"])
    if not (given.isascii() and given.isdigit() and len(given) <= 18):
        raise Refused(PAGE_NOT_FOUND)
    return await cases.rectification_of(actor=desk.actor, rectification_id=int(given))


PAGES = (
    DeskPage(f"{PATH}/{{rectification_id}}", READ, shown),
    DeskPage(f"{PATH}/{{rectification_id}}/step", OPERATE, stepped, "POST"),
)
