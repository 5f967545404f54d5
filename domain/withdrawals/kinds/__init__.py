"""The kinds of withdrawals as data: what each is for, who may have it when, on what it is limited, what is checked.

A kind is an entry of a file in this folder. Its rule is put together from the named conditions and limit of
`domain.withdrawals.rules`; its numbers are policy parameters below `policy`. Nothing here decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, get_args

from domain import catalogue
from domain.kernel.declared import DeclarationError, read

FOLDER = Path(__file__).parent

Form = Literal["rent", "home", "expense", "closure"]
Subject = Literal["none", "home", "invoice", "loan", "rented", "estate"]
FieldType = Literal["text", "money", "date", "code", "document"]
Silence = Literal["manual", "closed", "open", "none"]
Payee = Literal["card", "maintenance_fund"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """What an applicant may have to declare. `input` is its GraphQL name; `options` are codes with Chinese names;
    `lasts`: it seldom changes from one application to the next."""

    code: str
    name: str
    english: str
    type: FieldType
    hint: str
    options: Mapping[str, str]
    lasts: bool

    @property
    def input(self) -> str:
        first, *rest = self.code.split("_")
        return first + "".join(part.capitalize() for part in rest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """When a kind could be applied for, both dates inclusive."""

    valid_from: date
    valid_until: date | None
    source: str
    confidence: str

    def covers(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_until is None or day <= self.valid_until)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A question to another agency. `silent` says what its silence means for an application: staff look at it, it is
    refused for now, nothing, or that it is not asked then; `at_payment` what it means for a later payment of an
    arrangement: it waits, is paid all the same, or it is not asked again."""

    code: str
    name: str
    silent: Silence
    at_payment: Literal["none", "wait", "pay"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """`operation` names its GraphQL fields, `reason` is 提取原因 of JGJ/T 320 A.7, `required` are fields that must be
    filled in, `group` the exclusion group of its arrangements (empty: it is never arranged). `subject` is what it is
    limited by over all applicants, `pool` the name under which kinds share that limit, `payee` who is paid.
    `about` says whom it is for,
    `papers` the conditions of the item's materials that every applicant of it meets, `commitment_text` what is
    signed."""

    code: str
    name: str
    about: str
    papers: tuple[str, ...]
    item: str
    operation: str
    form: Form
    closure: bool
    reason: str
    limit: str
    policy: str
    group: str
    subject: Subject
    pool: str
    payee: Payee
    account_states: tuple[str, ...]
    family: bool
    commitment: str
    commitment_text: tuple[str, ...]
    conditions: tuple[str, ...]
    checks: tuple[Check, ...]
    fields: tuple[Field, ...]
    required: frozenset[str]
    offered: tuple[Offered, ...]
    confidence: str
    note: str

    def parameter(self, name: str) -> str:
        return f"{self.policy}.{name}"

    def offered_on(self, day: date) -> Offered | None:
        return next((one for one in self.offered if one.covers(day)), None)

    def check(self, code: str) -> Check | None:
        return next((one for one in self.checks if one.code == code), None)

    @property
    def once_only(self) -> bool:
        return not self.group


def load(*, folder: Path = FOLDER) -> Mapping[str, Kind]:
    """Every kind by its code. Raises DeclarationError naming all problems at once."""
    terms = read(folder / "terms.yml")
    kinds: dict[str, Kind] = {}
    problems: list[str] = []
    for path in sorted(folder.glob("*.yaml")):
        for code, declared in read(path).items():
            try:
                kinds[code] = _kind(code, declared, terms)
                catalogue.item(kinds[code].item)
            except (KeyError, TypeError, ValueError, LookupError) as error:
                problems.append(f"{path.name}: {code}: {error!r}")
    if problems:
        raise DeclarationError(file=folder.name, problems=problems)
    return MappingProxyType(kinds)


_DEFAULTS: dict[str, Any] = {
    "closure": False,
    "group": "",
    "subject": "none",
    "pool": "",
    "payee": "card",
    "account_states": ["01", "02"],
    "family": True,
    "commitment": "",
    "papers": [],
    "conditions": [],
    "checks": {},
    "fields": [],
    "note": "",
}
_KEYS = frozenset(
    {"name", "about", "item", "operation", "form", "reason", "limit", "policy", "offered", "confidence", *_DEFAULTS}
)


def _kind(code: str, declared: dict[str, Any], terms: dict[str, Any]) -> Kind:
    row = {**_DEFAULTS, **declared}
    if set(row) != _KEYS:
        raise ValueError(f"keys {sorted(set(row) ^ _KEYS)}")
    for key, allowed in (("form", Form), ("subject", Subject), ("payee", Payee)):
        if row[key] not in get_args(allowed):
            raise ValueError(f"{key} {row[key]}")
    names = [name.rstrip("!") for name in row["fields"]]
    return Kind(
        code=code,
        name=row["name"],
        about=row["about"],
        papers=tuple(row["papers"]),
        item=row["item"],
        operation=row["operation"],
        form=row["form"],
        closure=row["closure"],
        reason=row["reason"],
        limit=row["limit"],
        policy=row["policy"],
        group=row["group"],
        subject=row["subject"],
        pool=row["pool"] or code,
        payee=row["payee"],
        account_states=tuple(row["account_states"]),
        family=row["family"],
        commitment=row["commitment"],
        commitment_text=tuple(terms["commitments"][row["commitment"]]) if row["commitment"] else (),
        conditions=tuple(row["conditions"]),
        checks=tuple(_check(check, said, terms) for check, said in row["checks"].items()),
        fields=tuple(_field(name, terms) for name in names),
        required=frozenset(name.rstrip("!") for name in row["fields"] if name.endswith("!")),
        offered=tuple(_offered(one) for one in row["offered"]),
        confidence=row["confidence"],
        note=row["note"],
    )


def _check(code: str, said: str, terms: dict[str, Any]) -> Check:
    silent, at_payment = said.split("/")
    if silent not in get_args(Silence) or at_payment not in ("none", "wait", "pay"):
        raise ValueError(f"check {code}: {said}")
    return Check(code=code, name=terms["checks"][code], silent=silent, at_payment=at_payment)  # type: ignore[arg-type]


def _field(code: str, terms: dict[str, Any]) -> Field:
    declared = terms["fields"][code]
    if declared["type"] not in get_args(FieldType):
        raise ValueError(f"field {code}: type {declared['type']}")
    return Field(
        code=code,
        name=declared["zh"],
        english=declared["en"],
        type=declared["type"],
        hint=declared.get("hint", ""),
        options=MappingProxyType(declared.get("options", {})),
        lasts=declared.get("lasts", False),
    )


def _offered(declared: dict[str, Any]) -> Offered:
    return Offered(
        valid_from=declared["from"],
        valid_until=declared["until"],
        source=declared["source"],
        confidence=declared["confidence"],
    )


_KINDS = load()


def kinds() -> tuple[Kind, ...]:
    return tuple(_KINDS.values())


def kind_of(code: str) -> Kind:
    """Raises LookupError for a code that is none."""
    found = _KINDS.get(code)
    if found is None:
        raise LookupError(f"no kind of withdrawal {code!r}")
    return found


def kinds_of_item(item: str) -> tuple[Kind, ...]:
    return tuple(kind for kind in _KINDS.values() if kind.item == item)
