"""正式凭证: the list of a set's month with its filters and export (D25), and one voucher as it is printed."""

from __future__ import annotations

from starlette.responses import Response

from backoffice.components import Pager, Problems, with_query
from backoffice.desk import Desk, DeskPage
from backoffice.exporting import EXPORT_PAGE_SIZE, Cells, Sheet, export_list
from backoffice.forms import choice_fields, day_field, filled
from backoffice.pages.books.shared import PATH, READ, Chosen, chosen, number, show
from backoffice.refusals import PAGE_NOT_FOUND
from domain import ledger
from domain.kernel.dates import YearMonth
from domain.kernel.money import Money, total
from domain.kernel.paging import Page
from domain.kernel.refusal import Refused
from domain.ledger import KIND_NAMES, FormalFilters, FormalVoucherView

VOUCHERS = f"{PATH}/vouchers"
PAGE_SIZE = 50


async def page(desk: Desk) -> Response:
    given, filters = await _filters(desk)
    query = {**given.given, **filled(desk.query, ("kind", "posted_on"))}
    pager = Pager.read(path=VOUCHERS, query=query, pages=desk.query.get("pages"))
    found = (
        None if given.problems else await ledger.formal_vouchers(filters=filters, first=PAGE_SIZE, after=pager.after)
    )
    return show(
        desk,
        "books_vouchers.html",
        status=422 if given.problems else 200,
        given=given,
        filled=query,
        problems=Problems.of(given.problems),
        page=found,
        page_amount=total([one.amount for one in found.items]) if found else Money.zero(),
        pager=pager.at(end_cursor=found.end_cursor, has_next=found.has_next) if found else pager,
        export_to=with_query(f"{VOUCHERS}/export", **query),
    )


async def _filters(desk: Desk) -> tuple[Chosen, FormalFilters]:
    given = await chosen(desk)
    choice_fields(filled(desk.query, ("kind",)), {"kind": KIND_NAMES}, given.problems)
    posted_on = day_field(desk.query, "posted_on", given.problems)
    return given, FormalFilters(
        account_set=given.account_set,
        period=given.period,
        kind=filled(desk.query, ("kind",)).get("kind"),
        posted_on=posted_on,
    )


SHEET = Sheet(
    action="books.exported",
    subject="books:vouchers",
    title="正式凭证",
    file_name="vouchers",
    headings=("凭证号", "记账日期", "业务类型", "摘要", "附件单据数", "金额"),
)


async def export(desk: Desk) -> Response:
    given, filters = await _filters(desk)
    if given.problems:
        raise Refused(*given.problems)

    async def fetch(behind: Page[FormalVoucherView] | None) -> Page[FormalVoucherView]:
        return await ledger.formal_vouchers(
            filters=filters, first=EXPORT_PAGE_SIZE, after=behind.end_cursor if behind else None
        )

    async def cells(found: Page[FormalVoucherView]) -> list[Cells]:
        return [
            (one.voucher_no, str(one.posted_on), one.kind_name, one.summary, str(one.attachments), str(one.amount))
            for one in found.items
        ]

    return await export_list(desk=desk, sheet=SHEET, filters=given.given, fetch=fetch, lines=cells)


async def one_voucher(desk: Desk) -> Response:
    account_set, period, no = str(desk.request.path_params["set"]), number(desk, "period"), number(desk, "number")
    names = {one.code: one.name for one in await ledger.account_sets()}
    small = period < 10**6 and no < 2**31
    voucher = await ledger.formal_voucher(account_set=account_set, period=period, number=no) if small else None
    if voucher is None:
        raise Refused(PAGE_NOT_FOUND)
    pager = Pager.read(path=f"{VOUCHERS}/{account_set}/{period}/{no}", query={}, pages=desk.query.get("pages"))
    members = await ledger.members_of(voucher=voucher, first=PAGE_SIZE, after=pager.after)
    lines = await ledger.formal_lines(account_set=account_set, period=period, number=no)
    return show(
        desk,
        "books_formal.html",
        voucher=voucher,
        set_name=names[account_set],
        month=YearMonth.of_period(period),
        lines=lines,
        members=members,
        pager=pager.at(end_cursor=members.end_cursor, has_next=members.has_next),
    )


PAGES = (
    DeskPage(VOUCHERS, READ, page),
    DeskPage(f"{VOUCHERS}/export", READ, export, "POST"),
    DeskPage(f"{VOUCHERS}/{{set}}/{{period}}/{{number}}", READ, one_voucher),
)
