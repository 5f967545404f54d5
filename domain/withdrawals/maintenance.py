"""交存专项维修资金: what a withdrawal pays into the maintenance fund's account. What comes back: `refunding`.

The fund's books are on a cash basis (财会〔2020〕7号): a deposit is booked (4001 交存收入) when the money is in the
fund's account, where it is expected under the case's number.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from domain import settlement
from domain.cases import CaseView
from domain.kernel import database
from domain.kernel.actor import SYSTEM, Actor
from domain.kernel.database import Executor, Record, Transaction
from domain.kernel.money import Money
from domain.kernel.paging import Page, check_first, cut, decode_cursor
from domain.kernel.refusal import NOT_PERMITTED, Refused
from domain.settlement import BankAccount
from domain.withdrawals.refusals import MAINTENANCE_ACCOUNT_MISSING

ACCOUNT_SET = "maintenance_fund"
DEPOSITED = "maintenance_deposit"
"""Purpose of what is expected in the fund's account."""
_HOMES = {"commodity": "01", "public": "02"}

DEPOSIT_STATES = {"ordered": "待支付", "paid": "已付款，待维修资金专户到账", "arrived": "已到账", "failed": "未支付"}
REFUND_STATES = {
    "paying": "正在从维修资金专户付款",
    "returning": "已付款，待公积金专户到账",
    "arrived": "已到账，待入个人账户",
    "returned": "已退回",
    "failed": "付款失败",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MaintenanceRefund:
    """`to_account_no` is None for one that goes to the card; `trouble` says why arrived money is not posted yet."""

    refund_no: str
    amount: Money
    reason: str
    to_account_no: int | None
    state: str
    state_name: str
    trouble: str | None
    ordered_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundFilters:
    state: str | None = None
    office_code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundLine:
    """One refund in the list of all, with whose it is."""

    refund: MaintenanceRefund
    case_no: str
    applicant_masked: str
    account_no: int
    office_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MaintenanceDeposit:
    """`left` is what may still be asked back."""

    case_no: str
    account_name: str
    amount: Money
    left: Money
    state: str
    state_name: str
    arrived_on: date | None
    refunds: tuple[MaintenanceRefund, ...]


async def account_for(*, bank_code: str, using: Executor = database.pool) -> BankAccount:
    """The maintenance fund's account to pay into. Raises Refused while the centre has registered none."""
    found = await account_of_set(account_set=ACCOUNT_SET, bank_code=bank_code, using=using)
    if found is None:
        raise Refused(MAINTENANCE_ACCOUNT_MISSING())
    return found


async def account_of_set(*, account_set: str, bank_code: str, using: Executor) -> BankAccount | None:
    """An open demand account of an account set, at the bank itself where it has one there."""
    accounts = await settlement.bank_accounts(using=using)
    found = [one for one in accounts if one.account_set == account_set and one.kind == "demand"]
    return min(found, key=lambda one: (one.bank_code != bank_code, one.code), default=None)


async def order_deposit(tx: Transaction, *, case: CaseView, account: BankAccount, amount: Money) -> None:
    """The payment into the fund's account is ordered, in its transaction."""
    await tx.execute(
        "INSERT INTO maintenance_deposit (account_no, case_id, case_no, bank_account_code, home, amount_fen, state)"
        " VALUES ($1, $2, $3, $4, $5, $6, 'ordered')",
        case.account_no,
        case.case_id,
        case.case_no,
        account.code,
        _HOMES[str(case.form["fund_home"])],
        amount.fen,
    )


async def drop_deposit(tx: Transaction, *, case: CaseView) -> None:
    """The payment will not be made; nothing happens to a case without one."""
    await tx.execute(
        "UPDATE maintenance_deposit SET state = 'failed' WHERE account_no = $1 AND case_id = $2 AND state = 'ordered'",
        case.account_no,
        case.case_id,
    )


async def expect_deposit(tx: Transaction, *, case: CaseView, business_date: date, now: datetime) -> None:
    """The bank has paid: the money is expected in the fund's account, which may have it already."""
    row = await deposit_row(using=tx, account_no=case.account_no, case_id=case.case_id)
    assert row is not None and row["state"] == "ordered", f"case {case.case_no} ordered no deposit"
    expectation_id = await settlement.expect_receipt(
        tx,
        actor=SYSTEM,
        purpose=DEPOSITED,
        reference_no=case.case_no,
        amount=Money(row["amount_fen"]),
        now=now,
        account_set=ACCOUNT_SET,
        personal_account_no=case.account_no,
        credit_subject=f"4001{row['home']}",
        credit_auxiliary="",
    )
    await tx.execute(
        "UPDATE maintenance_deposit SET state = 'paid', expectation_id = $3 WHERE account_no = $1 AND case_id = $2",
        case.account_no,
        case.case_id,
        expectation_id,
    )
    await settlement.meet_waiting(tx, expectation_id=expectation_id, now=now, business_date=business_date)


async def deposit_arrived(tx: Transaction, *, account_no: int, expectation_id: int, on: date) -> None:
    await tx.execute(
        "UPDATE maintenance_deposit SET state = 'arrived', arrived_on = $3"
        " WHERE account_no = $1 AND expectation_id = $2 AND state = 'paid'",
        account_no,
        expectation_id,
        on,
    )


async def deposit_of(*, case: CaseView) -> MaintenanceDeposit | None:
    """What a case paid into the fund, with its refunds; None for a case that pays elsewhere."""
    row = await deposit_row(account_no=case.account_no, case_id=case.case_id)
    if row is None:
        return None
    account = await settlement.bank_account(code=row["bank_account_code"])
    refunds = await database.rows(
        "SELECT * FROM maintenance_refund WHERE account_no = $1 AND case_id = $2 ORDER BY ordered_at, refund_id",
        case.account_no,
        case.case_id,
    )
    return MaintenanceDeposit(
        case_no=row["case_no"],
        account_name=account.name,
        amount=Money(row["amount_fen"]),
        left=Money(row["amount_fen"] - row["returned_fen"]) if row["state"] == "arrived" else Money.zero(),
        state=row["state"],
        state_name=DEPOSIT_STATES[row["state"]],
        arrived_on=row["arrived_on"],
        refunds=tuple(_view(one) for one in refunds),
    )


async def refunds(
    *, actor: Actor, filters: RefundFilters, first: int, after: str | None
) -> tuple[Page[RefundLine], Money]:
    """Refunds of the departments that the actor works for, the newest first, and the sum of all of them. Raises
    Refused."""
    if not actor.is_staff:
        raise Refused(NOT_PERMITTED())
    limit, cursor = check_first(first), decode_cursor(after, shape=(int,))
    offices = sorted(actor.office_codes) or None
    given = (filters.state, filters.office_code, offices)
    whole = await database.row(
        f"SELECT count(*) AS count, coalesce(sum(r.amount_fen), 0)::bigint AS fen{_LIST}", *given
    )
    rows = await database.rows(
        f"SELECT r.*, c.case_no, c.applicant_masked, c.office_code{_LIST} AND ($4::bigint IS NULL OR"
        " (r.ordered_at, r.refund_id) < (SELECT ordered_at, refund_id FROM maintenance_refund WHERE refund_id = $4))"
        " ORDER BY r.ordered_at DESC, r.refund_id DESC LIMIT $5",
        *given,
        cursor[0] if cursor else None,
        limit + 1,
    )
    assert whole is not None
    page = cut(rows=rows, first=limit, total=whole["count"], key=lambda row: [row["refund_id"]])
    lines = tuple(
        RefundLine(
            refund=_view(row),
            case_no=row["case_no"],
            applicant_masked=row["applicant_masked"],
            account_no=row["account_no"],
            office_code=row["office_code"],
        )
        for row in page.items
    )
    return Page(items=lines, cursors=page.cursors, has_next=page.has_next, total=page.total), Money(whole["fen"])


_LIST = (
    " FROM maintenance_refund r JOIN service_case c USING (account_no, case_id)"
    " WHERE ($1::text IS NULL OR r.state = $1) AND ($2::text IS NULL OR c.office_code = $2)"
    " AND ($3::text[] IS NULL OR c.office_code = ANY ($3))"
)


async def deposit_row(*, account_no: int, case_id: int, using: Executor = database.pool) -> Record | None:
    return await using.row(
        "SELECT * FROM maintenance_deposit WHERE account_no = $1 AND case_id = $2", account_no, case_id
    )


def _view(row: Record) -> MaintenanceRefund:
    return MaintenanceRefund(
        refund_no=row["refund_no"],
        amount=Money(row["amount_fen"]),
        reason=row["reason"],
        to_account_no=row["to_account_no"],
        state=row["state"],
        state_name=REFUND_STATES[row["state"]],
        trouble=row["trouble"],
        ordered_at=row["ordered_at"],
        ended_at=row["ended_at"],
    )
