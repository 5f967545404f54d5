"""单位汇缴, 四种单位缴款, 多缴退款."""

from __future__ import annotations

from dataclasses import replace

from backoffice.desk import Desk
from backoffice.pages.collection.counter.declared import Counter, CounterForm, Facts, Field
from backoffice.pages.collection.counter.matters import dated, where
from backoffice.pages.collection.shared import month_field
from backoffice.pages.funds.refusals import CHOICE_MISSING
from backoffice.pages.funds.shared import amount_field, on, refuse
from domain import contributions, settlement
from domain.contributions import StatementView
from domain.contributions.refusals import BALANCE_SHORT, METHOD_SAME
from domain.kernel.money import Money, total
from domain.kernel.refusal import Refusal, Refused
from domain.settlement.refusals import REFUND_NOT_COVERED

_SUSPENSE = "suspense_balance"
_EFFECTS = {
    "cheque": "汇缴书改按支票缴款，登记支票号码；银行入账后自动匹配并分配到职工账户。",
    "bank_transfer": "汇缴书改按银行汇款缴款；请单位在汇款附言中写明汇缴书编号，到账后自动匹配并分配到职工账户。",
    "cash": "汇缴书改按现金缴款；单位到受托银行交存后，银行入账时自动匹配并分配到职工账户。",
    _SUSPENSE: "立即用单位暂存款缴清汇缴书并分配到职工账户。",
}
_FUNCTIONS = {
    "cheque": "employer.pay_by_cheque",
    "bank_transfer": "employer.pay_by_transfer",
    "cash": "employer.pay_by_cash",
    _SUSPENSE: "employer.pay_from_suspense",
}


async def _remittance_comes_to(desk: Desk, counter: Counter) -> Facts:
    found = await contributions.preview_statement(
        actor=desk.actor,
        employer_no=counter.employer.employer_no,
        month=month_field(desk, "month"),
        business_date=desk.business_date,
    )
    method = _method_of(desk, counter)
    if method == _SUSPENSE:
        _covered(found.balance, found.amount)
    return (
        ("汇缴月份", str(found.month)),
        ("职工", f"{found.person_count}人（较上月增{found.came}、减{found.went}、变更{found.changed}）"),
        ("单位部分", found.employer_part.yuan_text),
        ("个人部分", found.employee_part.yuan_text),
        ("应缴合计", found.amount.yuan_text),
        ("缴款方式", contributions.METHOD_NAMES.get(method, method)),
        ("最迟缴款日", str(found.due_on)),
        ("单位暂存款余额", found.balance.yuan_text),
    )


async def _remit(desk: Desk, counter: Counter) -> object:
    return await contributions.draw_statement(
        **dated(desk, counter),
        month=month_field(desk, "month"),
        method=_method_of(desk, counter),
        detail=desk.form.get("detail", "").strip(),
    )


def _method_of(desk: Desk, counter: Counter) -> str:
    return desk.form.get("method") or counter.employer.payment_method


def _paying(method: str) -> CounterForm:
    """One of the four ways to pay a statement that is drawn."""

    async def comes_to(desk: Desk, counter: Counter) -> Facts:
        chosen = _chosen(desk, counter)
        if chosen.method == method != "cheque":
            raise Refused(METHOD_SAME.on("statementNo", method=chosen.method_name))
        facts = [
            ("汇缴书", f"{chosen.statement_no}（{chosen.month or '补缴'}）"),
            ("职工", f"{chosen.person_count}人"),
            ("金额", chosen.amount.yuan_text),
            ("缴款方式", f"由{chosen.method_name}改为{contributions.METHOD_NAMES[method]}"),
        ]
        if method == "cheque":
            facts.append(("支票号码", desk.form.get("detail", "").strip() or "—"))
        if method == _SUSPENSE:
            balance = await contributions.balance_of_employer(employer_no=counter.employer.employer_no)
            _covered(balance, chosen.amount)
            facts.append(("单位暂存款", f"{balance.yuan_text}，缴款后{(balance - chosen.amount).yuan_text}"))
        return facts

    async def pay(desk: Desk, counter: Counter) -> object:
        return await contributions.change_payment_of_statement(
            **dated(desk, counter),
            statement_no=desk.form.get("statement_no", ""),
            method=method,
            detail=desk.form.get("detail", ""),
        )

    cheque_no = Field(name="detail", label="支票号码", hint="6至20位数字", most=20)
    statement = Field(
        name="statement_no",
        label="待缴汇缴书",
        kind="pick",
        options=lambda counter: counter.open_statements(),
        long=True,
    )
    return CounterForm(
        function=_FUNCTIONS[method],
        fields=(statement, cheque_no) if method == "cheque" else (statement,),
        effect=_EFFECTS[method],
        done="已用单位暂存款缴清。" if method == _SUSPENSE else "已登记缴款方式，等待银行入账。",
        carry=pay,
        preview=comes_to,
    )


