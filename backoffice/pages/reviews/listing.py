"""差评整改: the list, what is due first on top, with its totals and export (D25)."""

from __future__ import annotations

from starlette.responses import Response

from backoffice.components import Pager, Problems, moment, with_query
from backoffice.desk import Desk, DeskPage
from backoffice.directory import office_names
from backoffice.exporting import EXPORT_PAGE_SIZE, Cells, Sheet, export_list
from backoffice.forms import choice_fields, filled
from backoffice.pages.reviews.shared import PATH, READ, show
from domain import cases
from domain.cases import RectificationFilters, RectificationView
from domain.kernel.paging import Page
from domain.kernel.refusal import Refusal, Refused

PAGE_SIZE = 20
FILTER_FIELDS = ("scope", "state", "office")
SCOPES = {"open": "未办结", "late": "已超期", "mine": "指定我整改", "all": "全部"}


async def listed(desk: Desk) -> Response:
    given = {"scope": "open", **filled(desk.query, FILTER_FIELDS)}
    offices = await office_names()
    problems = _problems(given, offices)
    pager = Pager.read(path=PATH, query=given, pages=desk.query.get("pages"))
    page: Page[RectificationView] | None = None
    if not problems:
        try:
            page = await _find(desk, given, first=PAGE_SIZE, after=pager.after)
        except Refused as refused:
            problems.extend(refused.refusals)
    return show(
        desk,
        "reviews.html",
        status=422 if problems else 200,
        given=given,
        choices={"scope": SCOPES, "state": _states(), "office": offices},
        problems=Problems.of(problems),
        page=page,
        pager=pager.at(end_cursor=page.end_cursor, has_next=page.has_next) if page else pager,
        export_to=with_query(f"{PATH}/export", **given),
        reports=await cases.report_figures(),
    )


def _states() -> dict[str, str]:
    return {code: state.name for code, state in cases.RECTIFICATION_FLOW.states.items()}


def _problems(given: dict[str, str], offices: dict[str, str]) -> list[Refusal]:
    problems: list[Refusal] = []
    choice_fields(given, {"scope": SCOPES, "state": _states(), "office": offices}, problems)
    return problems


async def _find(desk: Desk, given: dict[str, str], *, first: int, after: str | None) -> Page[RectificationView]:
    return await cases.rectifications(
        actor=desk.actor,
        filters=RectificationFilters(
            state=given.get("state"),
            office_code=given.get("office"),
            open_only=given["scope"] != "all",
            overdue=given["scope"] == "late",
            mine=given["scope"] == "mine",
        ),
        business_date=desk.business_date,
        first=first,
        after=after,
    )


HEADINGS = (
    "评价编号",
    "办件编号",
    "事项",
    "管理部",
    "评价",
    "评价渠道",
    "评价内容",
    "状态",
    "登记时间",
    "本环节期限",
    "整改期限",
    "整改人",
    "整改答复",
    "回访结果",
    "二次评价",
)


async def export(desk: Desk) -> Response:
    given = {"scope": "open", **filled(desk.query, FILTER_FIELDS)}
    offices = await office_names()
    if problems := _problems(given, offices):
        raise Refused(*problems)

    async def fetch(behind: Page[RectificationView] | None) -> Page[RectificationView]:
        return await _find(desk, given, first=EXPORT_PAGE_SIZE, after=behind.end_cursor if behind else None)

    async def lines(page: Page[RectificationView]) -> list[Cells]:
        return [_row(one, offices) for one in page.items]

    sheet = Sheet(
        action="rectification.exported",
        subject="rectifications",
        title="差评整改",
        file_name="rectifications",
        headings=HEADINGS,
    )
    return await export_list(desk=desk, sheet=sheet, filters=given, fetch=fetch, lines=lines)


def _row(one: RectificationView, offices: dict[str, str]) -> Cells:
    return (
        one.evaluation_no,
        one.case_no,
        one.item_name,
        offices.get(one.office_code, one.office_code),
        one.grade_name,
        cases.TERMINAL_NAMES[one.terminal],
        one.comment,
        one.state_name,
        moment(one.opened_at),
        one.due_on.isoformat(),
        one.final_due_on.isoformat(),
        one.assigned_name or "",
        one.answer or "",
        one.call_back or "",
        str(one.second_grade or ""),
    )


PAGES = (DeskPage(PATH, READ, listed), DeskPage(f"{PATH}/export", READ, export, "POST"))
