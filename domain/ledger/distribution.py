"""增值收益分配: a year's income given to the risk reserve, the management costs and low-rent housing (R14.1).

One finance person proposes the amounts, another carries them out; the voucher counts for 31 December and is booked on
the day it is made. 财综字〔1999〕33号: the year's income goes to 待分配增值收益, each share by its own subject
under 321 to where it is owed, and these subjects close into 待分配增值收益 again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from domain import policy
from domain.kernel import database
from domain.kernel.database import Executor, Transaction
from domain.kernel.dates import YearMonth
from domain.kernel.money import Money
from domain.kernel.refusal import Refused
from domain.ledger.general import post_general
from domain.ledger.income import income_statement, net_income
from domain.ledger.postings import Line, VoucherKind
from domain.ledger.refusals import (
    DISTRIBUTED_ALREADY,
    DISTRIBUTION_BELOW_NOUGHT,
    DISTRIBUTION_NOT_OF_SET,
    DISTRIBUTION_TOO_MUCH,
    NOTHING_TO_DISTRIBUTE,
    RESERVE_TOO_SMALL,
    YEAR_NOT_CLOSED,
)
from domain.ledger.statements import StatementLine, period_state

INCOME, UNDISTRIBUTED, RISK_RESERVE = "311", "32104", "301"
STANDARD = "财综字〔1999〕33号"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """What a year's income is given to: 贷款风险准备, 管理费用, 城市廉租住房建设补充资金."""

    reserve: Money
    management: Money
    housing: Money

    @property
    def sum(self) -> Money:
        return self.reserve + self.management + self.housing

    def as_json(self) -> dict[str, int]:
        return {"reserve": self.reserve.fen, "management": self.management.fen, "housing": self.housing.fen}

    @classmethod
    def of_json(cls, fen: dict[str, int]) -> Shares:
        return cls(**{name: Money(amount) for name, amount in fen.items()})


NOTHING = Shares(reserve=Money(0), management=Money(0), housing=Money(0))


@dataclass(frozen=True, slots=True, kw_only=True)
class YearOfIncome:
    """`earned` 增值收益 of the year, `before` what earlier years left (a loss below nought), `given` what was
    distributed by a voucher that stands; None while nothing was."""

    year: int
    earned: Money
    before: Money
    given: Shares | None

    @property
    def distributable(self) -> Money:
        return self.earned + self.before

    @property
    def left(self) -> Money:
        return self.distributable - (self.given or NOTHING).sum


async def year_of_income(*, account_set: str, year: int, using: Executor | None = None) -> YearOfIncome:
    store = using or database.pool
    december = YearMonth(year, 12)
    lines = await income_statement(account_set=account_set, period=december, span="year", using=store)
    standing: int = await store.value(_STANDING, account_set, december.minus(months=12).period)
    rows = await store.rows(_DISTRIBUTIONS, account_set)
    # what earlier years were given after this one had begun is not left of them
    later: int = await store.value(_LATER, account_set, year, december.minus(months=12).period)
    given = {row["subject"]: Money(row["fen"]) for row in rows if row["year"] == year}
    return YearOfIncome(
        year=year,
        earned=net_income(lines).year,
        before=Money(standing + later),
        given=Shares(**{name: given.get(subject, Money(0)) for name, (subject, _) in _TARGETS.items()})
        if given
        else None,
    )


async def distribution_statement(*, account_set: str, year: int) -> list[StatementLine]:
    """增值收益分配表 of a year, row by row of the form."""
    found = await year_of_income(account_set=account_set, year=year)
    given = found.given or NOTHING
    amounts = (
        ("增值收益", found.earned),
        ("年初未分配增值收益（未弥补损失以负数表示）", found.before),
        ("可供分配的增值收益", found.distributable),
        ("提取贷款风险准备", given.reserve),
        ("提取管理费用", given.management),
        ("城市廉租住房建设补充资金", given.housing),
        ("年末未分配增值收益（未弥补损失以负数表示）", found.left),
    )
    return [StatementLine(row_no=place, name=name, amount=fen) for place, (name, fen) in enumerate(amounts, start=1)]


async def check_distribution(
    *, account_set: str, year: int, shares: Shares, using: Executor | None = None
) -> YearOfIncome:
    """Raises Refused for a set without such income, a year that is not closed or was distributed, amounts below nought,
    more than there is, or a reserve below what 财综字〔1999〕149号 asks (`books.reserve_share_min`,
    `books.reserve_of_loans_min`)."""
    store = using or database.pool
    if await store.value("SELECT standard FROM account_set WHERE code = $1", account_set) != STANDARD:
        raise Refused(DISTRIBUTION_NOT_OF_SET())
    december = YearMonth(year, 12)
    if await period_state(account_set=account_set, period=december) != "closed":
        raise Refused(YEAR_NOT_CLOSED(month=december))
    found = await year_of_income(account_set=account_set, year=year, using=store)
    if found.given is not None:
        raise Refused(DISTRIBUTED_ALREADY(year=year))
    for name in ("reserve", "management", "housing"):
        if getattr(shares, name).fen < 0:
            raise Refused(DISTRIBUTION_BELOW_NOUGHT(field=name))
    if not found.earned and not shares.sum:
        raise Refused(NOTHING_TO_DISTRIBUTE(year=year))
    if shares.sum and shares.sum.fen > found.distributable.fen:
        raise Refused(
            DISTRIBUTION_TOO_MUCH(given=shares.sum.yuan_text, most=Money(max(0, found.distributable.fen)).yuan_text)
        )
    if shares.reserve.fen < (least := await _reserve_least(store, account_set, found)).fen:
        raise Refused(RESERVE_TOO_SMALL(least=least.yuan_text))
    return found


