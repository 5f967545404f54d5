"""交换记录: one query over all of them, add and remove included; pages without script, export of all rows."""

from __future__ import annotations

from starlette.responses import Response

from backoffice.components import Pager, moment_exact, with_query
from backoffice.desk import Desk, DeskPage
from backoffice.exporting import EXPORT_PAGE_SIZE, Cells, Sheet, export_list
from backoffice.pages.exchange.shared import EXPORT, PATH, READ, Asked, asked, show
from domain import exchange
from domain.exchange import ExchangeView
from domain.kernel.paging import Page
from domain.kernel.refusal import Refused

PAGE_SIZE = 30


async def listed(desk: Desk) -> Response:
    found = await asked(desk)
    pager = Pager.read(path=PATH, query=found.given, pages=desk.query.get("pages"))
    page: Page[ExchangeView] | None = None
    if not found.problems:
        try:
            page = await exchange.exchange_records(
                actor=desk.actor, filters=found.filters, first=PAGE_SIZE, after=pager.after, now=desk.now
            )
        except Refused as wrong:
            found.problems.extend(wrong.refusals)
    return show(
        desk,
        "exchange.html",
        found,
        here=PATH,
        page=page,
        pager=pager.at(end_cursor=page.end_cursor, has_next=page.has_next) if page else pager,
        export_to=with_query(f"{PATH}/export", **found.given),
        sees_messages=desk.may("channels.read"),
    )


HEADINGS = (
    *("来源", "业务", "报文编号", "统一社会信用代码", "单位登记号", "单位名称", "管理部", "业务月份", "状态", "说明"),
    *("清册编号", "行数", "办理行数", "未通过行数", "发生时间", "收到时间", "办结时间", "回传时间", "回执编号"),
)


async def export(desk: Desk) -> Response:
    found = await asked(desk)
    if found.problems:
        raise Refused(*found.problems)

    async def fetch(behind: Page[ExchangeView] | None) -> Page[ExchangeView]:
        return await exchange.exchange_records(
            actor=desk.actor,
            filters=found.filters,
            first=EXPORT_PAGE_SIZE,
            after=behind.end_cursor if behind else None,
            now=desk.now,
        )

    async def lines(page: Page[ExchangeView]) -> list[Cells]:
        return [_cells(one, found) for one in page.items]

    sheet = Sheet(
        action="exchange.exported", subject="exchange", title="数据交换记录", file_name="exchange", headings=HEADINGS
    )
    return await export_list(desk=desk, sheet=sheet, filters=found.given, fetch=fetch, lines=lines)


def _cells(one: ExchangeView, found: Asked) -> Cells:
    return (
        one.source_name,
        one.kind_name,
        one.message_no,
        one.uscc,
        str(one.employer_no or ""),
        one.employer_name,
        found.office(one.office_code),
        str(one.month or ""),
        one.state_name,
        one.message,
        one.list_no or "",
        str(one.row_count),
        str(one.done_count),
        str(one.refused_count),
        moment_exact(one.occurred_at),
        moment_exact(one.received_at),
        moment_exact(one.ended_at),
        moment_exact(one.told_at),
        one.receipt_no or "",
    )


PAGES = (DeskPage(PATH, READ, listed), DeskPage(f"{PATH}/export", EXPORT, export, "POST"))
