"""接续平台转入申请: typed in for the person at the counter, whose face or papers were checked before (R13.2)."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from auth import face
from backoffice.components import Problems, with_query
from backoffice.desk import Desk, DeskPage, redirect
from backoffice.forms import text
from backoffice.pages.transfers.shared import OPERATE, PATH, show
from backoffice.refusals import FACE_IN_USE
from domain import contributions, transfers
from domain.kernel.refusal import Refusal, Refused
from domain.transfers import TransferIn

APPLY = f"{PATH}/apply"
FACE_OPERATION = "transfer.in_application"
FACE_MISSING = Refusal(
    "desk.face_missing", "申请内容已核对无误，请先为该职工办理人脸核验，再回到本页提交申请。", "document_no"
)


async def shown(desk: Desk) -> Response:
    return await _page(desk)


async def _page(desk: Desk, refused: Refused | None = None) -> Response:
    codes = {refusal.code for refusal in refused.refusals} if refused else set()
    return show(
        desk,
        "transfer_apply.html",
        status=200 if refused is None else 422,
        centres=await transfers.transfer_centres(),
        problems=Problems.of(refused.refusals if refused else ()),
        typed=desk.form,
        face_to=with_query("/backoffice/face", operation=FACE_OPERATION, matter=_matter(desk)),
        face_missing=FACE_MISSING.code in codes,
    )


async def applied(desk: Desk) -> Response:
    """What is wrong with the application is told before anybody is sent to have their face checked."""
    try:
        given = await _given(desk)
        await transfers.apply_at_counter(**given, dry_run=True)
        checked = await face.counter_check(
            actor=desk.actor,
            operation=FACE_OPERATION,
            matter=_matter(desk),
            person_id=await contributions.person_of_document(document_type="01", document_no=given["document_no"]),
            now=desk.now,
            request_key=given["request_key"],
        )
        if checked is None:
            raise Refused(FACE_MISSING)
        async with face.held_counter_check(check=checked, request_key=given["request_key"], now=desk.now) as held:
            if not held:
                raise Refused(FACE_IN_USE)
            made = await transfers.apply_at_counter(**given)
            assert made is not None, "this was no rehearsal"
            await face.use_counter_check(
                actor=desk.actor, check=checked, now=desk.now, request_key=given["request_key"]
            )
    except Refused as refused:
        return await _page(desk, refused)
    return redirect(f"{PATH}/{made.transfer_no}?done=applied")


async def _given(desk: Desk) -> dict[str, Any]:
    """The centre is chosen by its name, or by its code."""
    named = text(desk.form, "other_centre") or ""
    codes = [centre.code for centre in await transfers.transfer_centres() if named in (centre.name, centre.code)]
    return {
        "actor": desk.actor,
        "document_no": (text(desk.form, "document_no") or "").upper(),
        "wanted": TransferIn(
            other_centre=codes[0] if codes else named, other_account=text(desk.form, "other_account") or ""
        ),
        "request_key": desk.form.get("request_key", ""),
        "business_date": desk.business_date,
        "now": desk.now,
    }


def _matter(desk: Desk) -> str:
    """What the face check is filed under: four characters, which are many people's; whose face it was counts too."""
    return (text(desk.form, "document_no") or "").upper()[-4:]


PAGES = (DeskPage(APPLY, OPERATE, shown), DeskPage(f"{APPLY}/new", OPERATE, applied, "POST"))
