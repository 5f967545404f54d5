"""Reads `data/*.yaml` and holds it against the counts that the source fixes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_args

from domain.catalogue.items import Area, Audience, LegalBasis, Material, Opening, ServiceItem
from domain.kernel.actor import Assurance
from domain.kernel.declared import DeclarationError, read

DATA = Path(__file__).parent / "data"

# 采购需求（2024-03）: 52 items become 42 (24, 8, 10); 15 of them on the city platform, 15 in 京通.
AREA_COUNTS: dict[Area, int] = {"collection": 24, "loans": 8, "housing_funds": 10}
CITY_PLATFORM_COUNT = 15
JINGTONG_COUNT = 15

_LETTERS: dict[Area, str] = {"collection": "C", "loans": "L", "housing_funds": "F"}
_REQUIRED = {
    "name", "identifier", "audience", "channels", "login", "steps", "time_limit_working_days", "legal_basis",
    "materials", "unverified",
}  # fmt: skip
_UNVERIFIED = frozenset(
    {"grouping", "jingtong_choice", "city_platform_choice", "login", "steps", "time_limit", "materials"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """`by_name` finds an item by code and by identifier."""

    items: tuple[ServiceItem, ...]
    by_name: Mapping[str, ServiceItem]
    channels: Mapping[str, str]
    conditions: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Terms:
    channels: dict[str, str]
    letters: dict[str, list[str]]
    steps: dict[str, str]
    conditions: dict[str, str]
    legal_bases: dict[str, LegalBasis]
    materials: dict[str, dict[str, str]]


def load(*, directory: Path = DATA) -> Catalogue:
    """The whole catalogue. Raises DeclarationError naming all problems at once."""
    terms = _terms(directory)
    problems: list[str] = []
    items: list[ServiceItem] = []
    for area in get_args(Area):
        for code, declared in read(directory / f"items_{area}.yaml").items():
            found = _problems(code=code, area=area, declared=declared, terms=terms)
            problems.extend(f"{code}: {problem}" for problem in found)
            if not found:
                items.append(_item(code=code, area=area, declared=declared, terms=terms))
    problems.extend(_counts(items))
    if problems:
        raise DeclarationError(file=directory.name, problems=problems)
    return Catalogue(
        items=tuple(items),
        by_name=MappingProxyType({item.code: item for item in items} | {item.identifier: item for item in items}),
        channels=MappingProxyType(terms.channels),
        conditions=MappingProxyType(terms.conditions),
    )


def _terms(directory: Path) -> _Terms:
    terms = read(directory / "terms.yaml")
    bases = read(directory / "legal_bases.yaml")
    return _Terms(
        channels=terms["channels"],
        letters=terms["channel_letters"],
        steps=terms["steps"],
        conditions=terms["conditions"],
        legal_bases={code: LegalBasis(**declared) for code, declared in bases.items()},
        materials=read(directory / "materials.yaml"),
    )


def _problems(*, code: str, area: Area, declared: Any, terms: _Terms) -> list[str]:
    if not isinstance(declared, dict) or not _REQUIRED <= set(declared) <= _REQUIRED | {"open"}:
        return [f"needs {sorted(_REQUIRED)} and may be open"]
    found = []
    if re.fullmatch(_LETTERS[area] + r"[0-9]{2}", code) is None:
        found.append("code does not fit its area")
    if re.fullmatch(r"[a-z]+(_[a-z]+)*", declared["identifier"]) is None:
        found.append("identifier is not snake case")
    if declared["login"] not in get_args(Assurance):
        found.append(f"login {declared['login']} is unknown")
    if type(declared["time_limit_working_days"]) is not int or declared["time_limit_working_days"] < 0:
        found.append("time limit is not a number of working days")
    known = {
        "audience": set(get_args(Audience)),
        "channels": set(terms.letters),
        "steps": set(terms.steps),
        "legal_basis": set(terms.legal_bases),
        "unverified": _UNVERIFIED,
    }
    for key, allowed in known.items():
        named = declared[key]
        if (not named and key != "unverified") or len(set(named)) != len(named) or not set(named) <= allowed:
            found.append(f"{key} {named} is empty, doubled or unknown")
    for material in map(_material_row, declared["materials"]):
        if material["material"] not in terms.materials:
            found.append(f"material {material['material']} is unknown")
        if material["when"] is not None and material["when"] not in terms.conditions:
            found.append(f"condition {material['when']} is unknown")
    return found


def _material_row(declared: Any) -> dict[str, Any]:
    return {"when": None, **declared} if isinstance(declared, dict) else {"material": declared, "when": None}


def _item(*, code: str, area: Area, declared: dict[str, Any], terms: _Terms) -> ServiceItem:
    opening = declared.get("open")
    return ServiceItem(
        code=code,
        name=declared["name"],
        identifier=declared["identifier"],
        area=area,
        audience=tuple(declared["audience"]),
        channels=tuple(channel for letter in declared["channels"] for channel in terms.letters[letter]),
        login=declared["login"],
        steps=tuple(declared["steps"]),
        step_names=tuple(terms.steps[step] for step in declared["steps"]),
        time_limit_working_days=declared["time_limit_working_days"],
        legal_basis=tuple(terms.legal_bases[basis] for basis in declared["legal_basis"]),
        materials=tuple(_material(row, terms) for row in map(_material_row, declared["materials"])),
        unverified=tuple(declared["unverified"]),
        opening=_opening(opening) if opening else None,
    )


def _material(row: dict[str, Any], terms: _Terms) -> Material:
    code = row["material"]
    declared: dict[str, Any] = terms.materials[code]
    return Material(code=code, name=declared["name"], provided_by=declared["provided_by"], when=row["when"])


def _opening(declared: dict[str, Any]) -> Opening:
    return Opening(**{**declared, "queries": tuple(declared["queries"]), "mutations": tuple(declared["mutations"])})


def _counts(items: list[ServiceItem]) -> list[str]:
    """The numbers of the source, and that no code or identifier stands twice."""
    found = []
    for area, expected in AREA_COUNTS.items():
        count = sum(item.area == area for item in items)
        if count != expected:
            found.append(f"{area}: {count} items instead of {expected}")
    for channel, expected in (("city_platform", CITY_PLATFORM_COUNT), ("jingtong_wechat", JINGTONG_COUNT)):
        count = sum(channel in item.channels for item in items)
        if count != expected:
            found.append(f"{channel}: {count} items instead of {expected}")
    names = [name for item in items for name in (item.code, item.identifier)]
    found.extend(f"{name} stands twice" for name in sorted({name for name in names if names.count(name) > 1}))
    return found
