"""定期与通知存款 (R14.4): the list, placing, and instructions by two persons; accrual as the day-end makes it."""

from __future__ import annotations

from datetime import timedelta

from starlette.responses import Response

from backoffice.components import Pager, Problems, with_query
from backoffice.desk import Desk, DeskPage, redirect
from backoffice.exporting import Cells, Sheet, at_once, export_list
from backoffice.forms import YES_NO, choice_fields, day_field, filled
from backoffice.pages.funds import names
from backoffice.pages.funds.master import word
from backoffice.pages.funds.refusals import CLAIM_STALE
from backoffice.pages.funds.shared import (
    CALM,
    EXPORT,
    OPERATE,
    PATH,
    READ,
    Intent,
    Trouble,
    amount_field,
    choice_field,
    confirmation,
    decision_of,
    is_confirmed,
    path_number,
    reason_field,
    refuse,
    show,
    window,
)
from domain import settlement
from domain.kernel.money import total
from domain.kernel.paging import Page
from domain.kernel.refusal import Refusal, Refused
from domain.settlement import DepositOrderView, DepositView

LIST = f"{PATH}/deposits"
PAGE = f"{LIST}/{{deposit_id}}"
FILTER_FIELDS = ("state", "kind", "account", "matures")
STATES = {"proposed": "待存入", "standing": "存续", "ended": "已结清", "refused": "未存入"}
KINDS = {"fixed": "定期", "notice": "通知"}
MATURES = {"7": "7天内到期或支取", "30": "30天内到期或支取"}
ACTIONS = {
    "draw": "支取",
    "set_notice": "设定支取通知",
    "cancel_notice": "取消支取通知",
    "set_rollover": "变更转存方式",
}
_DONE = {
    "placed": "存入申请已提交，等待其他人员复核；复核同意后发送银行。",
    "proposed": "指令已提交，等待其他人员复核；复核同意后发送银行。",
    "approve": "已复核同意，指令即将发送银行，银行确认后入账。",
    "reject": "已退回该指令，未发送银行。",
}


async def listed(desk: Desk) -> Response:
    return await _list(desk)


async def _list(desk: Desk, *, trouble: Trouble = CALM) -> Response:
    given = filled(desk.query, FILTER_FIELDS)
    accounts = await names.accounts()
    found, problems = await _find(desk, given, accounts)
    pager = Pager.read(path=LIST, query=given, pages=desk.query.get("pages"))
    page: Page[DepositView] | None = None
    if not problems:
        try:
            page = window(found, after=pager.after, key=_place, shape=(str, int))
        except Refused as refused:
            problems.extend(refused.refusals)
    every = await settlement.bank_accounts()
    waiting = await settlement.deposit_orders(actor=desk.actor, state="proposed")
    return show(
        desk,
        "funds_deposits.html",
        trouble=trouble,
        status=422 if problems else None,
        given=given,
        problems=Problems.of(problems),
        choices={"state": STATES, "kind": KINDS, "account": accounts, "matures": MATURES},
        page=page,
        pager=pager.at(end_cursor=page.end_cursor, has_next=page.has_next) if page else pager,
        balance=total([one.balance for one in found]),
        page_balance=total([one.balance for one in page.items]) if page else None,
        demand={one.code: f"{one.code} {one.name}" for one in every if one.kind == "demand"},
        targets={one.code: f"{one.code} {one.name}（{one.kind_name}）" for one in every if one.kind != "demand"},
        products={code: one.name for code, one in settlement.PRODUCTS.items() if one.kind != "demand"},
        waiting=waiting,
        percent=word,
        accounts=accounts,
        export_to=with_query(f"{LIST}/export", **given),
        notice=_DONE.get(desk.query.get("done", "")),
    )


def _place(one: DepositView) -> list[int | str]:
    # as the domain orders them: what matures first in front, what has no day at the end
    due = one.matures_on or one.notice_draw_on
    return [due.isoformat() if due else "9999", one.deposit_id]


async def _find(desk: Desk, given: dict[str, str], accounts: dict[str, str]) -> tuple[list[DepositView], list[Refusal]]:
    problems: list[Refusal] = []
    choice_fields(given, {"state": STATES, "kind": KINDS, "account": accounts, "matures": MATURES}, problems)
    if problems:
        return [], problems
    until = desk.business_date + timedelta(days=int(given["matures"])) if "matures" in given else None
    rows = await settlement.deposits(actor=desk.actor, state=given.get("state"), matures_within=until)
    kept = [
        one
        for one in rows
        if given.get("kind") in (None, one.kind)
        and given.get("account") in (None, one.bank_account_code, one.deposit_account_code)
    ]
    return kept, []


