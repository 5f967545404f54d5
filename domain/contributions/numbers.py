"""Numbers that people read: employers, accounts, lists and statements."""

from __future__ import annotations

import secrets
from datetime import date

from domain.kernel.database import transaction

_FIRST = {"employer": 200_001, "account": 810_000_000_001}


async def take_numbers(*, name: str, count: int) -> int:
    """The first of `count` numbers that nobody else gets. In a transaction of its own, so that nobody waits for what is
    done with them; numbers that are not used then are gaps."""
    async with transaction() as tx:
        following: int = await tx.value(
            "INSERT INTO number_series (name, next_no) VALUES ($1, $2::bigint + $3::bigint) ON CONFLICT (name)"
            " DO UPDATE SET next_no = number_series.next_no + $3::bigint RETURNING next_no",
            name,
            _FIRST[name],
            count,
        )
    return following - count


def paper_no(letters: str, *, business_date: date) -> str:
    """`QC20261130 4837205518` without the blank: kind, date, ten random digits; not guessable, not counted."""
    return f"{letters}{business_date:%Y%m%d}{secrets.randbelow(10**10):010d}"
