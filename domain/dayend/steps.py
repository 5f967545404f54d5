"""The steps of a day-end as data: what is due on a date, in which order, and what a failure means.

`steps.yaml` is read by the staff of the centre too. Whether a step is due depends on the date and the calendar of
working days alone; a date is planned once, when its day-end begins.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, get_args

from domain.kernel.dates import YearMonth
from domain.kernel.declared import DeclarationError, read
from domain.policy import WorkCalendar

STEPS = Path(__file__).with_name("steps.yaml")

Subject = Literal["account", "employer", "loan", ""]
OnFailure = Literal["stop", "continue"]
Every = Literal["day", "month", "quarter", "year"]

SUBJECT_NAMES: Mapping[str, str] = MappingProxyType({"account": "账户", "employer": "单位", "loan": "贷款", "": "步骤"})
_DAYS_OF_A_DAY = ("any", "working")
_DAYS_OF_A_MONTH = ("first", "last", "first_working", "last_working")
_KEYS = {"title", "every", "day", "subject", "after", "on_failure", "owner"}
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_MONTH_DAY = re.compile(r"(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """`subject` says what its rows are numbered by, empty for a step that is one piece. `after` names steps that
    come first: on a date on which they are not due they are no hindrance, and a number that one of them had to
    leave out is left out here too. `owner` is the department that answers for it."""

    name: str
    title: str
    every: Every
    day: str
    subject: Subject
    after: tuple[str, ...]
    on_failure: OnFailure
    owner: str

    @property
    def partitioned(self) -> bool:
        return self.subject != ""


def due_on(step: Step, *, business_date: date, calendar: WorkCalendar) -> bool:
    """Whether the step belongs to the day-end of a business date. A quarter's day lies in its last or first month,
    a fund year's is named by month and day."""
    month = YearMonth.of(business_date)
    match step.every:
        case "day":
            return step.day == "any" or calendar.is_working(business_date)
        case "month":
            return business_date == _day_of(month, step.day, calendar)
        case "quarter":
            first = "first" in step.day
            in_quarter = month.month % 3 == (1 if first else 0)
            return in_quarter and business_date == _day_of(month, step.day, calendar)
        case "year":
            return f"{business_date:%m-%d}" == step.day


def _day_of(month: YearMonth, day: str, calendar: WorkCalendar) -> date:
    match day:
        case "first":
            return month.first_day
        case "last":
            return month.last_day
        case "first_working":
            return calendar.first_working_day(year=month.year, month=month.month)
        case "last_working":
            return calendar.last_working_day(year=month.year, month=month.month)
        case _:
            return month.first_day + timedelta(days=int(day) - 1)


def in_order(steps: Mapping[str, Step]) -> tuple[Step, ...]:
    """Every step behind those it comes after, otherwise as declared."""
    position = {name: number for number, name in enumerate(steps)}
    sorter = TopologicalSorter({name: step.after for name, step in steps.items()})
    sorter.prepare()
    ordered: list[Step] = []
    ready: list[str] = []
    while sorter.is_active():
        ready += sorter.get_ready()
        ready.sort(key=position.__getitem__)
        name = ready.pop(0)
        ordered.append(steps[name])
        sorter.done(name)
    return tuple(ordered)


def before(step: Step, *, steps: Mapping[str, Step]) -> frozenset[str]:
    """The names of all steps that the step comes after, directly or by way of others."""
    found: set[str] = set()
    waiting = list(step.after)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += steps[name].after
    return frozenset(found)


def load_steps(*, path: Path = STEPS) -> Mapping[str, Step]:
    """Every declared step by name, in order. Raises DeclarationError naming all problems at once."""
    return parse_steps(data=read(path), file=path.name)


def parse_steps(*, data: Any, file: str) -> Mapping[str, Step]:
    problems: list[str] = []
    if not isinstance(data, dict) or not data:
        raise DeclarationError(file=file, problems=["no step at all"])
    steps = {str(name): step for name, row in data.items() if (step := _step(str(name), row, problems))}
    for step in steps.values():
        problems += [f"{step.name}: comes after {name}, which is no step" for name in step.after if name not in data]
        for name in step.after:
            earlier = steps.get(name)
            # a single step has no numbers to leave out: whoever comes after it needs all of it
            if earlier is not None and not earlier.partitioned and earlier.on_failure == "continue":
                problems.append(f"{step.name}: comes after {name}, which may fail and be passed over")
    if not problems:
        try:
            return MappingProxyType({step.name: step for step in in_order(steps)})
        except CycleError as error:
            problems.append(f"steps wait for each other: {' → '.join(error.args[1])}")
    raise DeclarationError(file=file, problems=problems)


def _step(name: str, row: Any, problems: list[str]) -> Step | None:
    before = len(problems)
    if _NAME.fullmatch(name) is None:
        problems.append(f"{name}: not a lower-case name")
    if not isinstance(row, dict) or set(row) != _KEYS:
        problems.append(f"{name}: needs exactly {sorted(_KEYS)}")
        return None
    problems += [f"{name}: {key} is empty" for key in ("title", "owner") if not str(row[key] or "").strip()]
    every, day = row["every"], str(row["day"])
    if every not in get_args(Every):
        problems.append(f"{name}: every is one of {', '.join(get_args(Every))}")
    elif not _may_be_on(every, day):
        problems.append(f"{name}: every {every} is not on {day!r}")
    if row["subject"] not in get_args(Subject):
        problems.append(f"{name}: subject is account, employer, loan or empty")
    if row["on_failure"] not in get_args(OnFailure):
        problems.append(f"{name}: on_failure is stop or continue")
    after = row["after"]
    if not isinstance(after, list) or not all(isinstance(one, str) for one in after) or len(set(after)) != len(after):
        problems.append(f"{name}: after is a list of different steps")
    if len(problems) > before:
        return None
    return Step(
        name=name,
        title=row["title"].strip(),
        every=every,
        day=day,
        subject=row["subject"],
        after=tuple(after),
        on_failure=row["on_failure"],
        owner=row["owner"].strip(),
    )


def _may_be_on(every: str, day: str) -> bool:
    if every == "day":
        return day in _DAYS_OF_A_DAY
    if every == "year":
        # every year has the day
        return _MONTH_DAY.fullmatch(day) is not None and _exists(day)
    if day in _DAYS_OF_A_MONTH:
        return True
    return every == "month" and day.isascii() and day.isdigit() and 1 <= int(day) <= 28


def _exists(month_day: str) -> bool:
    try:
        date.fromisoformat(f"2025-{month_day}")  # not a leap year
    except ValueError:
        return False
    return True
