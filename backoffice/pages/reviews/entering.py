"""登记与邀请: what a caller of the hotline says is typed in; a code is made for the pad, the QR code or a kiosk."""

from __future__ import annotations

from starlette.responses import Response

from backoffice.components import Problems
from backoffice.desk import Desk, DeskPage, redirect
from backoffice.forms import text
from backoffice.pages.reviews.shared import OPERATE, PATH, show
from domain import cases
from domain.cases import GRADES, Invitation, Opinion
from domain.kernel.refusal import Refused

ENTER = f"{PATH}/enter"
TERMINALS = {"hall_tablet": "大厅平板（柜台）", "qr_code": "二维码", "other_terminal": "自助终端"}


async def shown(desk: Desk) -> Response:
    done = {"entered": "已登记电话评价。"}.get(desk.query.get("done", ""))
    return _page(desk, notice=done)


def _page(
    desk: Desk,
    *,
    form: str = "",
    refused: Refused | None = None,
    invitation: Invitation | None = None,
    notice: str | None = None,
) -> Response:
    return show(
        desk,
        "review_enter.html",
        status=200 if refused is None else 422,
        grades=GRADES,
        of_grade=cases.indicators().of_grade,
        terminals=TERMINALS,
        form=form,
        problems=Problems.of(refused.refusals if refused else ()),
        typed=desk.form if refused else {},
        invitation=invitation,
        notice=notice,
    )


async def entered(desk: Desk) -> Response:
    grade = desk.form.get("grade", "")
    tags = tuple(code for code in cases.indicators().names if desk.form.get(f"tag_{code}") == "yes")
    opinion = Opinion(
        grade=int(grade) if grade in ("1", "2", "3", "4", "5") else 0,
        tags=tags,
        comment=desk.form.get("comment", ""),
    )
    try:
        await cases.enter_evaluation(
            actor=desk.actor,
            case_no=text(desk.form, "case_no") or "",
            caller_document_tail=text(desk.form, "caller_document_tail") or "",
            opinion=opinion,
            request_key=desk.form.get("request_key", ""),
            now=desk.now,
        )
    except Refused as refused:
        return _page(desk, form="hotline", refused=refused)
    return redirect(f"{ENTER}?done=entered")


async def invited(desk: Desk) -> Response:
    """The code is shown on this answer alone; it is kept nowhere in the clear."""
    try:
        invitation = await cases.invite(
            actor=desk.actor,
            case_no=text(desk.form, "case_no") or "",
            terminal=desk.form.get("terminal", ""),
            window_no=text(desk.form, "window_no") or "",
            now=desk.now,
        )
    except Refused as refused:
        return _page(desk, form="invite", refused=refused)
    return _page(desk, invitation=invitation)


PAGES = (
    DeskPage(ENTER, OPERATE, shown),
    DeskPage(f"{ENTER}/hotline", OPERATE, entered, "POST"),
    DeskPage(f"{ENTER}/invite", OPERATE, invited, "POST"),
)
