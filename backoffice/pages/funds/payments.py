"""手动入账台 (D06): payments without a result, asking the bank, and posting by two persons."""

from __future__ import annotations

from datetime import datetime, timedelta

from starlette.responses import Response

from backoffice.components import Pager, moment_exact
from backoffice.desk import Desk, DeskPage, redirect
from backoffice.exporting import Cells, Sheet, at_once, export_list
from backoffice.pages.funds import names
from backoffice.pages.funds.refusals import CLAIM_STALE, SETTLER_AWAY
from backoffice.pages.funds.shared import (
    CALM,
    EXPORT,
    OPERATE,
    PATH,
    READ,
    READ_MAX,
    Intent,
    Trouble,
    choice_field,
    confirmation,
    decision_of,
    gateway_of,
    is_confirmed,
    path_number,
    reason_field,
    refuse,
    show,
    visible_receipt,
    window,
)
from domain import settlement
from domain.kernel.money import total
from domain.kernel.paging import Page
from domain.kernel.refusal import Refusal, Refused
from domain.settlement import HandPostingView, PaymentOutcome, PaymentView, StuckPayment

LIST = f"{PATH}/payments"
# A bank that has not answered for so long is worth a look: our own setting.
STUCK_AFTER = timedelta(minutes=10)
ANSWER_NAMES = {
    "confirmed": "已入账",
    "rejected": "已退回",
    "processing": "处理中",
    "unknown": "结果未知",
    "not_found": "无此交易",
}
PAYMENT_STATES = {"sending": "已发送银行", "processing": "银行处理中", "unknown": "等待银行确认"}
RESULTS = {"payment_confirmed": "按已入账处理", "payment_rejected": "按已退回处理"}
_EFFECTS = {
    "payment_confirmed": "按银行已付款记账，占用的金额转为支出",
    "payment_rejected": "按银行已退回处理，占用的金额退回原处",
    "receipt": "按对账单所载记入专户和暂收款",
}
_DONE = {
    "asked": "已向银行查询，答复见下表；答复在有效时间内可据以办理手动入账。",
    "proposed": "手动入账申请已提交，等待其他人员复核。",
    "approved": "已复核同意并入账。",
    "rejected": "已退回手动入账申请，未作任何处理。",
}


async def listed(desk: Desk) -> Response:
    return await _page(desk)


async def _page(desk: Desk, *, trouble: Trouble = CALM) -> Response:
    stuck = await _stuck(desk)
    pager = Pager.read(path=LIST, query={}, pages=desk.query.get("pages"))
    page = window(stuck, after=pager.after, key=_place, shape=(str, int))
    postings = await settlement.hand_postings(actor=desk.actor)
    return show(
        desk,
        "funds_payments.html",
        trouble=trouble,
        page=page,
        amount=total([one.amount for one in stuck]),
        page_amount=total([one.amount for one in page.items]),
        pager=pager.at(end_cursor=page.end_cursor, has_next=page.has_next),
        stuck_minutes=STUCK_AFTER // timedelta(minutes=1),
        valid_minutes=settlement.ANSWER_VALID // timedelta(minutes=1),
        fresh=_fresh,
        banks={one.bank_code: one.bank_name for one in await settlement.bank_accounts(include_closed=True)},
        payment_states=PAYMENT_STATES,
        answers=ANSWER_NAMES,
        results=RESULTS,
        pending={one.subject: one for one in postings if one.state == "proposed"},
        waiting=[(one, *await _told(desk, one)) for one in postings if one.state == "proposed"],
        decided=[one for one in postings if one.state != "proposed"][:20],
        accounts=await names.accounts(),
        held=await settlement.receipts(actor=desk.actor, filters=settlement.ReceiptFilters(state="held"), first=20),
        why=settlement.reason_name,
        export_to=f"{LIST}/export",
        notice=_DONE.get(desk.query.get("done", "")),
    )


async def _stuck(desk: Desk) -> list[StuckPayment]:
    return await settlement.stuck_payments(actor=desk.actor, sent_before=desk.now - STUCK_AFTER, most=READ_MAX)


def _place(one: StuckPayment) -> list[int | str]:
    # fixed width, so that text and instant have one order
    return [one.sent_at.isoformat(timespec="microseconds"), one.payment_id]


def _fresh(one: StuckPayment, now: datetime) -> bool:
    return one.answer_at is not None and now - one.answer_at <= settlement.ANSWER_VALID


async def _told(desk: Desk, one: HandPostingView) -> tuple[str, str]:
    """What a proposal is about, and what agreeing does."""
    if one.kind == "receipt":
        found = await visible_receipt(desk, int(one.subject.partition(":")[2]))
        if found is None:
            return "其他管理部的到账", f"{_EFFECTS[one.kind]}。"
        return f"到账 {found.host_serial_no} {found.amount.yuan_text}", (
            f"将{found.amount.yuan_text}{_EFFECTS[one.kind]}。"
        )
    payment = await _payment_of(one)
    return f"付款 {payment.serial_no} {payment.amount.yuan_text}", (
        f"付款{payment.serial_no}（{payment.amount.yuan_text}）{_EFFECTS[one.kind]}。"
    )


async def _payment_of(one: HandPostingView) -> PaymentView:
    _, account_no, payment_id = one.subject.split(":")
    return await settlement.payment_of(account_no=int(account_no), payment_id=int(payment_id))


