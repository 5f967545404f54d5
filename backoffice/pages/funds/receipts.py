"""到账通知台 (D05): what came in, how it was judged and why, and what was never settled."""

from __future__ import annotations

from starlette.responses import Response

from backoffice.components import Pager, Problems, moment_exact, with_query
from backoffice.desk import Desk, DeskPage
from backoffice.exporting import EXPORT_PAGE_SIZE, Cells, Sheet, export_list
from backoffice.forms import choice_fields, day_field, filled, plain_fields
from backoffice.pages.funds import names
from backoffice.pages.funds.shared import EXPORT, PAGE_SIZE, PATH, READ, show
from backoffice.refusals import DATES_REVERSED
from domain import settlement
from domain.kernel.money import Money, total
from domain.kernel.paging import Page
from domain.kernel.refusal import Refusal, Refused
from domain.settlement import ReceiptFilters, ReceiptPage, ReceiptView

LIST = f"{PATH}/receipts"
FILTER_FIELDS = ("unsettled", "outcome", "state", "source", "account", "since", "until", "serial")
UNSETTLED: dict[str, bool | None] = {"yes": True, "no": False, "all": None}
CHOICES = {
    "unsettled": {"yes": "未处理", "no": "已处理", "all": "全部"},
    "outcome": {"matched": "相符", "differs": "不符", "unknown": "未知"},
    "state": {"booked": "已入账", "held": "待人工入账"},
    "source": {"notice": "到账通知", "statement": "对账单（缺通知）"},
}


async def listed(desk: Desk) -> Response:
    """Without filters: what is not settled yet."""
    given = {"unsettled": "yes", **filled(desk.query, FILTER_FIELDS)}
    accounts = await names.accounts()
    filters, problems = _filters(given, accounts)
    pager = Pager.read(path=LIST, query=given, pages=desk.query.get("pages"))
    page: ReceiptPage | None = None
    if not problems:
        try:
            page = await settlement.receipts(actor=desk.actor, filters=filters, first=PAGE_SIZE, after=pager.after)
        except Refused as refused:
            problems.extend(refused.refusals)
    rows = page.items if page else ()
    return show(
        desk,
        "funds_receipts.html",
        status=422 if problems else 200,
        given=given,
        choices=CHOICES,
        accounts=accounts,
        offices=await names.offices(),
        problems=Problems.of(problems),
        page=page,
        page_amount=total([one.amount for one in rows]),
        why=settlement.reason_name,
        pager=pager.at(end_cursor=page.end_cursor, has_next=page.has_next) if page else pager,
        export_to=with_query(f"{LIST}/export", **given),
    )


def _filters(given: dict[str, str], accounts: dict[str, str]) -> tuple[ReceiptFilters, list[Refusal]]:
    problems: list[Refusal] = []
    choice_fields(given, {**CHOICES, "account": accounts}, problems)
    plain_fields(given, ("serial",), problems)
    since, until = day_field(given, "since", problems), day_field(given, "until", problems)
    if since and until and since > until:
        problems.append(Refusal(DATES_REVERSED.code, DATES_REVERSED.message, "until"))
    filters = ReceiptFilters(
        outcome=given.get("outcome"),
        state=given.get("state"),
        source=given.get("source"),
        bank_account_code=given.get("account"),
        since=since,
        until=until,
        host_serial_no=given.get("serial"),
        unsettled=UNSETTLED.get(given["unsettled"]),
    )
    return filters, problems


HEADINGS = (
    "主机流水号",
    "银行入账日",
    "专户",
    "付款户名",
    "付款账号",
    "金额（元）",
    "备注",
    "摘要",
    "判断结果",
    "判断原因",
    "入账状态",
    "来源",
    "管理部",
    "暂收余额（元）",
    "收到时间",
)


async def export(desk: Desk) -> Response:
    """All filtered rows with the sum of their amounts."""
    given = {"unsettled": "yes", **filled(desk.query, FILTER_FIELDS)}
    accounts, offices = await names.accounts(), await names.offices()
    filters, problems = _filters(given, accounts)
    if problems:
        raise Refused(*problems)
    amount = Money.zero()

    async def fetch(behind: Page[ReceiptView] | None) -> Page[ReceiptView]:
        after = behind.end_cursor if behind else None
        return await settlement.receipts(actor=desk.actor, filters=filters, first=EXPORT_PAGE_SIZE, after=after)

    async def lines(page: Page[ReceiptView]) -> list[Cells]:
        nonlocal amount
        amount += total([one.amount for one in page.items])
        return [_row(one, accounts=accounts, offices=offices) for one in page.items]

    sheet = Sheet(
        action="receipt.exported",
        subject="receipts",
        title="到账通知",
        file_name="receipts",
        headings=HEADINGS,
        closing=lambda count: ("合计", f"{count}笔", "", "", "", str(amount)),
    )
    return await export_list(desk=desk, sheet=sheet, filters=given, fetch=fetch, lines=lines)


def _row(one: ReceiptView, *, accounts: dict[str, str], offices: dict[str, str]) -> Cells:
    return (
        one.host_serial_no,
        one.booked_on.isoformat(),
        accounts.get(one.bank_account_code or "", "未登记的账号"),
        one.payer_name_masked,
        one.payer_account_masked,
        str(one.amount),
        one.remark,
        one.summary,
        one.outcome_name,
        settlement.reason_name(one),
        one.state_name,
        one.source_name,
        offices.get(one.office_code or "", one.office_code or ""),
        str(one.open) if one.open is not None else "",
        moment_exact(one.received_at),
    )


PAGES = (
    DeskPage(LIST, READ, listed),
    DeskPage(f"{LIST}/export", EXPORT, export, "POST"),
)