async def place(desk: Desk) -> Response:
    accounts = await names.accounts(include_closed=False)
    try:
        problems: list[Refusal] = []
        product = choice_field(desk.form, "product", settlement.PRODUCTS, problems)
        amount = amount_field(desk.form, "amount", problems, needed=True)
        source = choice_field(desk.form, "bank_account", accounts, problems)
        target = choice_field(desk.form, "deposit_account", accounts, problems)
        rollover = choice_field(desk.form, "rollover", YES_NO, problems)
        reason = reason_field(desk.form, "reason", problems)
        refuse(problems)
        assert amount is not None
        if not is_confirmed(desk):
            name = settlement.PRODUCTS[product].name
            return confirmation(
                desk,
                Intent(
                    title="存入定期或通知存款",
                    facts=(
                        ("品种", name),
                        ("金额", amount.yuan_text),
                        ("从", accounts[source]),
                        ("存入", accounts[target]),
                        ("到期转存", "自动转存" if rollover == "yes" else "不转存"),
                        ("原因", reason or "—"),
                    ),
                    effect=f"由其他人员复核；复核同意后指令银行从活期专户转出{amount.yuan_text}存入{name}。",
                    back=LIST,
                ),
            )
        await settlement.propose_placing(
            actor=desk.actor,
            product=product,
            amount=amount,
            bank_account_code=source,
            deposit_account_code=target,
            rollover=YES_NO[rollover],
            reason=reason,
            request_key=desk.form.get("request_key", ""),
            now=desk.now,
            business_date=desk.business_date,
        )
    except Refused as refused:
        return await _list(desk, trouble=Trouble.of(desk, "place", refused))
    return redirect(f"{LIST}?done=placed")


async def shown(desk: Desk) -> Response:
    return await _one(desk, await _deposit(desk))


async def _deposit(desk: Desk) -> DepositView:
    return await settlement.deposit(actor=desk.actor, deposit_id=path_number(desk, "deposit_id"))


async def _one(desk: Desk, deposit: DepositView, *, trouble: Trouble = CALM) -> Response:
    orders = await settlement.deposit_orders(actor=desk.actor, deposit_id=deposit.deposit_id)
    doing = desk.form.get("action") or desk.query.get("do", "")
    return show(
        desk,
        "funds_deposit.html",
        trouble=trouble,
        deposit=deposit,
        orders=orders,
        waiting=[(one, _effect(one, deposit)) for one in orders if one.state == "proposed"],
        actions=_actions(deposit),
        doing=doing if doing in _actions(deposit) else "",
        busy=any(one.state in ("proposed", "prepared", "sending", "processing", "unknown") for one in orders),
        accounts=await names.accounts(),
        vouchers=await names.vouchers([one.voucher_id for one in orders]),
        percent=word,
        here=f"{LIST}/{deposit.deposit_id}",
        notice=_DONE.get(desk.query.get("done", "")),
    )


def _actions(deposit: DepositView) -> dict[str, str]:
    """What can be instructed about this kind of deposit."""
    fitting = ("draw", "set_rollover") if deposit.kind == "fixed" else ("draw", "set_notice", "cancel_notice")
    return {code: ACTIONS[code] for code in fitting} if deposit.state == "standing" else {}


def _effect(one: DepositOrderView, deposit: DepositView) -> str:
    amount = one.amount.yuan_text if one.amount is not None else ""
    match one.kind:
        case "place":
            return f"指令银行从活期专户转出{amount}存入{deposit.product_name}。"
        case "draw":
            return f"指令银行支取{amount}，本金和银行支付的利息转入活期专户。"
        case "set_notice":
            return f"通知银行于{one.draw_on}支取{amount}，目前不动用资金。"
        case "cancel_notice":
            return "请银行取消已设定的支取通知，不动用资金。"
        case _:
            return "请银行变更到期转存方式，不动用资金。"


