"""银行收回款项: payments that a bank took back, what became of each, and those that nobody knows."""

from __future__ import annotations

from starlette.responses import Response

from auth import account_care
from backoffice.components import Problems, moment_exact, with_query
from backoffice.desk import Desk, DeskPage, redirect
from backoffice.exporting import Sheet, at_once, export_list
from backoffice.forms import choice_fields, filled
from backoffice.pages.collection.shared import OPERATE, PATH, READ, number_field, show
from backoffice.pages.funds.refusals import MONTH_MALFORMED
from backoffice.pages.funds.shared import on
from domain import contributions, settlement
from domain.contributions import TakenBackView
from domain.kernel.dates import YearMonth
from domain.kernel.money import total
from domain.kernel.paging import Page
from domain.kernel.refusal import Refusal, Refused

HERE = f"{PATH}/taken-back"
FILTER_FIELDS = ("state", "month")
MOST = 500
TONES = {"working": "active", "short": "bad", "partial": "bad", "owed": "waiting", "done": "good"}
_NOTICES = {
    "bound": "已指定缴款，系统正在冲回。",
    "asked": "已提交复核，同意后差额转为应收单位追回款。",
}


async def listed(desk: Desk) -> Response:
    given = filled(desk.query, FILTER_FIELDS)
    problems = _problems(given)
    found = [] if problems else await _found(desk, given)
    return show(
        desk,
        "collection_taken_back.html",
        status=422 if problems else 200,
        given=given,
        problems=Problems.of(problems),
        states=contributions.TAKEN_BACK_STATES,
        tones=TONES,
        found=found,
        amount=total([one.amount for one in found]),
        short=total([one.short for one in found if one.state != "done"]),
        most=MOST,
        unknown=await settlement.unclaimed_reversals(),
        offices=dict(await contributions.offices()),
        notice=_NOTICES.get(desk.query.get("done", "")),
        export_to=with_query(f"{HERE}/export", **given),
    )


async def export(desk: Desk) -> Response:
    """All filtered rows."""
    given = filled(desk.query, FILTER_FIELDS)
    if problems := _problems(given):
        raise Refused(*problems)
    found = await _found(desk, given)
    offices = dict(await contributions.offices())

    async def lines(page: Page[TakenBackView]) -> list[tuple[str, ...]]:
        return [_row(one, offices) for one in page.items]

    sheet = Sheet(
        action="taken_back.exported",
        subject="taken_back",
        title="银行收回款项",
        file_name="taken-back",
        headings=HEADINGS,
        closing=lambda count: ("合计", f"{count}笔", "", "", total([one.amount for one in found]).yuan_text[:-1]),
    )
    return await export_list(desk=desk, sheet=sheet, filters=given, fetch=at_once(found), lines=lines)


HEADINGS = (
    "汇缴书",
    "月份",
    "单位",
    "管理部",
    "收回金额（元）",
    "银行日期",
    "识别依据",
    "已冲回账户",
    "不足账户",
    "不足金额（元）",
    "状态",
    "补足附言",
    "确认人",
    "收到时间",
)


def _row(one: TakenBackView, offices: dict[str, str]) -> tuple[str, ...]:
    return (
        one.statement_no,
        str(one.month or "补缴"),
        f"{one.employer_name}（{one.employer_no}）",
        offices.get(one.office_code, one.office_code),
        one.amount.yuan_text[:-1],
        str(one.booked_on),
        one.way_name,
        str(one.accounts),
        str(one.short_count),
        one.short.yuan_text[:-1],
        one.state_name,
        one.reference_no or "",
        one.accepted_by_name or "",
        moment_exact(one.noticed_at),
    )


async def bind(desk: Desk) -> Response:
    """Staff say whose payment a reversal took back."""
    await contributions.bind_taken_back(
        actor=desk.actor,
        receipt_id=number_field(desk, "receipt_id"),
        statement_no=desk.form.get("statement_no", ""),
        request_key=desk.form.get("request_key", ""),
        now=desk.now,
    )
    return redirect(f"{HERE}?done=bound")


async def ask(desk: Desk) -> Response:
    """What is short becomes the employer's debt, once a second person agrees."""
    await account_care.ask_shortfall(
        actor=desk.actor,
        employer_no=number_field(desk, "employer_no"),
        receipt_id=number_field(desk, "receipt_id"),
        reason=desk.form.get("reason", ""),
        now=desk.now,
    )
    return redirect(f"{HERE}?done=asked")


async def _found(desk: Desk, given: dict[str, str]) -> list[TakenBackView]:
    return await contributions.taken_back_matters(
        office_codes=sorted(desk.actor.office_codes),
        state=given.get("state", ""),
        month=given.get("month", ""),
        most=MOST,
    )


def _problems(given: dict[str, str]) -> list[Refusal]:
    problems: list[Refusal] = []
    choice_fields(given, {"state": contributions.TAKEN_BACK_STATES}, problems)
    if month := given.get("month"):
        try:
            YearMonth.parse(month)
        except ValueError:
            problems.append(on(MONTH_MALFORMED, "month"))
    return problems


PAGES = (
    DeskPage(HERE, READ, listed),
    DeskPage(f"{HERE}/export", READ, export, "POST"),
    DeskPage(f"{HERE}/bind", OPERATE, bind, "POST"),
    DeskPage(f"{HERE}/ask", OPERATE, ask, "POST"),
)
