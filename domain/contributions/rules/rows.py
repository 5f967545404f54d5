"""One row of a list judged: its form, what it comes to, and what stands against it. Pure; tables in `tests/rules`.

`check_form` reads the texts of a row; `judge` holds what they say against facts about the person. All problems come at
once, each with the column it is about, so that a file is mended in one go.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from domain.contributions.row_refusals import (
    ROW_ACTION,
    ROW_AMOUNT,
    ROW_AMOUNT_DIFFERS,
    ROW_BASE_HIGH,
    ROW_BASE_LOW,
    ROW_BASE_SAME,
    ROW_BLANK,
    ROW_DOCUMENT_NO,
    ROW_DOCUMENT_TYPE,
    ROW_MOBILE,
    ROW_MONTH,
    ROW_NAME,
    ROW_REASON,
)
from domain.contributions.rules.amounts import Limits, Parts, parts_of
from domain.contributions.rules.transitions import action_named, transitions
from domain.kernel.dates import YearMonth
from domain.kernel.identifiers import valid_id_card
from domain.kernel.money import Money
from domain.kernel.refusal import Refusal

ListKind = Literal["change", "back_payment", "annual_base"]

DOCUMENT_TYPES = {
    "01": "身份证",
    "02": "军官证",
    "03": "护照",
    "04": "外国人永久居留证",
    "99": "其他",
}
"""ZJLX, JGJ/T 320 A.1."""
ID_CARD_ALIASES = {"居民身份证": "01", "港澳台居民居住证": "01", "港澳居民居住证": "01", "台湾居民居住证": "01"}

COLUMNS: dict[str, str] = {
    "row": "整行",
    "action": "变更类型",
    "document_type": "证件类型",
    "document_no": "证件号码",
    "name": "姓名",
    "mobile": "手机号码",
    "base": "缴存基数",
    "monthly": "月缴存额",
    "month": "补缴年月",
    "reason": "原因",
}
COLUMNS_OF: dict[str, tuple[str, ...]] = {
    "change": ("action", "document_type", "document_no", "name", "mobile", "base", "monthly", "reason"),
    "back_payment": ("document_type", "document_no", "name", "month", "base", "monthly", "reason"),
    "annual_base": ("document_type", "document_no", "name", "base", "monthly"),
}
HEADINGS: dict[str, tuple[str, ...]] = {
    kind: tuple(COLUMNS[column] for column in columns) for kind, columns in COLUMNS_OF.items()
}
FIELDS: dict[str, dict[str, str]] = {
    kind: {column: COLUMNS[column] for column in columns} for kind, columns in COLUMNS_OF.items()
}
"""Column and heading, for forms that take one row."""
OPTIONAL = frozenset({"document_type", "mobile", "monthly", "reason"})
"""Columns that a file may leave out."""

SEAL_REASONS = ("解除劳动关系", "退休", "死亡", "出境定居", "停薪留职", "其他")
BACK_REASONS = ("漏缴", "少缴", "缓缴补缴", "工资补发")
MISSED = frozenset({"漏缴", "缓缴补缴"})
"""Back payments of months that were not paid at all; the others add to a month that was."""

WITH_BASE = frozenset({"open", "unseal", "transfer_in", "change_base"})

_AMOUNT = re.compile(r"[0-9]{1,9}(\.[0-9]{1,2})?")
_MONTHS = re.compile(r"([12][0-9]{3})[-/.年]?(0?[1-9]|1[0-2])月?")
_MOBILE = re.compile(r"1[0-9]{10}")


def choices(*, kind: str, column: str) -> tuple[str, ...]:
    """What a column of a list may say; none for free text."""
    if column == "action":
        return tuple(one.name for one in transitions().values())
    if column == "document_type":
        return tuple(DOCUMENT_TYPES.values())
    if column == "reason":
        return BACK_REASONS if kind == "back_payment" else SEAL_REASONS
    return ()


@dataclass(frozen=True, slots=True)
class RowProblem:
    """`column` is the key of COLUMNS; `warns` alone does not refuse the row."""

    column: str
    refusal: Refusal
    warns: bool = False

    def as_json(self) -> dict[str, str | bool]:
        shown: dict[str, str | bool] = {
            "column": COLUMNS[self.column],
            "code": self.refusal.code,
            "message": self.refusal.message,
        }
        return {**shown, "warns": True} if self.warns else shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What one row says, with its form in order. The parts that a kind of list has not are empty."""

    row_no: int
    action: str
    document_type: str
    document_no: str
    name: str
    mobile: str = ""
    base: Money | None = None
    monthly: Money | None = None
    month: YearMonth | None = None
    reason: str = ""

    def __repr__(self) -> str:
        return f"Row({self.row_no}, {self.action})"


@dataclass(slots=True)
class _Form:
    texts: dict[str, str]
    problems: list[RowProblem] = field(default_factory=list)

    def says(self, column: str) -> str:
        return self.texts.get(column, "")

    def wrong(self, column: str, refusal: Refusal) -> None:
        self.problems.append(RowProblem(column, refusal))


