"""柜面人脸核验: staff check the person before them for the functions of R13, or let them pass on the papers."""

from __future__ import annotations

from starlette.responses import Response

from auth import face
from backoffice.components import Problems
from backoffice.desk import Desk, DeskPage, redirect
from backoffice.forms import number_field
from backoffice.refusals import FACE_NOT_CONNECTED, FORM_MALFORMED
from domain import contributions
from domain.kernel.refusal import Refusal, Refused

PATH = "/backoffice/face"
RIGHT = "face.counter"
TONES = {"started": "active", "passed": "good", "failed": "bad", "expired": "quiet"}
STATES = {"started": "等待核验", "passed": "通过", "failed": "未通过", "expired": "已过期"}
_NOTICES = {
    "started": "已发起，请当事人按提示完成人脸核验，然后查询结果。",
    "asked": "已查询，结果见下表。",
    "without": "已登记：凭证件核对通过。",
}


async def show(desk: Desk) -> Response:
    return await _show(desk)


async def _show(desk: Desk, *problems: Refusal, url: str | None = None) -> Response:
    return desk.page(
        "face.html",
        status=422 if problems else 200,
        operations={code: operation.name for code, operation in face.counter_operations().items()},
        checks=await face.counter_checks_of(actor=desk.actor, now=desk.now),
        tones=TONES,
        states=STATES,
        problems=Problems.of(problems),
        typed=desk.form or desk.query,
        url=url,
        notice=_NOTICES["started"] if url else _NOTICES.get(desk.query.get("done", "")),
    )


async def start(desk: Desk) -> Response:
    """One form for both: with a face, or (`way` is papers) without one and for a reason."""
    operation, matter = desk.form.get("operation", ""), desk.form.get("matter", "").strip()
    without = desk.form.get("way") == "papers"
    try:
        if operation not in face.counter_operations() or not 1 <= len(matter) <= 60:
            raise Refused(FORM_MALFORMED)
        person_id = await contributions.person_of_document(
            document_type="01", document_no=desk.form.get("document_no", "").upper()
        )
        if without:
            await face.pass_without_face(
                actor=desk.actor,
                challenge=face.counter_challenge(actor=desk.actor, operation=operation, matter=matter),
                person_id=person_id,
                reason=desk.form.get("reason", ""),
                now=desk.now,
            )
        else:
            started = await face.start_at_counter(
                actor=desk.actor,
                operation=operation,
                person_id=person_id,
                matter=matter,
                service=_service(desk),
                now=desk.now,
            )
            return await _show(desk, url=started.url)
    except Refused as refused:
        if any(refusal.field is None for refusal in refused.refusals):
            raise
        return await _show(desk, *refused.refusals)
    return redirect(f"{PATH}?done=without")


async def finish(desk: Desk) -> Response:
    await face.finish_at_counter(
        actor=desk.actor,
        check_id=number_field(desk.form.get("check_id", "")),
        service=_service(desk),
        now=desk.now,
    )
    return redirect(f"{PATH}?done=asked")


def _service(desk: Desk) -> face.FaceVerification:
    if desk.services.face is None:
        raise Refused(FACE_NOT_CONNECTED)
    return desk.services.face


PAGES = (
    DeskPage(PATH, RIGHT, show),
    DeskPage(f"{PATH}/start", RIGHT, start, "POST"),
    DeskPage(f"{PATH}/finish", RIGHT, finish, "POST"),
)
