"""评价统计: drawn and as tables, by item, department, window and channel; export."""

from __future__ import annotations

from datetime import date, timedelta

from starlette.responses import Response

from backoffice import charts
from backoffice.components import Problems, with_query
from backoffice.desk import Desk, DeskPage
from backoffice.exporting import Cells, Sheet, at_once, export_list
from backoffice.forms import day_field, filled
from backoffice.pages.reviews.shared import PATH, READ, show
from backoffice.refusals import DATES_REVERSED
from domain import cases
from domain.cases import GRADES, ReviewFigures, ReviewLine
from domain.kernel.paging import Page
from domain.kernel.refusal import Refusal, Refused

FIELDS = ("from", "to")
GROUP_NAMES = {"item": "事项", "office": "部门", "terminal": "评价渠道", "window": "窗口"}
DAYS = 30
SPAN_MAX = timedelta(days=400)


async def shown(desk: Desk) -> Response:
    given = filled(desk.query, FIELDS)
    problems: list[Refusal] = []
    first, last = _days(desk, given, problems)
    figures = None
    if not problems:
        figures = await cases.review_figures(actor=desk.actor, first_day=first, last_day=last)
    return show(
        desk,
        "review_figures.html",
        status=422 if problems else 200,
        given={"from": first.isoformat(), "to": last.isoformat(), **given},
        problems=Problems.of(problems),
        figures=figures,
        grades=GRADES,
        groups=GROUP_NAMES,
        drawings=_drawings(figures) if figures and figures.whole.total else {},
        percent=_percent,
        reports=await cases.report_figures(),
        export_to=with_query(f"{PATH}/figures/export", **given),
    )


def _days(desk: Desk, given: dict[str, str], problems: list[Refusal]) -> tuple[date, date]:
    last = day_field(given, "to", problems) or desk.business_date
    first = day_field(given, "from", problems) or last - timedelta(days=DAYS - 1)
    if first > last:
        problems.append(Refusal(DATES_REVERSED.code, DATES_REVERSED.message, "to"))
    elif last - first > SPAN_MAX:
        problems.append(Refusal(DATES_REVERSED.code, "统计期间最长400天，请缩小范围后重新查询。", "from"))
    return first, last


def _drawings(figures: ReviewFigures) -> dict[str, object]:
    by_grade = {name: figures.whole.by_grade[grade] for grade, name in GRADES.items()}
    drawn: dict[str, object] = {"grades": charts.bars(name="grades", title="各等级评价数", counts=by_grade)}
    for group, name in GROUP_NAMES.items():
        counts = {line.name: line.total for line in figures.lines[group][:12]}
        if counts:
            drawn[group] = charts.bars(name=group, title=f"各{name}评价数", counts=counts)
    return drawn


def _percent(per_mille: int) -> str:
    return f"{per_mille // 10}.{per_mille % 10}%"


HEADINGS = ("分组", "名称", *GRADES.values(), "合计", "满意率", "差评", "恶意差评", "已办结整改", "按期办结", "整改率")


async def export(desk: Desk) -> Response:
    given = filled(desk.query, FIELDS)
    problems: list[Refusal] = []
    first, last = _days(desk, given, problems)
    if problems:
        raise Refused(*problems)
    figures = await cases.review_figures(actor=desk.actor, first_day=first, last_day=last)
    rows = [("全部", figures.whole)] + [
        (GROUP_NAMES[group], line) for group in GROUP_NAMES for line in figures.lines[group]
    ]

    async def lines(page: Page[tuple[str, ReviewLine]]) -> list[Cells]:
        return [_row(group, line) for group, line in page.items]

    sheet = Sheet(
        action="evaluation.exported",
        subject="evaluations",
        title=f"评价统计_{first:%Y%m%d}_{last:%Y%m%d}",
        file_name="reviews",
        headings=HEADINGS,
        closing=lambda count: ("期间", f"{first}至{last}"),
    )
    return await export_list(desk=desk, sheet=sheet, filters=given, fetch=at_once(rows), lines=lines)


def _row(group: str, line: ReviewLine) -> Cells:
    return (
        group,
        line.name,
        *(str(line.by_grade[grade]) for grade in GRADES),
        str(line.total),
        _percent(line.satisfied_per_mille),
        str(line.bad),
        str(line.malicious),
        str(line.closed),
        str(line.on_time),
        _percent(line.rectified_per_mille),
    )


PAGES = (DeskPage(f"{PATH}/figures", READ, shown), DeskPage(f"{PATH}/figures/export", READ, export, "POST"))
