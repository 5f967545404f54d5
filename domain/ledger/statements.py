"""Reading the general ledger: trial balance, one subject's ledger, and the lines of the balance sheet (R14.1)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from domain.kernel import database
from domain.kernel.dates import YearMonth
from domain.kernel.money import Money
from domain.kernel.paging import Page, check_first, cut, decode_cursor


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSetView:
    code: str
    name: str
    standard: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialLine:
    """科目余额表: a subject with its turnover of the month. Balances are on the subject's normal side (`side`), below
    nought on the other."""

    subject: str
    name: str
    side: str
    parent: str | None
    opening: Money
    debit: Money
    credit: Money
    closing: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectEntry:
    """A line of a formal voucher on the subject (明细账)."""

    period: int
    number: int
    line_no: int
    posted_on: date
    summary: str
    auxiliary: str
    debit: Money | None
    credit: Money | None

    @property
    def voucher_no(self) -> str:
        return f"{self.period}-{self.number:04d}"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementLine:
    """`row_no` is the 行次 of the printed form."""

    row_no: int
    name: str
    amount: Money


async def account_sets() -> list[AccountSetView]:
    rows = await database.rows(
        "SELECT code, name, standard FROM account_set ORDER BY code = 'provident_fund' DESC, code"
    )
    return [AccountSetView(**dict(row)) for row in rows]


async def period_state(*, account_set: str, period: YearMonth) -> str:
    """`open`, `closed` or `reopened`."""
    state: str | None = await database.value(
        "SELECT state FROM book_period WHERE account_set = $1 AND period = $2", account_set, period.period
    )
    return state or "open"


async def trial_balance(*, account_set: str, period: YearMonth) -> list[TrialLine]:
    """Every subject that has moved, in the order of the chart. A closed month is read from its totals."""
    rows = await database.rows(_TRIAL, account_set, period.period)
    return [
        TrialLine(
            subject=row["subject"],
            name=row["name"],
            side=row["normal_side"],
            parent=row["parent"],
            opening=Money(row["opening"]),
            debit=Money(row["debit"]),
            credit=Money(row["credit"]),
            closing=Money(row["opening"] + (row["debit"] - row["credit"]) * (1 if row["normal_side"] == "D" else -1)),
        )
        for row in rows
    ]


async def subject_ledger(
    *, account_set: str, period: YearMonth, subject: str, first: int, after: str | None
) -> Page[SubjectEntry]:
    """The formal vouchers' lines on a subject in the month, in the order of their numbers."""
    limit = check_first(first)
    cursor = decode_cursor(after, shape=(int, int)) or [0, 0]
    rows = await database.rows(_SUBJECT, account_set, period.period, subject, *cursor, limit + 1)
    total: int = await database.value(
        "SELECT count(*) FROM formal_voucher_line WHERE account_set = $1 AND period = $2 AND subject = $3",
        account_set,
        period.period,
        subject,
    )
    entries = [
        SubjectEntry(
            period=row["period"],
            number=row["number"],
            line_no=row["line_no"],
            posted_on=row["posted_on"],
            summary=row["summary"],
            auxiliary=row["auxiliary"],
            debit=Money(row["amount_fen"]) if row["side"] == "D" else None,
            credit=Money(row["amount_fen"]) if row["side"] == "C" else None,
        )
        for row in rows
    ]
    return cut(rows=entries, first=limit, total=total, key=lambda one: [one.number, one.line_no])


async def balance_sheet(*, account_set: str, period: YearMonth) -> list[StatementLine]:
    """资产负债表 of a set of 财综字〔1999〕33号 at the end of the month. Income and expense that are not carried over
    yet stand with 待分配增值收益, so that both sides are equal on any month's end."""
    closing = {line.subject: line.closing.fen for line in await trial_balance(account_set=account_set, period=period)}

    def of(*codes: str) -> int:
        return sum(fen for code, fen in closing.items() if code.startswith(codes))

    rows = [(row_no, name, of(*codes)) for row_no, name, codes in _ASSETS]
    assets = sum(fen for _, _, fen in rows)
    debts = [(row_no, name, of(*codes)) for row_no, name, codes in _DEBTS]
    owed = sum(fen for row_no, _, fen in debts if row_no != _INCLUDED)
    reserve = of("301")
    income = of("311", "321", "401") - of("411")
    net = reserve + income
    lines = [
        *rows,
        (15, "资产总计", assets),
        *debts,
        (26, "负债合计", owed),
        (27, "贷款风险准备", reserve),
        (28, "待分配增值收益", income),
        (29, "净资产合计", net),
        (30, "负债及净资产总计", owed + net),
    ]
    return [StatementLine(row_no=row_no, name=name, amount=Money(fen)) for row_no, name, fen in lines]


_ASSETS = (
    (1, "住房公积金存款", ("101",)),
    (2, "增值收益存款", ("102",)),
    (5, "应收利息", ("111",)),
    (7, "其他应收款", ("119",)),
    (8, "委托贷款", ("121",)),
    (9, "逾期贷款", ("122",)),
    (12, "国家债券", ("124",)),
)
_DEBTS = (
    (16, "住房公积金", ("201",)),
    (19, "应付利息", ("211",)),
    (21, "其他应付款", ("219",)),
    (22, "专项应付款", ("214",)),
    (23, "其中：城市廉租住房建设补充资金", ("21402",)),
)
_INCLUDED = 23
_NET = ("301", "311", "321", "401", "411")
ASSET_CODES = tuple(code for _, _, codes in _ASSETS for code in codes)
CLAIM_CODES = (*(code for row_no, _, codes in _DEBTS if row_no != _INCLUDED for code in codes), *_NET)
"""Of both sides of the balance sheet: a subject that moves and begins with none of them would be missing from it."""

_TRIAL = """
SELECT s.code AS subject, s.name, s.normal_side, s.parent,
       coalesce(sum((t.debit_fen - t.credit_fen) * CASE s.normal_side WHEN 'D' THEN 1 ELSE -1 END)
                FILTER (WHERE t.period < $2), 0)::bigint AS opening,
       coalesce(sum(t.debit_fen) FILTER (WHERE t.period = $2), 0)::bigint AS debit,
       coalesce(sum(t.credit_fen) FILTER (WHERE t.period = $2), 0)::bigint AS credit
FROM ledger_turnover($1, 200001, $2) t JOIN account_subject s ON s.account_set = $1 AND s.code = t.subject
GROUP BY s.code, s.name, s.normal_side, s.parent ORDER BY s.code
"""

_SUBJECT = """
SELECT l.period, l.number, l.line_no, f.posted_on, f.summary, l.auxiliary, l.side, l.amount_fen
FROM formal_voucher_line l JOIN formal_voucher f USING (account_set, period, number)
WHERE l.account_set = $1 AND l.period = $2 AND l.subject = $3 AND (l.number, l.line_no) > ($4, $5)
ORDER BY l.number, l.line_no LIMIT $6
"""
