"""单位暂存款 (D04): totals of each district, the employers behind them, one employer's money and its origins, and 扣款
by two persons."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response

from backoffice.components import Pager, Problems, with_query
from backoffice.desk import Desk, DeskPage, redirect
from backoffice.exporting import Cells, Sheet, at_once, export_list
from backoffice.forms import choice_fields, filled
from backoffice.pages.funds import names
from backoffice.pages.funds.refusals import CHOICE_MISSING, CLAIM_STALE
from backoffice.pages.funds.shared import (
    CALM,
    EXPORT,
    OPERATE,
    PATH,
    READ,
    READ_MAX,
    Intent,
    Trouble,
    confirmation,
    decision_of,
    is_confirmed,
    number_field,
    on,
    path_number,
    reason_field,
    refuse,
    show,
    shown_again,
    window,
)
from backoffice.refusals import PAGE_NOT_FOUND
from domain import settlement
from domain.kernel.money import Money, total
from domain.kernel.paging import Page
from domain.kernel.refusal import Refusal, Refused
from domain.settlement import DeductionView, EmployerSuspense

LIST = f"{PATH}/employer-suspense"
PAGE = f"{LIST}/{{employer_no}}"
FILTER_FIELDS = ("office", "employer")
_DONE = {
    "proposed": "扣款申请已提交，等待其他人员复核；复核前所占用的金额不能再用。",
    "approved": "已复核同意，扣款已记账，应收已结清。",
    "rejected": "已退回，所占用的金额已恢复。",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    rows: list[EmployerSuspense]
    problems: list[Refusal]


async def listed(desk: Desk) -> Response:
    given = filled(desk.query, FILTER_FIELDS)
    offices = await _offices(desk)
    found = await _find(desk, given, offices)
    pager = Pager.read(path=LIST, query=given, pages=desk.query.get("pages"))
    page: Page[EmployerSuspense] | None = None
    if not found.problems:
        try:
            page = window(found.rows, after=pager.after, key=_place, shape=(str, int))
        except Refused as refused:
            found.problems.extend(refused.refusals)
    waiting = await settlement.deductions(actor=desk.actor, state="proposed")
    totals = await settlement.office_suspense(actor=desk.actor)
    return show(
        desk,
        "funds_employer_suspense.html",
        status=422 if found.problems else 200,
        given=given,
        offices=offices,
        problems=Problems.of(found.problems),
        page=page,
        open_total=total([one.open for one in found.rows]),
        page_open=total([one.open for one in page.items]) if page else Money.zero(),
        pager=pager.at(end_cursor=page.end_cursor, has_next=page.has_next) if page else pager,
        cut_off=READ_MAX if len(found.rows) >= READ_MAX else None,
        totals=totals,
        grand=(total([one.open for one in totals]), total([one.claimed for one in totals])),
        waiting=waiting,
        employers=await names.employers(one.employer_no for one in waiting),
        export_to=with_query(f"{LIST}/export", **given),
    )


def _place(one: EmployerSuspense) -> list[int | str]:
    return [one.office_code, one.employer_no]


async def _offices(desk: Desk) -> dict[str, str]:
    mine = desk.actor.office_codes
    return {code: name for code, name in (await names.offices()).items() if not mine or code in mine}


async def _find(desk: Desk, given: dict[str, str], offices: dict[str, str]) -> Found:
    problems: list[Refusal] = []
    choice_fields(given, {"office": offices}, problems)
    employer_no = number_field(given, "employer", problems)
    if problems:
        return Found(rows=[], problems=problems)
    rows = await settlement.employer_suspense(
        actor=desk.actor, office_code=given.get("office"), employer_no=employer_no, most=READ_MAX
    )
    return Found(rows=rows, problems=[])


SHEET_HEADINGS = (
    "管理部",
    "单位登记号",
    "单位名称",
    "来源笔数",
    "最早入账日",
    "余额（元）",
    "已占用（元）",
    "可用（元）",
)


async def export(desk: Desk) -> Response:
    given = filled(desk.query, FILTER_FIELDS)
    found = await _find(desk, given, await _offices(desk))
    refuse(found.problems)
    offices = await names.offices()

    async def lines(page: Page[EmployerSuspense]) -> list[Cells]:
        return [
            (
                offices.get(one.office_code, one.office_code),
                str(one.employer_no),
                one.name,
                str(one.receipts),
                one.oldest_on.isoformat(),
                *(str(amount) for amount in (one.open, one.claimed, one.free)),
            )
            for one in page.items
        ]

    sums = [total([part(one) for one in found.rows]) for part in (_open, _claimed, _free)]
    sheet = Sheet(
        action="suspense.employers_exported",
        subject="suspense:employers",
        title="单位暂存款",
        file_name="employer-suspense",
        headings=SHEET_HEADINGS,
        closing=lambda count: ("合计", f"{count}行", "", "", "", *map(str, sums)),
    )
    return await export_list(desk=desk, sheet=sheet, filters=given, fetch=at_once(found.rows), lines=lines)


def _open(one: EmployerSuspense) -> Money:
    return one.open


def _claimed(one: EmployerSuspense) -> Money:
    return one.claimed


def _free(one: EmployerSuspense) -> Money:
    return one.free


async def shown(desk: Desk) -> Response:
    return await _page(desk, path_number(desk, "employer_no"))


async def _page(desk: Desk, employer_no: int, *, trouble: Trouble = CALM) -> Response:
    known = await names.employers([employer_no])
    if employer_no not in known:
        raise Refused(PAGE_NOT_FOUND)
    history = await settlement.deductions(actor=desk.actor, employer_no=employer_no)
    origins = await settlement.share_origins(actor=desk.actor, employer_no=employer_no)
    claimed = {one.expectation_id for one in history if one.state == "proposed"}
    return show(
        desk,
        "funds_employer.html",
        trouble=trouble,
        employer_no=employer_no,
        name=known[employer_no],
        origins=origins,
        open_total=total([one.open for one in origins]),
        claimed_total=total([one.claimed for one in origins]),
        free_total=total([one.open - one.claimed for one in origins]),
        owed=[
            one
            for one in await settlement.open_expectations(employer_no=employer_no)
            if one.expectation_id not in claimed
        ],
        history=history,
        waiting=[(one, _effect(one)) for one in history if one.state == "proposed"],
        offices=await names.offices(),
        vouchers=await names.vouchers([*(one.voucher_id for one in origins), *(one.voucher_id for one in history)]),
        notice=_DONE.get(desk.query.get("done", "")),
    )


def _effect(one: DeductionView) -> str:
    return f"从该单位{one.receipts}笔暂存款共扣{one.amount.yuan_text}，记一张凭证，结清应收{one.reference_no}。"


async def deduct(desk: Desk) -> Response:
    employer_no = path_number(desk, "employer_no")
    try:
        problems: list[Refusal] = []
        expectation_id = number_field(desk.form, "expectation_id", problems)
        if expectation_id is None and not problems:
            problems.append(on(CHOICE_MISSING, "expectation_id"))
        reason = reason_field(desk.form, "reason", problems)
        refuse(problems)
        assert expectation_id is not None
        if not is_confirmed(desk):
            return confirmation(desk, await _intent(employer_no, expectation_id, reason))
        await settlement.propose_deduction(
            actor=desk.actor,
            employer_no=employer_no,
            expectation_id=expectation_id,
            reason=reason,
            request_key=desk.form.get("request_key", ""),
            now=desk.now,
        )
    except Refused as refused:
        return await _page(desk, employer_no, trouble=Trouble.of(desk, "deduct", refused))
    return redirect(f"{LIST}/{employer_no}?done=proposed")


async def _intent(employer_no: int, expectation_id: int, reason: str) -> Intent:
    expected = await settlement.expectation(expectation_id=expectation_id)
    known = await names.employers([employer_no])
    return Intent(
        title="单位扣款",
        facts=(
            ("单位", f"{employer_no} {known.get(employer_no, '（没有该单位）')}"),
            ("应收", f"{expected.reference_no} {expected.amount.yuan_text}"),
            ("原因", reason or "—"),
        ),
        effect=f"从该单位的暂存款中按入账先后占用{expected.amount.yuan_text}，由其他人员复核；复核同意后才记账。",
        back=f"{LIST}/{employer_no}",
    )


async def decide(desk: Desk) -> Response:
    employer_no, deduction_id = path_number(desk, "employer_no"), path_number(desk, "deduction_id")
    try:
        approve, note = decision_of(desk.form)
        standing = next(
            (
                one
                for one in await settlement.deductions(actor=desk.actor, employer_no=employer_no)
                if one.deduction_id == deduction_id
            ),
            None,
        )
        if standing is None:
            raise Refused(CLAIM_STALE)
        if not is_confirmed(desk):
            return confirmation(desk, _decide_intent(standing, approve=approve, note=note))
        state = await settlement.decide_deduction(
            actor=desk.actor,
            deduction_id=deduction_id,
            approve=approve,
            note=note,
            request_key=desk.form.get("request_key", ""),
            now=desk.now,
            business_date=desk.business_date,
        )
    except Refused as refused:
        shown_again(refused)
        trouble = Trouble(form=f"decide-{deduction_id}", problems=Problems.of(refused.refusals), typed=desk.form)
        return await _page(desk, employer_no, trouble=trouble)
    return redirect(f"{LIST}/{employer_no}?done={state}")


def _decide_intent(one: DeductionView, *, approve: bool, note: str) -> Intent:
    return Intent(
        title="复核单位扣款",
        facts=(
            ("应收", f"{one.reference_no} {one.amount.yuan_text}"),
            ("经办", f"{one.proposed_by_name}：{one.reason}"),
            ("结论", "同意" if approve else "退回"),
            ("复核意见", note or "—"),
        ),
        effect=_effect(one) if approve else f"退回申请，恢复所占用的{one.amount.yuan_text}，不记账。",
        back=f"{LIST}/{one.employer_no}",
    )


PAGES = (
    DeskPage(LIST, READ, listed),
    DeskPage(f"{LIST}/export", EXPORT, export, "POST"),
    DeskPage(PAGE, READ, shown),
    DeskPage(f"{PAGE}/deduct", OPERATE, deduct, "POST"),
    DeskPage(f"{PAGE}/deductions/{{deduction_id}}", OPERATE, decide, "POST"),
)