async def is_distributed(*, account_set: str, year: int, using: Executor | None = None) -> bool:
    rows = await (using or database.pool).rows(_DISTRIBUTIONS, account_set)
    return any(row["year"] == year for row in rows)


async def distribute(
    tx: Transaction,
    *,
    account_set: str,
    year: int,
    shares: Shares,
    business_date: date,
    now: datetime,
    prepared_by: str,
) -> int:
    """Posts the voucher and returns its id; judged anew, since the books may have moved since it was proposed."""
    found = await check_distribution(account_set=account_set, year=year, shares=shares, using=tx)
    earlier: int = await tx.value(
        "SELECT count(*) FROM general_voucher WHERE account_set = $1 AND business_key LIKE $2",
        account_set,
        f"distribution:{year}:%",
    )
    return await post_general(
        tx,
        account_set=account_set,
        business_key=f"distribution:{year}:{earlier + 1}",
        kind=VoucherKind.OTHER,
        summary=f"{year}年度增值收益分配",
        lines=_voucher_lines(found.earned, shares),
        effective_on=date(year, 12, 31),
        posted_on=business_date,
        now=now,
        prepared_by=prepared_by,
    )


async def _reserve_least(store: Executor, account_set: str, found: YearOfIncome) -> Money:
    """The lesser of two roads: a share of the year's income, or what brings the reserve to its share of the loans."""
    rules = policy.on(date(found.year, 12, 31))
    december = YearMonth(found.year, 12).period
    of_income = Money(max(0, found.earned.fen)).times(rules.rate("books.reserve_share_min"))
    row = await store.row(_RESERVE_AND_LOANS, account_set, december)
    assert row is not None
    of_loans = Money(row["loans"]).times(rules.rate("books.reserve_of_loans_min")) - Money(row["reserve"])
    return Money(max(0, min(of_income.fen, of_loans.fen)))


def _voucher_lines(earned: Money, shares: Shares) -> list[Line]:
    lines = []
    if earned:
        won = earned.fen > 0
        amount = Money(abs(earned.fen))
        lines += [
            Line(subject=INCOME, side="D" if won else "C", amount=amount),
            Line(subject=UNDISTRIBUTED, side="C" if won else "D", amount=amount),
        ]
    for name, (subject, target) in _TARGETS.items():
        amount = getattr(shares, name)
        if amount:
            lines += [
                Line(subject=subject, side="D", amount=amount),
                Line(subject=target, side="C", amount=amount),
                Line(subject=UNDISTRIBUTED, side="D", amount=amount),
                Line(subject=subject, side="C", amount=amount),
            ]
    return lines


_TARGETS = {"reserve": ("32101", RISK_RESERVE), "management": ("32102", "21401"), "housing": ("32103", "21402")}

# The debit lines of the vouchers that stand: the shares are those of the subjects under 321, and a year in which
# nothing could be given has a line all the same.
_DISTRIBUTIONS = """
SELECT split_part(g.business_key, ':', 2)::int AS year, l.subject, l.amount_fen AS fen
FROM general_voucher g JOIN general_line l USING (account_set, period, voucher_id)
WHERE g.account_set = $1 AND g.business_key LIKE 'distribution:%' AND l.side = 'D'
  AND NOT EXISTS (SELECT FROM general_voucher r
                  WHERE r.account_set = $1 AND r.reverses_voucher_id = g.voucher_id)
"""

# What the vouchers of earlier years, and the reversals of such, moved after this year had begun.
_LATER = """
SELECT coalesce(sum(CASE l.side WHEN 'C' THEN l.amount_fen ELSE -l.amount_fen END), 0)::bigint
FROM general_voucher g LEFT JOIN general_voucher o
     ON o.account_set = g.account_set AND o.voucher_id = g.reverses_voucher_id
JOIN general_line l ON (l.account_set, l.period, l.voucher_id) = (g.account_set, g.period, g.voucher_id)
WHERE g.account_set = $1 AND g.period > $3 AND l.subject ~ '^(311|321)'
  AND coalesce(o.business_key, g.business_key) LIKE 'distribution:%'
  AND split_part(coalesce(o.business_key, g.business_key), ':', 2)::int < $2
"""

_STANDING = """
SELECT coalesce(sum(credit_fen - debit_fen), 0)::bigint FROM ledger_turnover($1, 200001, $2)
WHERE subject ~ '^(311|321|401|411)'
"""

# The loans stand in the sets that lend, the reserve where the income is.
_RESERVE_AND_LOANS = """
SELECT (SELECT coalesce(sum(t.debit_fen - t.credit_fen), 0)::bigint
        FROM account_set s CROSS JOIN LATERAL ledger_turnover(s.code, 200001, $2) t
        WHERE s.standard = '财综字〔1999〕33号' AND t.subject ~ '^12[12]') AS loans,
       (SELECT coalesce(sum(credit_fen - debit_fen), 0)::bigint FROM ledger_turnover($1, 200001, $2)
        WHERE subject = '301') AS reserve
"""
