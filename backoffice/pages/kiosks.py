"""自助终端: the system administrator registers devices, hands out codes and stops them; a second person agrees."""

from __future__ import annotations

from starlette.responses import Response

from auth import kiosks
from backoffice.components import Problems
from backoffice.desk import Desk, DeskPage, redirect
from backoffice.directory import office_names
from backoffice.refusals import PAGE_NOT_FOUND
from domain import withdrawals
from domain.kernel.refusal import Refused

PATH, RIGHT = "/backoffice/kiosks", "kiosks.register"
TONES = {"approved": "waiting", "active": "good", "suspended": "bad", "retired": "quiet"}
_DONE = {
    "asked": "已提交，等待安全管理员在“复核”中同意。",
    "suspended": "已暂停，正在使用的会话已结束，恢复须两人办理并重新登记密钥。",
    "retired": "已停用。",
}


async def shown(desk: Desk) -> Response:
    return await _page(desk)


async def _page(desk: Desk, *, refused: Refused | None = None, code: str = "", about: str = "") -> Response:
    return desk.page(
        "kiosks.html",
        status=422 if refused else 200,
        found=await kiosks.kiosks(actor=desk.actor),
        troubles=await withdrawals.printer_troubles(),
        tones=TONES,
        offices=await office_names(),
        code=code,
        about=about,
        problems=Problems.of(refused.refusals if refused else ()),
        typed=desk.form if refused else {},
        notice=_DONE.get(desk.query.get("done", "")),
    )


async def proposed(desk: Desk) -> Response:
    form = desk.form
    try:
        await kiosks.propose(
            actor=desk.actor,
            device_no=form.get("device_no", "").strip(),
            name=form.get("name", ""),
            place=form.get("place", ""),
            office_code=form.get("office", ""),
            owner=form.get("owner", ""),
            reader_pem=form.get("reader_pem", ""),
            reason=form.get("reason", ""),
            now=desk.now,
        )
    except Refused as refused:
        return await _page(desk, refused=refused)
    return redirect(f"{PATH}?done=asked")


async def stepped(desk: Desk) -> Response:
    given = str(desk.request.path_params["device_id"])
    if not (given.isascii() and given.isdigit() and len(given) <= 18):
        raise Refused(PAGE_NOT_FOUND)
    number, do, reason = int(given), desk.form.get("do"), desk.form.get("reason", "")
    try:
        if do == "code":
            code = await kiosks.give_code(actor=desk.actor, device_id=number, now=desk.now)
            return await _page(desk, code=code, about=given)
        if do in ("suspend", "retire"):
            await kiosks.stop(actor=desk.actor, device_id=number, for_ever=do == "retire", reason=reason, now=desk.now)
            return redirect(f"{PATH}?done={'retired' if do == 'retire' else 'suspended'}")
        if do == "return":
            await kiosks.propose_return(actor=desk.actor, device_id=number, reason=reason, now=desk.now)
            return redirect(f"{PATH}?done=asked")
    except Refused as refused:
        return await _page(desk, refused=refused)
    raise Refused(PAGE_NOT_FOUND)


PAGES = (
    DeskPage(PATH, RIGHT, shown),
    DeskPage(PATH, RIGHT, proposed, "POST"),
    DeskPage(f"{PATH}/{{device_id}}", RIGHT, stepped, "POST"),
)
