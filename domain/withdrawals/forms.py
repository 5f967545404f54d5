"""What an applicant declared, in words: for staff pages and the API, whatever the kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from domain.withdrawals.kinds import kinds
from domain.withdrawals.rules import FREQUENCY_NAMES

TITLES: dict[str, str] = {
    "kind": "提取类型",
    "frequency": "提取频率",
    "card_id": "收款银行卡",
    "auto_renewal": "到期自动接续",
    "commitment": "告知承诺书",
    "spouse_name": "配偶姓名",
    "spouse_document_no": "配偶证件号码",
    **{field.code: field.name for kind in kinds() for field in kind.fields},
}
"""Every field of every form by its code, the common ones first."""

_WORDS: dict[str, dict[Any, str]] = {
    "kind": {kind.code: kind.name for kind in kinds()},
    "frequency": {code: f"{name}提取" for code, name in FREQUENCY_NAMES.items()},
    "auto_renewal": {True: "同意", False: "不同意"},
    "commitment": {True: "已签署", False: "未签署"},
}
_WORDS.update({field.code: dict(field.options) for kind in kinds() for field in kind.fields if field.options})
_MONEY = frozenset(field.code for kind in kinds() for field in kind.fields if field.type == "money")


def declared_in_words(form: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """(code, title, value) of what was filled in, in the order of the titles; unknown codes last, as they are."""
    codes = [code for code in TITLES if code in form] + [code for code in form if code not in TITLES]
    return [
        (code, TITLES.get(code, code), in_words(code, form[code])) for code in codes if form[code] not in (None, "")
    ]


def in_words(code: str, value: object) -> str:
    words = _WORDS.get(code)
    if words is not None:
        return words.get(value, str(value))
    return f"{value}元" if code in _MONEY else str(value)