async def instruct(desk: Desk) -> Response:
    deposit = await _deposit(desk)
    try:
        problems: list[Refusal] = []
        action = choice_field(desk.form, "action", _actions(deposit) or ACTIONS, problems)
        amount = amount_field(desk.form, "amount", problems)
        draw_on = day_field(desk.form, "draw_on", problems)
        rollover = YES_NO.get(desk.form.get("rollover", ""))
        reason = reason_field(desk.form, "reason", problems)
        refuse(problems)
        if not is_confirmed(desk):
            drawn = amount or (deposit.balance if action == "draw" else None)
            facts = [("办理", ACTIONS[action]), ("存款", f"{deposit.product_name} {deposit.certificate_no or ''}")]
            facts += [("金额", drawn.yuan_text)] if drawn is not None else []
            facts += [("支取日期", draw_on.isoformat())] if draw_on is not None else []
            facts += [("到期转存", "自动转存" if rollover else "不转存")] if rollover is not None else []
            facts.append(("原因", reason or "—"))
            effect = "由其他人员复核；复核同意后指令发送银行，银行确认后入账。"
            back = with_query(f"{LIST}/{deposit.deposit_id}", do=action)
            return confirmation(desk, Intent(title=ACTIONS[action], facts=facts, effect=effect, back=back))
        await settlement.propose_instruction(
            actor=desk.actor,
            deposit_id=deposit.deposit_id,
            action=action,  # type: ignore[arg-type]  # one of ACTIONS
            amount=amount,
            draw_on=draw_on,
            rollover=rollover,
            reason=reason,
            request_key=desk.form.get("request_key", ""),
            now=desk.now,
            business_date=desk.business_date,
        )
    except Refused as refused:
        return await _one(desk, await _deposit(desk), trouble=Trouble.of(desk, "instruct", refused))
    return redirect(f"{LIST}/{deposit.deposit_id}?done=proposed")


async def decide(desk: Desk) -> Response:
    deposit, order_id = await _deposit(desk), path_number(desk, "order_id")
    try:
        approve, note = decision_of(desk.form)
        if not is_confirmed(desk):
            orders = await settlement.deposit_orders(actor=desk.actor, deposit_id=deposit.deposit_id, state="proposed")
            one = next((found for found in orders if found.order_id == order_id), None)
            if one is None:
                raise Refused(CLAIM_STALE)
            return confirmation(
                desk,
                Intent(
                    title="复核存款指令",
                    facts=(
                        ("办理", one.kind_name),
                        ("金额", one.amount.yuan_text if one.amount is not None else "—"),
                        ("经办", f"{one.proposed_by_name}：{one.reason}"),
                        ("结论", "同意" if approve else "退回"),
                        ("复核意见", note or "—"),
                    ),
                    effect=_effect(one, deposit) if approve else "退回指令，不发送银行。",
                    back=f"{LIST}/{deposit.deposit_id}",
                ),
            )
        await settlement.decide_instruction(
            actor=desk.actor,
            order_id=order_id,
            approve=approve,
            note=note,
            request_key=desk.form.get("request_key", ""),
            now=desk.now,
            business_date=desk.business_date,
        )
    except Refused as refused:
        return await _one(desk, await _deposit(desk), trouble=Trouble.of(desk, f"decide-{order_id}", refused))
    return redirect(f"{LIST}/{deposit.deposit_id}?done={'approve' if approve else 'reject'}")


HEADINGS = (
    "存单号",
    "品种",
    "活期专户",
    "存款专户",
    "本金（元）",
    "余额（元）",
    "年利率（%）",
    "存入日",
    "到期或支取日",
    "已预提（元）",
    "状态",
)


async def export(desk: Desk) -> Response:
    given = filled(desk.query, FILTER_FIELDS)
    accounts = await names.accounts()
    found, problems = await _find(desk, given, accounts)
    if problems:
        raise Refused(*problems)

    async def lines(page: Page[DepositView]) -> list[Cells]:
        return [_row(one, accounts) for one in page.items]

    sums = (str(total([one.principal for one in found])), str(total([one.balance for one in found])))
    sheet = Sheet(
        action="deposit.exported",
        subject="deposits",
        title="定期与通知存款",
        file_name="deposits",
        headings=HEADINGS,
        closing=lambda count: ("合计", f"{count}笔", "", "", *sums),
    )
    return await export_list(desk=desk, sheet=sheet, filters=given, fetch=at_once(found), lines=lines)


def _row(one: DepositView, accounts: dict[str, str]) -> Cells:
    due = one.matures_on or one.notice_draw_on
    return (
        one.certificate_no or "",
        one.product_name,
        accounts.get(one.bank_account_code, one.bank_account_code),
        accounts.get(one.deposit_account_code, one.deposit_account_code),
        str(one.principal),
        str(one.balance),
        word("rate_ppm", one.rate_ppm) if one.rate_ppm is not None else "",
        one.placed_on.isoformat() if one.placed_on else "",
        due.isoformat() if due else "",
        str(one.accrued),
        one.state_name,
    )


PAGES = (
    DeskPage(LIST, READ, listed),
    DeskPage(f"{LIST}/export", EXPORT, export, "POST"),
    DeskPage(f"{LIST}/place", OPERATE, place, "POST"),
    DeskPage(PAGE, READ, shown),
    DeskPage(f"{PAGE}/instruct", OPERATE, instruct, "POST"),
    DeskPage(f"{PAGE}/orders/{{order_id}}", OPERATE, decide, "POST"),
)
