"""短信模板: the wording in force, its versions, a preview with its parts, and new wording by two persons."""

from __future__ import annotations

from starlette.responses import Response

from backoffice.desk import Desk, DeskPage, redirect
from backoffice.directory import staff_names
from backoffice.pages.sms.shared import OPERATE, PATH, READ, show
from backoffice.refusals import FORM_MALFORMED, PAGE_NOT_FOUND
from domain.kernel.refusal import Refused
from notifications import rendering, wording
from notifications.parts import PART_UNITS_MAX, SINGLE_UNITS_MAX, units_of
from notifications.rendering import CLASS_NAMES, LANE_NAMES, RenderedSms
from notifications.wording import Version

LIST = f"{PATH}/templates"
STATES = {
    "file": ("随版本发布", "quiet"),
    "proposed": ("待审定", "waiting"),
    "approved": ("已审定", "good"),
    "declined": ("未通过", "bad"),
    "withdrawn": ("已撤回", "quiet"),
}
_NOTICES = {
    "proposed": "新版本已提交，等待另一人审定后生效。",
    "approved": "已审定，此后生成的短信使用新版本。",
    "declined": "该版本已退回，现行版本不变。",
}


async def listed(desk: Desk) -> Response:
    return show(
        desk,
        "sms_templates.html",
        templates=[(one, _sample(one)) for one in await wording.in_force()],
        waiting=set(await wording.waiting()),
        class_names=CLASS_NAMES,
        lane_names=LANE_NAMES,
        list_path=LIST,
    )


def _sample(template: rendering.Template) -> RenderedSms:
    return rendering.render(template=template, variables=template.sample)


async def shown(desk: Desk) -> Response:
    return await _one(desk)


async def _one(desk: Desk, *, refused: Refused | None = None, preview: RenderedSms | None = None) -> Response:
    code = _code(desk)
    versions = await wording.versions(code=code)
    current = next(one for one in versions if one.state in ("approved", "file"))
    base = current.template
    return show(
        desk,
        "sms_template.html",
        refused=refused,
        code=code,
        current=current,
        versions=[(one, *STATES[one.state]) for one in versions],
        open=next((one for one in versions if one.state == "proposed"), None),
        names=await _names(versions),
        rendered=_sample(base),
        preview=preview,
        units=units_of,
        single_max=SINGLE_UNITS_MAX,
        part_max=PART_UNITS_MAX,
        class_names=CLASS_NAMES,
        lane_names=LANE_NAMES,
        draft=desk.form or {"text": base.text, "class": base.class_, "lane": base.lane, "department": base.department},
        here=f"{LIST}/{code}",
        notice=_NOTICES.get(desk.query.get("done", "")),
        signature=rendering.SIGNATURE,
    )


async def _names(versions: list[Version]) -> dict[str, str]:
    references = {one for version in versions for one in (version.proposed_by, version.decided_by) if one}
    ids = {one: int(one.partition(":")[2]) for one in references if one.startswith("staff:")}
    known = await staff_names(set(ids.values()))
    return {one: known.get(number, "") for one, number in ids.items()}


def _code(desk: Desk) -> str:
    code = desk.request.path_params["code"]
    if code not in rendering.templates():
        raise Refused(PAGE_NOT_FOUND)
    return str(code)


async def propose(desk: Desk) -> Response:
    """Either button of the form: a preview changes nothing."""
    code = _code(desk)
    text = desk.form.get("text", "")
    try:
        if desk.form.get("step") == "preview":
            return await _one(desk, preview=wording.preview(code=code, text=text))
        await wording.propose(
            actor=desk.actor,
            code=code,
            text=text,
            reason=desk.form.get("reason", ""),
            class_=desk.form.get("class", ""),
            lane=desk.form.get("lane", ""),
            department=desk.form.get("department", ""),
            now=desk.now,
        )
    except Refused as refused:
        return await _one(desk, refused=refused)
    return redirect(f"{LIST}/{code}?done=proposed")


async def decide(desk: Desk) -> Response:
    code, given, decision = _code(desk), desk.form.get("version", ""), desk.form.get("decision")
    if decision not in ("agree", "decline") or not (given.isascii() and given.isdigit() and len(given) <= 9):
        raise Refused(FORM_MALFORMED)
    try:
        await wording.decide(actor=desk.actor, code=code, version=int(given), approve=decision == "agree", now=desk.now)
    except Refused as refused:
        return await _one(desk, refused=refused)
    return redirect(f"{LIST}/{code}?done={'approved' if decision == 'agree' else 'declined'}")


PAGES = (
    DeskPage(LIST, READ, listed),
    DeskPage(f"{LIST}/{{code}}", READ, shown),
    DeskPage(f"{LIST}/{{code}}/propose", OPERATE, propose, "POST"),
    DeskPage(f"{LIST}/{{code}}/decide", OPERATE, decide, "POST"),
)
