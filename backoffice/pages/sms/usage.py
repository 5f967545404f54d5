"""用量与费用: parts and their cost by any dimension (R15.2), budgets, the month's statement, charts and export."""

from __future__ import annotations

from datetime import date, timedelta

from markupsafe import Markup
from starlette.responses import Response

from backoffice import charts
from backoffice.components import Problems, with_query
from backoffice.desk import Desk, DeskPage, redirect
from backoffice.exporting import Cells, Sheet, at_once, export_list
from backoffice.forms import choice_fields, day_field, filled
from backoffice.pages.sms.shared import MONEY, PATH, READ, carrier_name, period_of, show, value_name
from backoffice.refusals import DATES_REVERSED
from domain.kernel.dates import YearMonth
from domain.kernel.money import Money
from domain.kernel.paging import Page
from domain.kernel.refusal import Refusal, Refused
from notifications import counting, pricing
from notifications.counting import DIMENSIONS, Count, Dimension
from notifications.pricing import BASIS_NAMES
from notifications.refusals import BUDGET_MALFORMED

LIST = f"{PATH}/usage"
FILTER_FIELDS = ("since", "until", "by")
_BARS_MAX = 12
DAYS_MAX = 366


async def usage(desk: Desk) -> Response:
    return await _usage(desk)


async def _usage(desk: Desk, *, refused: Refused | None = None) -> Response:
    given = filled(desk.query, FILTER_FIELDS)
    since, until, by, problems = _asked(desk, given)
    costed = [] if problems else await counting.costed(since=since, until=until)
    counts = counting.grouped(costed, by=by)
    daily = counting.grouped(costed, by="day")
    period = YearMonth.of(until)
    return show(
        desk,
        "sms_usage.html",
        refused=refused,
        status=422 if problems else 200,
        given={**given, "since": since.isoformat(), "until": until.isoformat(), "by": by},
        problems=Problems.of(problems),
        dimensions=DIMENSIONS,
        by=by,
        counts=counts,
        total=counting.total(counts),
        bars=_bars(by, counts),
        columns=_columns(daily),
        statement=await counting.statement(period=period),
        basis_names=BASIS_NAMES,
        period=period,
        budgets=await counting.budgets(period=period),
        all_departments=counting.ALL,
        milli_text=pricing.milli_text,
        money_of=pricing.money_of,
        export_to=with_query(f"{LIST}/export", **given),
        notice="预算已保存。" if desk.query.get("done") == "budget" else None,
    )


def _asked(desk: Desk, given: dict[str, str]) -> tuple[date, date, Dimension, list[Refusal]]:
    problems: list[Refusal] = []
    choice_fields(given, {"by": DIMENSIONS}, problems)
    until = day_field(given, "until", problems) or desk.business_date
    since = day_field(given, "since", problems) or until.replace(day=1)
    if since > until or until - since > timedelta(days=DAYS_MAX):
        problems.append(DATES_REVERSED)
    by: Dimension = given.get("by", "carrier") if not problems else "carrier"  # type: ignore[assignment]
    return since, until, by, problems


def _bars(by: Dimension, counts: list[Count]) -> Markup | None:
    if not counts or by == "day":
        return None
    shown = {value_name(by, one.value)[:16]: one.submitted for one in counts[:_BARS_MAX]}
    return charts.bars(name="usage", title=f"按{DIMENSIONS[by]}的提交条数", counts=shown)


def _columns(daily: list[Count]) -> Markup | None:
    # one column alone says nothing that the table does not
    if len(daily) < 2:
        return None
    shown = {one.value[5:]: one.submitted for one in daily[-31:]}
    return charts.columns(name="daily", title="每日提交条数", counts=shown, unit="条")


async def budget(desk: Desk) -> Response:
    try:
        period = period_of(desk.form.get("period"), otherwise=YearMonth.of(desk.business_date))
        percent = desk.form.get("alarm_percent", "")
        try:
            amount = Money.parse(desk.form.get("amount", "").strip())
        except ValueError:
            raise Refused(BUDGET_MALFORMED()) from None
        if not (percent.isascii() and percent.isdigit() and len(percent) <= 3):
            raise Refused(BUDGET_MALFORMED.on("alarm_percent"))
        await counting.set_budget(
            actor=desk.actor,
            period=period,
            department=desk.form.get("department", "").strip() or counting.ALL,
            amount=amount,
            alarm_percent=int(percent),
            now=desk.now,
        )
    except Refused as refused:
        return await _usage(desk, refused=refused)
    return redirect(f"{LIST}?done=budget")


async def export(desk: Desk) -> Response:
    given = filled(desk.query, FILTER_FIELDS)
    since, until, by, problems = _asked(desk, given)
    if problems:
        raise Refused(*problems)
    counts = counting.grouped(await counting.costed(since=since, until=until), by=by)
    total = counting.total(counts)

    async def lines(page: Page[Count]) -> list[Cells]:
        return [_row(by, one) for one in page.items]

    sheet = Sheet(
        action="sms.usage_exported",
        subject="sms",
        title="短信用量与费用",
        file_name="sms-usage",
        headings=(DIMENSIONS[by], "提交条数", "送达条数", "失败条数", "待回执条数", "费用(元)"),
        closing=lambda count: ("合计", *_figures(total)),
    )
    return await export_list(desk=desk, sheet=sheet, filters=given, fetch=at_once(counts), lines=lines)


def _row(by: Dimension, one: Count) -> Cells:
    return (value_name(by, one.value), *_figures(one))


def _figures(one: Count) -> Cells:
    cost = "未定价" if one.cost is None else str(one.cost)
    return (str(one.submitted), str(one.delivered), str(one.failed), str(one.waiting), cost)


STATEMENT_HEADINGS = ("运营商", "月份", "提交条数", "送达条数", "计费条数", "计费依据", "应付(元)")


async def statement(desk: Desk) -> Response:
    """The month's statement as a file: what each carrier should bill."""
    period = period_of(desk.query.get("period"), otherwise=YearMonth.of(desk.business_date))
    found = await counting.statement(period=period)

    async def lines(page: Page[counting.Statement]) -> list[Cells]:
        return [
            (
                carrier_name(one.carrier),
                str(period),
                str(one.submitted),
                str(one.delivered),
                str(one.billable),
                BASIS_NAMES[one.basis] if one.basis else "未定价",  # type: ignore[index]
                "未定价" if one.cost_milli is None else str(pricing.money_of(one.cost_milli)),
            )
            for one in page.items
        ]

    sheet = Sheet(
        action="sms.statement_exported",
        subject="sms",
        title=f"短信月结单{period}",
        file_name="sms-statement",
        headings=STATEMENT_HEADINGS,
    )
    filters = {"period": str(period)}
    return await export_list(desk=desk, sheet=sheet, filters=filters, fetch=at_once(found), lines=lines)


PAGES = (
    DeskPage(LIST, READ, usage),
    DeskPage(f"{LIST}/export", READ, export, "POST"),
    DeskPage(f"{LIST}/statement", READ, statement, "POST"),
    DeskPage(f"{LIST}/budget", MONEY, budget, "POST"),
)
