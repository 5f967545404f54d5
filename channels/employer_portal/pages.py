"""The pages: what is owed, lists with progress and results row by row, statements and how they are paid."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from auth import agents
from auth.agent_web import AGENT_COOKIE
from channels.employer_portal import agents as keeping
from channels.employer_portal import forms, inventory, papers, registration, settings
from channels.employer_portal.visiting import (
    FOLDER,
    HEADERS,
    PREFIX,
    Clock,
    Page,
    Visit,
    month_of,
    page,
    plain,
    sent,
    to,
)
from domain import contributions
from domain.contributions import LIST_COLUMNS, LIST_KIND_NAMES
from domain.kernel.dates import YearMonth, business_date_of
from domain.kernel.refusal import Refusal, Refused

ROWS_SHOWN = 50
_STATIC = {"portal.css": "text/css; charset=utf-8", "enter.js": "text/javascript; charset=utf-8"}


def routes(*, clock: Clock, cookie_secure: bool = False) -> list[BaseRoute]:
    """Everything under /employer/."""

    def door(path: str, work: Page, method: str = "GET") -> Route:
        async def endpoint(request: Request) -> Response:
            now = clock()
            cookie = request.cookies.get(AGENT_COOKIE) or ""
            actor = await agents.actor_of(cookie=cookie, now=now) if cookie else None
            if actor is None or actor.employer_no is None:
                return RedirectResponse(f"{PREFIX}/enter", status_code=303)
            visit = Visit(
                request=request,
                actor=actor,
                employer_no=actor.employer_no,
                cookie=cookie,
                now=now,
                business_date=business_date_of(now),
            )
            try:
                return await work(visit)
            except Refused as refused:
                return await home(visit, problems=refused.refusals)

        return Route(f"{PREFIX}{path}", endpoint, methods=[method])

    return [
        Route(PREFIX, lambda request: RedirectResponse(f"{PREFIX}/", status_code=308)),
        Route(f"{PREFIX}/enter", _enter, methods=["GET"]),
        Route(f"{PREFIX}/static/{{name}}", _static, methods=["GET"]),
        Route(f"{PREFIX}/templates/{{kind}}.csv", _template, methods=["GET"]),
        *registration.routes(clock=clock, cookie_secure=cookie_secure),
        door("/", home),
        door("/lists", upload, "POST"),
        door("/lists/{list_no}", list_page),
        door("/lists/{list_no}/refused.csv", refused_rows),
        door("/lists/{list_no}", act_on_list, "POST"),
        door("/statements", draw, "POST"),
        door("/statements/{statement_no}", statement_page),
        door("/statements/{statement_no}", act_on_statement, "POST"),
        *(
            door(path, work, method)
            for path, work, method in (*papers.DOORS, *settings.DOORS, *inventory.DOORS, *keeping.DOORS)
        ),
    ]


async def home(visit: Visit, *, problems: tuple[Refusal, ...] = ()) -> Response:
    where: dict[str, Any] = {"actor": visit.actor, "employer_no": visit.employer_no}
    try:
        standing = await contributions.standing_of(employer_no=visit.employer_no)
    except Refused as refused:
        return page("nothing.html", visit, status=409, problems=refused.refusals)
    return page(
        "home.html",
        visit,
        status=422 if problems else 200,
        problems=problems,
        employer=standing,
        state_name=contributions.EMPLOYER_STATE_NAMES[standing.state],
        balance=await contributions.balance_of_employer(employer_no=visit.employer_no),
        lists=(await contributions.lists_of(**where, first=10, after=None)).items,
        statements=(await contributions.statements_of_employer(**where, first=10, after=None)).items,
        kinds=LIST_KIND_NAMES,
        methods=contributions.METHOD_NAMES,
        july=_july(standing.next_due),
    )


async def upload(visit: Visit) -> Response:
    given = await sent(visit)
    name, content = forms.required_file(given)
    kind = given.fields.get("kind", "")
    opened = await contributions.receive_list_file(
        actor=visit.actor,
        employer_no=visit.employer_no,
        kind=kind if kind in LIST_KIND_NAMES else "change",
        month=month_of(given.fields.get("month")) if kind != "back_payment" else None,
        file_name=name,
        content=content,
        request_key=given.fields.get("request_key", ""),
        now=visit.now,
        business_date=visit.business_date,
    )
    return to(f"/lists/{opened.list_no}")


async def list_page(visit: Visit, *, problems: tuple[Refusal, ...] = ()) -> Response:
    list_no = visit.request.path_params["list_no"]
    given = visit.request.query_params
    refused_only = given.get("show") != "all"
    view = await contributions.list_of(actor=visit.actor, employer_no=visit.employer_no, list_no=list_no)
    rows = await contributions.rows_of_list(
        actor=visit.actor,
        employer_no=visit.employer_no,
        list_no=list_no,
        refused_only=refused_only,
        first=ROWS_SHOWN,
        after=given.get("after"),
    )
    return page(
        "list.html",
        visit,
        status=422 if problems else 200,
        problems=problems,
        view=view,
        rows=rows,
        effect=(
            await contributions.effect_of_list(actor=visit.actor, employer_no=visit.employer_no, list_no=list_no)
            if view.state == "checked"
            else None
        ),
        refused_only=refused_only,
        working=view.state in ("checking", "applying"),
        methods=contributions.METHOD_NAMES,
    )


async def act_on_list(visit: Visit) -> Response:
    given = await sent(visit)
    list_no = visit.request.path_params["list_no"]
    common: dict[str, Any] = {
        "actor": visit.actor,
        "employer_no": visit.employer_no,
        "list_no": list_no,
        "request_key": given.fields.get("request_key", ""),
        "now": visit.now,
    }
    accepted_only = given.fields.get("accepted_only") == "1"
    try:
        match given.fields.get("act"):
            case "submit":
                await contributions.submit_list(
                    **common, accepted_only=accepted_only, business_date=visit.business_date
                )
            case "recheck":
                await contributions.recheck_list(**common)
            case "cancel":
                await contributions.cancel_list(**common, reason=given.fields.get("reason", ""))
            case "draw":
                drawn = await contributions.draw_back_payment(
                    **common,
                    accepted_only=accepted_only,
                    method=given.fields.get("method"),
                    detail=given.fields.get("detail", ""),
                    business_date=visit.business_date,
                )
                return to(f"/statements/{drawn.statement_no}")
            case _:
                return PlainTextResponse("没有这项操作。", status_code=400, headers=HEADERS)
    except Refused as refused:
        return await list_page(visit, problems=refused.refusals)
    return to(f"/lists/{list_no}")


async def refused_rows(visit: Visit) -> Response:
    """The rows that did not pass, as a file that says why (D16)."""
    list_no, after, lines = visit.request.path_params["list_no"], None, ["行号,证件号码,姓名,列,问题"]
    while True:
        page = await contributions.rows_of_list(
            actor=visit.actor, employer_no=visit.employer_no, list_no=list_no, refused_only=True, first=100, after=after
        )
        for row in page.items:
            for one in row.problems:
                cells = (str(row.row_no), row.document_no_masked, row.name_masked, one.column, one.message)
                lines.append(",".join('"' + cell.replace('"', '""') + '"' for cell in cells))
        after = page.end_cursor
        if not page.has_next:
            break
    headers = {**HEADERS, "Content-Disposition": f"attachment; filename*=UTF-8''{quote(f'{list_no}-未通过.csv')}"}
    return Response("\ufeff" + "\r\n".join(lines), media_type="text/csv; charset=utf-8", headers=headers)


async def draw(visit: Visit) -> Response:
    given = await sent(visit)
    drawn = await contributions.draw_statement(
        actor=visit.actor,
        employer_no=visit.employer_no,
        month=month_of(given.fields.get("month")),
        method=given.fields.get("method") or None,
        detail=given.fields.get("detail", ""),
        request_key=given.fields.get("request_key", ""),
        now=visit.now,
        business_date=visit.business_date,
    )
    return to(f"/statements/{drawn.statement_no}")


async def statement_page(visit: Visit, *, problems: tuple[Refusal, ...] = ()) -> Response:
    view = await contributions.statement_of(
        actor=visit.actor, employer_no=visit.employer_no, statement_no=visit.request.path_params["statement_no"]
    )
    return page(
        "statement.html",
        visit,
        status=422 if problems else 200,
        problems=problems,
        view=view,
        working=view.state == "paid",
        methods=contributions.METHOD_NAMES,
    )


async def act_on_statement(visit: Visit) -> Response:
    given = await sent(visit)
    statement_no = visit.request.path_params["statement_no"]
    common: dict[str, Any] = {
        "actor": visit.actor,
        "employer_no": visit.employer_no,
        "statement_no": statement_no,
        "request_key": given.fields.get("request_key", ""),
        "now": visit.now,
    }
    try:
        match given.fields.get("act"):
            case "pay":
                await contributions.change_payment_of_statement(
                    **common,
                    method=given.fields.get("method", ""),
                    detail=given.fields.get("detail", ""),
                    business_date=visit.business_date,
                )
            case "collect":
                await contributions.collect_now(**common, business_date=visit.business_date)
            case "cancel":
                await contributions.cancel_statement(**common, reason=given.fields.get("reason", ""))
            case _:
                return PlainTextResponse("没有这项操作。", status_code=400, headers=HEADERS)
    except Refused as refused:
        return await statement_page(visit, problems=refused.refusals)
    return to(f"/statements/{statement_no}")


async def _enter(request: Request) -> Response:
    return plain("enter.html")


async def _static(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in _STATIC:
        return PlainTextResponse("没有这个文件。", status_code=404, headers=HEADERS)
    return FileResponse(FOLDER / "static" / name, media_type=_STATIC[name], headers={"Cache-Control": "no-cache"})


async def _template(request: Request) -> Response:
    """The heading of a list, to be filled in."""
    kind = request.path_params["kind"]
    if kind not in LIST_COLUMNS:
        return PlainTextResponse("没有这个模板。", status_code=404, headers=HEADERS)
    name = quote(f"{LIST_KIND_NAMES[kind]}模板.csv")
    headers = {**HEADERS, "Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
    return Response(
        "\ufeff" + ",".join(LIST_COLUMNS[kind]) + "\r\n", media_type="text/csv; charset=utf-8", headers=headers
    )


def _july(month: YearMonth) -> YearMonth:
    """The first July from a month on."""
    return YearMonth(month.year if month.month <= 7 else month.year + 1, 7)
