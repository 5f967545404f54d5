"""The numbers of the business by date:
`policy.on(business_date).money("withdrawal.rent_no_home.monthly_limit")`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from domain.policy.calendar import Day, DueDate, WorkCalendar, load_calendar, plus_working_days, work_calendar
from domain.policy.loading import load
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
_PARAMETERS = load()


def on(business_date: date) -> Policy:
    """The policy in force on a business date."""
    return Policy(business_date, _PARAMETERS)


def parameters() -> Mapping[str, Parameter]:
    """Every parameter with all its generations, for staff pages and coverage checks."""
    return _PARAMETERS


__all__ = [
    "DatedValue",
    "Day",
    "DueDate",
    "Parameter",
    "Policy",
    "PolicyMissing",
    "PolicyReading",
    "PolicyValue",
    "PolicyValues",
    "WorkCalendar",
    "load",
    "load_calendar",
    "on",
    "parameters",
    "plus_working_days",
    "proposed",
    "work_calendar",
]
