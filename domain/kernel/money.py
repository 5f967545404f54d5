"""Money in whole fen.

Amounts are integers of fen (1 yuan = 100 fen) from the GraphQL scalar to the BIGINT column, so no sum, split or
comparison can lose a fen. Rates are `Decimal` and meet money in one place, `Money.times`, with one rounding.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

FEN_MAX = 2**63 - 1

_YUAN = re.compile(r"(-?)(0|[1-9][0-9]{0,14})(?:\.([0-9]{1,2}))?")


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An amount of renminbi in fen; may be negative in differences."""

    fen: int

    def __post_init__(self) -> None:
        fen = self.fen
        assert type(fen) is int, f"money takes whole fen, not {fen!r}"
        assert -FEN_MAX <= fen <= FEN_MAX, "money outside the range of the ledger"

    @classmethod
    def zero(cls) -> Money:
        return cls(0)

    @classmethod
    def yuan(cls, whole: int) -> Money:
        return cls(whole * 100)

    @classmethod
    def parse(cls, text: str) -> Money:
        """`"1234.56"` → 123456 fen. Raises ValueError for more than two decimals, signs other than a leading
        minus, exponents, blanks or separators: a caller's typing error is never rounded away."""
        found = _YUAN.fullmatch(text)
        if found is None:
            raise ValueError(f"not an amount in yuan with at most two decimals: {text!r}")
        sign, whole, cents = found.groups()
        fen = int(whole) * 100 + int((cents or "0").ljust(2, "0"))
        return cls(-fen if sign else fen)

    def __add__(self, other: Money) -> Money:
        return Money(self.fen + other.fen)

    def __sub__(self, other: Money) -> Money:
        return Money(self.fen - other.fen)

    def __neg__(self) -> Money:
        return Money(-self.fen)

    def __mul__(self, count: int) -> Money:
        assert type(count) is int, "use times() for rates"
        return Money(self.fen * count)

    def __bool__(self) -> bool:
        return self.fen != 0

    def times(self, rate: Decimal) -> Money:
        """The amount at a rate, rounded half up to the fen, once."""
        return Money(int((Decimal(self.fen) * rate).quantize(Decimal(1), rounding=ROUND_HALF_UP)))

    def __str__(self) -> str:
        sign, fen = ("-", -self.fen) if self.fen < 0 else ("", self.fen)
        return f"{sign}{fen // 100}.{fen % 100:02d}"

    @property
    def yuan_text(self) -> str:
        """For people: `1,234.56元`."""
        sign, fen = ("-", -self.fen) if self.fen < 0 else ("", self.fen)
        return f"{sign}{fen // 100:,}.{fen % 100:02d}元"


def total(amounts: list[Money]) -> Money:
    """The sum of amounts; zero for none."""
    return Money(sum(amount.fen for amount in amounts))
