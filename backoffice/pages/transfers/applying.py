"""接续平台转入申请: typed in for the person at the counter, whose face or papers were checked before (R13.2)."""

from __future__ import annotations

from starlette.responses import Response

from auth import face
from backoffice.components import Problems
from backoffice.desk import Desk, DeskPage, redirect
from backoffice.forms import text
from backoffice.pages.transfers.shared import OPERATE, PATH, show
from domain import contributions, transfers
from domain.kernel.refusal import Refusal, Refused
from domain.transfers import TransferIn

APPLY = f"{PATH}/apply"
FACE_OPERATION = "transfer.in_application"
FACE_MISSING = Refusal(
    "desk.face_missing",
    "请先在“人脸核验”中为该职工办理“接续平台转入申请”核验（业务编号填写证件号码后四位），再提交申请。",
    "document_no",
)


async def shown(desk: Desk) -> Response:
    return await _page(desk)


async def _page(desk: Desk, refused: Refused | None = None) -> Response:
    return show(
        desk,
        "transfer_apply.html",
        status=200 if refused is None else 422,
        centres=await transfers.transfer_centres(),
        problems=Problems.of(refused.refusals if refused else ()),
        typed=desk.form,
    )


async def applied(desk: Desk) -> Response:
    document_no = (text(desk.form, "document_no") or "").upper()
    try:
        person_id = await _person_of(document_no)
        checked = await face.counter_check(
            actor=desk.actor, operation=FACE_OPERATION, matter=document_no[-4:], person_id=person_id, now=desk.now
        )
        if checked is None:
            raise Refused(FACE_MISSING)
        made = await transfers.apply_at_counter(
            actor=desk.actor,
            document_no=document_no,
            wanted=TransferIn(
                other_centre=desk.form.get("other_centre", ""), other_account=text(desk.form, "other_account") or ""
            ),
            request_key=desk.form.get("request_key", ""),
            business_date=desk.business_date,
            now=desk.now,
        )
    except Refused as refused:
        return await _page(desk, refused)
    await face.use_counter_check(actor=desk.actor, check=checked, now=desk.now)
    return redirect(f"{PATH}/{made.transfer_no}?done=applied")


async def _person_of(document_no: str) -> int:
    """Whose face it has to be: four digits are many people's."""
    try:
        return await contributions.person_of_document(document_type="01", document_no=document_no)
    except Refused:
        raise Refused(FACE_MISSING) from None


PAGES = (DeskPage(APPLY, OPERATE, shown), DeskPage(f"{APPLY}/new", OPERATE, applied, "POST"))
