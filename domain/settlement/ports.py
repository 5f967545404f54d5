"""The ports to the entrusted banks (受托银行), reached through the national settlement system
(住房公积金银行结算数据应用系统).

Whatever moves money is told to a bank once. Whatever is not a clear answer is `unknown`, and the caller asks with a
query; only `not_found` from a query says that the bank never booked the serial number, so that it may be told again.
No method raises for a partner's trouble, and none repeats a request by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, Protocol

from domain.kernel.money import Money

PaymentStatus = Literal["confirmed", "rejected", "processing", "unknown", "not_found"]
SettleType = Literal["1", "2", "3"]
AccountClass = Literal["1", "2"]

SERIAL_NO_LENGTH_MAX = 20

# 结算方式: within the bank, between banks at once, between banks later (the settlement system's code table).
SAME_BANK: SettleType = "1"
OTHER_BANK_AT_ONCE: SettleType = "2"
OTHER_BANK_LATER: SettleType = "3"

# 账户类别: 对私, 对公.
PRIVATE_ACCOUNT: AccountClass = "1"
PUBLIC_ACCOUNT: AccountClass = "2"

# 业务类型 of the settlement system's code table.
REMITTANCE = "01"
PARTIAL_WITHDRAWAL = "02"
CLOSURE_WITHDRAWAL = "03"
LOAN_COLLECTION = "05"
OTHER_BUSINESS = "20"


def _check_serial(serial_no: str) -> None:
    assert 1 <= len(serial_no) <= SERIAL_NO_LENGTH_MAX, "YWLSH has at most 20 characters"
    assert serial_no.isascii() and serial_no.isalnum(), "YWLSH has letters and digits only"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentOrder:
    """One payment from an account of the centre. `serial_no` is 业务流水号 YWLSH: unique for ever, the bank answers the
    same serial number with the same content by the same result. `payee_bank_code` is the payer's bank unless given."""

    serial_no: str
    bank_code: str
    payer_account_no: str
    payee_account_no: str
    payee_name: str
    amount: Money
    summary: str
    business_type: str = PARTIAL_WITHDRAWAL
    settle_type: SettleType = SAME_BANK
    payee_bank_code: str | None = None
    payee_class: AccountClass = PRIVATE_ACCOUNT
    business_date: date

    def __post_init__(self) -> None:
        _check_serial(self.serial_no)
        assert self.amount.fen > 0, "a payment has a positive amount"
        assert len(self.business_type) == 2, "业务类型 has two digits"

    def __repr__(self) -> str:
        """Without the payee: orders end up in logs and traces."""
        return f"PaymentOrder({self.serial_no}, bank {self.bank_code}, {self.amount})"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentOutcome:
    """What is known of a payment. `code` and `message` are the bank's, translated by its code table; `amount` what
    stands under the serial number, when the bank says so: whoever only asked compares it with the order. `raw_digest`
    is the SM3 of the answer's bytes (empty when there was none), evidence without personal data."""

    status: PaymentStatus
    code: str
    message: str
    bank_serial_no: str | None = None
    confirmed_at: datetime | None = None
    amount: Money | None = None
    raw_digest: str = ""


