"""What partners push, understood: form checked at the door, nothing judged. Rows are personal data: never logged."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from domain.kernel.actor import Actor
from domain.kernel.dates import YearMonth
from domain.kernel.money import Money

Source = Literal["ewindow", "social_security"]
SOURCE_NAMES: dict[str, str] = {"ewindow": "e窗通", "social_security": "社会保险"}
ORIGIN_NAMES: dict[str, str] = {"portal": "单位网上业务平台", "counter": "管理部柜台", **SOURCE_NAMES}
"""Where an employer's registration may have come from."""
KIND_NAMES: dict[str, str] = {
    "employer_registration": "单位登记开户",
    "collection_account": "委托收款账户",
    "account_cancelled": "扣款账户注销",
    "employee_changes": "职工增减",
    "base_declaration": "基数合并申报",
    "list_page": "清册页面办理",
}
KINDS_OF: dict[str, tuple[str, ...]] = {
    "ewindow": ("employer_registration", "collection_account", "account_cancelled", "employee_changes"),
    "social_security": ("employer_registration", "employee_changes", "base_declaration"),
}
"""What each source may push."""
STATE_NAMES: dict[str, str] = {
    "waiting": "等待中",
    "working": "办理中",
    "done": "已办结",
    "refused": "不予办理",
    "superseded": "已被取代",
}
ENDED = ("done", "refused", "superseded")
_LETTERS = {"ewindow": "EW", "social_security": "SS"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """A message of a partner without its body. `occurred_at` is the partner's time of the fact: of two pushes about one
    thing the later fact counts, whichever came first."""

    source: Source
    message_no: str
    kind: str
    uscc: str
    occurred_at: datetime
    received_at: datetime

    @property
    def request_key(self) -> str:
        return f"{_LETTERS[self.source]}-{self.message_no}"

    @property
    def actor(self) -> Actor:
        """Nobody's session: the system on the partner's channel."""
        return Actor(kind="system", channel=self.source, name=SOURCE_NAMES[self.source])


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentBody:
    """The employer's agent as the partner has verified them."""

    name: str
    document_type: str
    document_no: str
    mobile: str

    def __repr__(self) -> str:
        return "AgentBody(…)"


@dataclass(frozen=True, slots=True, kw_only=True)
class EmployerBody:
    """`rate_bp` holds for both parts; `first_month` None means the month of the registration."""

    name: str
    kind: str
    district_code: str
    pay_day: int
    rate_bp: int
    first_month: YearMonth | None
    agent: AgentBody | None
    address: str = ""
    postcode: str = ""
    phone: str = ""
    email: str = ""
    economic_type: str = ""
    industry: str = ""
    established_on: date | None = None
    legal_name: str = ""
    legal_document_no: str = ""

    def __repr__(self) -> str:
        return f"EmployerBody({self.name})"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountBody:
    """The employer's bank account for 委托收款, with the notice acknowledged on the partner's page."""

    bank_code: str
    account_no: str
    account_name: str
    day: int
    notice_version: str

    def __repr__(self) -> str:
        return f"AccountBody({self.bank_code})"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountCancelledBody:
    account_no: str

    def __repr__(self) -> str:
        return "AccountCancelledBody(…)"


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRow:
    """`row_no` counts from 1. `action` is add or remove; a declared base has neither, and is `base`."""

    row_no: int
    action: Literal["add", "remove", "base"]
    document_type: str
    document_no: str
    name: str
    mobile: str = ""
    declared: Money | None = None
    reason: str = ""

    def __repr__(self) -> str:
        return f"PersonRow({self.row_no}, {self.action})"


@dataclass(frozen=True, slots=True, kw_only=True)
class EmployeesBody:
    """`month` None means the month that changes of the employer are for now."""

    month: YearMonth | None
    rows: tuple[PersonRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BasesBody:
    """Bases from July of `year` on."""

    year: int
    rows: tuple[PersonRow, ...]


Body = EmployerBody | AccountBody | AccountCancelledBody | EmployeesBody | BasesBody
