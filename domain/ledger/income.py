"""增值收益表: what was earned and spent in a month, a quarter or a year, before it is carried over (R14.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from domain.kernel import database
from domain.kernel.database import Executor
from domain.kernel.dates import YearMonth
from domain.kernel.money import Money, total

Span = Literal["month", "quarter", "year"]


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomeLine:
    """`row_no` is the place on the form; `current` 本期, `year` 本年累计; expenses stand without sign."""

    row_no: int
    name: str
    current: Money
    year: Money


async def income_statement(
    *, account_set: str, period: YearMonth, span: Span, using: Executor | None = None
) -> list[IncomeLine]:
    """增值收益表 of a set of 财综字〔1999〕33号: `current` is the month, its quarter up to the month's end, or the year
    up to it. Vouchers that only carry over (季末结转) are left out, so that a closed quarter reads as it was earned."""
    moved = await turnover_without_carry_over(
        account_set=account_set, begins=_begins(period, span), period=period, subjects="^4[01]1", using=using
    )
    return _lines(moved)


async def turnover_without_carry_over(
    *, account_set: str, begins: YearMonth, period: YearMonth, subjects: str, using: Executor | None = None
) -> dict[str, tuple[Money, Money]]:
    """By subject, of those that `subjects` (a pattern) names: credit less debit from `begins` on, and of the year, both
    to the end of `period`, without the vouchers that only carry over."""
    rows = await (using or database.pool).rows(
        _TURNOVER, account_set, begins.period, YearMonth(period.year, 1).period, period.period, subjects
    )
    return {row["subject"]: (Money(row["current"]), Money(row["year"])) for row in rows}


def net_income(lines: list[IncomeLine]) -> IncomeLine:
    """三、增值收益, the last line."""
    return lines[-1]


def _begins(period: YearMonth, span: Span) -> YearMonth:
    if span == "month":
        return period
    return YearMonth(period.year, 1 if span == "year" else period.month - (period.month - 1) % 3)


def _lines(moved: dict[str, tuple[Money, Money]]) -> list[IncomeLine]:
    """By subject what came in more than went out, so that an expense is below nought there."""
    parts: dict[str, list[tuple[str, Money, Money]]] = {"401": [], "411": []}
    for group, named in _FORM.items():
        sign = 1 if group == "401" else -1
        inside = {code: both for code, both in moved.items() if code.startswith(group)}
        for code, name in named:
            current, year = inside.pop(code, _NOTHING)
            parts[group].append((name, Money(sign * current.fen), Money(sign * year.fen)))
        # what the form has no line of its own for
        current, year = total([one for one, _ in inside.values()]), total([two for _, two in inside.values()])
        parts[group].append((_OTHERS[group], Money(sign * current.fen), Money(sign * year.fen)))
    sums = {group: (total([c for _, c, _ in rows]), total([y for _, _, y in rows])) for group, rows in parts.items()}
    (earned, earned_year), (spent, spent_year) = sums["401"], sums["411"]
    named_lines = [
        ("一、业务收入", earned, earned_year),
        *parts["401"],
        ("二、业务支出", spent, spent_year),
        *parts["411"],
        ("三、增值收益", Money(earned.fen - spent.fen), Money(earned_year.fen - spent_year.fen)),
    ]
    return [
        IncomeLine(row_no=place, name=name, current=current, year=year)
        for place, (name, current, year) in enumerate(named_lines, start=1)
    ]


_NOTHING = (Money(0), Money(0))
_FORM = {
    "401": (
        ("40101", "住房公积金利息收入"),
        ("40102", "增值收益利息收入"),
        ("40103", "委托贷款利息收入"),
        ("40104", "国家债券利息收入"),
    ),
    "411": (
        ("41101", "住房公积金利息支出"),
        ("41102", "归集手续费支出"),
        ("41103", "委托贷款手续费支出"),
    ),
}
_OTHERS = {"401": "其他收入", "411": "其他支出"}

# The carry-overs, and what reverses one, taken out again.
_TURNOVER = """
SELECT t.subject, coalesce(sum(t.fen) FILTER (WHERE t.period >= $2), 0)::bigint AS current, sum(t.fen)::bigint AS year
FROM (SELECT period, subject, credit_fen - debit_fen AS fen FROM ledger_turnover($1, $3, $4)
      UNION ALL
      SELECT l.period, l.subject, CASE l.side WHEN 'D' THEN l.amount_fen ELSE -l.amount_fen END
      FROM general_voucher g JOIN general_line l USING (account_set, period, voucher_id)
      WHERE g.account_set = $1 AND g.period BETWEEN $3 AND $4
        AND (g.business_key LIKE 'carry_over:%' OR EXISTS (
            SELECT FROM general_voucher c WHERE c.account_set = $1 AND c.voucher_id = g.reverses_voucher_id
                AND c.business_key LIKE 'carry_over:%'))) t
WHERE t.subject ~ $5 GROUP BY t.subject
"""
