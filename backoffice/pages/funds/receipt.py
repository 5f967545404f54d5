"""One receipt: how it was judged, binding it by hand, posting it when it was held, and the papers that explain it."""

from __future__ import annotations

from starlette.responses import Response

from backoffice.desk import Desk, DeskPage, redirect
from backoffice.forms import filled
from backoffice.pages.funds import names
from backoffice.pages.funds.receipts import LIST
from backoffice.pages.funds.refusals import FILE_MISSING
from backoffice.pages.funds.shared import (
    CALM,
    OPERATE,
    READ,
    Intent,
    Trouble,
    choice_field,
    confirmation,
    is_confirmed,
    number_field,
    path_number,
    reason_field,
    refuse,
    show,
    shown_again,
)
from domain import archives, settlement
from domain.kernel.refusal import Refusal, Refused
from domain.settlement import Claim, ExpectationView, ReceiptView

PAGE = f"{LIST}/{{receipt_id}}"
_DONE = {
    "bound": "认款申请已提交，等待其他人员复核；复核同意后入账。",
    "posted": "手动入账申请已提交，等待其他人员复核；复核同意后入账。",
    "scanned": "扫描件已归档。",
}


async def shown(desk: Desk) -> Response:
    return await _page(desk, await _receipt(desk))


async def _receipt(desk: Desk) -> ReceiptView:
    return await settlement.receipt(actor=desk.actor, receipt_id=path_number(desk, "receipt_id"))


async def _page(desk: Desk, receipt: ReceiptView, *, trouble: Trouble = CALM) -> Response:
    near = None
    if receipt.expectation_id is not None:
        near = await settlement.expectation(expectation_id=receipt.expectation_id)
    searched = filled(desk.query, ("reference", "employer"))
    items = await settlement.suspense_items(actor=desk.actor, business_date=desk.business_date)
    waiting = await settlement.hand_postings(actor=desk.actor, state="proposed")
    return show(
        desk,
        "funds_receipt.html",
        trouble=trouble,
        receipt=receipt,
        why=settlement.reason_name(receipt),
        near=near,
        searched=searched,
        candidates=await _candidates(searched, receipt),
        scans=await settlement.scans_of(actor=desk.actor, receipt_id=receipt.receipt_id),
        filed={
            one.digest: one
            for one in await archives.filed_under(module=archives.Module.RECEIPT, reference=str(receipt.receipt_id))
        },
        accounts=await names.accounts(include_closed=False),
        all_accounts=await names.accounts(),
        offices=await names.offices(),
        vouchers=await names.vouchers([receipt.voucher_id]),
        reversed_from={
            one.item_id: f"{one.opened_on} {one.payer_name_masked} 余额{one.open.yuan_text}（流水{one.host_serial_no}）"
            for one in items
        },
        pending=[one for one in waiting if one.subject == f"receipt:{receipt.receipt_id}"],
        claims=await _claims(desk, receipt),
        notice=_DONE.get(desk.query.get("done", "")),
    )


async def _claims(desk: Desk, receipt: ReceiptView) -> list[settlement.MovementView]:
    if receipt.item_id is None:
        return []
    return await settlement.movements(actor=desk.actor, item_id=receipt.item_id)


async def _candidates(searched: dict[str, str], receipt: ReceiptView) -> list[ExpectationView]:
    """What could be meant: those looked for, else open ones of the same amount."""
    problems: list[Refusal] = []
    employer_no = number_field(searched, "employer", problems)
    if problems or receipt.item_id is None or not receipt.open:
        return []
    if searched:
        return await settlement.open_expectations(reference_no=searched.get("reference"), employer_no=employer_no)
    everything = await settlement.open_expectations(most=500)
    return [one for one in everything if one.amount == receipt.open]


