"""Working days as the State Council's notices say, and what holds where none is known."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from domain import policy
from domain.kernel.declared import DeclarationError

CALENDAR = policy.work_calendar()


@pytest.mark.parametrize(("year", "working"), [(2024, 251), (2025, 248), (2026, 248)])
def test_the_year_has_its_working_days(year: int, working: int) -> None:
    days = [date(year, 1, 1) + timedelta(days=n) for n in range((date(year + 1, 1, 1) - date(year, 1, 1)).days)]
    assert sum(CALENDAR.is_working(day) for day in days) == working
    assert all(CALENDAR.day(day).announced for day in days)


@pytest.mark.parametrize(
    ("day", "working", "holiday"),
    [
        (date(2024, 2, 9), True, ""),  # 除夕 of 2024 was no day off
        (date(2024, 2, 10), False, "春节"),
        (date(2024, 2, 18), True, ""),
        (date(2024, 9, 14), True, ""),
        (date(2025, 1, 28), False, "春节"),
        (date(2025, 10, 8), False, "国庆节、中秋节"),
        (date(2025, 10, 11), True, ""),
        (date(2026, 1, 4), True, ""),
        (date(2026, 2, 23), False, "春节"),
        (date(2026, 2, 28), True, ""),
        (date(2026, 10, 10), True, ""),
        (date(2026, 11, 21), False, ""),
    ],
)
def test_single_days(day: date, working: bool, holiday: str) -> None:
    found = CALENDAR.day(day)
    assert (found.working, found.holiday, found.announced) == (working, holiday, True)


@pytest.mark.parametrize(
    ("start", "days", "due"),
    [
        (date(2026, 11, 20), 3, date(2026, 11, 25)),
        (date(2026, 9, 30), 3, date(2026, 10, 10)),  # a Saturday that is worked
        (date(2026, 2, 13), 1, date(2026, 2, 14)),
        (date(2026, 2, 14), 1, date(2026, 2, 24)),
        (date(2025, 12, 31), 3, date(2026, 1, 6)),
        (date(2026, 11, 23), 0, date(2026, 11, 23)),
    ],
)
def test_due_dates_pass_over_holidays(start: date, days: int, due: date) -> None:
    assert policy.plus_working_days(start, days=days) == due
    assert CALENDAR.due(start, working_days=days) == policy.DueDate(on=due, announced=True)


def test_a_year_without_notice_is_reckoned_and_says_so() -> None:
    assert CALENDAR.due(date(2026, 12, 30), working_days=2) == policy.DueDate(on=date(2027, 1, 4), announced=False)
    assert not CALENDAR.day(date(2027, 10, 1)).working
    assert CALENDAR.missing_years(date(2026, 11, 30)) == ()
    assert CALENDAR.missing_years(date(2026, 12, 1)) == (2027,)
    assert CALENDAR.missing_years(date(2027, 1, 1)) == (2027,)


def test_first_and_last_working_days() -> None:
    assert CALENDAR.first_working_day(year=2026, month=10) == date(2026, 10, 8)
    assert CALENDAR.first_working_day(year=2026, month=1) == date(2026, 1, 4)
    assert CALENDAR.last_working_day(year=2026, month=2) == date(2026, 2, 28)
    assert CALENDAR.last_working_day(year=2026, month=5) == date(2026, 5, 29)


SOUND = """
year: 2030
source: 国办发明电〔2029〕1号
issued: 2029-11-01
confidence: S
holidays:
  - {name: 元旦, from: 2030-01-01, until: 2030-01-01}
worked:
  - 2030-01-05
"""


def test_a_sound_year_loads(tmp_path: Path) -> None:
    (tmp_path / "2030.yaml").write_text(SOUND, encoding="utf-8")
    assert policy.load_calendar(directory=tmp_path).is_working(date(2030, 1, 5))


@pytest.mark.parametrize(
    ("wrong", "right", "said"),
    [
        ("year: 2031", "year: 2030", "runs from 2030-01-01"),
        ("year: soon", "year: 2030", "whole number"),
        ("source: ''", "source: 国办发明电〔2029〕1号", "without source"),
        ("issued: autumn", "issued: 2029-11-01", "issued is a date"),
        ("confidence: X", "confidence: S", "one of S, L, U"),
        ("until: 2029-12-31", "until: 2030-01-01", "runs from"),
        ("- 2030-01-07", "- 2030-01-05", "no weekend day"),
        ("- 2030-01-05\n  - 2030-01-05", "- 2030-01-05", "stands twice"),
        ("worked: []\nmore: 1\nextra:", "worked:", "needs exactly"),
        (
            "until: 2030-01-01}\n  - {name: 春节, from: 2030-01-01, until: 2030-01-02}",
            "until: 2030-01-01}",
            "belongs to 元旦 and 春节",
        ),
    ],
)
def test_an_unsound_year_is_refused(tmp_path: Path, wrong: str, right: str, said: str) -> None:
    assert right in SOUND
    (tmp_path / "2030.yaml").write_text(SOUND.replace(right, wrong), encoding="utf-8")
    with pytest.raises(DeclarationError, match=said):
        policy.load_calendar(directory=tmp_path)


def test_a_file_of_another_year_and_an_empty_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match="no year"):
        policy.load_calendar(directory=tmp_path)
    (tmp_path / "2029.yaml").write_text(SOUND, encoding="utf-8")
    with pytest.raises(DeclarationError, match="holds the year 2030"):
        policy.load_calendar(directory=tmp_path)
