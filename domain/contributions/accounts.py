"""Personal accounts: who has them, what they hold, how long has been contributed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from domain import ledger
from domain.contributions.refusals import ACCOUNT_NOT_FOUND
from domain.kernel import database
from domain.kernel.actor import Actor
from domain.kernel.database import Executor, Record, Transaction
from domain.kernel.dates import YearMonth
from domain.kernel.money import Money
from domain.kernel.paging import Page
from domain.kernel.refusal import REAL_NAME_REQUIRED, Refused
from domain.ledger import EntryView, VoucherKind

# GRZHZT, JGJ/T 320 A.6.
STATE_NAMES = {
    "01": "正常",
    "02": "封存",
    "03": "合并销户",
    "04": "外部转出销户",
    "05": "提取销户",
    "06": "冻结",
    "99": "其他",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountView:
    account_no: int
    person_id: int
    employer_no: int
    employer_name: str
    office_code: str
    office_name: str
    state: str
    state_name: str
    balance: Money
    held: Money
    base: Money
    monthly_contribution: Money
    opened_on: date
    paid_through: YearMonth | None

    @property
    def available(self) -> Money:
        return self.balance - self.held


async def account_nos_of(*, person_id: int, using: Executor = database.pool) -> list[int]:
    """First step of the two-step look-up: the numbers of a person's accounts."""
    rows = await using.rows("SELECT account_no FROM person_account WHERE person_id = $1 ORDER BY account_no", person_id)
    return [row["account_no"] for row in rows]


async def accounts_of(*, actor: Actor) -> list[AccountView]:
    """The citizen's own accounts; nobody else has any here. Raises Refused before the identity is verified."""
    if not actor.is_citizen or actor.person_id is None:
        return []
    if not actor.is_real_name:
        raise Refused(REAL_NAME_REQUIRED())
    # One by one: for a single number PostgreSQL keeps its plan, for a list it plans anew, and hardly anybody has two.
    return [await account_of(account_no=number) for number in await account_nos_of(person_id=actor.person_id)]


async def account_of(*, account_no: int, using: Executor = database.pool) -> AccountView:
    row = await using.row(_VIEW, account_no)
    assert row is not None, f"account {account_no} is unknown"
    return view_of(row)


async def entries_of(*, actor: Actor, account_no: int, first: int, after: str | None) -> Page[EntryView]:
    """Ledger entries of the citizen's own account, newest first. Raises Refused for another's account, in the same
    words as for one that does not exist."""
    if (
        not actor.is_real_name
        or actor.person_id is None
        or account_no not in await account_nos_of(person_id=actor.person_id)
    ):
        raise Refused(ACCOUNT_NOT_FOUND())
    return await ledger.entries_of(account_no=account_no, first=first, after=after)


async def months_contributed_consecutively(*, account_no: int, using: Executor = database.pool) -> int:
    """Months without a gap that end at the month the account is paid through (缴至年月), with those of accounts
    that were merged into it."""
    count: int = await using.value(CONSECUTIVE_MONTHS, account_no)
    return count


async def open_account(
    tx: Transaction,
    *,
    account_no: int,
    person_id: int,
    employer_no: int,
    office_code: str,
    base: Money,
    monthly_contribution: Money,
    opened_on: date,
) -> None:
    """Opens a personal account (03 开户) with an empty balance; its employer contributes from that month on."""
    await tx.execute(
        "INSERT INTO account (account_no, person_id, employer_no, office_code, state, base_fen,"
        " monthly_contribution_fen, opened_on) VALUES ($1, $2, $3, $4, '01', $5, $6, $7)",
        account_no,
        person_id,
        employer_no,
        office_code,
        base.fen,
        monthly_contribution.fen,
        opened_on,
    )
    await tx.execute("INSERT INTO person_account (person_id, account_no) VALUES ($1, $2)", person_id, account_no)
    await ledger.open_account(tx, account_no=account_no, opened_on=opened_on)
    month = YearMonth.of(opened_on).period
    await tx.execute(
        "INSERT INTO employment (employer_no, account_no, began_period, person_id, began_by)"
        " VALUES ($1, $2, $3, $4, 'open')",
        employer_no,
        account_no,
        month,
        person_id,
    )
    employee = Money(monthly_contribution.fen // 2)
    await tx.execute(
        "INSERT INTO employment_base (employer_no, account_no, from_period, base_fen, employer_fen, employee_fen)"
        " VALUES ($1, $2, $3, $4, $5, $6)",
        employer_no,
        account_no,
        month,
        base.fen,
        (monthly_contribution - employee).fen,
        employee.fen,
    )


async def book_contribution(
    tx: Transaction,
    *,
    account_no: int,
    month: YearMonth,
    amount: Money,
    bank_code: str,
    booked_on: date,
    now: datetime,
) -> int:
    """Books one month's remittance (01 汇缴): voucher, month and 缴至年月 together. Booking a month again with the
    same amount changes nothing."""
    voucher_id = await ledger.post(
        tx,
        account_no=account_no,
        business_key=f"remittance:{month}",
        kind=VoucherKind.REMITTANCE,
        summary=f"{month.year}年{month.month}月汇缴",
        lines=ledger.contribution_lines(amount=amount, bank_code=bank_code),
        effective_on=booked_on,
        posted_on=booked_on,
        now=now,
    )
    await tx.execute(
        "INSERT INTO contribution_month (account_no, period, voucher_id, amount_fen) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT DO NOTHING",
        account_no,
        month.period,
        voucher_id,
        amount.fen,
    )
    await tx.execute(
        "UPDATE account SET paid_through_period = greatest(coalesce(paid_through_period, 0), $2) WHERE account_no = $1",
        account_no,
        month.period,
    )
    return voucher_id


VIEW_COLUMNS = "a.*, b.balance_fen, b.held_fen, e.name AS employer_name, o.name AS office_name"
VIEW_TABLES = """
FROM account a
JOIN account_balance b ON b.account_no = a.account_no
JOIN employer e ON e.employer_no = a.employer_no
JOIN management_office o ON o.code = a.office_code
"""
_VIEW = f"SELECT {VIEW_COLUMNS} {VIEW_TABLES} WHERE a.account_no = $1"

# Counted from the latest month, one without a gap before it stands as far back as its place; behind a gap none does.
CONSECUTIVE_MONTHS = """
SELECT count(*) FROM (
    SELECT max(m.month) OVER () - m.month AS back, row_number() OVER (ORDER BY m.month DESC) - 1 AS place
    FROM (SELECT DISTINCT period / 100 * 12 + period % 100 AS month FROM contribution_month
          WHERE (account_no = $1 OR account_no IN (SELECT account_no FROM account WHERE merged_into = $1))
            AND reversed_by IS NULL) m) counted
WHERE back = place
"""


def view_of(row: Record) -> AccountView:
    paid_through = row["paid_through_period"]
    return AccountView(
        account_no=row["account_no"],
        person_id=row["person_id"],
        employer_no=row["employer_no"],
        employer_name=row["employer_name"],
        office_code=row["office_code"],
        office_name=row["office_name"],
        state=row["state"],
        state_name=STATE_NAMES[row["state"]],
        balance=Money(row["balance_fen"]),
        held=Money(row["held_fen"]),
        base=Money(row["base_fen"]),
        monthly_contribution=Money(row["monthly_contribution_fen"]),
        opened_on=row["opened_on"],
        paid_through=YearMonth.of_period(paid_through) if paid_through else None,
    )
