"""Reading, recording and loading of parameters; what the loader refuses."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from types import MappingProxyType

import pytest

from domain import policy
from domain.kernel.declared import DeclarationError, read_text

DAY = date(2026, 11, 23)
LIMIT = "withdrawal.rent_no_home.monthly_limit"


def written(folder: Path, *, series: str, unit: str = "count", name: str = "some.value") -> Path:
    text = f"{name}:\n  unit: {unit}\n  zh: 样例\n  en: sample\n  series:\n{series}"
    (folder / "values.yaml").write_text(text, encoding="utf-8")
    return folder


def row(
    value: str = "1",
    start: str = "2020-01-01",
    until: str = "null",
    source: str = "样例〔2020〕1号",
    confidence: str = "S",
) -> str:
    dates = f"from: {start}, until: {until}"
    return f"    - {{value: {value}, {dates}, source: {source}, confidence: {confidence}}}\n"


def test_reading_records_only_what_was_read() -> None:
    reading = policy.on(DAY).reading()
    assert reading.snapshot() == {}
    reading.money(LIMIT)
    reading.codes("withdrawal.rent_no_home.frequencies")
    snapshot = reading.snapshot()
    assert list(snapshot) == ["withdrawal.rent_no_home.frequencies", LIMIT]
    assert snapshot[LIMIT]["status"] == "unverified"
    assert snapshot["withdrawal.rent_no_home.frequencies"]["value"] == ["monthly", "quarterly"]
    assert reading.reading() is reading


def test_two_readings_do_not_share_what_they_read() -> None:
    one = policy.on(DAY)
    first, second = one.reading(), one.reading()
    first.money(LIMIT)
    assert second.snapshot() == {}


def test_verified_values_say_so() -> None:
    reading = policy.on(DAY).reading()
    reading.number("withdrawal.rent_no_home.term_months")
    assert reading.snapshot()["withdrawal.rent_no_home.term_months"]["status"] == "verified"


@pytest.mark.parametrize(
    ("name", "day"), [("no.such.parameter", DAY), (LIMIT, date(2018, 6, 30)), ("", DAY), (LIMIT, date.min)]
)
def test_missing_value_is_an_error_with_name_and_date(name: str, day: date) -> None:
    reading = policy.on(day).reading()
    with pytest.raises(policy.PolicyMissing) as caught:
        reading.money(name)
    assert (caught.value.name, caught.value.business_date) == (name, day)
    assert reading.snapshot() == {}


def test_asking_with_the_wrong_unit_is_a_bug() -> None:
    values = policy.on(DAY)
    for wrong in (values.rate, values.number, values.codes, values.text):
        with pytest.raises(AssertionError, match="monthly_limit is not"):
            wrong(LIMIT)
    with pytest.raises(AssertionError):
        values.money("withdrawal.decision_days")


def test_parameters_cannot_be_changed() -> None:
    assert isinstance(policy.parameters(), MappingProxyType)
    with pytest.raises(AttributeError):
        policy.on(DAY).business_date = DAY  # type: ignore[misc]


def test_sound_file_loads(tmp_path: Path) -> None:
    series = row(until="2020-12-31") + row("2", "2021-01-01")
    loaded = policy.load(directory=written(tmp_path, series=series))
    assert [dated.value for dated in loaded["some.value"].series] == [1, 2]


@pytest.mark.parametrize(
    ("series", "unit", "said"),
    [
        (row(until="2020-12-31") + row("2", "2020-12-31"), "count", "overlap on 2020-12-31"),
        (row(until="2020-12-31") + row("2", "2021-01-02"), "count", "gap between 2020-12-31 and 2021-01-02"),
        (row() + row("2", "2021-01-01"), "count", "is open but another follows"),
        (row(until="2019-12-31"), "count", "ends on 2019-12-31 before it begins"),
        (row(start="soon"), "count", "from is a date"),
        (row(source='""'), "count", "without source"),
        (row(confidence="X"), "count", "confidence is one of"),
        (row("-1"), "days", "whole number"),
        (row('"1"'), "months", "whole number"),
        (row("true"), "count", "whole number"),
        (row("13"), "month_of_year", "no month 13"),
        (row("1500"), "yuan", "quoted text"),
        (row('"1,500.00"'), "yuan", "not an amount"),
        (row('"15.001"'), "yuan", "not an amount"),
        (row('"-1.00"'), "yuan", "is negative"),
        (row('"1.5%"'), "rate", "not a fraction"),
        (row('"-0.1"'), "rate", "not a fraction"),
        (row("[]"), "codes", "list of texts"),
        (row("[monthly, monthly]"), "codes", "stands twice"),
        (row("0.015"), "rate", "floats are not read"),
        (row(), "yen", "unit 'yen' is unknown"),
        ("    - {value: 1, from: 2020-01-01, until: null, confidence: S}\n", "count", "a value needs"),
        ("    []\n", "count", "no value at all"),
    ],
)
def test_unsound_files_are_refused(tmp_path: Path, series: str, unit: str, said: str) -> None:
    with pytest.raises(DeclarationError, match=said):
        policy.load(directory=written(tmp_path, series=series, unit=unit))


def test_all_problems_are_named_at_once(tmp_path: Path) -> None:
    written(tmp_path, series=row(source='""', confidence="X", until="2019-01-01"), name="Bad Name")
    with pytest.raises(DeclarationError) as caught:
        policy.load(directory=tmp_path)
    assert "not a dotted" in str(caught.value)
    written(tmp_path, series=row(source='""', confidence="X", until="2019-01-01"))
    with pytest.raises(DeclarationError) as caught:
        policy.load(directory=tmp_path)
    assert len(caught.value.problems) == 3


def test_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match="no parameter"):
        policy.load(directory=tmp_path)


@pytest.mark.parametrize("text", ["a: 1\na: 2", "a: {b: 1, b: 2}", "- 1.5", "a: [", "a: !!python/object:os.x {}"])
def test_declared_data_is_read_strictly(text: str) -> None:
    with pytest.raises(DeclarationError):
        read_text(text)
