"""Working days of Beijing: weekends, public holidays and the weekend days that are worked in exchange (调休).

The State Council's general office announces each year's days in the autumn before; `holidays/*.yaml` holds them as
announced. A year that is not announced yet still has due dates, so it is reckoned by the weekdays and those
statutory holidays whose date never moves, and every answer for it says `announced=False`: staff pages show the mark
and ask for the year's data. Nothing fails in January because a file is missing, and nothing hides that it is.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_args

from domain.kernel.declared import DeclarationError, read
from domain.policy.parameters import Confidence

HOLIDAYS = Path(__file__).parent / "holidays"

_KEYS = {"year", "source", "issued", "confidence", "holidays", "worked"}
_HOLIDAY_KEYS = {"name", "from", "until"}
_SATURDAY = 5

# 全国年节及纪念日放假办法, 2024 revision (国务院令第795号), article 2: those that the lunar calendar does not move.
FIXED_HOLIDAYS: Mapping[tuple[int, int], str] = MappingProxyType(
    {(1, 1): "元旦", (5, 1): "劳动节", (5, 2): "劳动节", (10, 1): "国庆节", (10, 2): "国庆节", (10, 3): "国庆节"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class YearOfDays:
    """One year as announced: holidays by date, and weekend days on which work is done."""

    year: int
    source: str
    issued: date
    confidence: Confidence
    holidays: Mapping[date, str]
    worked: frozenset[date]


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What a day is. `holiday` names the public holiday it belongs to, if any; `announced` is False where the year's
    notice is not known here and the answer is reckoned."""

    on: date
    working: bool
    holiday: str
    announced: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DueDate:
    """A date counted in working days; `announced` is False once a day of an unannounced year was counted."""

    on: date
    announced: bool


@dataclass(frozen=True, slots=True)
class WorkCalendar:
    """The announced years by number. `domain.policy` keeps the one of the centre."""

    years: Mapping[int, YearOfDays]

    def day(self, on: date) -> Day:
        weekend = on.weekday() >= _SATURDAY
        year = self.years.get(on.year)
        if year is None:
            holiday = FIXED_HOLIDAYS.get((on.month, on.day), "")
            return Day(on=on, working=not weekend and not holiday, holiday=holiday, announced=False)
        holiday = year.holidays.get(on, "")
        working = on in year.worked or (not weekend and not holiday)
        return Day(on=on, working=working, holiday=holiday, announced=True)

    def is_working(self, on: date) -> bool:
        return self.day(on).working

    def due(self, start: date, *, working_days: int) -> DueDate:
        """The date so many working days after the start, which itself does not count."""
        assert working_days >= 0, "a term is not negative"
        on, announced = start, True
        while working_days > 0:
            on += timedelta(days=1)
            day = self.day(on)
            announced = announced and day.announced
            working_days -= day.working
        return DueDate(on=on, announced=announced)

    def first_working_day(self, *, year: int, month: int) -> date:
        on = date(year, month, 1)
        while not self.is_working(on):
            on += timedelta(days=1)
        return on

    def last_working_day(self, *, year: int, month: int) -> date:
        on = date(year, month, monthrange(year, month)[1])
        while not self.is_working(on):
            on -= timedelta(days=1)
        return on

    def missing_years(self, on: date) -> tuple[int, ...]:
        """Years whose notice should be here by now and is not: the current one, and from December the next."""
        wanted = (on.year, on.year + 1) if on.month == 12 else (on.year,)
        return tuple(year for year in wanted if year not in self.years)


def load_calendar(*, directory: Path = HOLIDAYS) -> WorkCalendar:
    """Every year of the directory. Raises DeclarationError naming all problems at once."""
    problems: list[str] = []
    years: dict[int, YearOfDays] = {}
    for path in sorted(directory.glob("*.yaml")):
        year = _year(path.name, read(path), problems)
        if year is not None:
            if path.stem != str(year.year):
                problems.append(f"{path.name}: holds the year {year.year}")
            years[year.year] = year
    if not years and not problems:
        problems.append("no year at all")
    if problems:
        raise DeclarationError(file=directory.name, problems=problems)
    return WorkCalendar(MappingProxyType(years))


@lru_cache(maxsize=1)
def work_calendar() -> WorkCalendar:
    """The centre's calendar, read once a process."""
    return load_calendar()


def plus_working_days(day: date, *, days: int) -> date:
    """The date so many working days later; see `WorkCalendar.due` for whether it was announced."""
    return work_calendar().due(day, working_days=days).on


def _year(file: str, data: Any, problems: list[str]) -> YearOfDays | None:
    if not isinstance(data, dict) or set(data) != _KEYS:
        problems.append(f"{file}: needs exactly {sorted(_KEYS)}")
        return None
    before, year = len(problems), data["year"]
    if type(year) is not int or re.fullmatch("20[0-9]{2}", str(year)) is None:
        problems.append(f"{file}: year is a whole number like 2026")
        return None
    if not isinstance(data["source"], str) or not data["source"].strip():
        problems.append(f"{file}: a year without source")
    if type(data["issued"]) is not date:
        problems.append(f"{file}: issued is a date")
    if data["confidence"] not in get_args(Confidence):
        problems.append(f"{file}: confidence is one of S, L, U")
    holidays = _holidays(file, year, data["holidays"], problems)
    worked = _worked(file, year, data["worked"], holidays, problems)
    if len(problems) > before:
        return None
    return YearOfDays(
        year=year,
        source=data["source"].strip(),
        issued=data["issued"],
        confidence=data["confidence"],
        holidays=MappingProxyType(holidays),
        worked=worked,
    )


def _holidays(file: str, year: int, rows: Any, problems: list[str]) -> dict[date, str]:
    found: dict[date, str] = {}
    for row in rows if isinstance(rows, list) else []:
        if not isinstance(row, dict) or set(row) != _HOLIDAY_KEYS:
            problems.append(f"{file}: a holiday needs {sorted(_HOLIDAY_KEYS)}")
            continue
        first, last = row["from"], row["until"]
        if type(first) is not date or type(last) is not date or last < first or {first.year, last.year} != {year}:
            problems.append(f"{file}: {row['name']} runs from {first} until {last}")
            continue
        for back in range((last - first).days + 1):
            on = first + timedelta(days=back)
            if on in found:
                problems.append(f"{file}: {on} belongs to {found[on]} and {row['name']}")
            found[on] = str(row["name"])
    if not found:
        problems.append(f"{file}: no holiday at all")
    return found


def _worked(file: str, year: int, rows: Any, holidays: Mapping[date, str], problems: list[str]) -> frozenset[date]:
    days = rows if isinstance(rows, list) else [rows]
    for on in days:
        if type(on) is not date or on.year != year or on.weekday() < _SATURDAY:
            problems.append(f"{file}: {on} is no weekend day of {year}")
        elif on in holidays:
            problems.append(f"{file}: {on} is worked and a holiday")
    if len(set(map(str, days))) != len(days):
        problems.append(f"{file}: a worked day stands twice")
    return frozenset(on for on in days if type(on) is date)
