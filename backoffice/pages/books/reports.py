"""报表: 增值收益表 by month, quarter and year, 增值收益分配表, and the proposal that distributes a year (R14.1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from starlette.responses import Response

from backoffice.components import Problems, with_query
from backoffice.desk import Desk, DeskPage, redirect
from backoffice.exporting import Cells, Sheet, at_once, export_list
from backoffice.forms import text
from backoffice.pages.books import maintenance
from backoffice.pages.books.shared import DISTRIBUTE, PATH, READ, STATES, Chosen, chosen, show
from backoffice.pages.funds.shared import amount_field
from backoffice.refusals import CHOICE_UNKNOWN, PAGE_NOT_FOUND
from domain import ledger
from domain.kernel.dates import YearMonth
from domain.kernel.money import Money
from domain.kernel.paging import Page
from domain.kernel.refusal import Refusal, Refused
from domain.ledger import IncomeLine, Shares, Span, StatementLine

REPORTS = f"{PATH}/statements"
SPANS: dict[Span, str] = {"month": "月报", "quarter": "季报", "year": "年报"}
_AMOUNTS = {"reserve": "提取贷款风险准备", "management": "提取管理费用", "housing": "城市廉租住房建设补充资金"}
_NOTICES = {"asked": "已提交增值收益分配申请，请另一名财务人员在“结账”页复核。"}


async def page(desk: Desk) -> Response:
    return await _show(desk, await chosen(desk))


async def propose(desk: Desk) -> Response:
    given = await chosen(desk, desk.form)
    problems = list(given.problems)
    amounts = {name: amount_field(desk.form, name, problems, needed=True) for name in _AMOUNTS}
    try:
        if problems:
            raise Refused(*problems)
        await ledger.request_distribution(
            account_set=given.account_set,
            year=given.period.year,
            shares=Shares(**{name: amount or Money(0) for name, amount in amounts.items()}),
            reason=desk.form.get("reason", ""),
            actor=desk.actor,
            now=desk.now,
        )
    except Refused as refused:
        return await _show(desk, given, refusals=refused.refusals, entered=desk.form)
    return redirect(with_query(REPORTS, **given.given, span="year", done="asked"))


async def _show(
    desk: Desk, given: Chosen, *, refusals: Sequence[Refusal] = (), entered: Mapping[str, str] | None = None
) -> Response:
    problems = [*given.problems, *refusals]
    span = _span(desk, problems)
    has_any = not given.is_maintenance
    year = (
        await ledger.year_of_income(account_set=given.account_set, year=given.period.year)
        if has_any and span == "year"
        else None
    )
    december = YearMonth(given.period.year, 12)
    closed = await ledger.period_state(account_set=given.account_set, period=december) == "closed"
    return show(
        desk,
        "books_reports.html",
        status=422 if problems else 200,
        given=given,
        problems=Problems.of(problems),
        notice=_NOTICES.get(desk.query.get("done", "")) if not problems else None,
        span=span,
        spans=SPANS,
        title=_title(given, span),
        state=STATES[await ledger.period_state(account_set=given.account_set, period=given.period)],
        income=await _income(given, span) if has_any else [],
        distribution=await _distribution(given) if year is not None else [],
        export_to=with_query(f"{REPORTS}/export", **given.given, span=span),
        distribution_to=with_query(f"{REPORTS}/distribution/export", **given.given),
        may_propose=year is not None and year.given is None and closed and desk.may(DISTRIBUTE),
        waits_for=december if year is not None and year.given is None and not closed else None,
        fund=await maintenance.statements(given) if given.is_maintenance else None,
        amounts=_AMOUNTS,
        entered=entered or {},
        reason_max=ledger.REASON_MAX,
    )


def _span(desk: Desk, problems: list[Refusal]) -> Span:
    asked = text(desk.query if not desk.form else desk.form, "span") or "month"
    for span in SPANS:
        if span == asked:
            return span
    problems.append(Refusal(CHOICE_UNKNOWN.code, CHOICE_UNKNOWN.message, "span"))
    return "month"


def _title(given: Chosen, span: Span) -> str:
    year, month = given.period.year, given.period.month
    return {"month": f"{year}年{month}月", "quarter": f"{year}年第{(month + 2) // 3}季度", "year": f"{year}年度"}[span]


async def _income(given: Chosen, span: Span) -> list[IncomeLine]:
    return await ledger.income_statement(account_set=given.account_set, period=given.period, span=span)


async def _distribution(given: Chosen) -> list[StatementLine]:
    return await ledger.distribution_statement(account_set=given.account_set, year=given.period.year)


INCOME_SHEET = Sheet(
    action="books.exported",
    subject="books:income",
    title="增值收益表",
    file_name="income",
    headings=("行次", "项目", "本期数", "本年累计数"),
)
DISTRIBUTION_SHEET = Sheet(
    action="books.exported",
    subject="books:distribution",
    title="增值收益分配表",
    file_name="distribution",
    headings=("行次", "项目", "金额"),
)


async def export_income(desk: Desk) -> Response:
    given = await chosen(desk)
    problems = list(given.problems)
    span = _span(desk, problems)
    if problems or given.is_maintenance:
        raise Refused(*(problems or [PAGE_NOT_FOUND]))
    lines = await _income(given, span)

    async def cells(found: Page[IncomeLine]) -> list[Cells]:
        return [(str(one.row_no), one.name, str(one.current), str(one.year)) for one in found.items]

    return await export_list(
        desk=desk, sheet=INCOME_SHEET, filters={**given.given, "span": span}, fetch=at_once(lines), lines=cells
    )


async def export_distribution(desk: Desk) -> Response:
    given = await chosen(desk)
    if given.problems or given.is_maintenance:
        raise Refused(*(given.problems or [PAGE_NOT_FOUND]))
    lines = await _distribution(given)

    async def cells(found: Page[StatementLine]) -> list[Cells]:
        return [(str(one.row_no), one.name, str(one.amount)) for one in found.items]

    return await export_list(
        desk=desk, sheet=DISTRIBUTION_SHEET, filters=given.given, fetch=at_once(lines), lines=cells
    )


PAGES = (
    DeskPage(REPORTS, READ, page),
    DeskPage(f"{REPORTS}/export", READ, export_income, "POST"),
    DeskPage(f"{REPORTS}/distribution/export", READ, export_distribution, "POST"),
    *maintenance.PAGES,
    DeskPage(f"{REPORTS}/propose", DISTRIBUTE, propose, "POST"),
)
