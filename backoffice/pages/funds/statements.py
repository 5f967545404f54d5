"""对账单: importing a file or downloading from the bank, the lines of each, and the notices that never came (R14.4)."""

from __future__ import annotations

from datetime import date, timedelta

from starlette.responses import Response

from backoffice.components import Pager, Problems, moment_exact, with_query
from backoffice.desk import Desk, DeskPage
from backoffice.exporting import Cells, Sheet, at_once, export_list
from backoffice.forms import choice_fields, day_field, filled
from backoffice.pages.funds import names
from backoffice.pages.funds.refusals import FILE_MISSING, NOT_CONFIRMED
from backoffice.pages.funds.shared import (
    CALM,
    EXPORT,
    OPERATE,
    PATH,
    READ,
    Trouble,
    choice_field,
    funds_of,
    is_confirmed,
    needed_day,
    refuse,
    show,
    visible_receipt,
    window,
)
from backoffice.refusals import DATES_REVERSED, PAGE_NOT_FOUND
from domain import settlement
from domain.kernel.money import total
from domain.kernel.paging import Page
from domain.kernel.refusal import Refusal, Refused
from domain.settlement import ReceiptView, StatementImported, StatementLineView, StatementView

LIST = f"{PATH}/statements"
FILTER_FIELDS = ("account", "since", "until")
SHOWN_DAYS = 31
MISSING_SHOWN_MAX = 20
FILE_BYTES_MAX = 20 * 1024 * 1024
SOURCE_NAMES = {"file": "文件导入", "download": "银行下载"}


async def listed(desk: Desk) -> Response:
    return await _page(desk)


async def _page(desk: Desk, *, trouble: Trouble = CALM, imported: StatementImported | None = None) -> Response:
    given = filled(desk.query, FILTER_FIELDS)
    accounts = await names.accounts()
    found, problems = await _find(desk, given, accounts)
    pager = Pager.read(path=LIST, query=given, pages=desk.query.get("pages"))
    page: Page[StatementView] | None = None
    if not problems:
        try:
            page = window(found, after=pager.after, key=_place, shape=(int, str))
        except Refused as refused:
            problems.extend(refused.refusals)
    missing: list[ReceiptView] = []
    if imported is not None:
        seen = [await visible_receipt(desk, one) for one in imported.missing_notices[:MISSING_SHOWN_MAX]]
        missing = [one for one in seen if one is not None]
    return show(
        desk,
        "funds_statements.html",
        trouble=trouble,
        status=422 if problems else None,
        given=given,
        problems=Problems.of(problems),
        accounts=accounts,
        open_accounts=await names.accounts(include_closed=False),
        page=page,
        pager=pager.at(end_cursor=page.end_cursor, has_next=page.has_next) if page else pager,
        sums=_sums(found),
        page_sums=_sums(page.items if page else ()),
        sources=SOURCE_NAMES,
        imported=imported,
        missing=missing,
        yesterday=desk.business_date - timedelta(days=1),
        shown_days=SHOWN_DAYS,
        export_to=with_query(f"{LIST}/export", **given),
    )


def _sums(rows: list[StatementView] | tuple[StatementView, ...]) -> tuple[str, str]:
    return total([one.received for one in rows]).yuan_text, total([one.paid for one in rows]).yuan_text


def _place(one: StatementView) -> list[int | str]:
    # newest day first, then by account: both grow
    return [-one.day.toordinal(), one.bank_account_code]


async def _find(
    desk: Desk, given: dict[str, str], accounts: dict[str, str]
) -> tuple[list[StatementView], list[Refusal]]:
    """The statements of the days asked for, else of the last month."""
    problems: list[Refusal] = []
    choice_fields(given, {"account": accounts}, problems)
    since, until = day_field(given, "since", problems), day_field(given, "until", problems)
    until = until or desk.business_date
    since = since or until - timedelta(days=SHOWN_DAYS)
    if since > until:
        problems.append(Refusal(DATES_REVERSED.code, DATES_REVERSED.message, "until"))
    if problems:
        return [], problems
    rows = await settlement.statements_of(
        actor=desk.actor, bank_account_code=given.get("account"), since=since, until=until
    )
    return rows, []


async def upload(desk: Desk) -> Response:
    """Takes the whole file or nothing of it; the answer shows what it brought."""
    try:
        problems: list[Refusal] = []
        account = choice_field(desk.form, "bank_account", await names.accounts(include_closed=False), problems)
        if desk.file is None or not desk.file.content:
            problems.append(FILE_MISSING)
        if not is_confirmed(desk):
            problems.append(NOT_CONFIRMED)
        refuse(problems)
        assert desk.file is not None
        imported = await settlement.import_statement(
            actor=desk.actor,
            bank_account_code=account,
            raw=desk.file.content,
            request_key=desk.form.get("request_key", ""),
            now=desk.now,
            business_date=desk.business_date,
        )
    except Refused as refused:
        return await _page(desk, trouble=Trouble.of(desk, "import", refused))
    return await _page(desk, imported=imported)