async def ask(desk: Desk) -> Response:
    """Asks the bank and keeps what it said as evidence. Changes nothing else, so it needs no confirmation."""
    account_no, payment_id = path_number(desk, "account_no"), path_number(desk, "payment_id")
    try:
        outcome: PaymentOutcome = await settlement.ask_bank(
            actor=desk.actor,
            account_no=account_no,
            payment_id=payment_id,
            gateway=gateway_of(desk),
            now=desk.now,
        )
    except Refused as refused:
        return await _page(desk, trouble=Trouble.of(desk, f"ask-{payment_id}", refused))
    assert outcome.status in ANSWER_NAMES
    return redirect(f"{LIST}?done=asked")


async def propose(desk: Desk) -> Response:
    account_no, payment_id = path_number(desk, "account_no"), path_number(desk, "payment_id")
    try:
        problems: list[Refusal] = []
        result = choice_field(desk.form, "result", RESULTS, problems)
        reason = reason_field(desk.form, "reason", problems)
        refuse(problems)
        if not is_confirmed(desk):
            payment = await settlement.payment_of(account_no=account_no, payment_id=payment_id)
            return confirmation(
                desk,
                Intent(
                    title="手动入账",
                    facts=(
                        ("付款流水号", payment.serial_no),
                        ("金额", payment.amount.yuan_text),
                        ("收款账户", f"{payment.bank_name} {payment.payee_account_masked}"),
                        ("入账结果", RESULTS[result]),
                        ("原因", reason or "—"),
                    ),
                    effect=f"由其他人员复核；复核同意后{_EFFECTS[result]}（{payment.amount.yuan_text}）。",
                    back=LIST,
                ),
            )
        await settlement.propose_payment_result(
            actor=desk.actor,
            account_no=account_no,
            payment_id=payment_id,
            result="payment_confirmed" if result == "payment_confirmed" else "payment_rejected",
            reason=reason,
            request_key=desk.form.get("request_key", ""),
            now=desk.now,
        )
    except Refused as refused:
        return await _page(desk, trouble=Trouble.of(desk, f"propose-{payment_id}", refused))
    return redirect(f"{LIST}?done=proposed")


async def decide(desk: Desk) -> Response:
    posting_id = path_number(desk, "posting_id")
    try:
        approve, note = decision_of(desk.form)
        if not is_confirmed(desk):
            return confirmation(desk, await _decide_intent(desk, posting_id, approve=approve, note=note))
        await settlement.decide_hand_posting(
            actor=desk.actor,
            posting_id=posting_id,
            approve=approve,
            note=note,
            settler=desk.services.settler or _no_settler,
            request_key=desk.form.get("request_key", ""),
            now=desk.now,
            business_date=desk.business_date,
        )
    except Refused as refused:
        return await _page(desk, trouble=Trouble.of(desk, f"decide-{posting_id}", refused))
    return redirect(f"{LIST}?done={'approved' if approve else 'rejected'}")


async def _no_settler(*_: object, **__: object) -> PaymentView:
    raise Refused(SETTLER_AWAY)


async def _decide_intent(desk: Desk, posting_id: int, *, approve: bool, note: str) -> Intent:
    waiting = await settlement.hand_postings(actor=desk.actor, state="proposed")
    one = next((found for found in waiting if found.posting_id == posting_id), None)
    if one is None:
        raise Refused(CLAIM_STALE)
    subject, effect = await _told(desk, one)
    return Intent(
        title="复核手动入账",
        facts=(
            ("办理", one.kind_name),
            ("对象", subject),
            ("经办", f"{one.proposed_by_name}：{one.reason}"),
            ("结论", "同意" if approve else "退回"),
            ("复核意见", note or "—"),
        ),
        effect=effect if approve else "退回申请，不作任何处理。",
        back=LIST,
    )


HEADINGS = (
    "付款流水号",
    "银行",
    "金额（元）",
    "状态",
    "发送时间",
    "已查询次数",
    "银行最近答复",
    "答复时间",
    "答复内容",
)


async def export(desk: Desk) -> Response:
    stuck = await _stuck(desk)

    async def lines(page: Page[StuckPayment]) -> list[Cells]:
        return [
            (
                one.serial_no,
                one.bank_code,
                str(one.amount),
                PAYMENT_STATES.get(one.state, one.state),
                moment_exact(one.sent_at),
                str(one.queries),
                ANSWER_NAMES.get(one.answer_status or "", ""),
                moment_exact(one.answer_at) if one.answer_at else "",
                one.answer_message or one.last_message or "",
            )
            for one in page.items
        ]

    amount = total([one.amount for one in stuck])
    sheet = Sheet(
        action="stuck_payment.exported",
        subject="payments",
        title="无结果付款",
        file_name="stuck_payments",
        headings=HEADINGS,
        closing=lambda count: ("合计", f"{count}笔", str(amount)),
    )
    return await export_list(desk=desk, sheet=sheet, filters={}, fetch=at_once(stuck), lines=lines)


PAGES = (
    DeskPage(LIST, READ, listed),
    DeskPage(f"{LIST}/export", EXPORT, export, "POST"),
    DeskPage(f"{LIST}/{{account_no}}/{{payment_id}}/ask", OPERATE, ask, "POST"),
    DeskPage(f"{LIST}/{{account_no}}/{{payment_id}}/propose", OPERATE, propose, "POST"),
    DeskPage(f"{LIST}/postings/{{posting_id}}", OPERATE, decide, "POST"),
)
