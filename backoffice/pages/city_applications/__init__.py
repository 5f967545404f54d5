"""市统一申办受理平台: applications that the city's platform handed us, and what staff do by hand."""

from __future__ import annotations

from starlette.responses import Response

from backoffice.components import Pager, Problems
from backoffice.desk import Desk, DeskPage, redirect
from backoffice.directory import office_names
from backoffice.forms import choice_fields, filled, new_request_key
from backoffice.refusals import PAGE_NOT_FOUND
from domain import catalogue, city_applications
from domain.city_applications import ApplicationFilters, ApplicationView
from domain.kernel.refusal import Refusal, Refused

PATH = "/backoffice/city-applications"
READ, OPERATE = "city.read", "city.operate"
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
    offices, items = await office_names(), _items()
    states = {code: state.name for code, state in city_applications.flow().states.items()}
    problems: list[Refusal] = []
    choice_fields(given, {"scope": SCOPES, "state": states, "item": items, "office": offices}, problems)
    pager = Pager.read(path=PATH, query=given, pages=desk.query.get("pages"))
    page = None
    if not problems:
        try:
            page = await city_applications.applications(
                actor=desk.actor,
                filters=ApplicationFilters(
                    state=given.get("state"),
                    item_code=given.get("item"),
                    office_code=given.get("office"),
                    open_only=given["scope"] == "open",
                ),
                first=PAGE_SIZE,
                after=pager.after,
            )
        except Refused as refused:
            problems.extend(refused.refusals)
    waiting, rejected = await city_applications.report_counts()
    return desk.page(
        "city_applications.html",
        status=422 if problems else 200,
        given=given,
        choices={"scope": SCOPES, "state": states, "item": items, "office": offices},
        problems=Problems.of(problems),
        page=page,
        pager=pager.at(end_cursor=page.end_cursor, has_next=page.has_next) if page else pager,
        tones=TONES,
        waiting=waiting,
        rejected=rejected,
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
    DeskPage(ONE, READ, shown),
    DeskPage(f"{ONE}/step", OPERATE, stepped, "POST"),
    DeskPage(f"{ONE}/file", OPERATE, file_opened, "POST"),
)
