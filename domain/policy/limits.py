"""What values a parameter may take beside the type of its unit: declared with it, or what its unit allows at all.

A value that is set on a page is held against these; so are the values of the files themselves."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

from domain.kernel.money import Money

PolicyValue = Money | Decimal | int | str | tuple[str, ...]

TEXT_MOST, CODES_MOST = 300, 40
# What no rule of the field comes near to; a declared limit is narrower.
_UNIT_MOST: Mapping[str, PolicyValue] = MappingProxyType(
    {
        "yuan": Money.yuan(100_000_000),
        "rate": Decimal(1),
        "months": 1200,
        "days": 36_500,
        "working_days": 1000,
        "years": 100,
        "minutes": 527_040,
        "count": 10_000_000,
        "month_of_year": 12,
    }
)
UNIT_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "yuan": "元",
        "rate": "",
        "months": "个月",
        "days": "天",
        "working_days": "个工作日",
        "years": "年",
        "minutes": "分钟",
        "count": "",
        "month_of_year": "月",
        "codes": "",
        "text": "",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """`least` and `most` are inclusive, None for what the unit allows. `among` are the codes or texts that the program
    knows. `pattern` is for the whole of a text. `not_above` names a parameter whose value of the same day bounds it."""

    least: PolicyValue | None = None
    most: PolicyValue | None = None
    among: frozenset[str] = frozenset()
    pattern: str | None = None
    not_above: str | None = None

    def admits(self, *, unit: str, value: PolicyValue) -> bool:
        if isinstance(value, tuple):
            return len(value) <= CODES_MOST and set(value) <= self.among
        if isinstance(value, str):
            known = not self.among or value in self.among
            shaped = self.pattern is None or re.fullmatch(self.pattern, value, re.ASCII) is not None
            return known and shaped and len(value) <= TEXT_MOST and value.isprintable()
        least, most = self._range(unit)
        return type(value) is type(least) and least <= value <= most  # type: ignore[operator]

    def in_words(self, unit: str) -> str:
        """What a value has to be, to end the sentence “应为……”."""
        if unit == "codes":
            return f"下列代码中的一个或几个，以顿号分隔：{'、'.join(sorted(self.among))}"
        if unit == "text":
            if self.among:
                return f"下列代码之一：{'、'.join(sorted(self.among))}"
            return f"格式为{self.pattern}的文字" if self.pattern else f"1至{TEXT_MOST}个字的文字"
        least, most = (shown(one) for one in self._range(unit))
        name = UNIT_NAMES[unit]
        if unit == "yuan":
            return f"{least}至{most}元的金额，最多两位小数"
        if unit == "rate":
            return f"{least}至{most}的小数，最多七位小数，例如1.5%写作0.015"
        return f"{least}至{most}{name}的整数"

    def _range(self, unit: str) -> tuple[PolicyValue, PolicyValue]:
        most = _UNIT_MOST[unit]
        nothing: PolicyValue = Money.zero() if unit == "yuan" else Decimal(0) if unit == "rate" else 0
        return (
            nothing if self.least is None else self.least,
            most if self.most is None else self.most,
        )


def shown(value: PolicyValue) -> str:
    """A value as it is written on a page: `2000.00`, `0.015`, `3`, `monthly、quarterly`."""
    if isinstance(value, tuple):
        return "、".join(value)
    return str(value)