def check_form(*, kind: str, row_no: int, texts: dict[str, str]) -> tuple[Row | None, list[RowProblem]]:
    """The row that the texts make (blanks around them are gone already), or None with what is wrong with them."""
    form = _Form(texts)
    action = _action(kind, form)
    document_type, document_no = _document(form)
    name = form.says("name")
    if not name:
        form.wrong("name", ROW_BLANK(column=COLUMNS["name"]))
    elif not 2 <= len(name) <= 60:
        form.wrong("name", ROW_NAME())
    mobile = form.says("mobile")
    if mobile and _MOBILE.fullmatch(mobile) is None:
        form.wrong("mobile", ROW_MOBILE())
    needs_base = kind != "change" or action in WITH_BASE
    base = _amount(form, "base", needed=needs_base)
    monthly = _amount(form, "monthly", needed=False)
    month = _month(form) if kind == "back_payment" else None
    reason = _reason(kind, action, form)
    if form.problems:
        return None, form.problems
    return (
        Row(
            row_no=row_no,
            action=action,
            document_type=document_type,
            document_no=document_no,
            name=name,
            mobile=mobile,
            base=base if needs_base else None,
            monthly=monthly,
            month=month,
            reason=reason,
        ),
        [],
    )


def amounts(
    *, row: Row, kind: str, rates: tuple[int, int], limits: Limits, current_base: Money | None
) -> tuple[Parts | None, list[RowProblem]]:
    """What the row's base comes to in its month, and what is wrong with base and amount. A back payment of what was
    paid short has a difference for its base, which no floor holds."""
    if row.base is None:
        return None, []
    problems = []
    adds = kind == "back_payment" and row.reason not in MISSED
    if row.base > limits.base_ceiling:
        problems.append(RowProblem("base", ROW_BASE_HIGH(ceiling=limits.base_ceiling.yuan_text)))
    elif row.base < limits.base_floor and not adds:
        problems.append(RowProblem("base", ROW_BASE_LOW(floor=limits.base_floor.yuan_text)))
    parts = parts_of(row.base, employer_rate_bp=rates[0], employee_rate_bp=rates[1])
    if row.monthly is not None and row.monthly != parts.total:
        problems.append(RowProblem("monthly", ROW_AMOUNT_DIFFERS(amount=parts.total.yuan_text)))
    if not parts.total and not problems:
        problems.append(RowProblem("base", ROW_AMOUNT(column=COLUMNS["base"])))
    if kind == "change" and row.action == "change_base" and current_base == row.base:
        problems.append(RowProblem("base", ROW_BASE_SAME()))
    return parts, problems


def _action(kind: str, form: _Form) -> str:
    if kind == "back_payment":
        return "back_payment"
    if kind == "annual_base":
        return "change_base"
    said = form.says("action")
    action = action_named(said)
    if action is None:
        names = "、".join(one.name for one in transitions().values())
        form.wrong("action", ROW_ACTION(names=names) if said else ROW_BLANK(column=COLUMNS["action"]))
        return ""
    return action


def _document(form: _Form) -> tuple[str, str]:
    said = form.says("document_type") or DOCUMENT_TYPES["01"]
    document_type = said if said in DOCUMENT_TYPES else _DOCUMENT_TYPE_NAMED.get(said, "")
    if not document_type:
        form.wrong("document_type", ROW_DOCUMENT_TYPE(names="、".join(DOCUMENT_TYPES.values())))
    number = form.says("document_no").upper()
    if not number:
        form.wrong("document_no", ROW_BLANK(column=COLUMNS["document_no"]))
    elif (document_type == "01" and not valid_id_card(number)) or not (
        5 <= len(number) <= 20 and number.isascii() and number.replace("-", "").isalnum()
    ):
        form.wrong("document_no", ROW_DOCUMENT_NO())
    return document_type, number


def _amount(form: _Form, column: str, *, needed: bool) -> Money | None:
    said = form.says(column).replace(",", "").removesuffix("元")
    if not said:
        if needed:
            form.wrong(column, ROW_BLANK(column=COLUMNS[column]))
        return None
    if _AMOUNT.fullmatch(said) is None:
        form.wrong(column, ROW_AMOUNT(column=COLUMNS[column]))
        return None
    whole, _, rest = said.partition(".")
    return Money(int(whole) * 100 + int((rest or "0").ljust(2, "0")))


def _month(form: _Form) -> YearMonth | None:
    said = form.says("month")
    found = _MONTHS.fullmatch(said)
    if found is None:
        form.wrong("month", ROW_MONTH(column=COLUMNS["month"]) if said else ROW_BLANK(column=COLUMNS["month"]))
        return None
    return YearMonth(int(found[1]), int(found[2]))


def _reason(kind: str, action: str, form: _Form) -> str:
    said = form.says("reason")
    if kind == "back_payment":
        return _one_of(form, said or BACK_REASONS[0], BACK_REASONS)
    if action == "seal":
        return _one_of(form, said or SEAL_REASONS[-1], SEAL_REASONS)
    return said[:60]


def _one_of(form: _Form, said: str, names: tuple[str, ...]) -> str:
    if said not in names:
        form.wrong("reason", ROW_REASON(column=COLUMNS["reason"], names="、".join(names)))
    return said


_DOCUMENT_TYPE_NAMED = {**{name: code for code, name in DOCUMENT_TYPES.items()}, **ID_CARD_ALIASES}