async def fetch(desk: Desk) -> Response:
    """Downloads a day's movements: also how the bank is asked for notices that never came."""
    try:
        problems: list[Refusal] = []
        account = choice_field(desk.form, "bank_account", await names.accounts(include_closed=False), problems)
        day = needed_day(desk.form, "day", problems)
        if not is_confirmed(desk):
            problems.append(NOT_CONFIRMED)
        refuse(problems)
        imported = await settlement.fetch_statement(
            actor=desk.actor,
            bank_account_code=account,
            day=day,
            gateway=funds_of(desk),
            now=desk.now,
            business_date=desk.business_date,
        )
    except Refused as refused:
        return await _page(desk, trouble=Trouble.of(desk, "fetch", refused))
    return await _page(desk, imported=imported)


async def one_statement(desk: Desk) -> Response:
    found = await _one(desk)
    given = filled(desk.query, ("ticked",))
    rows = await _lines(desk, found, given)
    path = f"{LIST}/{found.bank_account_code}/{found.day}"
    pager = Pager.read(path=path, query=given, pages=desk.query.get("pages"))
    page = window(rows, after=pager.after, key=lambda one: [one.line_no], shape=(int,))
    return show(
        desk,
        "funds_statement.html",
        found=found,
        accounts=await names.accounts(),
        sources=SOURCE_NAMES,
        given=given,
        page=page,
        amount=total([one.amount for one in rows]),
        page_amount=total([one.amount for one in page.items]),
        pager=pager.at(end_cursor=page.end_cursor, has_next=page.has_next),
        here=path,
        export_to=with_query(f"{path}/export", **given),
    )


async def _lines(desk: Desk, found: StatementView, given: dict[str, str]) -> list[StatementLineView]:
    """All lines, or with `ticked=no` those that have no partner in the books yet."""
    rows = await settlement.statement_lines(actor=desk.actor, statement_id=found.statement_id)
    return [one for one in rows if given.get("ticked") != "no" or not one.ticked]


async def _one(desk: Desk) -> StatementView:
    code = desk.request.path_params["account"]
    try:
        day = date.fromisoformat(desk.request.path_params["day"])
    except ValueError:
        raise Refused(PAGE_NOT_FOUND) from None
    rows = await settlement.statements_of(actor=desk.actor, bank_account_code=code, since=day, until=day)
    if not rows:
        raise Refused(PAGE_NOT_FOUND)
    return rows[0]


HEADINGS = (
    "专户",
    "日期",
    "来源",
    "期初余额",
    "收入合计",
    "支出合计",
    "期末余额",
    "笔数",
    "导入人",
    "导入时间",
    "说明",
)


async def export(desk: Desk) -> Response:
    given = filled(desk.query, FILTER_FIELDS)
    accounts = await names.accounts()
    found, problems = await _find(desk, given, accounts)
    if problems:
        raise Refused(*problems)

    async def lines(page: Page[StatementView]) -> list[Cells]:
        return [
            (
                accounts.get(one.bank_account_code, one.bank_account_code),
                one.day.isoformat(),
                SOURCE_NAMES.get(one.source, one.source),
                str(one.opening),
                str(one.received),
                str(one.paid),
                str(one.closing),
                str(one.line_count),
                one.imported_by_name,
                moment_exact(one.imported_at),
                "；".join(one.notes),
            )
            for one in page.items
        ]

    sums = (str(total([one.received for one in found])), str(total([one.paid for one in found])))
    sheet = Sheet(
        action="statement.exported",
        subject="statements",
        title="对账单",
        file_name="statements",
        headings=HEADINGS,
        closing=lambda count: ("合计", f"{count}份", "", "", *sums),
    )
    return await export_list(desk=desk, sheet=sheet, filters=given, fetch=at_once(found), lines=lines)


LINE_HEADINGS = (
    "序号",
    "主机流水号",
    "日期",
    "时间",
    "金额（元）",
    "余额（元）",
    "对方户名",
    "对方账号",
    "备注",
    "摘要",
    "勾对",
)


async def export_lines(desk: Desk) -> Response:
    found = await _one(desk)
    given = filled(desk.query, ("ticked",))
    rows = await _lines(desk, found, given)

    async def lines(page: Page[StatementLineView]) -> list[Cells]:
        return [
            (
                str(one.line_no),
                one.host_serial_no,
                one.booked_on.isoformat(),
                one.booked_time,
                str(one.amount),
                str(one.balance),
                one.counterparty_name_masked,
                one.counterparty_account_masked,
                one.remark,
                one.summary,
                "已勾对" if one.ticked else "未勾对",
            )
            for one in page.items
        ]

    amount = str(total([one.amount for one in rows]))
    sheet = Sheet(
        action="statement.exported",
        subject=f"statement:{found.statement_id}",
        title=f"对账单明细_{found.bank_account_code}_{found.day:%Y%m%d}",
        file_name="statement_lines",
        headings=LINE_HEADINGS,
        closing=lambda count: ("合计", f"{count}笔", "", "", amount),
    )
    return await export_list(desk=desk, sheet=sheet, filters=given, fetch=at_once(rows), lines=lines)


PAGES = (
    DeskPage(LIST, READ, listed),
    DeskPage(f"{LIST}/export", EXPORT, export, "POST"),
    DeskPage(f"{LIST}/import", OPERATE, upload, "POST", FILE_BYTES_MAX),
    DeskPage(f"{LIST}/fetch", OPERATE, fetch, "POST"),
    DeskPage(f"{LIST}/{{account}}/{{day}}", READ, one_statement),
    DeskPage(f"{LIST}/{{account}}/{{day}}/export", EXPORT, export_lines, "POST"),
)
