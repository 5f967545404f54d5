"""Whether a new value may be set, or one that is not in force yet taken back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from domain.kernel.dates import business_date_of
from domain.kernel.refusal import Refusal
from domain.policy.limits import shown
from domain.policy.loading import typed_value
from domain.policy.overlay import SetValue, overlaid
from domain.policy.parameters import WHOLE_NUMBER_UNITS, Parameter, PolicyMissing, PolicyValue
from domain.policy.refusals import ABOVE, BEGUN, DAY, SAME, SOURCE, TAKEN, UNKNOWN, VALUE

LEAD = timedelta(minutes=10)
"""So long before its day begins a value is agreed to at the latest: every process knows it by then."""
AHEAD_YEARS = 3
SOURCE_MIN, SOURCE_MAX = 4, 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A value to be set, as typed: `value` is text, codes stand between 、 or commas."""

    name: str
    value: str
    valid_from: date | None
    source: str


def raw_of(unit: str, typed: str) -> Any:
    """What a file would write for the typed text; text that fits no unit stays text and is refused by its type."""
    typed = typed.strip()
    if unit in WHOLE_NUMBER_UNITS and typed.isascii() and typed.isdecimal() and len(typed) <= 9:
        return int(typed)
    if unit == "codes":
        return [code for code in typed.replace("，", "、").replace(",", "、").replace(" ", "").split("、") if code]
    return typed


def first_day(now: datetime) -> date:
    """The first day from which a value agreed to now may be in force."""
    return business_date_of(now + LEAD) + timedelta(days=1)


def last_day(now: datetime) -> date:
    today = business_date_of(now)
    return date(today.year + AHEAD_YEARS, 12, 31)


def judge_change(
    change: Change, *, declared: Mapping[str, Parameter], values: Iterable[SetValue], now: datetime
) -> tuple[Any, list[Refusal]]:
    """The value as it is kept and everything that stands against it, by what is set already."""
    values = list(values)
    standing = overlaid(declared=declared, values=values)
    parameter = standing.get(change.name)
    if parameter is None:
        return None, [UNKNOWN()]
    problems: list[Refusal] = []
    day = change.valid_from
    first, last = first_day(now), last_day(now)
    if day is None or not first <= day <= last:
        problems.append(DAY(first=first.isoformat(), last=last.isoformat()))
    elif any(one.name == change.name and one.valid_from == day for one in values):
        problems.append(TAKEN(day=day.isoformat()))
    source = change.source.strip()
    if not (SOURCE_MIN <= len(source) <= SOURCE_MAX and source.isprintable()):
        problems.append(SOURCE(least=SOURCE_MIN, most=SOURCE_MAX))
    raw = raw_of(parameter.unit, change.value)
    value = _value(parameter, raw)
    if value is None:
        problems.append(VALUE(name=parameter.zh, expected=parameter.limits.in_words(parameter.unit)))
    if problems or value is None or day is None:
        return raw, problems
    if _on(parameter, day) == value:
        return raw, [SAME(name=parameter.zh, day=day.isoformat(), value=shown(value))]
    after = overlaid(
        declared=declared,
        values=[*values, SetValue(name=change.name, raw=raw, valid_from=day, source=source, note="")],
    )
    return raw, _crossings(change.name, after, first=first)


def judge_withdrawal(
    taken: SetValue, *, declared: Mapping[str, Parameter], values: Iterable[SetValue], now: datetime
) -> list[Refusal]:
    """What stands against taking back a value: that it has begun, or that the others need it."""
    if taken.valid_from < first_day(now):
        return [BEGUN()]
    after = overlaid(declared=declared, values=[one for one in values if one != taken])
    return _crossings(taken.name, after, first=first_day(now)) if taken.name in after else []


def _value(parameter: Parameter, raw: Any) -> PolicyValue | None:
    try:
        value = typed_value(unit=parameter.unit, raw=raw)
    except ValueError:
        return None
    return value if parameter.limits.admits(unit=parameter.unit, value=value) else None


def _on(parameter: Parameter, day: date) -> PolicyValue | None:
    try:
        return parameter.on(day).value
    except PolicyMissing:
        return None


def _crossings(name: str, after: Mapping[str, Parameter], *, first: date) -> list[Refusal]:
    """Days from `first` on at which a parameter would stand above the one that bounds it."""
    pairs = [
        (lower, after[lower.limits.not_above])
        for lower in after.values()
        if lower.limits.not_above is not None and name in (lower.name, lower.limits.not_above)
    ]
    problems = []
    for lower, upper in pairs:
        days = {first, *(one.valid_from for one in (*lower.series, *upper.series) if one.valid_from > first)}
        for day in sorted(days):
            value, bound = _on(lower, day), _on(upper, day)
            if value is not None and bound is not None and value > bound:  # type: ignore[operator]
                problems.append(
                    ABOVE(
                        lower=lower.zh,
                        upper=upper.zh,
                        value=shown(value),
                        bound=shown(bound),
                        day=day.isoformat(),
                    )
                )
                break
    return problems
