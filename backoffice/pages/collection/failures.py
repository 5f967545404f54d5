"""托收失败 (D07): failures by outlet, bank, reason, type and month with their sums, exported; each presented again,
settled offline or void, with a reason."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from backoffice.components import Problems, moment_exact, with_query
from backoffice.desk import Desk, DeskPage, redirect
from backoffice.exporting import Sheet, at_once, export_list
from backoffice.forms import choice_fields, filled, plain_fields
from backoffice.pages.collection.shared import OPERATE, PATH, READ, number_field, show
from backoffice.pages.funds.refusals import MONTH_MALFORMED
from backoffice.pages.funds.shared import on
from backoffice.refusals import PAGE_NOT_FOUND
from domain import contributions
from domain.contributions import FailedCollection
from domain.kernel.dates import YearMonth
from domain.kernel.money import total
from domain.kernel.paging import Page
from domain.kernel.refusal import Refusal, Refused

HERE = f"{PATH}/failures"
FILTER_FIELDS = ("handled", "code", "bank", "office", "kind", "month")
HANDLED = {"open": "未处理", **contributions.FAILURE_HANDLED, "all": "全部"}
MOST, SHOWN = 5_000, 200
_NOTICES = {"again": "已提交银行重新托收。", "otherwise": "已登记另行缴款。", "void": "已登记作废。"}


async def listed(desk: Desk) -> Response:
    """Without filters: what nobody has dealt with."""
    given, banks, offices, problems = await _asked(desk)
    found = [] if problems else await _found(desk, given)
    groups = (
        ("失败原因", contributions.sums_of(found, by=lambda one: f"{one.message}（{one.code}）")),
        ("托收银行", contributions.sums_of(found, by=lambda one: banks.get(one.bank_code, one.bank_code))),
        ("管理部", contributions.sums_of(found, by=lambda one: offices.get(one.office_code, one.office_code))),
        ("月份", contributions.sums_of(found, by=lambda one: one.month)),
    )
    return show(
        desk,
        "collection_failures.html",
        status=422 if problems else 200,
        given=given,
        problems=Problems.of(problems),
        choices={"handled": HANDLED, "bank": banks, "office": offices, "kind": contributions.STATEMENT_KINDS},
        found=found[:SHOWN],
        count=len(found),
        amount=total([one.amount for one in found]),
        page_amount=total([one.amount for one in found[:SHOWN]]),
        most=MOST,
        groups=groups,
        handled_names=contributions.FAILURE_HANDLED,
        notice=_NOTICES.get(desk.query.get("done", "")),
        export_to=with_query(f"{HERE}/export", **given),
    )


async def export(desk: Desk) -> Response:
    """All filtered rows."""
    given, banks, offices, problems = await _asked(desk)
    if problems:
        raise Refused(*problems)
    found = await _found(desk, given)

    async def lines(page: Page[FailedCollection]) -> list[tuple[str, ...]]:
        return [_row(one, banks=banks, offices=offices) for one in page.items]

    sheet = Sheet(
        action="collection.exported",
        subject="collection_failures",
        title="托收失败",
        file_name="collection-failures",
        headings=HEADINGS,
        closing=lambda count: ("合计", f"{count}笔", "", "", "", total([one.amount for one in found]).yuan_text[:-1]),
    )
    return await export_list(desk=desk, sheet=sheet, filters=given, fetch=at_once(found), lines=lines)


HEADINGS = (
    "汇缴书",
    "种类",
    "单位",
    "管理部",
    "托收银行",
    "金额（元）",
    "次数",
    "返回码",
    "失败原因",
    "失败时间",
    "处理",
    "处理说明",
)


def _row(one: FailedCollection, *, banks: dict[str, str], offices: dict[str, str]) -> tuple[str, ...]:
    return (
        one.statement_no,
        contributions.STATEMENT_KINDS[one.kind],
        f"{one.employer_name}（{one.employer_no}）",
        offices.get(one.office_code, one.office_code),
        banks.get(one.bank_code, one.bank_code),
        one.amount.yuan_text[:-1],
        str(one.attempt_no),
        one.code,
        one.message,
        moment_exact(one.ended_at),
        contributions.FAILURE_HANDLED.get(one.handled or "", "未处理"),
        one.handled_note,
    )


async def handle(desk: Desk) -> Response:
    """Presented again, settled offline or void: each with its reason."""
    how, note = desk.form.get("how", ""), desk.form.get("note", "")
    where: dict[str, Any] = {
        "actor": desk.actor,
        "employer_no": number_field(desk, "employer_no"),
        "statement_no": desk.form.get("statement_no", ""),
        "note": note,
        "request_key": desk.form.get("request_key", ""),
        "now": desk.now,
    }
    if how == "again":
        await contributions.collect_now(**where, business_date=desk.business_date)
    elif how in ("otherwise", "void"):
        await contributions.dismiss_failure(**where, how=how)
    else:
        raise Refused(PAGE_NOT_FOUND)
    return redirect(f"{HERE}?done={how}")


async def _asked(desk: Desk) -> tuple[dict[str, str], dict[str, str], dict[str, str], list[Refusal]]:
    given = {"handled": "open", **filled(desk.query, FILTER_FIELDS)}
    banks, offices = dict(await contributions.collection_banks()), dict(await contributions.offices())
    problems: list[Refusal] = []
    choices = {"handled": HANDLED, "bank": banks, "office": offices, "kind": contributions.STATEMENT_KINDS}
    choice_fields(given, choices, problems)
    plain_fields(given, ("code",), problems)
    if month := given.get("month"):
        try:
            YearMonth.parse(month)
        except ValueError:
            problems.append(on(MONTH_MALFORMED, "month"))
    return given, banks, offices, problems


async def _found(desk: Desk, given: dict[str, str]) -> list[FailedCollection]:
    handled = given["handled"]
    return await contributions.collection_failures(
        office_codes=sorted(desk.actor.office_codes),
        handled="" if handled == "all" else handled,
        code=given.get("code", ""),
        bank_code=given.get("bank", ""),
        office=given.get("office", ""),
        kind=given.get("kind", ""),
        month=given.get("month", ""),
        most=MOST,
    )


PAGES = (
    DeskPage(HERE, READ, listed),
    DeskPage(f"{HERE}/export", READ, export, "POST"),
    DeskPage(f"{HERE}/handle", OPERATE, handle, "POST"),
)
