"""Facts and declaration as JSON types and back, so that a decided case can be judged again. Pure.

They name people: whoever keeps what is written here seals it. What a later version of the rule added is read back as
its default, what it dropped is ignored.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from domain.kernel.dates import YearMonth
from domain.kernel.money import Money
from domain.withdrawals.rules.facts import Declaration, Facts


def written(*, facts: Facts, declared: Declaration) -> dict[str, Any]:
    return {"facts": _plain(facts), "declared": _plain(declared)}


def read_back(kept: Mapping[str, Any]) -> tuple[Facts, Declaration]:
    return _object(Facts, kept["facts"]), _object(Declaration, kept["declared"])


def _plain(value: Any) -> Any:
    if isinstance(value, Money):
        return {"fen": value.fen}
    if isinstance(value, YearMonth):
        return {"period": value.period}
    if isinstance(value, date):
        return {"day": value.isoformat()}
    if is_dataclass(value):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    assert value is None or isinstance(value, str | int | bool), f"{type(value)} cannot be kept"
    return value


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _object(kind: type, given: Mapping[str, Any]) -> Any:
    hints = _hints(kind)
    return kind(**{name: _value(hints[name], value) for name, value in given.items() if name in hints})


def _value(hint: Any, given: Any) -> Any:
    if isinstance(given, dict):
        if "fen" in given:
            return Money(given["fen"])
        if "period" in given:
            return YearMonth.of_period(given["period"])
        if "day" in given:
            return date.fromisoformat(given["day"])
        kind = next((one for one in _alternatives(hint) if is_dataclass(one)), None)
        if kind is not None:
            return _object(kind, given)  # type: ignore[arg-type]
        return {key: _value(None, item) for key, item in given.items()}
    return tuple(given) if isinstance(given, list) else given


def _alternatives(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
