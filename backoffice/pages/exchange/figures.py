"""统计: the same records by department, source and business; drawn, as tables, and as a file."""

from __future__ import annotations

from collections.abc import Callable

from starlette.responses import Response

from backoffice import charts
from backoffice.components import with_query
from backoffice.desk import Desk, DeskPage
from backoffice.exporting import Cells, Sheet, at_once, export_list
from backoffice.pages.exchange.shared import EXPORT, PATH, READ, Asked, asked, show
from domain import exchange
from domain.exchange import KIND_NAMES, SOURCE_NAMES, STATE_NAMES, ExchangeFigures, ExchangeLine
from domain.kernel.paging import Page
from domain.kernel.refusal import Refused

LIST = f"{PATH}/figures"
BARS_MAX = 16
Named = list[tuple[str, str, ExchangeLine]]


async def figures(desk: Desk) -> Response:
    found = await asked(desk)
    counted: ExchangeFigures | None = None
    if not found.problems:
        counted = await exchange.exchange_figures(actor=desk.actor, filters=found.filters)
    groups = _groups(counted, found) if counted else {}
    return show(
        desk,
        "exchange_figures.html",
        found,
        here=LIST,
        figures=counted,
        groups=groups,
        drawings={
            name: charts.bars(
                name=f"exchange-{number}",
                title=f"{name}交换记录数",
                counts={_short(label): line.records for label, line in lines[:BARS_MAX]},
            )
            for number, (name, lines) in enumerate(groups.items())
            if lines
        },
        states=STATE_NAMES,
        percent=_percent,
        export_to=with_query(f"{LIST}/export", **found.given),
    )


def _groups(counted: ExchangeFigures, found: Asked) -> dict[str, list[tuple[str, ExchangeLine]]]:
    return {
        "各管理部": _named(counted.by_office, found.office),
        "各来源": _named(counted.by_source, lambda value: SOURCE_NAMES[value]),
        "各类业务": _named(counted.by_kind, _kind),
    }


def _named(lines: tuple[ExchangeLine, ...], name: Callable[[str], str]) -> list[tuple[str, ExchangeLine]]:
    return [(name(line.value), line) for line in lines]


def _kind(value: str) -> str:
    source, _, kind = value.partition("/")
    return f"{SOURCE_NAMES[source]}·{KIND_NAMES[kind]}"


def _short(label: str) -> str:
    return label[:14]


def _percent(part: int, whole: int) -> str:
    """In whole tenths of a percent, half up."""
    if not whole:
        return "—"
    tenths = (part * 2000 + whole) // (2 * whole)
    return f"{tenths // 10}.{tenths % 10}%"


HEADINGS = ("分组", "名称", "记录数", *STATE_NAMES.values(), "行数", "办理行数", "办结率")


async def export(desk: Desk) -> Response:
    found = await asked(desk)
    if found.problems:
        raise Refused(*found.problems)
    counted = await exchange.exchange_figures(actor=desk.actor, filters=found.filters)
    rows: Named = [("全部", "全部", counted.whole)]
    rows += [(group, name, line) for group, lines in _groups(counted, found).items() for name, line in lines]

    async def lines(page: Page[tuple[str, str, ExchangeLine]]) -> list[Cells]:
        return [_cells(*one) for one in page.items]

    sheet = Sheet(
        action="exchange.exported",
        subject="exchange",
        title="数据交换统计",
        file_name="exchange-figures",
        headings=HEADINGS,
        closing=lambda count: ("合计", f"{counted.whole.records}条记录"),
    )
    return await export_list(desk=desk, sheet=sheet, filters=found.given, fetch=at_once(rows), lines=lines)


def _cells(group: str, name: str, line: ExchangeLine) -> Cells:
    return (
        group,
        name,
        str(line.records),
        *(str(line.by_state[state]) for state in STATE_NAMES),
        str(line.rows),
        str(line.done_rows),
        _percent(line.by_state["done"], line.records),
    )


PAGES = (DeskPage(LIST, READ, figures), DeskPage(f"{LIST}/export", EXPORT, export, "POST"))
