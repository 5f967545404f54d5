"""One suspense item: where it came from, what was done with it, claiming it by one person and deciding by another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from starlette.responses import Response

from backoffice.components import Problems, with_query
from backoffice.desk import Desk, DeskPage, redirect
from backoffice.forms import filled
from backoffice.pages.funds import names
from backoffice.pages.funds.refusals import CLAIM_STALE
from backoffice.pages.funds.shared import (
    CALM,
    OPERATE,
    READ,
    Intent,
    Trouble,
    amount_field,
    choice_field,
    confirmation,
    decision_of,
    is_confirmed,
    number_field,
    path_number,
    reason_field,
    refuse,
    show,
)
from backoffice.pages.funds.suspense import LIST
from domain import settlement
from domain.kernel.money import Money
from domain.kernel.refusal import Refusal, Refused
from domain.settlement import Claim, ExpectationView, MovementView, SuspenseView

PAGE = f"{LIST}/{{item_id}}"
KINDS = {
    "clear": "清算到应收",
    "assign": "认领到单位",
    "move": "单位间调整",
    "transfer": "管理部间调整",
    "refund": "退回付款人",
}
_DONE = {
    "proposed": "申请已提交，等待其他人员复核；复核前所占用的金额不能再用。",
    "approved": "已复核同意并入账。",
    "paying": "已复核同意，退款将发送银行；银行付款成功后入账。",
    "rejected": "已退回，所占用的金额已恢复。",
}
# The form's own field for the domain's, where one name stands for two fields.
_FIELDS = {"assign": {"employerNo": "to_employer_no"}, "move": {"employerNo": "to_employer_no"}}


async def shown(desk: Desk) -> Response:
    return await _page(desk, await _item(desk))


async def _item(desk: Desk) -> SuspenseView:
    return await settlement.suspense_item(
        actor=desk.actor, item_id=path_number(desk, "item_id"), business_date=desk.business_date
    )


async def _page(desk: Desk, item: SuspenseView, *, trouble: Trouble = CALM) -> Response:
    history = await settlement.movements(actor=desk.actor, item_id=item.item_id)
    shares = await settlement.shares_of(actor=desk.actor, item_id=item.item_id)
    searched = filled(desk.query, ("reference", "employer"))
    doing = desk.form.get("kind") or desk.query.get("do", "")
    return show(
        desk,
        "funds_suspense_item.html",
        trouble=trouble,
        item=item,
        history=history,
        waiting=[(one, await _effect(one)) for one in history if one.state == "proposed" and one.kind in KINDS],
        shares=shares,
        kinds=KINDS,
        doing=doing if doing in KINDS else "",
        candidates=await _candidates(desk, searched, item) if doing == "clear" else [],
        searched=searched,
        offices=await names.offices(),
        accounts=await names.accounts(),
        account_sets=await names.account_sets(),
        employers=await names.employers(
            [one.employer_no for one in shares]
            + [one.to_employer_no for one in history]
            + [one.from_employer_no for one in history]
        ),
        vouchers=await names.vouchers([item.voucher_id, *(one.voucher_id for one in history)]),
        notice=_DONE.get(desk.query.get("done", "")),
    )


async def _candidates(desk: Desk, searched: dict[str, str], item: SuspenseView) -> Sequence[ExpectationView]:
    """What was looked for, else what was chosen before, else what the receipt nearly met."""
    problems: list[Refusal] = []
    employer_no = number_field(searched, "employer", problems)
    chosen = number_field(desk.form, "expectation_id", problems)
    if problems:
        return []
    if chosen is not None:
        try:
            return [await settlement.expectation(expectation_id=chosen)]
        except Refused:
            return []
    if searched:
        return await settlement.open_expectations(reference_no=searched.get("reference"), employer_no=employer_no)
    if item.near_expectation_id is not None:
        near = await settlement.expectation(expectation_id=item.near_expectation_id)
        return [near] if near.state == "open" else []
    return []


async def _effect(one: MovementView) -> str:
    """In words, what agreeing to a claim does."""
    amount = one.amount.yuan_text
    named = await names.employers([one.from_employer_no, one.to_employer_no])

    def employer(number: int | None) -> str:
        return f"{named.get(number or 0, '单位')}（{number}）"

    match one.kind:
        case "clear":
            assert one.expectation_id is not None
            expected = await settlement.expectation(expectation_id=one.expectation_id)
            source = f"{employer(one.from_employer_no)}的认领款" if one.from_employer_no else "暂收款"
            return f"从{source}转出{amount}，清算到应收{expected.reference_no}（应收{expected.amount.yuan_text}）。"
        case "assign":
            return f"从暂收款转出{amount}，认领到{employer(one.to_employer_no)}。"
        case "move":
            return f"将{amount}从{employer(one.from_employer_no)}调整到{employer(one.to_employer_no)}。"
        case "transfer":
            offices = await names.offices()
            return f"将{amount}整笔调整到{offices.get(one.to_office_code or '', one.to_office_code)}。"
        case _:
            return f"通过银行将{amount}原路退回付款人，银行付款成功后入账。"


async def claim(desk: Desk) -> Response:
    item = await _item(desk)
    try:
        wanted = _claim(desk, item)
        if not is_confirmed(desk):
            return confirmation(desk, await _claim_intent(item, wanted))
        await settlement.propose_claim(
            actor=desk.actor, claim=wanted, request_key=desk.form.get("request_key", ""), now=desk.now
        )
    except Refused as refused:
        renamed = _renamed(refused, desk.form.get("kind", ""))
        return await _page(desk, await _item(desk), trouble=Trouble.of(desk, "claim", renamed))
    return redirect(f"{LIST}/{item.item_id}?done=proposed")


def _renamed(refused: Refused, kind: str) -> Refused:
    names_of = _FIELDS.get(kind, {})
    return Refused(*(replace(one, field=names_of.get(one.field or "", one.field)) for one in refused.refusals))


def _claim(desk: Desk, item: SuspenseView) -> Claim:
    """Raises Refused."""
    problems: list[Refusal] = []
    form = desk.form
    kind = choice_field(form, "kind", KINDS, problems)
    amount = item.open if kind == "transfer" else amount_field(form, "amount", problems, needed=True)
    expectation_id = number_field(form, "expectation_id", problems)
    from_employer = number_field(form, "from_employer_no", problems)
    to_employer = number_field(form, "to_employer_no", problems)
    reason = reason_field(form, "reason", problems)
    refuse(problems)
    return Claim(
        item_id=item.item_id,
        kind=kind,  # type: ignore[arg-type]  # one of KINDS
        amount=amount or Money.zero(),
        reason=reason,
        expectation_id=expectation_id,
        from_employer_no=from_employer,
        to_employer_no=to_employer,
        to_office_code=form.get("to_office_code") or None,
    )


async def _claim_intent(item: SuspenseView, wanted: Claim) -> Intent:
    facts = [
        ("办理", KINDS[wanted.kind]),
        ("暂收款", f"{item.opened_on} {item.payer_name_masked} 余额{item.open.yuan_text}"),
        ("金额", wanted.amount.yuan_text),
    ]
    if wanted.expectation_id is not None:
        expected = await settlement.expectation(expectation_id=wanted.expectation_id)
        facts.append(("应收", f"{expected.reference_no} {expected.amount.yuan_text}"))
    known = await names.employers([wanted.from_employer_no, wanted.to_employer_no])
    for label, number in (("转出单位", wanted.from_employer_no), ("转入单位", wanted.to_employer_no)):
        if number is not None:
            facts.append((label, f"{number} {known.get(number, '（没有该单位）')}"))
    if wanted.to_office_code is not None:
        facts.append(("转入管理部", (await names.offices()).get(wanted.to_office_code, wanted.to_office_code)))
    facts.append(("原因", wanted.reason or "—"))
    return Intent(
        title=KINDS[wanted.kind],
        facts=facts,
        effect=f"占用{wanted.amount.yuan_text}，由其他人员复核；复核同意后才入账或付款。",
        back=with_query(f"{LIST}/{item.item_id}", do=wanted.kind),
    )


async def decide(desk: Desk) -> Response:
    """The second person's word on a claim of this item."""
    item = await _item(desk)
    movement_id = path_number(desk, "movement_id")
    form = f"decide-{movement_id}"
    try:
        approve, note = decision_of(desk.form)
        if not is_confirmed(desk):
            history = await settlement.movements(actor=desk.actor, item_id=item.item_id, state="proposed")
            standing = next((one for one in history if one.movement_id == movement_id), None)
            if standing is None:
                raise Refused(CLAIM_STALE)
            return confirmation(desk, await _decide_intent(item, standing, approve=approve, note=note))
        state = await settlement.decide_claim(
            actor=desk.actor,
            movement_id=movement_id,
            approve=approve,
            note=note,
            request_key=desk.form.get("request_key", ""),
            now=desk.now,
            business_date=desk.business_date,
        )
    except Refused as refused:
        trouble = Trouble(form=form, problems=Problems.of(refused.refusals), typed=desk.form)
        return await _page(desk, await _item(desk), trouble=trouble)
    return redirect(f"{LIST}/{item.item_id}?done={state}")


async def _decide_intent(item: SuspenseView, one: MovementView, *, approve: bool, note: str) -> Intent:
    effect = await _effect(one) if approve else f"退回申请，恢复所占用的{one.amount.yuan_text}，不记账。"
    return Intent(
        title="复核暂收款申请",
        facts=(
            ("办理", one.kind_name),
            ("金额", one.amount.yuan_text),
            ("经办", f"{one.proposed_by_name}：{one.reason}"),
            ("结论", "同意" if approve else "退回"),
            ("复核意见", note or "—"),
        ),
        effect=effect,
        back=f"{LIST}/{item.item_id}",
    )


PAGES = (
    DeskPage(PAGE, READ, shown),
    DeskPage(f"{PAGE}/claim", OPERATE, claim, "POST"),
    DeskPage(f"{PAGE}/claims/{{movement_id}}", OPERATE, decide, "POST"),
)