def _chosen(desk: Desk, counter: Counter) -> StatementView:
    given = desk.form.get("statement_no", "")
    for one in counter.statements:
        if one.statement_no == given and one.state == "open":
            return one
    raise Refused(on(CHOICE_MISSING, "statement_no"))


def _covered(balance: Money, amount: Money) -> None:
    if balance < amount:
        raise Refused(BALANCE_SHORT(balance=balance.yuan_text, amount=amount.yuan_text))


async def _refund_comes_to(desk: Desk, counter: Counter) -> Facts:
    amount = _amount(desk)
    found = await settlement.returnable_to(employer_no=counter.employer.employer_no)
    free = total([one.free for one in found])
    if amount > free:
        raise Refused(REFUND_NOT_COVERED(left=free.yuan_text))
    facts, left = [("退款金额", amount.yuan_text)], amount
    for one in found:
        part = min(left, one.free)
        if part.fen > 0:
            payer = f"{one.payer_name_masked} {one.payer_account_masked}"
            facts.append((f"退回{one.paid_on}的付款账户", f"{payer}，{part.yuan_text}"))
            left = left - part
    return [*facts, ("退款后可退余额", (free - amount).yuan_text)]


async def _refund(desk: Desk, counter: Counter) -> object:
    return await contributions.ask_overpayment_refund(
        **where(desk, counter), amount=_amount(desk), reason=desk.form.get("reason", "")
    )


def _amount(desk: Desk) -> Money:
    problems: list[Refusal] = []
    amount = amount_field(desk.form, "amount", problems, needed=True)
    refuse(problems)
    assert amount is not None, "a needed amount that is missing is a problem"
    return amount


_METHODS_AT_FIRST = Field(
    name="method",
    label="缴款方式",
    kind="pick",
    options=lambda counter: contributions.METHOD_NAMES,
    value=lambda counter: counter.employer.payment_method,
)
FORMS = (
    CounterForm(
        function="employer.remittance",
        fields=(
            Field(name="month", label="汇缴月份", value=lambda counter: str(counter.employer.next_due), most=7),
            _METHODS_AT_FIRST,
            Field(name="detail", label="支票号码", hint="支票缴款时填写", most=20),
        ),
        effect="生成汇缴书，并按缴款方式开始收款；到账后自动分配到职工账户。",
        done="已生成汇缴书，见下方待缴汇缴书。",
        carry=_remit,
        preview=_remittance_comes_to,
    ),
    *(_paying(method) for method in _FUNCTIONS),
    CounterForm(
        function="employer.overpayment_refund",
        fields=(
            Field(name="amount", label="退款金额（元）", most=20),
            Field(name="reason", label="原因", long=True, most=200),
        ),
        effect="金额先行占用，由财务人员在“资金结算 · 暂收款”复核后退回原付款账户；退回前不能再用于缴款。",
        done="已受理退款，等待财务人员复核。",
        carry=_refund,
        preview=_refund_comes_to,
    ),
)


def back_payment_method() -> Field:
    return replace(_METHODS_AT_FIRST, label="补缴书缴款方式")