class SettlementGateway(Protocol):
    """Single payments."""

    async def pay(self, *, order: PaymentOrder, now: datetime) -> PaymentOutcome:
        """Tells the bank to pay (101 单笔付款). Never answers `not_found`: a broken connection is `unknown`, even one
        that was refused before anything was sent, so that callers have one way to go on."""
        ...

    async def query(self, *, serial_no: str, bank_code: str, business_date: date, now: datetime) -> PaymentOutcome:
        """Asks what became of a payment (110 交易结果查询). `not_found` only when the bank says so itself."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FileAnswer:
    """A file of the bank, whole: its parts were put together and its digest agreed. `absent`: the bank has none (yet).
    Anything else is `failed`, and may be asked for again; `message` says why, in Chinese."""

    status: Literal["whole", "absent", "failed"]
    content: bytes = b""
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchEntry:
    item_no: int
    bank_code: str
    account_no: str
    name: str
    amount: Money
    summary: str

    def __repr__(self) -> str:
        return f"BatchEntry({self.item_no}, {self.amount})"


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchOrder:
    """103 批量付款 (`pay`) or 104 批量收款 (`collect`) between one account of the centre and many of others."""

    serial_no: str
    direction: Literal["pay", "collect"]
    bank_code: str
    centre_account_no: str
    business_type: str
    entries: Sequence[BatchEntry]
    business_date: date

    def __post_init__(self) -> None:
        _check_serial(self.serial_no)
        assert self.entries, "a batch has items"


DepositAction = Literal["place", "draw", "set_notice", "cancel_notice", "set_rollover"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositInstruction:
    """114–120. `certificate_no` (存单号) is the bank's and empty when placing; `product` one of `deposit_rules`."""

    serial_no: str
    action: DepositAction
    kind: Literal["fixed", "notice"]
    product: str
    bank_code: str
    demand_account_no: str
    deposit_account_no: str
    certificate_no: str = ""
    amount: Money | None = None
    draw_on: date | None = None
    rollover: bool = False
    business_date: date

    def __post_init__(self) -> None:
        _check_serial(self.serial_no)
        assert self.amount is None or self.amount.fen > 0, "an instruction has a positive amount"


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositOutcome:
    """As PaymentOutcome. A confirmed placing brings certificate and rate (ppm a year), a confirmed drawing the
    interest paid; `bank_serial_no` is the line of the demand account, `deposit_serial_no` that of the deposit's."""

    status: PaymentStatus
    code: str
    message: str
    bank_serial_no: str | None = None
    deposit_serial_no: str | None = None
    booked_on: date | None = None
    certificate_no: str | None = None
    rate_ppm: int | None = None
    matures_on: date | None = None
    interest: Money | None = None
    raw_digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositStanding:
    """122 定期余额 and 121 通知查询: what the bank says stands under a certificate; None values when it did not say."""

    status: Literal["standing", "absent", "failed"]
    balance: Money | None = None
    notice_amount: Money | None = None
    notice_draw_on: date | None = None
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnionBankEntry:
    union_no: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountCheck:
    """Whether an account is open in a name. `unanswered`: no clear answer, ask again later."""

    status: Literal["holds", "differs", "absent", "closed", "frozen", "unanswered"]
    message: str = ""


class FundsGateway(Protocol):
    """Files, batches, deposits and questions about accounts."""

    async def check_account(self, *, bank_code: str, account_no: str, name: str, now: datetime) -> AccountCheck:
        """户名校验: moves nothing."""
        ...

    async def probe(self, *, bank_code: str, now: datetime) -> bool:
        """SYS600: whether the bank answers."""
        ...

    async def statement(self, *, bank_code: str, account_no: str, day: date, now: datetime) -> FileAnswer:
        """113 账户明细 of one account and day, in the rows of `statement_format`."""
        ...

    async def demand_balance(self, *, bank_code: str, account_no: str, now: datetime) -> Money | None:
        """123 活期余额. None without a clear answer."""
        ...

    async def union_banks(self, *, bank_code: str, now: datetime) -> Sequence[UnionBankEntry] | None:
        """112 联行号 of a bank. None without a clear answer."""
        ...

    async def submit_batch(self, *, order: BatchOrder, now: datetime) -> PaymentOutcome:
        """103/104. `processing` when the bank has taken it; never `confirmed`, never `not_found`."""
        ...

    async def batch_result(
        self, *, serial_no: str, bank_code: str, business_date: date, now: datetime
    ) -> PaymentOutcome:
        """107. `confirmed`: the bank is through with every item, `processing`: with some or none."""
        ...

    async def batch_file(self, *, serial_no: str, bank_code: str, business_date: date, now: datetime) -> FileAnswer:
        """108: the results item by item, in the rows of `batch_format`."""
        ...

    async def instruct_deposit(self, *, instruction: DepositInstruction, now: datetime) -> DepositOutcome: ...

    async def query_deposit(self, *, instruction: DepositInstruction, now: datetime) -> DepositOutcome:
        """110 for an instruction: what became of it."""
        ...

    async def deposit_standing(
        self, *, bank_code: str, certificate_no: str, kind: Literal["fixed", "notice"], now: datetime
    ) -> DepositStanding: ...
