"""余额调节表 (D23): per account and day with the items behind it, ticking off by hand, four equalities, month close."""

from __future__ import annotations

from datetime import date, timedelta

from starlette.responses import Response

from backoffice.components import Pager, Problems, moment_exact, with_query
from backoffice.desk import Desk, DeskPage, redirect
from backoffice.exporting import Cells, Sheet, at_once, export_list
from backoffice.forms import choice_fields, day_field, filled, text
from backoffice.pages.funds import names
from backoffice.pages.funds.refusals import CHOICE_MISSING, MONTH_MALFORMED, NOT_CONFIRMED
from backoffice.pages.funds.shared import (
    CALM,
    EXPORT,
    OPERATE,
    PATH,
    READ,
    Intent,
    Trouble,
    choice_field,
    confirmation,
    is_confirmed,
    needed_day,
    on,
    reason_field,
    refuse,
    show,
    window,
)
from backoffice.refusals import DATES_REVERSED, PAGE_NOT_FOUND
from domain import settlement
from domain.kernel.dates import YearMonth
from domain.kernel.money import total
from domain.kernel.paging import Page
from domain.kernel.refusal import Refusal, Refused
from domain.settlement import Adjustment, AdjustmentItem

LIST = f"{PATH}/adjustments"
CLOSE = f"{PATH}/close"
FILTER_FIELDS = ("account", "since", "until", "state")
STATES = {"unequal": "调节后不相等或缺对账单", "items": "有未达账项", "clean": "完全一致"}
SHOWN_DAYS = 31
_DONE = {"made": "余额调节表已编制。", "ticked": "已勾对，余额调节表已重新编制。"}


async def listed(desk: Desk) -> Response:
    return await _list(desk)


async def _list(desk: Desk, *, trouble: Trouble = CALM) -> Response:
    given = filled(desk.query, FILTER_FIELDS)
    accounts = await names.accounts()
    found, problems = await _find(desk, given, accounts)
    pager = Pager.read(path=LIST, query=given, pages=desk.query.get("pages"))
    page: Page[Adjustment] | None = None
    if not problems:
        try:
            page = window(found, after=pager.after, key=_place, shape=(int, str))
        except Refused as refused:
            problems.extend(refused.refusals)
    return show(
        desk,
        "funds_adjustments.html",
        trouble=trouble,
        status=422 if problems else None,
        given=given,
        problems=Problems.of(problems),
        accounts=accounts,
        open_accounts=await names.accounts(include_closed=False),
        states=STATES,
        page=page,
        pager=pager.at(end_cursor=page.end_cursor, has_next=page.has_next) if page else pager,
        sums=_sums(found),
        page_sums=_sums(page.items if page else ()),
        yesterday=desk.business_date - timedelta(days=1),
        shown_days=SHOWN_DAYS,
        close_path=CLOSE,
        export_to=with_query(f"{LIST}/export", **given),
    )


def _sums(rows: list[Adjustment] | tuple[Adjustment, ...]) -> int:
    return sum(not one.balanced for one in rows)


def _place(one: Adjustment) -> list[int | str]:
    # newest day first, then by account: both grow
    return [-one.day.toordinal(), one.bank_account_code]


async def _find(desk: Desk, given: dict[str, str], accounts: dict[str, str]) -> tuple[list[Adjustment], list[Refusal]]:
    problems: list[Refusal] = []
    choice_fields(given, {"account": accounts, "state": STATES}, problems)
    since, until = day_field(given, "since", problems), day_field(given, "until", problems)
    until = until or desk.business_date
    since = since or until - timedelta(days=SHOWN_DAYS)
    if since > until:
        problems.append(on(DATES_REVERSED, "until"))
    if problems:
        return [], problems
    rows = await settlement.adjustments(
        actor=desk.actor, since=since, until=until, bank_account_code=given.get("account")
    )
    wanted = given.get("state")
    return [one for one in rows if wanted in (None, _state(one))], []


def _state(one: Adjustment) -> str:
    if not one.balanced:
        return "unequal"
    return "clean" if one.clean else "items"


async def make(desk: Desk) -> Response:
    """Makes the adjustment of an account and day, anew when there is one: it books nothing."""
    try:
        problems: list[Refusal] = []
        account = choice_field(desk.form, "bank_account", await names.accounts(), problems)
        day = needed_day(desk.form, "day", problems)
        if not is_confirmed(desk):
            problems.append(NOT_CONFIRMED)
        refuse(problems)
        await settlement.adjust(
            actor=desk.actor, bank_account_code=account, day=day, now=desk.now, business_date=desk.business_date
        )
    except Refused as refused:
        return await _list(desk, trouble=Trouble.of(desk, "make", refused))
    return redirect(f"{LIST}/{account}/{day}?done=made")


async def shown(desk: Desk) -> Response:
    return await _one(desk)


def _named(desk: Desk) -> tuple[str, date]:
    try:
        return desk.request.path_params["account"], date.fromisoformat(desk.request.path_params["day"])
    except ValueError:
        raise Refused(PAGE_NOT_FOUND) from None


async def _one(desk: Desk, *, trouble: Trouble = CALM) -> Response:
    account, day = _named(desk)
    made = [
        one
        for one in await settlement.adjustments(actor=desk.actor, since=day, until=day, bank_account_code=account)
        if one.day == day
    ]
    items = await settlement.adjustment_items(actor=desk.actor, bank_account_code=account, day=day) if made else []
    return show(
        desk,
        "funds_adjustment.html",
        trouble=trouble,
        account=account,
        day=day,
        accounts=await names.accounts(),
        made=made[0] if made else None,
        groups=[
            (code, name, [one for one in items if one.category == code])
            for code, name in settlement.CATEGORY_NAMES.items()
        ],
        bank_items=[one for one in items if one.host_serial_no],
        book_items=[one for one in items if one.voucher_id],
        here=f"{LIST}/{account}/{day}",
        notice=_DONE.get(desk.query.get("done", "")),
    )


