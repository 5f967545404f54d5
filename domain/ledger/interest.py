"""Interest on personal accounts: quoted, booked at a closing, settled for many accounts at once, explained.

The balance keeps what interest needs (`ops/migrations/0006`), so none of this but the explanation reads history. The
daily rate is the annual one by 360 (银发〔2005〕129号); the day of a deposit counts, the day of a withdrawal does not;
rounded half up to the fen once a settlement. That Beijing divides by 360 is our reading of banking practice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from domain.kernel import database
from domain.kernel.database import Executor, Transaction
from domain.kernel.digest import input_hash
from domain.kernel.identifiers import new_id
from domain.kernel.money import Money
from domain.ledger.refusals import refusals

_PPM_YEAR = 360 * 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """The annual rate on deposits from a day on."""

    effective_from: date
    ppm: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """What changed the balance, signed, and the day from which it counts."""

    amount: Money
    effective_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductLine:
    """One part of the balance-days product (积数): an amount, its days at one rate, both ends of `first`–`last`
    included. `product_fen_days` is amount × days."""

    amount: Money
    opening: bool
    first: date
    last: date
    days: int
    rate: Decimal
    product_fen_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InterestExplanation:
    """How the interest through a day came about. `sentences` are for the contributor."""

    through: date
    lines: tuple[ProductLine, ...]
    interest: Money
    sentences: tuple[str, ...]


async def interest_due(*, account_no: int, on: date, using: Executor = database.pool) -> Money:
    """What the account would be given if it were closed on that day: interest to the day before, settlements that
    are still to be made included, each rounded by itself. Changes nothing."""
    with refusals():
        return Money(await using.value("SELECT ledger_interest_due($1, $2)", account_no, on))


async def settle_for_closing(
    tx: Transaction, *, account_no: int, reference: str, closing_on: date, posted_on: date, now: datetime
) -> Money:
    """Books the interest to the day before `closing_on`, so that a closing withdrawal or a transfer takes it with
    it: that voucher must count from `closing_on`. A 30 June that was still due is settled first and is not in the
    amount. The same reference (a case's number) answers as before. Raises Refused when the account may not be moved,
    the month is closed, or the reference came with another day."""
    with refusals():
        fen: int = await tx.value(
            "SELECT ledger_settle_for_closing($1, $2, $3, $4, $5, $6, $7)",
            account_no,
            new_id(),
            f"{_CLOSING}{reference}",
            input_hash({"closing_on": closing_on}),
            closing_on,
            posted_on,
            now,
        )
    return Money(fen)


async def settle_range(tx: Transaction, *, lo: int, hi: int, settlement_on: date, now: datetime) -> int:
    """Settles every account numbered from `lo` to `hi` that has not had the interest of that 30 June, and returns how
    many these were: one batch voucher a set and year, one posting an account. Waits for accounts in use."""
    with refusals():
        settled: int = await tx.value("SELECT ledger_settle_range($1, $2, $3, $4)", lo, hi, settlement_on, now)
    return settled


async def explain_interest(
    *, account_no: int, on: date, using: Executor = database.pool
) -> tuple[InterestExplanation, ...]:
    """What `interest_due` counts, one explanation a settlement: the years still due, then the days to the one before
    `on`. Their amounts sum up to it."""
    row = await using.row(_KEPT, account_no)
    assert row is not None, f"account {account_no} has no balance row"
    if not row["bears"]:
        return ()
    rates = await _rates(using)
    since = row["settled_through"] + timedelta(days=1)
    moved = await _movements(using, account_no, after=row["settled_sequence"], through=None)
    opening = Money(row["balance_fen"] - sum(each.amount.fen for each in moved))
    kept = index_of(rates, since) * opening.fen
    kept += sum(each.amount.fen * index_of(rates, each.effective_on) for each in moved)
    # What a correction had taken too much of when the account was settled last.
    correction = row["interest_offset"] - kept
    found: list[InterestExplanation] = []
    for through in settlement_days(settled_through=row["settled_through"], before=on):
        one, left = explain(
            opening=opening, movements=moved, since=since, through=through, rates=rates, correction=correction
        )
        found.append(one)
        opening = Money(opening.fen + sum(each.amount.fen for each in moved) + one.interest.fen)
        since, moved, correction = through + timedelta(days=1), [], left
    return tuple(found)


async def explain_settlement(
    *, account_no: int, settled_on: date, using: Executor = database.pool
) -> InterestExplanation | None:
    """How the interest of a past 30 June came about, from the lines since the settlement before it. None when nothing
    was booked for that day."""
    marks = await using.rows(_SETTLEMENTS, account_no, f"{_CLOSING}%")
    counts_from = settled_on + timedelta(days=1)
    place = next((n for n, row in enumerate(marks) if row["effective_on"] == counts_from and row["kind"] == "09"), None)
    if place is None:
        return None
    mark, before = marks[place], marks[place - 1] if place else None
    movements = await _movements(
        using, account_no, after=before["sequence"] if before else 0, through=mark["sequence"] - 1
    )
    since = before["effective_on"] if before else counts_from.replace(year=counts_from.year - 1)
    explained, _ = explain(
        opening=Money(before["balance_after_fen"] if before else 0),
        movements=movements,
        since=since,
        through=settled_on,
        rates=await _rates(using),
        correction=0,
    )
    booked = Money(mark["amount_fen"])
    if explained.interest == booked:
        return explained
    return InterestExplanation(
        through=settled_on,
        lines=explained.lines,
        interest=booked,
        sentences=(*explained.sentences, f"扣除以前年度更正多计的积数后，实际结息{booked.yuan_text}。"),
    )


# --- pure


def index_of(rates: Sequence[Rate], day: date) -> int:
    """W: the rates of all days before `day` summed, in ppm. Only differences mean anything."""
    total = 0
    for number, rate in enumerate(rates):
        until = rates[number + 1].effective_from if number + 1 < len(rates) else day
        total += rate.ppm * max((min(until, day) - rate.effective_from).days, 0)
    return total


def settlement_days(*, settled_through: date, before: date) -> list[date]:
    """Every 30 June after `settled_through` and before the day, then the day before it."""
    days, last = [], before - timedelta(days=1)
    year = settled_through.year + (settled_through >= date(settled_through.year, 6, 30))
    while date(year, 6, 30) < last:
        days.append(date(year, 6, 30))
        year += 1
    return [*days, last] if last > settled_through else days


def explain(
    *,
    opening: Money,
    movements: Sequence[Movement],
    since: date,
    through: date,
    rates: Sequence[Rate],
    correction: int,
) -> tuple[InterestExplanation, int]:
    """The product in parts, and what is left of a correction (fen · days · ppm) for the next settlement. A movement
    that counts from a day before `since` brings the days of the earlier settlement with it."""
    amounts = [(opening, since, True), *((each.amount, each.effective_on, False) for each in movements)]
    lines = tuple(
        line
        for amount, first, is_opening in amounts
        if amount
        for line in _parts(amount=amount, first=first, through=through, rates=rates, opening=is_opening)
    )
    weighted = sum(line.product_fen_days * int(line.rate * 1_000_000) for line in lines) - correction
    interest = Money(max((weighted + _PPM_YEAR // 2) // _PPM_YEAR, 0))
    explanation = InterestExplanation(
        through=through,
        lines=lines,
        interest=interest,
        sentences=tuple(_sentences(lines, weighted=weighted, correction=correction, interest=interest)),
    )
    return explanation, max(-weighted, 0)


def _parts(*, amount: Money, first: date, through: date, rates: Sequence[Rate], opening: bool) -> list[ProductLine]:
    parts = []
    for number, rate in enumerate(rates):
        begins = max(first, rate.effective_from)
        ends = through
        if number + 1 < len(rates):
            ends = min(ends, rates[number + 1].effective_from - timedelta(days=1))
        days = (ends - begins).days + 1
        if days > 0:
            parts.append(
                ProductLine(
                    amount=amount,
                    opening=opening,
                    first=begins,
                    last=ends,
                    days=days,
                    rate=Decimal(rate.ppm).scaleb(-6),
                    product_fen_days=amount.fen * days,
                )
            )
    return parts


def _sentences(lines: Sequence[ProductLine], *, weighted: int, correction: int, interest: Money) -> list[str]:
    said = []
    for line in lines:
        what = "期初余额" if line.opening else "存入" if line.amount.fen > 0 else "支取"
        amount = line.amount if line.amount.fen > 0 else -line.amount
        said.append(
            f"{_day(line.first)}至{_day(line.last)}：{what}{amount.yuan_text}，计息{line.days}天，年利率{_percent(line.rate)}，"
            f"积数{'' if line.product_fen_days >= 0 else '减'}{_product(abs(line.product_fen_days))}元·天。"
        )
    by_rate: dict[Decimal, int] = {}
    for line in lines:
        by_rate[line.rate] = by_rate.get(line.rate, 0) + line.product_fen_days
    for rate, product in by_rate.items():
        said.append(f"年利率{_percent(rate)}的积数合计{_product(product)}元·天，日利率为年利率除以360。")
    if correction > 0:
        said.append("以前年度更正多计的积数，在本次结息中扣除。")
    # in ten-thousandths of a yuan, half up
    exact = Decimal((max(weighted, 0) * 200 + _PPM_YEAR) // (2 * _PPM_YEAR)).scaleb(-4)
    said.append(f"利息{exact:,}元，四舍五入到分，为{interest.yuan_text}。")
    return said


def _day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def _percent(rate: Decimal) -> str:
    return f"{(rate * 100).quantize(Decimal('0.01'))}%"


def _product(fen_days: int) -> str:
    return f"{Decimal(fen_days).scaleb(-2):,.2f}"


# --- reading

_CLOSING = "interest-closing:"

_KEPT = """
SELECT b.balance_fen, b.interest_offset, b.settled_through, b.settled_sequence, s.interest_subject IS NOT NULL AS bears
FROM account_balance b JOIN account a USING (account_no) JOIN account_set s ON s.code = a.account_set
WHERE b.account_no = $1
"""
_MOVEMENTS = """
SELECT CASE p.side WHEN 'C' THEN p.amount_fen ELSE -p.amount_fen END AS amount_fen,
       coalesce(v.effective_on, g.effective_on) AS effective_on
FROM posting p
LEFT JOIN voucher v ON v.account_no = p.account_no AND v.period = p.period AND v.voucher_id = p.voucher_id
LEFT JOIN general_voucher g ON v.voucher_id IS NULL AND g.voucher_id = p.voucher_id
WHERE p.account_no = $1 AND p.sequence > $2 AND ($3::bigint IS NULL OR p.sequence <= $3)
ORDER BY p.sequence
"""
_SETTLEMENTS = """
SELECT p.sequence, p.amount_fen, p.balance_after_fen, coalesce(v.kind, g.kind) AS kind,
       coalesce(v.effective_on, g.effective_on) AS effective_on
FROM posting p
LEFT JOIN voucher v ON v.account_no = p.account_no AND v.period = p.period AND v.voucher_id = p.voucher_id
LEFT JOIN general_voucher g ON v.voucher_id IS NULL AND g.voucher_id = p.voucher_id
WHERE p.account_no = $1 AND p.sequence IS NOT NULL AND v.reverses_voucher_id IS NULL
    AND (coalesce(v.kind, g.kind) = '09' OR v.business_key LIKE $2)
ORDER BY p.sequence
"""


async def _rates(using: Executor) -> list[Rate]:
    rows = await using.rows("SELECT effective_from, rate_ppm FROM deposit_rate ORDER BY effective_from")
    return [Rate(effective_from=row["effective_from"], ppm=row["rate_ppm"]) for row in rows]


async def _movements(using: Executor, account_no: int, *, after: int, through: int | None) -> list[Movement]:
    rows = await using.rows(_MOVEMENTS, account_no, after, through)
    return [Movement(amount=Money(row["amount_fen"]), effective_on=row["effective_on"]) for row in rows]
