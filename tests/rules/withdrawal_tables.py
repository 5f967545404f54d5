"""Reads the decision tables of the withdrawals beside the rent without a home: Chinese columns in, facts out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from domain.kernel.dates import YearMonth
from domain.kernel.declared import read
from domain.kernel.money import Money
from domain.withdrawals import Kind, kind_of
from domain.withdrawals.rules import (
    CardFacts,
    ContractAnswer,
    Declaration,
    Facts,
    HomesAnswer,
    IdentityAnswer,
    InvoiceAnswer,
    LifeAnswer,
    LoanAnswer,
    MarriageAnswer,
    RentalAnswer,
    SubjectFacts,
)

FOLDER = Path(__file__).parent
TABLES = (
    "purchase_in_city_withdrawal",
    "hpf_loan_purchase_withdrawal",
    "purchase_out_of_city_withdrawal",
    "overhaul_rebuild_withdrawal",
    "old_community_renovation_withdrawal",
    "housing_fee_withdrawal",
    "closure_withdrawal",
    "rent_by_invoice",
)
_FREQUENCIES = {"一次": "once", "按月": "monthly", "按季": "quarterly", "按半年": "semiannual", "按年": "annual"}
_STATUSES = {"未婚": "single", "已婚": "married", "离异": "divorced", "丧偶": "widowed"}
_CARDS = {
    "正常": CardFacts(entrusted_bank=True, active=True),
    "非本人": None,
    "已停用": CardFacts(entrusted_bank=True, active=False),
}
BASE: dict[str, Any] = {
    "申请日期": date(2024, 3, 15),
    "账户状态": "01",
    "可用余额": "50000.00",
    "占用金额": "0.00",
    "连续缴存月数": 36,
    "月缴存额": "3000.00",
    "封存月数": 0,
    "结清利息": "0.00",
    "婚姻登记": "未婚",
    "在京住房": [],
    "身份": "一致",
    "户籍": "11",
    "配偶户籍": "",
    "子女": 0,
    "网签": "未查",
    "合同价款": None,
    "合同所在地": "11",
    "新房": True,
    "发票": "未查",
    "发票金额": None,
    "贷款": "未查",
    "已还": None,
    "备案": "未查",
    "备案月租": None,
    "承租人数": 1,
    "养老": "未查",
    "死亡": "未查",
    "就业": "未查",
    "异地月数": 0,
    "未结清贷款": False,
    "证件类型": "01",
    "已用": "0.00",
    "上次": None,
    "其他家庭": False,
    "相近": False,
    "不良记录": False,
    "重点审核": False,
    "异常行为": False,
    "配偶在名单": False,
    "已有约定": False,
    "银行卡": "正常",
    "频率": "一次",
    "承诺": True,
    "填写": {},
}


@dataclass(frozen=True)
class Row:
    table: str
    number: str
    title: str
    kind: Kind
    business_date: date
    facts: Facts
    application: Declaration
    expected: dict[str, Any]


def rows() -> list[Row]:
    found = []
    for name in TABLES:
        table = read(FOLDER / f"{name}.yaml")
        base = {**BASE, **table.get("基准", {})}
        for declared in table["规则"]:
            found.append(_row(name, base, table["填写"], declared))
    return found


def _row(table: str, base: dict[str, Any], filled: dict[str, Any], declared: dict[str, Any]) -> Row:
    number, changes = f"{table}-{declared['编号']}", dict(declared["条件"])
    kind = kind_of(declared["类型"])
    fields = {**filled.get(kind.code, {}), **changes.pop("填写", {})}
    own = dict(filled.get(f"{kind.code}_条件", {}))
    unknown = (set(changes) | set(own)) - set(BASE)
    assert not unknown, f"{number}: unknown column {unknown}"
    line = {**base, **own, **changes}
    types = {field.code: field.type for field in kind.fields}
    return Row(
        table=table,
        number=number,
        title=declared["说明"],
        kind=kind,
        business_date=line["申请日期"],
        facts=_facts(line),
        application=Declaration(
            frequency=_FREQUENCIES.get(line["频率"], line["频率"]),
            commitment=line["承诺"],
            auto_renewal=False,
            fields={
                name: Money.parse(value) if types.get(name) == "money" and isinstance(value, str) else value
                for name, value in fields.items()
                if value is not None
            },
        ),
        expected=declared["期望"],
    )


def _money(text: str | None) -> Money | None:
    return None if text is None else Money.parse(text)


def _facts(line: dict[str, Any]) -> Facts:
    answered = line["婚姻登记"] != "未答复"
    return Facts(
        account_state=line["账户状态"],
        available=Money.parse(line["可用余额"]),
        held=Money.parse(line["占用金额"]),
        months_contributed_consecutively=line["连续缴存月数"],
        paid_through=YearMonth.of(line["申请日期"]),
        homes=HomesAnswer(answered=False)
        if line["在京住房"] == "未答复"
        else HomesAnswer(
            answered=True,
            count=len(line["在京住房"]),
            as_of=line["申请日期"],
            covers_spouse=True,
            certificates=tuple(line["在京住房"]),
        ),
        marriage=MarriageAnswer(
            answered=answered,
            status=_STATUSES[line["婚姻登记"]] if answered else None,  # type: ignore[arg-type]
            spouse_name="样例甲" if line["婚姻登记"] == "已婚" else None,
            spouse_document_no="99010119900101006X" if line["婚姻登记"] == "已婚" else None,
        ),
        card=_CARDS[line["银行卡"]],
        applicant_document_no="990101198801010012",
        applicant_document_type=line["证件类型"],
        running_arrangement=line["已有约定"],
        adverse_record=line["不良记录"],
        key_review=line["重点审核"],
        abnormal_behaviour=line["异常行为"],
        spouse_listed=line["配偶在名单"],
        open_loan=line["未结清贷款"],
        rental=_rental(line),
        identity=IdentityAnswer(
            answered=line["身份"] != "未答复",
            matches=line["身份"] == "一致",
            province=line["户籍"],
            spouse_province=line["配偶户籍"],
            minor_children=line["子女"],
        ),
        contract=_contract(line),
        invoice=_invoice(line),
        loan=_loan(line),
        life=LifeAnswer(
            pension_answered=line["养老"] not in ("未查", "未答复"),
            drawing_pension=line["养老"] == "已核定",
            death_answered=line["死亡"] not in ("未查", "未答复"),
            dead=line["死亡"] == "已登记",
            employment_answered=line["就业"] == "已答复",
            months_elsewhere=line["异地月数"],
        ),
        subject=SubjectFacts(
            used=Money.parse(line["已用"]),
            last_used_on=line["上次"],
            of_another_household=line["其他家庭"],
            similar=line["相近"],
        ),
        monthly_contribution=Money.parse(line["月缴存额"]),
        interest=Money.parse(line["结清利息"]),
        months_sealed=line["封存月数"],
    )


def _contract(line: dict[str, Any]) -> ContractAnswer | None:
    said = line["网签"]
    if said == "未查":
        return None
    if said in ("未答复", "查无"):
        return ContractAnswer(answered=said == "查无")
    return ContractAnswer(
        answered=True,
        found=True,
        cancelled=said == "注销",
        buyer_is_family=said != "他人",
        price=_money(line["合同价款"]),
        province=line["合同所在地"],
        new_home=line["新房"],
    )


def _invoice(line: dict[str, Any]) -> InvoiceAnswer | None:
    said = line["发票"]
    if said == "未查":
        return None
    if said in ("未答复", "查无"):
        return InvoiceAnswer(answered=said == "查无")
    return InvoiceAnswer(
        answered=True,
        found=True,
        valid=said != "作废",
        payer_is_family=said != "他人",
        amount=_money(line["发票金额"]),
    )


def _loan(line: dict[str, Any]) -> LoanAnswer | None:
    said = line["贷款"]
    if said == "未查":
        return None
    if said in ("未答复", "查无"):
        return LoanAnswer(answered=said == "查无")
    return LoanAnswer(answered=True, found=True, borrower_is_family=said != "他人", repaid=_money(line["已还"]))


def _rental(line: dict[str, Any]) -> RentalAnswer | None:
    said = line["备案"]
    if said == "未查":
        return None
    if said in ("未答复", "查无"):
        return RentalAnswer(answered=said == "查无")
    return RentalAnswer(
        answered=True,
        found=True,
        valid=said != "失效",
        tenant_is_family=said != "他人",
        monthly_rent=_money(line["备案月租"]),
        tenants=line["承租人数"],
    )
