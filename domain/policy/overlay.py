"""Values that two persons set on a page, laid over those that the files declare.

A set value is in force from its day until the next dated value begins, be that set or declared; on the day on which a
declared value would begin it takes that value's place. No value of a day that has come is ever touched: who sets values
sees to that (`changing`), so what was judged on a day is judged alike for ever."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise
from types import MappingProxyType
from typing import Any

from domain.kernel.declared import DeclarationError
from domain.policy.loading import typed_value
from domain.policy.parameters import DatedValue, Parameter


@dataclass(frozen=True, slots=True, kw_only=True)
class SetValue:
    """`raw` as a file would write it: text for amounts and rates, a number, or a list of codes."""

    name: str
    raw: Any
    valid_from: date
    source: str
    note: str


def overlaid(*, declared: Mapping[str, Parameter], values: Iterable[SetValue]) -> Mapping[str, Parameter]:
    """The declared parameters with the set values. Values of parameters that are declared no more have no effect.
    Raises DeclarationError naming every value that does not have the type of its unit."""
    set_of: dict[str, list[DatedValue]] = {}
    problems: list[str] = []
    for one in values:
        parameter = declared.get(one.name)
        if parameter is None:
            continue
        try:
            value = typed_value(unit=parameter.unit, raw=one.raw)
        except ValueError as error:
            problems.append(f"{one.name} from {one.valid_from}: {error}")
            continue
        # two persons read it in the document
        set_of.setdefault(one.name, []).append(DatedValue(value, one.valid_from, None, one.source, "S", one.note))
    if problems:
        raise DeclarationError(file="set values", problems=problems)
    if not set_of:
        return declared
    laid = {name: _laid(declared[name], dated) for name, dated in set_of.items()}
    return MappingProxyType({**declared, **laid})


def _laid(parameter: Parameter, values: list[DatedValue]) -> Parameter:
    taken = {one.valid_from for one in values}
    rows = sorted(
        [*values, *(one for one in parameter.series if one.valid_from not in taken)], key=lambda one: one.valid_from
    )
    return replace(parameter, series=(*(_before(one, following) for one, following in pairwise(rows)), rows[-1]))


def _before(one: DatedValue, following: DatedValue) -> DatedValue:
    last = following.valid_from - timedelta(days=1)
    return one if one.valid_until is not None and one.valid_until <= last else replace(one, valid_until=last)
