"""Statements of a set of 财会〔2020〕7号 (R14.6): 资产负债表 (会住维01表), 收支表 (02表), 净资产变动表 (03表), by the
lines of its part 4, read from the same totals as every other statement.

Our reading, not verified with the centre: income and expense that a running quarter has not carried over yet stand with
the fund that they close into; a voucher that moves net assets directly distributes income when it takes from or gives
to 3101 and the net assets stay as much, is 划转 when it only moves them between kinds of homes, and adjusts earlier
years when it changes their sum."""

from __future__ import annotations

from dataclasses import dataclass

from domain.kernel import database
from domain.kernel.dates import YearMonth
from domain.kernel.money import Money, total
from domain.ledger.income import IncomeLine, turnover_without_carry_over

MAINTENANCE_STANDARD = "财会〔2020〕7号"
_FUNDS = ("3001", "3002", "3101")
_ASSETS = {"1001": "银行存款", "1101": "国债投资", "1201": "备用金"}
_DEBTS = {"2001": "应付房屋灭失返还资金"}
MAINTENANCE_ASSETS, MAINTENANCE_CLAIMS = (*_ASSETS,), (*_DEBTS, *_FUNDS)
"""Of both sides of the sheet: a subject that closes into none of them would be missing from it."""
_INCOME = {
    "4001": "交存收入",
    "4101": "存款利息收入",
    "4102": "国债利息收入",
    "4201": "经营收入",
    "4301": "共用设施处置收入",
    "4901": "其他收入",
}
_EXPENSE = {"5001": "维修支出", "5101": "返还支出", "5901": "其他支出"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetLine:
    """A line of 会住维01表: 年初余额 and 期末余额, debit for assets, credit for the rest."""

    row_no: int
    name: str
    opening: Money
    closing: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class NetAssetLine:
    """A line of 会住维03表 with its columns."""

    row_no: int
    name: str
    commodity: Money
    public: Money
    undistributed: Money

    @property
    def sum(self) -> Money:
        return total([self.commodity, self.public, self.undistributed])


async def maintenance_sheet(*, account_set: str, period: YearMonth) -> list[SheetLine]:
    """资产负债表 at the end of the month. 年初余额 is the end of last year with this year's adjustments of earlier
    years."""
    closing = await _balances(account_set, period)
    opening = await _balances(account_set, _last_year(period))
    for subject, fen in (await _adjusted(account_set, period)).items():
        opening[subject] = opening.get(subject, 0) + fen

    def both(name: str, sign: int, *codes: str) -> tuple[str, int, int]:
        first, last = (sign * sum(side.get(code, 0) for code in codes) for side in (opening, closing))
        return name, first, last

    lines = [
        *(both(name, -1, code) for code, name in _ASSETS.items()),
        both("资产总计", -1, *_ASSETS),
        *(both(name, 1, code) for code, name in _DEBTS.items()),
        both("负债合计", 1, *_DEBTS),
        both("维修资金", 1, "3001", "3002"),
        both("其中：商品住宅", 1, "3001"),
        both("已售公有住房", 1, "3002"),
        both("待分配累计收益", 1, "3101"),
        both("净资产合计", 1, *_FUNDS),
        both("负债和净资产总计", 1, *_DEBTS, *_FUNDS),
    ]
    return [
        SheetLine(row_no=place, name=name, opening=Money(first), closing=Money(last))
        for place, (name, first, last) in enumerate(lines, start=1)
    ]


async def maintenance_income(*, account_set: str, period: YearMonth) -> list[IncomeLine]:
    """收支表: `current` is the month, `year` the year up to its end; what only carries over is left out."""
    moved = await turnover_without_carry_over(account_set=account_set, begins=period, period=period, subjects="^[45]")

    def part(sign: int, named: dict[str, str]) -> list[tuple[str, int, int]]:
        lines = []
        for code, name in named.items():
            parts = [both for subject, both in moved.items() if subject.startswith(code)]
            current, year = (sign * sum(both[side].fen for both in parts) for side in (0, 1))
            lines.append((name, current, year))
        return lines

    income, expense = part(1, _INCOME), part(-1, _EXPENSE)
    earned, spent = _sum("一、本期收入", income), _sum("二、本期支出", expense)
    left = ("三、本期收支差额", earned[1] - spent[1], earned[2] - spent[2])
    return [
        IncomeLine(row_no=place, name=name, current=Money(current), year=Money(year))
        for place, (name, current, year) in enumerate([earned, *income, spent, *expense, left], start=1)
    ]


async def net_asset_changes(*, account_set: str, period: YearMonth) -> list[NetAssetLine]:
    """净资产变动表 of the year up to the end of the month. The last line is what the ledger holds, so that the form
    shows whether the lines above explain it."""
    before, after = await _balances(account_set, _last_year(period)), await _balances(account_set, period)
    moved = {row["kind"]: row for row in await database.rows(_DIRECT, account_set, _january(period), period.period)}
    surplus = {
        row["closes_to"]: row["fen"]
        for row in await database.rows(_SURPLUS, account_set, _january(period), period.period)
    }
    last = tuple(before.get(fund, 0) for fund in _FUNDS)
    adjusted, distributed, transferred = (
        tuple(moved[kind][fund] if kind in moved else 0 for fund in ("commodity", "public", "undistributed"))
        for kind in ("adjusted", "distributed", "transferred")
    )
    earned = tuple(surplus.get(fund, 0) for fund in _FUNDS)
    lines = (
        ("一、上年年末余额", last),
        ("二、以前年度调整", adjusted),
        ("三、本年年初余额", _added(last, adjusted)),
        ("四、本年变动金额", _added(earned, distributed, transferred)),
        ("（一）本年收支差额", earned),
        ("（二）本年分配累计收益", distributed),
        ("（三）本年划转", transferred),
        ("五、本年年末余额", tuple(after.get(fund, 0) for fund in _FUNDS)),
    )
    return [
        NetAssetLine(
            row_no=place,
            name=name,
            commodity=Money(columns[0]),
            public=Money(columns[1]),
            undistributed=Money(columns[2]),
        )
        for place, (name, columns) in enumerate(lines, start=1)
    ]


def _sum(name: str, lines: list[tuple[str, int, int]]) -> tuple[str, int, int]:
    return name, sum(current for _, current, _ in lines), sum(year for _, _, year in lines)


def _added(*columns: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sum(parts) for parts in zip(*columns, strict=True))


def _january(period: YearMonth) -> int:
    return YearMonth(period.year, 1).period


def _last_year(period: YearMonth) -> YearMonth:
    return YearMonth(period.year - 1, 12)


async def _balances(account_set: str, period: YearMonth) -> dict[str, int]:
    """Credit balances in fen, income and expense with the fund that they close into."""
    return {row["subject"]: row["fen"] for row in await database.rows(_BALANCES, account_set, period.period)}


async def _adjusted(account_set: str, period: YearMonth) -> dict[str, int]:
    """What this year's vouchers that adjust earlier years did to each subject, credit in fen."""
    rows = await database.rows(_ADJUSTED, account_set, _january(period), period.period)
    return {row["subject"]: row["fen"] for row in rows}


_BALANCES = """
SELECT coalesce(s.closes_to, t.subject) AS subject, sum(t.credit_fen - t.debit_fen)::bigint AS fen
FROM ledger_turnover($1, 200001, $2) t JOIN account_subject s ON s.account_set = $1 AND s.code = t.subject
GROUP BY 1
"""

# The vouchers that move net assets themselves, without the carry-overs and what reverses one.
_MOVED = """
SELECT g.period, g.voucher_id,
       coalesce(sum(l.fen) FILTER (WHERE l.subject = '3001'), 0)::bigint AS commodity,
       coalesce(sum(l.fen) FILTER (WHERE l.subject = '3002'), 0)::bigint AS public,
       coalesce(sum(l.fen) FILTER (WHERE l.subject = '3101'), 0)::bigint AS undistributed
FROM general_voucher g CROSS JOIN LATERAL (
    SELECT subject, CASE side WHEN 'C' THEN amount_fen ELSE -amount_fen END AS fen FROM general_line
    WHERE (account_set, period, voucher_id) = (g.account_set, g.period, g.voucher_id)
        AND subject IN ('3001', '3002', '3101')) l
LEFT JOIN general_voucher o ON o.account_set = g.account_set AND o.voucher_id = g.reverses_voucher_id
WHERE g.account_set = $1 AND g.period BETWEEN $2 AND $3
    AND coalesce(o.business_key, g.business_key) NOT LIKE 'carry_over:%'
GROUP BY g.period, g.voucher_id
"""

_DIRECT = f"""
SELECT CASE WHEN m.commodity + m.public + m.undistributed <> 0 THEN 'adjusted'
            WHEN m.undistributed <> 0 THEN 'distributed' ELSE 'transferred' END AS kind,
       sum(m.commodity)::bigint AS commodity, sum(m.public)::bigint AS public,
       sum(m.undistributed)::bigint AS undistributed
FROM ({_MOVED}) m GROUP BY 1
"""

_ADJUSTED = f"""
SELECT coalesce(s.closes_to, l.subject) AS subject,
       sum(CASE l.side WHEN 'C' THEN l.amount_fen ELSE -l.amount_fen END)::bigint AS fen
FROM ({_MOVED}) m JOIN general_line l ON (l.account_set, l.period, l.voucher_id) = ($1, m.period, m.voucher_id)
JOIN account_subject s ON s.account_set = $1 AND s.code = l.subject
WHERE m.commodity + m.public + m.undistributed <> 0 GROUP BY 1
"""

_SURPLUS = """
SELECT s.closes_to, sum(CASE l.side WHEN 'C' THEN l.amount_fen ELSE -l.amount_fen END)::bigint AS fen
FROM general_voucher g JOIN general_line l USING (account_set, period, voucher_id)
JOIN account_subject s ON s.account_set = l.account_set AND s.code = l.subject AND s.closes_to IS NOT NULL
LEFT JOIN general_voucher o ON o.account_set = g.account_set AND o.voucher_id = g.reverses_voucher_id
WHERE g.account_set = $1 AND g.period BETWEEN $2 AND $3
    AND coalesce(o.business_key, g.business_key) NOT LIKE 'carry_over:%'
GROUP BY s.closes_to
"""