async def tick(desk: Desk) -> Response:
    """Says that a bank line and a book line are one movement, and makes the adjustment anew."""
    account, day = _named(desk)
    try:
        problems: list[Refusal] = []
        items = await settlement.adjustment_items(actor=desk.actor, bank_account_code=account, day=day)
        bank = _chosen(desk, "bank_item", [one for one in items if one.host_serial_no], problems)
        book = _chosen(desk, "book_item", [one for one in items if one.voucher_id], problems)
        reason = reason_field(desk.form, "reason", problems)
        refuse(problems)
        assert bank is not None and book is not None
        if not is_confirmed(desk):
            return confirmation(
                desk,
                Intent(
                    title="人工勾对",
                    facts=(
                        ("银行流水", f"{bank.on} {bank.host_serial_no} {bank.amount.yuan_text} {bank.note}"),
                        ("账面分录", f"{book.on} 凭证{book.voucher_id} {book.amount.yuan_text} {book.note}"),
                        ("原因", reason or "—"),
                    ),
                    effect="两笔视为同一笔收付，不再列为未达账项；不记账，勾对后不能更改。",
                    back=f"{LIST}/{account}/{day}",
                ),
            )
        await settlement.tick_by_hand(
            actor=desk.actor,
            bank_account_code=account,
            booked_on=bank.on,
            host_serial_no=bank.host_serial_no or "",
            voucher_account_no=book.voucher_account_no or 0,
            voucher_id=book.voucher_id or 0,
            line_no=book.line_no or 0,
            reason=reason,
            request_key=desk.form.get("request_key", ""),
            now=desk.now,
        )
        await settlement.adjust(
            actor=desk.actor, bank_account_code=account, day=day, now=desk.now, business_date=desk.business_date
        )
    except Refused as refused:
        return await _one(desk, trouble=Trouble.of(desk, "tick", refused))
    return redirect(f"{LIST}/{account}/{day}?done=ticked")


def _chosen(desk: Desk, name: str, offered: list[AdjustmentItem], problems: list[Refusal]) -> AdjustmentItem | None:
    """The item of this number; one that is not offered any more is added to the problems."""
    given = desk.form.get(name, "")
    found = next((one for one in offered if str(one.item_no) == given), None)
    if found is None:
        problems.append(on(CHOICE_MISSING, name))
    return found


async def close(desk: Desk) -> Response:
    """月结: the four equalities, and what keeps a month open. Reads only."""
    problems: list[Refusal] = []
    period = YearMonth.of(desk.business_date)
    if given := text(desk.query, "period"):
        try:
            period = YearMonth.parse(given)
        except ValueError:
            problems.append(on(MONTH_MALFORMED, "period"))
    day = min(period.last_day, desk.business_date - timedelta(days=1))
    blockers = [] if problems else await settlement.close_blockers(period=period)
    return show(
        desk,
        "funds_close.html",
        status=422 if problems else 200,
        problems=Problems.of(problems),
        given=given or str(period),
        period=period,
        day=day,
        equalities=[] if problems else await settlement.four_equalities(day=day),
        blockers=[one for one in blockers if not one.warning],
        warnings=[one for one in blockers if one.warning],
        over=period.last_day < desk.business_date,
    )


HEADINGS = (
    "专户",
    "日期",
    "账面余额",
    "银行余额",
    "启用时差额",
    "银行已收中心未收",
    "银行已付中心未付",
    "中心已收银行未收",
    "中心已付银行未付",
    "调节后账面余额",
    "调节后银行余额",
    "结果",
    "缺对账单的日期",
    "编制时间",
)


async def export(desk: Desk) -> Response:
    given = filled(desk.query, FILTER_FIELDS)
    accounts = await names.accounts()
    found, problems = await _find(desk, given, accounts)
    if problems:
        raise Refused(*problems)

    async def lines(page: Page[Adjustment]) -> list[Cells]:
        return [_row(one, accounts) for one in page.items]

    sums = [
        str(total(amounts))
        for amounts in (
            [one.bank_received for one in found],
            [one.bank_paid for one in found],
            [one.book_received for one in found],
            [one.book_paid for one in found],
        )
    ]
    sheet = Sheet(
        action="adjustment.exported",
        subject="adjustments",
        title="余额调节表",
        file_name="adjustments",
        headings=HEADINGS,
        closing=lambda count: ("合计", f"{count}份", "", "", "", *sums),
    )
    return await export_list(desk=desk, sheet=sheet, filters=given, fetch=at_once(found), lines=lines)


def _row(one: Adjustment, accounts: dict[str, str]) -> Cells:
    figures = (
        one.book,
        one.bank,
        one.opening_difference,
        one.bank_received,
        one.bank_paid,
        one.book_received,
        one.book_paid,
        one.adjusted_book,
        one.adjusted_bank,
    )
    return (
        accounts.get(one.bank_account_code, one.bank_account_code),
        one.day.isoformat(),
        *map(str, figures),
        STATES[_state(one)],
        "、".join(day.isoformat() for day in one.missing_days),
        moment_exact(one.made_at),
    )


PAGES = (
    DeskPage(LIST, READ, listed),
    DeskPage(f"{LIST}/export", EXPORT, export, "POST"),
    DeskPage(f"{LIST}/make", OPERATE, make, "POST"),
    DeskPage(CLOSE, READ, close),
    DeskPage(f"{LIST}/{{account}}/{{day}}", READ, shown),
    DeskPage(f"{LIST}/{{account}}/{{day}}/tick", OPERATE, tick, "POST"),
)
