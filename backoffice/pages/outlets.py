"""网点资料 (D24): outlets in their hierarchy, what comes with its date, history, and staff without a department."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from starlette.responses import Response

from auth import outlet_rules, outlets
from auth.outlets import Outlet
from backoffice.components import ROLE_NAMES, Problems, with_query
from backoffice.desk import Desk, DeskPage, redirect
from backoffice.exporting import Cells, Sheet, at_once, export_list
from backoffice.forms import choice_fields, day_field, filled
from backoffice.refusals import PAGE_NOT_FOUND
from domain.kernel.paging import Page
from domain.kernel.refusal import Refusal, Refused

PATH, RIGHT = "/backoffice/outlets", "outlets.propose"
FILTERS = ("kind", "state", "search")
STATES = {"open": "启用", "closed": "停用"}
TONES = {"waiting": "waiting", "applied": "good", "replaced": "quiet"}
_DONE = {"asked": "已提交，等待安全管理员在“复核”中同意；同意后自生效日期起生效。"}


async def listed(desk: Desk) -> Response:
    given = filled(desk.query, FILTERS)
    problems: list[Refusal] = []
    choice_fields(given, {"kind": outlet_rules.KIND_NAMES, "state": STATES}, problems)
    every = await outlets.outlets(actor=desk.actor, now=desk.now)
    shown = [] if problems else _matching(every, given)
    return desk.page(
        "outlets.html",
        status=422 if problems else 200,
        given=given,
        problems=Problems.of(problems),
        choices={"kind": outlet_rules.KIND_NAMES, "state": STATES},
        shown=shown,
        total=len(every),
        counts={name: sum(one.kind == kind for one in shown) for kind, name in outlet_rules.KIND_NAMES.items()},
        names={one.code: one.name for one in every},
        waiting=[
            (one, outlet_rules.told(one.before, one.after))
            for one in await outlets.outlet_changes(actor=desk.actor, now=desk.now)
            if one.state == "waiting"
        ],
        unassigned=await outlets.unassigned_staff(actor=desk.actor, now=desk.now),
        roles=ROLE_NAMES,
        kinds=outlet_rules.KIND_NAMES,
        today=desk.business_date,
        notice=_DONE.get(desk.query.get("done", "")),
        export_to=with_query(f"{PATH}/export", **given),
    )


def _matching(every: list[Outlet], given: Mapping[str, str]) -> list[Outlet]:
    search = given.get("search", "")
    return [
        one
        for one in every
        if given.get("kind", one.kind) == one.kind
        and (given.get("state") is None or (given["state"] == "open") == (one.closed_on is None))
        and (search in one.code or search in one.name)
    ]


SHEET = Sheet(
    action="outlet.exported",
    subject="outlets",
    title="网点资料",
    file_name="outlets",
    headings=("类别", "网点编号", "名称", "上级网点", "行政区划", "受托银行代码", "地址", "停用日期"),
)


async def export(desk: Desk) -> Response:
    given = filled(desk.query, FILTERS)
    problems: list[Refusal] = []
    choice_fields(given, {"kind": outlet_rules.KIND_NAMES, "state": STATES}, problems)
    if problems:
        raise Refused(*problems)
    rows = _matching(await outlets.outlets(actor=desk.actor, now=desk.now), given)

    async def lines(page: Page[Outlet]) -> list[Cells]:
        return [
            (
                one.kind_name,
                one.code,
                one.name,
                one.parent_code,
                one.district_code,
                one.bank_code,
                one.address,
                one.closed_on.isoformat() if one.closed_on else "",
            )
            for one in page.items
        ]

    return await export_list(desk=desk, sheet=SHEET, filters=given, fetch=at_once(rows), lines=lines)


async def one(desk: Desk) -> Response:
    return await _one(desk, str(desk.request.path_params["kind"]), str(desk.request.path_params["code"]))


async def new(desk: Desk) -> Response:
    return await _one(desk, desk.query.get("kind", "management"), "")


async def _one(desk: Desk, kind: str, code: str, *problems: Refusal) -> Response:
    """An outlet with its history and the form for a change; without a code the form for a new one."""
    if kind not in outlet_rules.KIND_NAMES:
        raise Refused(PAGE_NOT_FOUND)
    every = await outlets.outlets(actor=desk.actor, now=desk.now)
    found = next((one for one in every if (one.kind, one.code) == (kind, code)), None)
    if code and found is None and not problems:
        raise Refused(PAGE_NOT_FOUND)
    changes = await outlets.outlet_changes(actor=desk.actor, now=desk.now, code=code) if found else []
    parent_kind = "branch" if kind == "management" else "management"
    parents = {one.code: one.name for one in every if one.kind == parent_kind and one.closed_on is None}
    return desk.page(
        "outlet.html",
        status=422 if problems else 200,
        kind=kind,
        kinds=outlet_rules.KIND_NAMES,
        code=code,
        found=found,
        fields=[name for name in outlet_rules.FIELDS[kind] if name not in ("open", "parent_code")],
        labels=outlet_rules.FIELD_NAMES,
        parents=parents if "parent_code" in outlet_rules.FIELDS[kind] else None,
        below=[one for one in every if found is not None and one.parent_code == code and one.kind != kind],
        changes=[(one, outlet_rules.told(one.before, one.after)) for one in changes],
        tones=TONES,
        problems=Problems.of(problems),
        typed=desk.form if problems else {},
        today=desk.business_date,
    )


async def propose(desk: Desk) -> Response:
    form, kind = desk.form, desk.form.get("kind", "")
    code = form.get("code", "").strip()
    if kind not in outlet_rules.KIND_NAMES:
        raise Refused(PAGE_NOT_FOUND)
    try:
        problems: list[Refusal] = []
        effective_on = day_field(form, "effective_on", problems)
        if problems:
            raise Refused(*problems)
        values: dict[str, object] = {
            name: form[name].strip() for name in outlet_rules.FIELDS[kind] if name in form and name != "open"
        }
        values["open"] = form.get("open", "yes") == "yes"
        await outlets.ask_change(
            actor=desk.actor,
            kind=kind,
            code=code,
            values=values,
            effective_on=effective_on or date.min,
            reason=form.get("reason", ""),
            now=desk.now,
        )
    except Refused as refused:
        return await _one(desk, kind, code if form.get("standing") == "yes" else "", *refused.refusals)
    return redirect(f"{PATH}?done=asked")


PAGES = (
    DeskPage(PATH, RIGHT, listed),
    DeskPage(f"{PATH}/export", RIGHT, export, "POST"),
    DeskPage(f"{PATH}/new", RIGHT, new),
    DeskPage(f"{PATH}/of/{{kind}}/{{code}}", RIGHT, one),
    DeskPage(f"{PATH}/propose", RIGHT, propose, "POST"),
)
