"""Reads the decision table of the rent withdrawal: Chinese columns in, facts and expectations out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from domain.kernel.dates import YearMonth
from domain.kernel.declared import read
from domain.kernel.money import Money
from domain.withdrawals.rules import (
    CardFacts,
    Declaration,
    Facts,
    HomesAnswer,
    MarriageAnswer,
    RentalAnswer,
)

TABLE = Path(__file__).with_name("rent_no_home.yaml")

_FREQUENCIES = {"按月": "monthly", "按季": "quarterly"}
_YES_NO = {"是": True, "否": False}
_STATUSES = {"未婚": "single", "已婚": "married", "离异": "divorced", "丧偶": "widowed"}
_CARDS = {
    "正常": CardFacts(entrusted_bank=True, active=True),
    "非本人": None,
    "非受托银行": CardFacts(entrusted_bank=False, active=True),
    "已停用": CardFacts(entrusted_bank=True, active=False),
}
_RENTALS = {
    "未填": None,
    "有效": RentalAnswer(answered=True, found=True, valid=True, tenant_is_family=True),
    "查无": RentalAnswer(answered=True),
    "失效": RentalAnswer(answered=True, found=True, tenant_is_family=True),
    "他人": RentalAnswer(answered=True, found=True, valid=True),
    "未答复": RentalAnswer(answered=False),
}
_RESULTS = {"结果", "金额", "月数", "每月限额", "起始", "截止", "代码", "字段", "标记", "依据含", "说明含"}


@dataclass(frozen=True)
class Row:
    number: str
    title: str
    kind: str
    business_date: date
    facts: Facts
    application: Declaration
    expected: dict[str, Any]


def rows() -> list[Row]:
    table = read(TABLE)
    return [_row(base=table["基准"], spouses=table["配偶"], declared=declared) for declared in table["规则"]]


def _row(*, base: dict[str, Any], spouses: dict[str, Any], declared: dict[str, Any]) -> Row:
    number, conditions, expected = declared["编号"], declared["条件"], declared["期望"]
    assert set(conditions) <= set(base), f"{number}: unknown column {set(conditions) - set(base)}"
    assert set(expected) <= _RESULTS, f"{number}: unknown expectation {set(expected) - _RESULTS}"
    line = {**base, **conditions}
    registered = {"姓名": None, "证件号码": None, **spouses.get(line["登记配偶"], {})}
    named = {"姓名": None, "证件号码": None, **spouses.get(line["申报配偶"], {})}
    for column in ("登记配偶", "申报配偶"):
        assert line[column] in {"无", *spouses}, f"{number}: unknown spouse {line[column]}"
    return Row(
        number=number,
        title=declared["说明"],
        kind=declared["类别"],
        business_date=line["申请日期"],
        facts=_facts(line=line, registered=registered, own_document_no=spouses["本人"]["证件号码"]),
        application=Declaration(
            frequency=_FREQUENCIES.get(line["频率"], line["频率"]),
            commitment=_YES_NO[line["承诺"]],
            auto_renewal=_YES_NO[line["自动接续"]],
            spouse_name=named["姓名"],
            spouse_document_no=named["证件号码"],
            rental_filing_no=None if line["租房备案"] == "未填" else "样例备案编号",
        ),
        expected=expected,
    )


def _facts(*, line: dict[str, Any], registered: dict[str, Any], own_document_no: str) -> Facts:
    business_date = line["申请日期"]
    paid_through = {"随申请月": YearMonth.of(business_date), "无": None}
    return Facts(
        account_state=line["账户状态"],
        available=Money.parse(line["可用余额"]),
        held=Money.parse(line["占用金额"]),
        months_contributed_consecutively=line["连续缴存月数"],
        paid_through=paid_through[line["缴至年月"]]
        if line["缴至年月"] in paid_through
        else YearMonth.parse(line["缴至年月"]),
        homes=_homes(line=line),
        marriage=MarriageAnswer(answered=False)
        if line["婚姻登记"] == "未答复"
        else MarriageAnswer(
            answered=True,
            status=_STATUSES[line["婚姻登记"]],  # type: ignore[arg-type]
            spouse_name=registered["姓名"],
            spouse_document_no=registered["证件号码"],
        ),
        card=_CARDS[line["银行卡"]],
        applicant_document_no=own_document_no,
        running_arrangement=_YES_NO[line["已有租房约定"]],
        frozen=_YES_NO[line["冻结"]],
        adverse_record=_YES_NO[line["不良记录"]],
        rental=_RENTALS[line["租房备案"]],
    )


def _homes(*, line: dict[str, Any]) -> HomesAnswer:
    if line["住房核验"] == "未答复":
        return HomesAnswer(answered=False)
    found = re.fullmatch(r"无房|有房([0-9]+)套", line["住房核验"])
    assert found, f"住房核验 {line['住房核验']}"
    return HomesAnswer(
        answered=True,
        count=int(found[1] or 0),
        covers_spouse=_YES_NO[line["住房核验含配偶"]],
        as_of=line["申请日期"] if line["核验日期"] == "当日" else line["核验日期"],
    )
