"""Reading deposits and the rates that banks pay."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from domain.kernel import database
from domain.kernel.actor import Actor
from domain.kernel.database import Executor, Record
from domain.kernel.money import Money
from domain.kernel.refusal import Refused
from domain.settlement.deposit_rules import DEMAND, PRODUCTS, Product, Standing
from domain.settlement.desk import require_funds
from domain.settlement.refusals import NOT_FOUND, RATE_UNKNOWN

STATE_NAMES: dict[str, str] = {"proposed": "待存入", "standing": "存续", "ended": "已结清", "refused": "未存入"}
ORDER_NAMES: dict[str, str] = {
    "place": "存入",
    "draw": "支取",
    "set_notice": "设定支取通知",
    "cancel_notice": "取消支取通知",
    "set_rollover": "变更转存方式",
}
ORDER_STATE_NAMES: dict[str, str] = {
    "proposed": "待复核",
    "declined": "复核退回",
    "prepared": "待发送银行",
    "sending": "已发送银行",
    "processing": "银行处理中",
    "unknown": "等待银行确认",
    "confirmed": "已办结",
    "rejected": "银行退回",
}

# half a fen of rounding on either part of a drawing
_INTEREST_TOLERANCE = Money(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositView:
    deposit_id: int
    kind: str
    product: str
    product_name: str
    bank_account_code: str
    deposit_account_code: str
    certificate_no: str | None
    principal: Money
    balance: Money
    rate_ppm: int | None
    placed_on: date | None
    matures_on: date | None
    rollover: bool
    notice_amount: Money | None
    notice_draw_on: date | None
    accrued: Money
    accrued_through: date | None
    state: str
    state_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositOrderView:
    """`interest_differs`: the bank paid other interest than our rules say, by more than a fen."""

    order_id: int
    deposit_id: int
    kind: str
    kind_name: str
    serial_no: str
    amount: Money | None
    draw_on: date | None
    reason: str
    state: str
    state_name: str
    proposed_by: str
    proposed_by_name: str
    proposed_at: datetime
    decided_by_name: str | None
    last_message: str | None
    interest: Money | None
    expected_interest: Money | None
    voucher_id: int | None

    @property
    def interest_differs(self) -> bool:
        if self.interest is None or self.expected_interest is None:
            return False
        return abs(self.interest.fen - self.expected_interest.fen) > _INTEREST_TOLERANCE.fen


async def rate_on(*, bank_code: str, product: str, day: date, using: Executor = database.pool) -> int:
    """The rate a bank pays on a day, in ppm a year. Raises Refused when none is registered: none is ever assumed."""
    found = await using.value(
        "SELECT rate_ppm FROM bank_rate WHERE bank_code = $1 AND product = $2 AND effective_from <= $3"
        " ORDER BY effective_from DESC LIMIT 1",
        bank_code,
        product,
        day,
    )
    if found is None:
        raise Refused(RATE_UNKNOWN(bank=bank_code, product=PRODUCTS[product].name, day=day))
    return int(found)


async def demand_rate_on(*, bank_code: str, day: date, using: Executor = database.pool) -> int:
    """For checking what a bank paid, after it has paid: without a registered rate the check expects no interest, and
    the difference is shown."""
    try:
        return await rate_on(bank_code=bank_code, product=DEMAND, day=day, using=using)
    except Refused:
        return 0


def standing_of(row: Record) -> Standing:
    return Standing(
        product=standing_product(row),
        balance=Money(row["balance_fen"]),
        rate_ppm=row["rate_ppm"],
        placed_on=row["placed_on"],
        matures_on=row["matures_on"],
        notice_amount=Money(row["notice_fen"]) if row["notice_fen"] is not None else None,
        notice_draw_on=row["notice_draw_on"],
    )


def standing_product(row: Record) -> Product:
    return PRODUCTS[row["product"]]


async def deposit(*, actor: Actor, deposit_id: int) -> DepositView:
    require_funds(actor)
    row = await database.row("SELECT * FROM bank_deposit WHERE deposit_id = $1", deposit_id)
    if row is None:
        raise Refused(NOT_FOUND.on("depositId"))
    return _deposit(row)


async def deposits(*, actor: Actor, state: str | None = None, matures_within: date | None = None) -> list[DepositView]:
    """Deposits, those that mature first in front; `matures_within`: standing ones that mature until that day."""
    require_funds(actor)
    rows = await database.rows(
        "SELECT * FROM bank_deposit WHERE ($1::text IS NULL OR state = $1)"
        " AND ($2::date IS NULL OR (state = 'standing' AND coalesce(matures_on, notice_draw_on) <= $2))"
        " ORDER BY coalesce(matures_on, notice_draw_on) NULLS LAST, deposit_id",
        state,
        matures_within,
    )
    return [_deposit(row) for row in rows]


async def deposit_orders(
    *, actor: Actor, deposit_id: int | None = None, state: str | None = None, most: int = 200
) -> list[DepositOrderView]:
    require_funds(actor)
    rows = await database.rows(
        "SELECT * FROM deposit_order WHERE ($1::bigint IS NULL OR deposit_id = $1)"
        " AND ($2::text IS NULL OR state = $2) ORDER BY proposed_at DESC, order_id DESC LIMIT $3",
        deposit_id,
        state,
        most,
    )
    return [_order(row) for row in rows]


async def maturing(*, actor: Actor, business_date: date, days: int = 7) -> list[DepositView]:
    """What matures, or is to be drawn as announced, within so many days."""
    return await deposits(actor=actor, matures_within=business_date + timedelta(days=days))


def _deposit(row: Record) -> DepositView:
    return DepositView(
        deposit_id=row["deposit_id"],
        kind=row["kind"],
        product=row["product"],
        product_name=PRODUCTS[row["product"]].name,
        bank_account_code=row["bank_account_code"],
        deposit_account_code=row["deposit_account_code"],
        certificate_no=row["certificate_no"],
        principal=Money(row["principal_fen"]),
        balance=Money(row["balance_fen"]),
        rate_ppm=row["rate_ppm"],
        placed_on=row["placed_on"],
        matures_on=row["matures_on"],
        rollover=row["rollover"],
        notice_amount=Money(row["notice_fen"]) if row["notice_fen"] is not None else None,
        notice_draw_on=row["notice_draw_on"],
        accrued=Money(row["accrued_fen"]),
        accrued_through=row["accrued_through"],
        state=row["state"],
        state_name=STATE_NAMES[row["state"]],
    )


def _order(row: Record) -> DepositOrderView:
    return DepositOrderView(
        order_id=row["order_id"],
        deposit_id=row["deposit_id"],
        kind=row["kind"],
        kind_name=ORDER_NAMES[row["kind"]],
        serial_no=row["serial_no"],
        amount=Money(row["amount_fen"]) if row["amount_fen"] is not None else None,
        draw_on=row["draw_on"],
        reason=row["reason"],
        state=row["state"],
        state_name=ORDER_STATE_NAMES[row["state"]],
        proposed_by=row["proposed_by"],
        proposed_by_name=row["proposed_by_name"],
        proposed_at=row["proposed_at"],
        decided_by_name=row["decided_by_name"],
        last_message=row["last_message"],
        interest=Money(row["interest_fen"]) if row["interest_fen"] is not None else None,
        expected_interest=Money(row["expected_interest_fen"]) if row["expected_interest_fen"] is not None else None,
        voucher_id=row["voucher_id"],
    )
