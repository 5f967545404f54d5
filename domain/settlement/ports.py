"""The port to the entrusted banks (受托银行), reached through the national settlement system
(住房公积金银行结算数据应用系统).

A payment is told to a bank once. Whatever is not a clear answer is `unknown`, and the caller asks with
`query`; only `not_found` from a query says that the bank never booked the serial number, so that it may be
told again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, Protocol

from domain.kernel.money import Money

PaymentStatus = Literal["confirmed", "rejected", "processing", "unknown", "not_found"]
SettleType = Literal["1", "2", "3"]

SERIAL_NO_LENGTH_MAX = 20

# 结算方式: within the bank, between banks at once, between banks later (the settlement system's code table).
SAME_BANK: SettleType = "1"
OTHER_BANK_AT_ONCE: SettleType = "2"
OTHER_BANK_LATER: SettleType = "3"

# 业务类型: 02 部分提取 (partial withdrawal), 03 销户提取 (closure withdrawal).
PARTIAL_WITHDRAWAL = "02"
CLOSURE_WITHDRAWAL = "03"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentOrder:
    """One payment from the fund's account to a person. `serial_no` is 业务流水号 YWLSH: unique for ever, the
    bank answers the same serial number with the same content by the same result."""

    serial_no: str
    bank_code: str
    payer_account_no: str
    payee_account_no: str
    payee_name: str
    amount: Money
    summary: str
    business_type: str = PARTIAL_WITHDRAWAL
    settle_type: SettleType = SAME_BANK
    business_date: date

    def __post_init__(self) -> None:
        assert 1 <= len(self.serial_no) <= SERIAL_NO_LENGTH_MAX, "YWLSH has at most 20 characters"
        assert self.serial_no.isascii() and self.serial_no.isalnum(), "YWLSH has letters and digits only"
        assert self.amount.fen > 0, "a payment has a positive amount"
        assert len(self.business_type) == 2, "业务类型 has two digits"

    def __repr__(self) -> str:
        """Without the payee: orders end up in logs and traces."""
        return f"PaymentOrder({self.serial_no}, bank {self.bank_code}, {self.amount})"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentOutcome:
    """What is known of a payment. `code` and `message` are the bank's, translated by its code table; `amount`
    what stands under the serial number, when the bank says so: whoever only asked compares it with the order.
    `raw_digest` is the SM3 of the answer's bytes (empty when there was none), evidence without personal
    data."""

    status: PaymentStatus
    code: str
    message: str
    bank_serial_no: str | None = None
    confirmed_at: datetime | None = None
    amount: Money | None = None
    raw_digest: str = ""


class SettlementGateway(Protocol):
    """Neither method raises for a partner's trouble, and neither repeats a request by itself."""

    async def pay(self, *, order: PaymentOrder, now: datetime) -> PaymentOutcome:
        """Tells the bank to pay (101 单笔付款). Never answers `not_found`: a broken connection is `unknown`,
        even one that was refused before anything was sent, so that callers have one way to go on."""
        ...

    async def query(self, *, serial_no: str, bank_code: str, business_date: date, now: datetime) -> PaymentOutcome:
        """Asks what became of a payment (110 交易结果查询). `not_found` only when the bank says so itself."""
        ...
