"""What an applicant declared, in words: for staff pages and the API, whatever the kind."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from domain.kernel import vault
from domain.kernel.digest import canonical_json
from domain.kernel.identifiers import mask_id_document, mask_name
from domain.kernel.money import Money
from domain.kernel.refusal import Refused
from domain.withdrawals.gathering import Application
from domain.withdrawals.kinds import Field, Kind, kinds
from domain.withdrawals.refusals import FIELD_INVALID
from domain.withdrawals.rules import FREQUENCY_NAMES, Answer

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


def field_value(field: Field, given: str) -> Answer:
    """What was written into a field of a form, by its type. Raises Refused."""
    try:
        if field.type == "money":
            return Money.parse(given.strip())
        if field.type == "date":
            return date.fromisoformat(given.strip())
    except ValueError:
        raise Refused(FIELD_INVALID.on(field.input, name=field.name)) from None
    return given.strip()


def is_masked(field: Field) -> bool:
    """Whether what is declared there is somebody's personal data, shown masked."""
    return field.type == "document" or field.code.endswith("_name")


def asked_again(application: Application) -> bytes:
    """What the fresh check before each agreed payment asks the agencies again, sealed."""
    asked = {
        "spouse_name": application.spouse_name,
        "spouse_document_no": application.spouse_document_no,
        "fields": dict(application.fields),
    }
    return vault.current().encrypt(canonical_json(asked).decode())


def form_of(kind: Kind, application: Application) -> dict[str, object]:
    """What the applicant declared, as staff may see it: personal data masked."""
    declared: dict[str, object] = {
        "kind": kind.code,
        "frequency": application.frequency,
        "card_id": str(application.card_id),
        "auto_renewal": application.auto_renewal,
        "commitment": application.commitment,
        "spouse_name": mask_name(application.spouse_name) if application.spouse_name else None,
        "spouse_document_no": mask_id_document(application.spouse_document_no)
        if application.spouse_document_no
        else None,
    }
    for field in kind.fields:
        value = application.fields.get(field.code)
        if is_masked(field) and isinstance(value, str):
            value = mask_id_document(value) if field.type == "document" else mask_name(value)
        declared[field.code] = value
    return declared
