"""The calendar of the books: closing days, and what stands between a month and its closing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from domain.kernel import audit, database
from domain.kernel.actor import SYSTEM
from domain.kernel.database import transaction
from domain.kernel.dates import YearMonth, business_date_of
from domain.ledger.carry_over import accruals_due, carry_over, ends_quarter, hold_day, income_left, is_closed


class Blocker(Protocol):
    """Something that a month's closing waits for. `message` says what to do; a warning does not keep it open."""

    @property
    def kind(self) -> str: ...
    @property
    def message(self) -> str: ...
    @property
    def reference(self) -> str: ...
    @property
    def warning(self) -> bool: ...


CloseCheck = Callable[[YearMonth], Awaitable[Sequence[Blocker]]]
"""What another area has against closing a month; `ops` gives them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BookBlocker:
    kind: str
    message: str
    reference: str
    warning: bool = False


async def close_day(*, business_date: date, now: datetime) -> int:
    """Closes the day for all sets, and every day before it that is still open; later vouchers go to the next day. At
    the end of a quarter what has come in since the carry-over is carried over in the same transaction. Returns how
    many days closed now, 0 when it was closed already."""
    assert business_date < business_date_of(now), f"{business_date} is not over yet"
    async with transaction() as tx:
        await hold_day(tx, business_date=business_date)
        if ends_quarter(business_date) and not await is_closed(tx, business_date=business_date):
            await carry_over(tx, business_date=business_date, now=now)
        closed: int = await tx.value("SELECT ledger_close_day($1, $2)", business_date, now)
        if closed:
            await audit.record(
                tx,
                actor=SYSTEM,
                action="books.day_closed",
                subject=f"books:{business_date}",
                detail={"days": closed},
                now=now,
            )
    return closed


async def closed_through() -> date | None:
    day: date | None = await database.value("SELECT closed_through FROM book_calendar")
    return day


async def close_blockers(
    *, account_set: str, period: YearMonth, others: Sequence[CloseCheck] = ()
) -> list[BookBlocker | Blocker]:
    """Everything that the closing of a set's month waits for, in words; empty when it may close. Reads only."""
    found: list[BookBlocker | Blocker] = []
    through = await closed_through()
    if through is None or through < period.last_day:
        nearest = "从未日终" if through is None else f"日终只做到{through}"
        found.append(
            BookBlocker(kind="day_open", message=f"{nearest}，请先完成{period.last_day}的日终。", reference=str(period))
        )
    for row in await database.rows(_SEGMENTS, period.first_day, period.last_day):
        word = "正式凭证未汇总" if row["gathered_at"] is None else "凭证未上链"
        found.append(
            BookBlocker(
                kind="not_gathered" if row["gathered_at"] is None else "not_sealed",
                message=f"{row['day']}的{word}，请重新启动该日日终。",
                reference=str(row["day"]),
            )
        )
    earlier: int | None = await database.value(_EARLIER, account_set, period.period)
    if earlier is not None:
        month = YearMonth.of_period(earlier)
        found.append(
            BookBlocker(kind="earlier_month", message=f"{month}尚未结账，请先结该月的账。", reference=str(month))
        )
    for row in await database.rows(_UNEQUAL, account_set, period.period):
        found.append(
            BookBlocker(
                kind="formal_unequal",
                message=f"科目{row['subject']}的正式凭证与实时凭证不相等，请先查明差异。",
                reference=row["subject"],
            )
        )
    found += await _carried(account_set, period)
    for check in others:
        found += await check(period)
    return found


async def _carried(account_set: str, period: YearMonth) -> list[BookBlocker]:
    blockers: list[BookBlocker] = []
    began: date | None = await database.value(_BEGAN)
    if began is None or period.last_day < began:
        # kept before there was a day-end: what it did not make then nobody can make any more
        return blockers
    if await accruals_due(account_set=account_set, period=period):
        blockers.append(
            BookBlocker(
                kind="accrual_missing", message="本月应付利息未计提，请重新启动月末日终。", reference=str(period)
            )
        )
    if ends_quarter(period.last_day) and await income_left(account_set=account_set, period=period):
        blockers.append(
            BookBlocker(
                kind="carry_over_missing",
                message="收入、支出科目季末仍有余额，请先做季末结转。",
                reference=str(period),
            )
        )
    return blockers


# The first date that was closed by itself; those before it came along.
_BEGAN = "SELECT (min(closed_at) AT TIME ZONE 'Asia/Shanghai')::date - 1 FROM book_segment"

_SEGMENTS = """
SELECT day, gathered_at FROM book_segment
WHERE day BETWEEN $1 AND $2 AND (gathered_at IS NULL OR sealed_at IS NULL) ORDER BY segment_no LIMIT 5
"""

# The earliest month with vouchers before this one that is not closed.
_EARLIER = """
SELECT min(period) FROM (
    SELECT DISTINCT f.period FROM formal_voucher f WHERE f.account_set = $1 AND f.period < $2) f
WHERE NOT EXISTS (SELECT FROM book_period b WHERE b.account_set = $1 AND b.period = f.period AND b.state = 'closed')
"""

# Part 0 only: what a reopening let in is gathered by the closing itself.
_UNEQUAL = """
SELECT subject FROM (
    SELECT l.subject, l.auxiliary, l.side, l.amount_fen AS formal, 0 AS realtime
    FROM formal_voucher f JOIN formal_voucher_line l USING (account_set, period, number)
    WHERE f.account_set = $1 AND f.period = $2
    UNION ALL
    SELECT l.subject, l.auxiliary, l.side, 0, l.amount_fen
    FROM ledger_line l WHERE l.account_set = $1 AND l.period = $2
    UNION ALL
    SELECT p.subject, p.auxiliary, p.side, p.amount_fen, 0
    FROM voucher v JOIN posting p USING (account_no, period, voucher_id), book_period b
    WHERE v.account_set = $1 AND v.period = $2 AND b.account_set = $1 AND b.period = $2 AND v.part = b.openings
        AND b.state = 'reopened'
    UNION ALL
    SELECT l.subject, l.auxiliary, l.side, l.amount_fen, 0
    FROM general_voucher v JOIN general_line l USING (account_set, period, voucher_id), book_period b
    WHERE v.account_set = $1 AND v.period = $2 AND b.account_set = $1 AND b.period = $2 AND v.part = b.openings
        AND b.state = 'reopened' AND NOT l.detailed) AS lines
GROUP BY subject, auxiliary, side HAVING sum(formal) <> sum(realtime) ORDER BY subject LIMIT 5
"""
