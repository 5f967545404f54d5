"""专户: the accounts that the centre holds at entrusted banks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from domain.kernel import database
from domain.kernel.database import Executor, Record, Transaction
from domain.kernel.refusal import Refused
from domain.settlement.refusals import BANK_ACCOUNT_CLOSED, BANK_ACCOUNT_UNKNOWN

KIND_NAMES: dict[str, str] = {"demand": "活期", "fixed": "定期", "notice": "通知"}
CENTRE_OFFICE = "00"
"""The office of accounts that belong to no district: the centre itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BankAccount:
    """`code` is the auxiliary (辅助项) of vouchers on `subject`; `number` is the account's number at the bank."""

    code: str
    bank_code: str
    bank_name: str
    account_set: str
    kind: str
    kind_name: str
    subject: str
    number: str
    name: str
    office_code: str
    is_open: bool
    opened_on: date
    closed_on: date | None


async def bank_account(*, code: str, using: Executor = database.pool) -> BankAccount:
    """Raises Refused for a code that nobody has."""
    row = await using.row(f"{_ACCOUNT} WHERE a.code = $1", code)
    if row is None:
        raise Refused(BANK_ACCOUNT_UNKNOWN())
    return _account(row)


async def open_bank_account(*, code: str, using: Executor = database.pool) -> BankAccount:
    """As `bank_account`, and open. Raises Refused."""
    found = await bank_account(code=code, using=using)
    if not found.is_open:
        raise Refused(BANK_ACCOUNT_CLOSED())
    return found


async def bank_account_by_number(*, bank_code: str, number: str, using: Executor = database.pool) -> BankAccount | None:
    row = await using.row(f"{_ACCOUNT} WHERE a.bank_code = $1 AND a.number = $2", bank_code, number)
    return None if row is None else _account(row)


async def bank_accounts(*, include_closed: bool = False, using: Executor = database.pool) -> list[BankAccount]:
    rows = await using.rows(f"{_ACCOUNT} WHERE a.state = 'open' OR $1 ORDER BY a.code", include_closed)
    return [_account(row) for row in rows]


async def adopt_fund_accounts(tx: Transaction, *, on: date) -> None:
    """Gives each entrusted bank the demand account that its row names, where it has none: for cities that are loaded,
    not for staff, who propose accounts as master data."""
    await tx.execute(
        "INSERT INTO bank_account (code, bank_code, account_set, kind, subject, number, name, opened_on)"
        " SELECT code, code, 'provident_fund', 'demand', '101', fund_account_no, name || '住房公积金存款专户', $1"
        " FROM entrusted_bank WHERE active ON CONFLICT DO NOTHING",
        on,
    )


_ACCOUNT = "SELECT a.*, b.name AS bank_name FROM bank_account a JOIN entrusted_bank b ON b.code = a.bank_code"


def _account(row: Record) -> BankAccount:
    return BankAccount(
        code=row["code"],
        bank_code=row["bank_code"],
        bank_name=row["bank_name"],
        account_set=row["account_set"],
        kind=row["kind"],
        kind_name=KIND_NAMES[row["kind"]],
        subject=row["subject"],
        number=row["number"],
        name=row["name"],
        office_code=row["office_code"],
        is_open=row["state"] == "open",
        opened_on=row["opened_on"],
        closed_on=row["closed_on"],
    )
