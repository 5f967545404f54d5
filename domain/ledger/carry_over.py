"""Vouchers that the end of a month or a quarter makes: interest accrued (计提), income and expense carried over
(结转)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from domain.kernel import database
from domain.kernel.actor import SYSTEM
from domain.kernel.database import Executor, Record, Transaction, transaction
from domain.kernel.dates import YearMonth
from domain.kernel.money import Money
from domain.ledger.general import post_general
from domain.ledger.postings import Line, VoucherKind

INTEREST_EXPENSE = "41101"


def ends_quarter(day: date) -> bool:
    return day.month % 3 == 0 and day == YearMonth.of(day).last_day


async def accrue_interest(*, business_date: date, now: datetime) -> int:
    """Brings 应付利息 of each set to what its accounts have earned up to the end of the day and were not given: Dr
    41101 Cr 211, the other way round when it was too much. On the last day of a month, before the day closes. Returns
    the number of vouchers; a month has its voucher once (`accrual:2026-11`), so that a second call posts nothing. The
    set of 财会〔2020〕7号 has none: cash basis. A month accrued late, after a 30 June that lies behind it was
    settled, comes out too low and the next month makes good for it."""
    month = YearMonth.of(business_date)
    assert business_date == month.last_day, f"{business_date} does not end a month"
    posted = 0
    for row in await database.rows("SELECT code, interest_subject FROM account_set WHERE interest_subject IS NOT NULL"):
        async with transaction() as tx:
            if await _voucher_of(tx, row["code"], _accrual_key(month)) is not None:
                continue
            earned: int = await tx.value(_EARNED, row["code"], business_date)
            payable: int = await tx.value(_BALANCE, row["code"], row["interest_subject"], month.period)
            due = earned - payable
            if due == 0:
                continue
            more = due > 0
            await post_general(
                tx,
                account_set=row["code"],
                business_key=_accrual_key(month),
                kind=VoucherKind.OTHER,
                summary=f"计提{month.year}年{month.month}月应付利息",
                lines=[
                    Line(subject=INTEREST_EXPENSE, side="D" if more else "C", amount=Money(abs(due))),
                    Line(subject=row["interest_subject"], side="C" if more else "D", amount=Money(abs(due))),
                ],
                effective_on=business_date,
                posted_on=business_date,
                now=now,
                prepared_by=SYSTEM.reference,
            )
            posted += 1
    return posted


async def carry_over_quarter(*, business_date: date, now: datetime) -> int:
    """季末结转: empties the income and expense subjects of every set into those that the chart names (`closes_to`).
    On the last day of a quarter, before the day closes; what comes in afterwards is carried over when the day closes.
    Returns the number of vouchers; a second call finds nothing left."""
    assert ends_quarter(business_date), f"{business_date} does not end a quarter"
    async with transaction() as tx:
        await hold_day(tx, business_date=business_date)
        if await is_closed(tx, business_date=business_date):
            # the closing has carried over what there was
            return 0
        return await carry_over(tx, business_date=business_date, now=now)


async def hold_day(tx: Transaction, *, business_date: date) -> None:
    """Waits for everybody who posts on the day and keeps others from it until the transaction ends. The same lock as of
    the ledger's functions."""
    await tx.execute("SELECT pg_advisory_xact_lock(18512, $1::date - DATE '2000-01-01')", business_date)


async def is_closed(tx: Transaction, *, business_date: date) -> bool:
    closed: bool = await tx.value("SELECT coalesce(closed_through >= $1, false) FROM book_calendar", business_date)
    return closed


async def carry_over(
    tx: Transaction, *, business_date: date, now: datetime, account_sets: Sequence[str] | None = None
) -> int:
    """Of all sets unless some are named. The caller holds the day, so that nothing comes in between."""
    month = YearMonth.of(business_date)
    quarter = f"{month.year}Q{month.month // 3}"
    posted = 0
    every = [row["code"] for row in await tx.rows("SELECT code FROM account_set ORDER BY code")]
    for account_set in account_sets or every:
        rows = await tx.rows(_TO_CARRY, account_set, month.period)
        if not rows:
            continue
        earlier: int = await tx.value(
            "SELECT count(*) FROM general_voucher WHERE account_set = $1 AND business_key LIKE $2",
            account_set,
            f"carry_over:{quarter}:%",
        )
        await post_general(
            tx,
            account_set=account_set,
            business_key=f"carry_over:{quarter}:{earlier + 1}",
            kind=VoucherKind.OTHER,
            summary=f"{month.year}年第{month.month // 3}季度收支结转",
            lines=_carry_lines(rows),
            effective_on=business_date,
            posted_on=business_date,
            now=now,
            prepared_by=SYSTEM.reference,
        )
        posted += 1
    return posted


