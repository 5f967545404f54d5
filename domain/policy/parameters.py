"""Typed, dated policy parameters and the snapshot of them on one business date.

Every number of the business stands in `values/*.yaml` with unit, legal source, effective dates and
confidence. A value that is missing for a date is a setting error (`PolicyMissing`), never a default:
outdated rules used silently are the worst fault such a system can have.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from domain.kernel.money import Money
from domain.policy.limits import Limits, PolicyValue

Unit = Literal[
    "yuan",
    "rate",
    "months",
    "days",
    "working_days",
    "years",
    "minutes",
    "count",
    "month_of_year",
    "codes",
    "text",
]
# S sure, L likely, U uncertain (domain facts of the project); only S is shown as verified.
Confidence = Literal["S", "L", "U"]

WHOLE_NUMBER_UNITS = frozenset({"months", "days", "working_days", "years", "minutes", "count", "month_of_year"})


class PolicyMissing(LookupError):
    """No value for this name on this date. A fault of the settings, not of the citizen's application."""

    def __init__(self, name: str, business_date: date) -> None:
        super().__init__(f"policy {name} has no value on {business_date.isoformat()}")
        self.name = name
        self.business_date = business_date


@dataclass(frozen=True, slots=True)
class DatedValue:
    """One generation of a parameter; both dates are inclusive, `until` None means open."""

    value: PolicyValue
    valid_from: date
    valid_until: date | None
    source: str
    confidence: Confidence
    note: str

    @property
    def verified(self) -> bool:
        return self.confidence == "S"

    def covers(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_until is None or day <= self.valid_until)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A named parameter with its generations in order of time, without gap or overlap."""

    name: str
    unit: Unit
    zh: str
    en: str
    series: tuple[DatedValue, ...]
    limits: Limits = field(default_factory=Limits)

    def on(self, day: date) -> DatedValue:
        for dated in reversed(self.series):
            if dated.covers(day):
                return dated
        raise PolicyMissing(self.name, day)


class PolicyValues(ABC):
    """What a rule reads: values on the business date, by name and with the type of their unit."""

    business_date: date

    @abstractmethod
    def _dated(self, name: str) -> tuple[Parameter, DatedValue]: ...

    @abstractmethod
    def reading(self) -> PolicyReading:
        """A view that records what is read, for storing with the decision."""

    def value(self, name: str) -> PolicyValue:
        """The value on the business date. Raises PolicyMissing."""
        return self._dated(name)[1].value

    def money(self, name: str) -> Money:
        value = self.value(name)
        assert isinstance(value, Money), f"policy {name} is not an amount"
        return value

    def rate(self, name: str) -> Decimal:
        """A fraction: 1.5 % is Decimal("0.015")."""
        value = self.value(name)
        assert isinstance(value, Decimal), f"policy {name} is not a rate"
        return value

    def number(self, name: str) -> int:
        """Months, days, years, minutes or a count, as the parameter's unit says."""
        value = self.value(name)
        assert isinstance(value, int), f"policy {name} is not a whole number"
        return value

    def codes(self, name: str) -> tuple[str, ...]:
        value = self.value(name)
        assert isinstance(value, tuple), f"policy {name} is not a list of codes"
        return value

    def text(self, name: str) -> str:
        value = self.value(name)
        assert isinstance(value, str), f"policy {name} is not a text"
        return value

    def source(self, name: str) -> str:
        """文号 and article of the value in force on the business date."""
        return self._dated(name)[1].source


@dataclass(frozen=True, slots=True)
class Policy(PolicyValues):
    """All parameters as they stand on one business date."""

    business_date: date
    parameters: Mapping[str, Parameter] = field(repr=False)

    def _dated(self, name: str) -> tuple[Parameter, DatedValue]:
        parameter = self.parameters.get(name)
        if parameter is None:
            raise PolicyMissing(name, self.business_date)
        return parameter, parameter.on(self.business_date)

    def reading(self) -> PolicyReading:
        return PolicyReading(self)

    def missing(self) -> tuple[str, ...]:
        """Names without a value on this date, for the build's and the staff's coverage check."""
        day = self.business_date
        return tuple(name for name, p in self.parameters.items() if not any(v.covers(day) for v in p.series))


class PolicyReading(PolicyValues):
    """A policy that remembers what was read. Values never read do not enter the decision's record."""

    __slots__ = ("_policy", "_used", "business_date")

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._used: dict[str, tuple[Parameter, DatedValue]] = {}
        self.business_date = policy.business_date

    def _dated(self, name: str) -> tuple[Parameter, DatedValue]:
        found = self._policy._dated(name)
        self._used[name] = found
        return found

    def reading(self) -> PolicyReading:
        return self

    def snapshot(self) -> dict[str, dict[str, Any]]:
        """What was read, as JSON types: name → value (text, number or list), unit, name_zh, from, until,
        source, confidence and status (`verified` or `unverified`)."""
        return {name: _as_json(parameter, dated) for name, (parameter, dated) in sorted(self._used.items())}


def _as_json(parameter: Parameter, dated: DatedValue) -> dict[str, Any]:
    value: Any = dated.value
    if isinstance(value, Money | Decimal):
        value = str(value)
    elif isinstance(value, tuple):
        value = list(value)
    return {
        "name_zh": parameter.zh,
        "value": value,
        "unit": parameter.unit,
        "from": dated.valid_from.isoformat(),
        "until": dated.valid_until.isoformat() if dated.valid_until else None,
        "source": dated.source,
        "confidence": dated.confidence,
        "status": "verified" if dated.verified else "unverified",
    }
