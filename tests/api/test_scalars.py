"""Scalars read strictly and write in one form."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
import strawberry

from domain.kernel.dates import YearMonth
from domain.kernel.money import Money
from schema.types.scalars import config


@strawberry.type
class Query:
    @strawberry.field
    def money(self, value: Money) -> Money:
        return value

    @strawberry.field
    def rate(self, value: Decimal) -> Decimal:
        return value

    @strawberry.field
    def day(self, value: date) -> date:
        return value

    @strawberry.field
    def instant(self, value: datetime) -> datetime:
        return value

    @strawberry.field
    def month(self, value: YearMonth) -> YearMonth:
        return value


TYPES = {"money": "Money", "rate": "Rate", "day": "Date", "instant": "DateTime", "month": "YearMonth"}
schema = strawberry.Schema(query=Query, config=config())


def _shown(field: str, value: Any) -> tuple[Any, str]:
    """(data, message of the first error) for a value given as a variable."""
    query = f"query Q($value: {TYPES[field]}!) {{ {field}(value: $value) }}"
    result = schema.execute_sync(query, variable_values={"value": value})
    return result.data and result.data[field], result.errors[0].message if result.errors else ""


@pytest.mark.parametrize(
    ("field", "given", "shown"),
    [
        ("money", "0", "0.00"),
        ("money", "1234.5", "1234.50"),
        ("money", "-0.01", "-0.01"),
        ("money", "99999999999999.99", "99999999999999.99"),
        ("rate", "0.0285", "0.0285"),
        ("day", "2024-02-29", "2024-02-29"),
        ("instant", "2026-11-23T02:00:00Z", "2026-11-23T10:00:00.000+08:00"),
        ("instant", "2026-11-23T09:30:00.5+08:00", "2026-11-23T09:30:00.500+08:00"),
        ("month", "2026-11", "2026-11"),
    ],
)
def test_accepted(field: str, given: str, shown: str) -> None:
    assert _shown(field, given) == (shown, "")


@pytest.mark.parametrize(
    ("field", "given"),
    [
        *(
            ("money", value)
            for value in (
                1,
                1.5,
                True,
                "",
                "1.234",
                "0.001",
                "1,000",
                "+1",
                "1e3",
                " 1",
                "一",
                "٣",
                "NaN",
                "9" * 40,
                "01",
                "1.",
            )
        ),
        *(("rate", value) for value in (0.0285, "2.85%", "", "NaN", "Infinity", "1e-2", "0." + "1" * 40)),
        *(("day", value) for value in ("2026-02-30", "2026-2-3", "26-02-03", "0001-01-01", "9999-12-31", 20260203)),
        *(
            ("instant", value)
            for value in ("2026-11-23", "2026-11-23T09:30:00", "2026-11-23 09:30:00Z", "2026-11-23T25:00:00Z", 0)
        ),
        *(("month", value) for value in ("2026-13", "2026-00", "202611", "2026-1", 202611)),
    ],
)
def test_refused_in_chinese_with_the_place(field: str, given: Any) -> None:
    data, message = _shown(field, given)
    assert data is None
    assert "$value" in message
    assert any("\u4e00" <= letter <= "\u9fff" for letter in message)


def test_numbers_are_no_amounts_in_documents_either() -> None:
    for literal in ("1", "1.5", "true", '"1.005"'):
        result = schema.execute_sync(f"{{ money(value: {literal}) }}")
        assert result.errors and any("\u4e00" <= letter <= "\u9fff" for letter in result.errors[0].message)


def test_instants_are_shown_in_beijing() -> None:
    shown = config().scalar_map[datetime].serialize(datetime(2026, 11, 23, 16, 0, tzinfo=UTC))  # type: ignore[misc]
    assert shown == "2026-11-24T00:00:00.000+08:00"
