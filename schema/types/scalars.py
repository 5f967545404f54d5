"""Scalars. Read strictly: a number where an amount is due would have been a float on its way here."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import strawberry
from graphql import GraphQLError
from strawberry.schema.config import StrawberryConfig
from strawberry.types.scalar import ScalarDefinition

from domain.kernel.dates import SHANGHAI, YearMonth
from domain.kernel.money import Money

_DATE = re.compile(r"(19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}")
_RATE = re.compile(r"-?[0-9]{1,3}\.[0-9]{1,8}|-?[0-9]{1,3}")
_DATE_TIME = re.compile(
    r"(19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})"
)


def _read_money(value: Any) -> Money:
    if not isinstance(value, str):
        raise GraphQLError('金额应以元为单位写成带引号的小数，例如 "1234.56"。')
    try:
        return Money.parse(value)
    except (ValueError, AssertionError):
        raise GraphQLError('金额最多两位小数（精确到分），不含千分位，例如 "1234.56"。') from None


def _read_rate(value: Any) -> Decimal:
    if not isinstance(value, str) or _RATE.fullmatch(value) is None:
        raise GraphQLError('利率、比例应写成带引号的小数，例如 "0.0285"。')
    try:
        return Decimal(value)
    except InvalidOperation:
        raise GraphQLError('利率、比例应写成带引号的小数，例如 "0.0285"。') from None


def _read_date(value: Any) -> date:
    try:
        if isinstance(value, str) and _DATE.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise GraphQLError('日期应为1900至2199年间的有效日期，例如 "2026-11-23"。')


def _read_date_time(value: Any) -> datetime:
    try:
        if isinstance(value, str) and _DATE_TIME.fullmatch(value):
            return datetime.fromisoformat(value)
    except ValueError:
        pass
    raise GraphQLError('时间应带时区，例如 "2026-11-23T09:30:00+08:00"。')


def _read_year_month(value: Any) -> YearMonth:
    try:
        if isinstance(value, str):
            return YearMonth.parse(value)
    except ValueError:
        pass
    raise GraphQLError('月份应写成 "2026-11" 的形式。')


def _show_date_time(value: datetime) -> str:
    assert value.tzinfo is not None, "an instant without offset"
    return value.astimezone(SHANGHAI).isoformat(timespec="milliseconds")


def _show_rate(value: Decimal) -> str:
    return format(value, "f")


SCALARS: dict[object, ScalarDefinition] = {
    Money: strawberry.scalar(
        name="Money",
        description='金额（元）· amount in yuan as a decimal string with two decimals, "1234.56"',
        serialize=str,
        parse_value=_read_money,
    ),
    Decimal: strawberry.scalar(
        name="Rate",
        description='利率、比例 · rate as a decimal string, "0.0285"',
        serialize=_show_rate,
        parse_value=_read_rate,
    ),
    date: strawberry.scalar(
        name="Date",
        description='日期 · date, "2026-11-23"',
        serialize=date.isoformat,
        parse_value=_read_date,
    ),
    datetime: strawberry.scalar(
        name="DateTime",
        description='时间 · instant with its offset, "2026-11-23T09:30:00.000+08:00"',
        serialize=_show_date_time,
        parse_value=_read_date_time,
    ),
    YearMonth: strawberry.scalar(
        name="YearMonth",
        description='年月 · month, "2026-11"',
        serialize=str,
        parse_value=_read_year_month,
    ),
}


def config() -> StrawberryConfig:
    """How Strawberry reads Python types in this schema."""
    return StrawberryConfig(auto_camel_case=True, scalar_map=SCALARS, disable_field_suggestions=True)
