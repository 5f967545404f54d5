"""市统一申办受理平台: applications that the city's platform handed us, and what staff do by hand."""

from __future__ import annotations

from starlette.responses import Response

from backoffice.components import Pager, Problems, moment, with_query
from backoffice.desk import Desk, DeskPage, redirect
from backoffice.directory import office_names
from backoffice.exporting import EXPORT_PAGE_SIZE, Cells, Sheet, export_list
from backoffice.forms import choice_fields, filled, new_request_key
from backoffice.refusals import PAGE_NOT_FOUND
from domain import catalogue, city_applications
from domain.city_applications import ApplicationFilters, ApplicationView
from domain.kernel.paging import Page
from domain.kernel.refusal import Refusal, Refused

PATH = "/backoffice/city-applications"
READ, OPERATE, EXPORT = "city.read", "city.operate", "city.export"
PAGE_SIZE = 20
FIELDS = ("scope", "state", "item", "office")
SCOPES = {"open": "未办结", "all": "全部"}
TONES = {
    "received": "waiting",
    "supplement": "waiting",
    "accepted": "active",
    "processing": "active",
    "completed": "good",
    "refused": "bad",
    "withdrawn": "quiet",
}


async def listed(desk: Desk) -> Response:
    given = {"scope": "open", **filled(desk.query, FIELDS)}
    choices = await _choices()
    problems = _problems(given, choices)
    pager = Pager.read(path=PATH, query=given, pages=desk.query.get("pages"))
    page = None
    if not problems:
        try:
            page = await _find(desk, given, first=PAGE_SIZE, after=pager.after)
        except Refused as refused:
            problems.extend(refused.refusals)
    waiting, rejected = await city_applications.report_counts()
    return desk.page(
        "city_applications.html",
        status=422 if problems else 200,
        given=given,
        choices=choices,
        problems=Problems.of(problems),
        page=page,
        pager=pager.at(end_cursor=page.end_cursor, has_next=page.has_next) if page else pager,
        tones=TONES,
        waiting=waiting,
        rejected=rejected,
        export_to=with_query(f"{PATH}/export", **given),
        may_export=desk.may(EXPORT),
    )


async def _choices() -> dict[str, dict[str, str]]:
    states = {code: state.name for code, state in city_applications.flow().states.items()}
    return {"scope": SCOPES, "state": states, "item": _items(), "office": await office_names()}


def _problems(given: dict[str, str], choices: dict[str, dict[str, str]]) -> list[Refusal]:
    problems: list[Refusal] = []
    choice_fields(given, choices, problems)
    return problems


async def _find(desk: Desk, given: dict[str, str], *, first: int, after: str | None) -> Page[ApplicationView]:
    return await city_applications.applications(
        actor=desk.actor,
        filters=ApplicationFilters(
            state=given.get("state"),
            item_code=given.get("item"),
            office_code=given.get("office"),
            open_only=given["scope"] == "open",
        ),
        first=first,
        after=after,
    )


SHEET = Sheet(
    action="city_application.exported",
    subject="city_applications",
    title="市统一申办",
    file_name="city_applications",
    headings=(
        "平台申请编号", "事项", "申请人", "证件号码", "管理部", "状态", "本中心办件", "接件时间", "期限", "办结时间",
        "结果说明", "结果文书",
    ),
    closing=lambda count: ("合计", f"{count}件"),
)  # fmt: skip


async def export(desk: Desk) -> Response:
    given = {"scope": "open", **filled(desk.query, FIELDS)}
    choices = await _choices()
    if problems := _problems(given, choices):
        raise Refused(*problems)

    async def fetch(behind: Page[ApplicationView] | None) -> Page[ApplicationView]:
        return await _find(desk, given, first=EXPORT_PAGE_SIZE, after=behind.end_cursor if behind else None)

    async def lines(page: Page[ApplicationView]) -> list[Cells]:
        return [_row(one, choices) for one in page.items]

    return await export_list(desk=desk, sheet=SHEET, filters=given, fetch=fetch, lines=lines)


