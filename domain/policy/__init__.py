"""The numbers of the business by date:
`policy.on(business_date).money("withdrawal.rent_no_home.monthly_limit")`.

They are declared in `values/*.yaml`; a later value may be set on a page by two persons (`auth.policy_values`), and
every process lays what is set over what is declared. Reading stays a look-up in memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from domain.policy.calendar import Day, DueDate, WorkCalendar, load_calendar, plus_working_days, work_calendar
from domain.policy.changing import Change, first_day, judge_change, judge_withdrawal, last_day
from domain.policy.limits import UNIT_NAMES, Limits, shown
from domain.policy.loading import load
from domain.policy.overlay import SetValue, overlaid
from domain.policy.parameters import (
    DatedValue,
    Parameter,
    Policy,
    PolicyMissing,
    PolicyReading,
    PolicyValue,
    PolicyValues,
)
from domain.policy.proposing import proposed

# Read and validated once at import: a process with a broken parameter file does not start.
_DECLARED = load()
_standing = _DECLARED


def on(business_date: date) -> Policy:
    """The policy in force on a business date."""
    return Policy(business_date, _standing)


def parameters() -> Mapping[str, Parameter]:
    """Every parameter with all its generations, for staff pages and coverage checks."""
    return _standing


def declared() -> Mapping[str, Parameter]:
    """As the files say it, without what was set on a page."""
    return _DECLARED


def install(values: Iterable[SetValue]) -> None:
    """Lays what is set over what is declared, for this process. Raises DeclarationError, and then nothing changes."""
    global _standing
    _standing = overlaid(declared=_DECLARED, values=values)


__all__ = [
    "UNIT_NAMES",
    "Change",
    "DatedValue",
    "Day",
    "DueDate",
    "Limits",
    "Parameter",
    "Policy",
    "PolicyMissing",
    "PolicyReading",
    "PolicyValue",
    "PolicyValues",
    "SetValue",
    "WorkCalendar",
    "declared",
    "first_day",
    "install",
    "judge_change",
    "judge_withdrawal",
    "last_day",
    "load",
    "load_calendar",
    "on",
    "overlaid",
    "parameters",
    "plus_working_days",
    "proposed",
    "shown",
    "work_calendar",
]