async def bind(desk: Desk) -> Response:
    """人工认款: proposes to settle what is expected out of this receipt's suspense."""
    receipt = await _receipt(desk)
    try:
        problems: list[Refusal] = []
        expectation_id = number_field(desk.form, "expectation_id", problems)
        reason = reason_field(desk.form, "reason", problems)
        if expectation_id is None and not problems:
            choice_field(desk.form, "expectation_id", (), problems)
        refuse(problems)
        assert expectation_id is not None
        expected = await settlement.expectation(expectation_id=expectation_id)
        if not is_confirmed(desk):
            return confirmation(desk, _bind_intent(receipt, expected, reason))
        await settlement.propose_claim(
            actor=desk.actor,
            claim=Claim(
                item_id=receipt.item_id or 0,
                kind="clear",
                amount=expected.amount,
                reason=reason,
                expectation_id=expectation_id,
            ),
            request_key=desk.form.get("request_key", ""),
            now=desk.now,
        )
    except Refused as refused:
        return await _page(desk, await _receipt(desk), trouble=Trouble.of(desk, "bind", refused))
    return redirect(f"{LIST}/{receipt.receipt_id}?done=bound")


def _bind_intent(receipt: ReceiptView, expected: ExpectationView, reason: str) -> Intent:
    left = receipt.open.yuan_text if receipt.open is not None else "无"
    return Intent(
        title="人工认款",
        facts=(
            ("到账", f"{receipt.booked_on} {receipt.payer_name_masked} {receipt.amount.yuan_text}"),
            ("备注", receipt.remark or "—"),
            ("暂收余额", left),
            ("应收编号", expected.reference_no),
            ("应收金额", expected.amount.yuan_text),
            ("应收付款人", expected.payer_name_masked or "未登记"),
            ("认款原因", reason or "—"),
        ),
        effect=f"从本笔暂收款中占用{expected.amount.yuan_text}，由其他人员复核；复核同意后清算到该应收。",
        back=f"{LIST}/{receipt.receipt_id}",
    )


async def post_held(desk: Desk) -> Response:
    receipt = await _receipt(desk)
    accounts = await names.accounts(include_closed=False)
    try:
        problems: list[Refusal] = []
        account = choice_field(desk.form, "bank_account", accounts, problems)
        item_id = number_field(desk.form, "item_id", problems)
        reason = reason_field(desk.form, "reason", problems)
        refuse(problems)
        if not is_confirmed(desk):
            came = receipt.amount.fen > 0
            effect = "记入该专户和暂收款" if came else "从所选暂收款和该专户中冲回"
            return confirmation(
                desk,
                Intent(
                    title="到账手动入账",
                    facts=(
                        ("主机流水号", receipt.host_serial_no),
                        ("银行入账日", receipt.booked_on.isoformat()),
                        ("金额", receipt.amount.yuan_text),
                        ("专户", accounts[account]),
                        ("原因", reason or "—"),
                    ),
                    effect=f"由其他人员复核；复核同意后将{receipt.amount.yuan_text}{effect}。"
                    "经办和复核时，最近下载的对账单中须有该笔流水。",
                    back=f"{LIST}/{receipt.receipt_id}",
                ),
            )
        await settlement.propose_held_receipt(
            actor=desk.actor,
            receipt_id=receipt.receipt_id,
            bank_account_code=account,
            item_id=item_id,
            reason=reason,
            request_key=desk.form.get("request_key", ""),
            now=desk.now,
        )
    except Refused as refused:
        return await _page(desk, await _receipt(desk), trouble=Trouble.of(desk, "held", refused))
    return redirect(f"{LIST}/{receipt.receipt_id}?done=posted")


async def scan(desk: Desk) -> Response:
    """Files the paper that was chosen with the receipt."""
    receipt = await _receipt(desk)
    try:
        problems: list[Refusal] = []
        pages = number_field(desk.form, "pages", problems)
        refuse(problems)
        if desk.file is None or not desk.file.content:
            raise Refused(FILE_MISSING)
        await settlement.attach_scan(
            actor=desk.actor,
            receipt_id=receipt.receipt_id,
            content=desk.file.content,
            name=desk.file.name,
            pages=pages or 0,
            request_key=desk.form.get("request_key", ""),
            now=desk.now,
        )
    except Refused as refused:
        shown_again(refused)
        return await _page(desk, receipt, trouble=Trouble.of(desk, "scan", refused))
    return redirect(f"{LIST}/{receipt.receipt_id}?done=scanned")


PAGES = (
    DeskPage(PAGE, READ, shown),
    DeskPage(f"{PAGE}/bind", OPERATE, bind, "POST"),
    DeskPage(f"{PAGE}/post", OPERATE, post_held, "POST"),
    DeskPage(f"{PAGE}/scan", OPERATE, scan, "POST", archives.SCAN_BYTES_MAX),
)
