"""Reads `values/*.yaml` and refuses anything a decision could not stand on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_args

from domain.kernel.declared import DeclarationError, read
from domain.kernel.money import Money
from domain.policy.limits import Limits
from domain.policy.parameters import WHOLE_NUMBER_UNITS, Confidence, DatedValue, Parameter, PolicyValue, Unit

VALUES = Path(__file__).parent / "values"

_NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")
_RATE = re.compile(r"[0-9]+(\.[0-9]{1,7})?")
_PARAMETER_KEYS = {"unit", "zh", "en", "series"}
_LIMIT_KEYS = {"least", "most", "among", "pattern", "not_above"}
_SERIES_KEYS = {"value", "from", "until", "source", "confidence", "note"}


def load(*, directory: Path = VALUES) -> Mapping[str, Parameter]:
    """Every parameter of the directory by name. Raises DeclarationError naming all problems at once."""
    problems: list[str] = []
    parameters: dict[str, Parameter] = {}
    for path in sorted(directory.glob("*.yaml")):
        data = read(path)
        if not isinstance(data, dict):
            problems.append(f"{path.name}: not a mapping of names")
            continue
        for name, declared in data.items():
            if name in parameters:
                problems.append(f"{path.name}: {name} is declared in two files")
            parameter = _parameter(name=str(name), declared=declared, problems=problems)
            if parameter is not None:
                parameters[parameter.name] = parameter
    problems.extend(
        f"{one.name}: not above {one.limits.not_above}, which is not declared with this unit"
        for one in parameters.values()
        if (bound := one.limits.not_above) is not None
        and (bound not in parameters or parameters[bound].unit != one.unit)
    )
    if not parameters and not problems:
        problems.append("no parameter at all")
    if problems:
        raise DeclarationError(file=directory.name, problems=problems)
    return MappingProxyType(parameters)


def _parameter(*, name: str, declared: Any, problems: list[str]) -> Parameter | None:
    before = len(problems)
    if _NAME.fullmatch(name) is None:
        problems.append(f"{name}: not a dotted lower-case name")
    if not isinstance(declared, dict) or set(declared) - _LIMIT_KEYS != _PARAMETER_KEYS:
        problems.append(f"{name}: needs exactly {sorted(_PARAMETER_KEYS)}, and may have {sorted(_LIMIT_KEYS)}")
        return None
    unit = declared["unit"]
    if unit not in get_args(Unit):
        problems.append(f"{name}: unit {unit!r} is unknown")
    problems.extend(f"{name}: {key} is empty" for key in ("zh", "en") if not declared[key])
    if not declared["series"]:
        problems.append(f"{name}: no value at all")
    if len(problems) > before:
        return None
    series = [_dated(name=name, unit=unit, row=row, problems=problems) for row in declared["series"]]
    dated = tuple(value for value in series if value is not None)
    problems.extend(_breaks(name=name, series=dated))
    if len(problems) > before:
        return None
    limits = _limits(name=name, unit=unit, declared=declared, series=dated, problems=problems)
    if limits is None:
        return None
    return Parameter(name=name, unit=unit, zh=declared["zh"], en=declared["en"], series=dated, limits=limits)


def _limits(
    *, name: str, unit: str, declared: dict[str, Any], series: tuple[DatedValue, ...], problems: list[str]
) -> Limits | None:
    """Codes that a parameter may take are those declared, or else those that any of its values has."""
    before = len(problems)
    fit = {"codes": {"among"}, "text": {"among", "pattern", "not_above"}}.get(unit, {"least", "most", "not_above"})
    if wrong := sorted(set(declared) & _LIMIT_KEYS - fit):
        problems.append(f"{name}: {unit} takes no {wrong[0]}")
        return None
    try:
        least, most = (
            typed_value(unit=unit, raw=declared[key]) if key in declared else None for key in ("least", "most")
        )
        among = frozenset(typed_value(unit="codes", raw=declared["among"]) if "among" in declared else ())  # type: ignore[arg-type]
        if "pattern" in declared:
            re.compile(declared["pattern"])
    except (ValueError, TypeError, re.error) as error:
        problems.append(f"{name}: {error}")
        return None
    if unit == "codes" and not among:
        among = frozenset(code for dated in series for code in dated.value)  # type: ignore[union-attr]
    limits = Limits(
        least=least, most=most, among=among, pattern=declared.get("pattern"), not_above=declared.get("not_above")
    )
    problems.extend(
        f"{name}: {dated.value} of {dated.valid_from} is not within its own limits"
        for dated in series
        if not limits.admits(unit=unit, value=dated.value)
    )
    return limits if len(problems) == before else None


def _dated(*, name: str, unit: str, row: Any, problems: list[str]) -> DatedValue | None:
    if not isinstance(row, dict) or not set(row) <= _SERIES_KEYS or not _SERIES_KEYS - {"note"} <= set(row):
        problems.append(f"{name}: a value needs {sorted(_SERIES_KEYS - {'note'})} and may have a note")
        return None
    before = len(problems)
    valid_from, valid_until = row["from"], row["until"]
    if type(valid_from) is not date or type(valid_until) not in (date, type(None)):
        problems.append(f"{name}: from is a date, until a date or null")
    elif valid_until is not None and valid_until < valid_from:
        problems.append(f"{name}: ends on {valid_until} before it begins on {valid_from}")
    if not isinstance(row["source"], str) or not row["source"].strip():
        problems.append(f"{name}: a value without source")
    if row["confidence"] not in get_args(Confidence):
        problems.append(f"{name}: confidence is one of S, L, U")
    try:
        value = typed_value(unit=unit, raw=row["value"])
    except ValueError as error:
        problems.append(f"{name}: {error}")
    if len(problems) > before:
        return None
    return DatedValue(value, valid_from, valid_until, row["source"].strip(), row["confidence"], row.get("note", ""))


def typed_value(*, unit: str, raw: Any) -> PolicyValue:
    """The raw YAML value with the type of its unit. Raises ValueError."""
    if unit in WHOLE_NUMBER_UNITS:
        if type(raw) is not int or raw < 0:
            raise ValueError(f"{unit} takes a whole number, not {raw!r}")
        if unit == "month_of_year" and not 1 <= raw <= 12:
            raise ValueError(f"there is no month {raw}")
        return raw
    if unit == "codes":
        if not isinstance(raw, list) or not raw or not all(isinstance(code, str) and code for code in raw):
            raise ValueError(f"codes take a list of texts, not {raw!r}")
        if len(set(raw)) != len(raw):
            raise ValueError(f"a code stands twice in {raw!r}")
        return tuple(raw)
    if not isinstance(raw, str) or not raw.strip():
        raise ValueError(f"{unit} takes a quoted text, not {raw!r}")
    if unit == "yuan":
        amount = Money.parse(raw)
        if amount < Money.zero():
            raise ValueError(f"amount {raw} is negative")
        return amount
    if unit == "rate":
        if _RATE.fullmatch(raw) is None:
            raise ValueError(f"not a fraction like 0.015: {raw!r}")
        return Decimal(raw)
    return raw.strip()


def _breaks(*, name: str, series: tuple[DatedValue, ...]) -> list[str]:
    """Gaps, overlaps and disorder between consecutive values."""
    found = []
    for earlier, later in pairwise(series):
        if earlier.valid_until is None:
            found.append(f"{name}: the value from {earlier.valid_from} is open but another follows")
        elif later.valid_from <= earlier.valid_until:
            found.append(f"{name}: values overlap on {later.valid_from}")
        elif later.valid_from != earlier.valid_until + timedelta(days=1):
            found.append(f"{name}: gap between {earlier.valid_until} and {later.valid_from}")
    return found