def _carry_lines(rows: Sequence[Record]) -> list[Line]:
    """Each subject emptied, and against it one line a target and side. `credit` is the credit balance, below nought for
    a debit one."""
    lines: list[Line] = []
    targets: dict[tuple[str, bool], int] = {}
    for row in rows:
        credit: int = row["credit"]
        lines.append(
            Line(
                subject=row["subject"],
                auxiliary=row["auxiliary"],
                side="D" if credit > 0 else "C",
                amount=Money(abs(credit)),
            )
        )
        key = (row["closes_to"], credit > 0)
        targets[key] = targets.get(key, 0) + abs(credit)
    for (target, comes_in), fen in sorted(targets.items()):
        lines.append(Line(subject=target, side="C" if comes_in else "D", amount=Money(fen)))
    return lines


async def accruals_due(*, account_set: str, period: YearMonth) -> bool:
    """Whether the set bears interest, its accounts have had balances, and the month has no accrual."""
    due: bool = await database.value(_ACCRUAL_DUE, account_set, _accrual_key(period), period.last_day)
    return due


async def income_left(*, account_set: str, period: YearMonth) -> bool:
    return bool(await database.rows(_TO_CARRY, account_set, period.period))


async def _voucher_of(using: Executor, account_set: str, business_key: str) -> int | None:
    voucher_id: int | None = await using.value(
        "SELECT voucher_id FROM general_voucher WHERE account_set = $1 AND business_key = $2", account_set, business_key
    )
    return voucher_id


def _accrual_key(month: YearMonth) -> str:
    return f"accrual:{month}"


# The products of all accounts up to the end of the day. What came later counts from later: it would count backwards, so
# it is taken out again.
_EARNED = """
SELECT greatest(floor((s.product + l.product + 180000000) / 360000000), 0)::bigint
FROM (SELECT coalesce(sum(b.balance_fen::numeric * w.through - b.interest_offset), 0) AS product
      FROM account_balance b JOIN account a USING (account_no),
           (SELECT ledger_rate_index($2::date + 1) AS through) w
      WHERE a.account_set = $1) s,
     (SELECT coalesce(sum(CASE p.side WHEN 'C' THEN p.amount_fen ELSE -p.amount_fen END::numeric
                          * (ledger_rate_index(v.effective_on) - ledger_rate_index($2::date + 1))), 0) AS product
      FROM voucher v JOIN posting p USING (account_no, period, voucher_id)
      WHERE v.posted_on > $2 AND v.effective_on > $2::date + 1 AND v.account_set = $1 AND p.sequence IS NOT NULL) l
"""

_BALANCE = """
SELECT coalesce(sum(credit_fen - debit_fen), 0)::bigint FROM ledger_turnover($1, 200001, $3) WHERE subject = $2
"""

_TO_CARRY = """
SELECT t.subject, t.auxiliary, s.closes_to, sum(t.credit_fen - t.debit_fen)::bigint AS credit
FROM ledger_turnover($1, 200001, $2) t
JOIN account_subject s ON s.account_set = $1 AND s.code = t.subject AND s.closes_to IS NOT NULL
GROUP BY 1, 2, 3 HAVING sum(t.credit_fen - t.debit_fen) <> 0 ORDER BY 1, 2
"""

_ACCRUAL_DUE = """
SELECT s.interest_subject IS NOT NULL
    AND EXISTS (SELECT FROM formal_voucher_line l JOIN formal_voucher f USING (account_set, period, number)
                WHERE f.account_set = $1 AND l.subject = s.personal_subject AND f.posted_on < $3)
    AND NOT EXISTS (SELECT FROM general_voucher g WHERE g.account_set = $1 AND g.business_key = $2)
FROM account_set s WHERE s.code = $1
"""