def _row(one: ApplicationView, choices: dict[str, dict[str, str]]) -> Cells:
    return (
        one.project_no,
        choices["item"].get(one.item_code, one.item_code),
        one.name_masked,
        one.document_masked,
        choices["office"].get(one.office_code, "中心"),
        one.state_name,
        one.matter_no or "人工办理",
        moment(one.received_at),
        one.due_on.isoformat(),
        moment(one.ended_at) if one.ended_at else "",
        one.result_note or "",
        one.paper_no or "",
    )


def _items() -> dict[str, str]:
    return {one.code: f"{one.code} {one.name}" for one in catalogue.items_for(channel=city_applications.CHANNEL)}


async def shown(desk: Desk) -> Response:
    return await _page(desk, await _found(desk))


async def _page(desk: Desk, view: ApplicationView, *, refused: Refused | None = None) -> Response:
    offices = await office_names()
    status = 200 if refused is None else (422 if any(one.field for one in refused.refusals) else 409)
    may_operate = desk.may(OPERATE)
    return desk.page(
        "city_application.html",
        status=status,
        one=view,
        item=_items().get(view.item_code, view.item_code),
        office=offices.get(view.office_code, "中心"),
        declared=await city_applications.declared_of(actor=desk.actor, project_no=view.project_no, now=desk.now),
        files=await city_applications.files_of(actor=desk.actor, project_no=view.project_no),
        events=await city_applications.events_of(view=view),
        reports=await city_applications.reports_of(application_id=view.application_id),
        actions=await city_applications.actions_of(actor=desk.actor, view=view) if may_operate else (),
        may_operate=may_operate,
        problems=Problems.of(refused.refusals if refused else ()),
        typed=desk.form,
        tones=TONES,
        late=view.ended_at is None and view.due_on < desk.business_date,
        request_key=new_request_key(),
        notice="已办理，结果将报送平台。" if desk.query.get("done") else None,
    )


async def stepped(desk: Desk) -> Response:
    view = await _found(desk)
    if desk.form.get("do", "") not in view.flow.transitions:
        raise Refused(PAGE_NOT_FOUND)
    try:
        await city_applications.take_step(
            actor=desk.actor,
            project_no=view.project_no,
            action=desk.form["do"],
            note=desk.form.get("note", ""),
            request_key=desk.form.get("request_key", ""),
            now=desk.now,
        )
    except Refused as refused:
        return await _page(desk, await _found(desk), refused=refused)
    return redirect(f"{PATH}/{view.project_no}?done=yes")


async def file_opened(desk: Desk) -> Response:
    """The document, as a download that nothing on the page can run."""
    view = await _found(desk)
    found, content = await city_applications.file_content(
        actor=desk.actor, project_no=view.project_no, file_no=desk.form.get("file_no", ""), now=desk.now
    )
    ending = {"application/pdf": "pdf", "image/jpeg": "jpg", "image/png": "png"}[found.media_type]
    return Response(
        content,
        media_type=found.media_type,
        headers={
            "Content-Disposition": f'attachment; filename="{view.project_no}-{found.file_no}.{ending}"',
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )


async def _found(desk: Desk) -> ApplicationView:
    return await city_applications.application_of(
        actor=desk.actor, project_no=str(desk.request.path_params["project_no"])
    )


ONE = f"{PATH}/{{project_no}}"
PAGES: tuple[DeskPage, ...] = (
    DeskPage(PATH, READ, listed),
    DeskPage(f"{PATH}/export", EXPORT, export, "POST"),
    DeskPage(ONE, READ, shown),
    DeskPage(f"{ONE}/step", OPERATE, stepped, "POST"),
    DeskPage(f"{ONE}/file", OPERATE, file_opened, "POST"),
)
