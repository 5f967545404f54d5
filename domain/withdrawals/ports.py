"""What withdrawals ask of other agencies: homes, marriages, filed rentals, identities, contracts, invoices, loans, and
what social security and civil affairs know (不动产、婚姻登记、租房备案、公安、网签、税务、贷款、社保、民政).

An agency in trouble is an answer too: `no_answer` with a reason, so that the case goes to manual review
instead of failing. These methods never raise for a partner's trouble and are never called inside a
transaction. Answers hold personal data: store what was concluded from them, never the objects.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Generic, Literal, Protocol, TypeVar

from domain.kernel.identifiers import mask_id_document, mask_name
from domain.kernel.money import Money

T = TypeVar("T")

AnswerOutcome = Literal["answered", "no_answer"]
MarriageStatus = Literal["single", "married", "divorced", "widowed"]

_SHARE = re.compile(r"1|[1-9][0-9]{0,5}/[1-9][0-9]{0,5}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonIdentity:
    """Whom to ask about. `document_type` is ZJLX of JGJ/T 320 (01 = 身份证)."""

    name: str
    document_type: str
    document_no: str

    def __repr__(self) -> str:
        return f"PersonIdentity({mask_name(self.name)}, {mask_id_document(self.document_no)})"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgencyAnswer(Generic[T]):
    """What an agency said. `as_of` is the time of its data, in its own words; `trace_no` finds the exchange
    in its books, or in ours when it said nothing; `reason` is the Chinese why of `no_answer`, else empty."""

    agency: str
    asked_at: datetime
    as_of: datetime | None
    outcome: AnswerOutcome
    value: T | None = field(repr=False)
    trace_no: str
    reason: str = ""

    def __post_init__(self) -> None:
        if self.outcome == "answered":
            assert self.as_of is not None and not self.reason, "an answer has its time and no excuse"
        else:
            assert self.value is None and self.as_of is None and self.reason, "no answer has only a reason"

    @property
    def answered(self) -> bool:
        return self.outcome == "answered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """A registered home in Beijing. `ownership_share` is "1" (单独所有) or a fraction such as "1/2";
    `district_code` has six digits (GB/T 2260)."""

    address: str
    district_code: str
    ownership_share: str
    certificate_no: str
    registered_on: date

    def __post_init__(self) -> None:
        if _SHARE.fullmatch(self.ownership_share) is None:
            raise ValueError(f"not a share of ownership: {self.ownership_share!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Marriage:
    """The last registered status. A marriage registered elsewhere may name no spouse."""

    status: MarriageStatus
    spouse_name: str | None = None
    spouse_document_no: str | None = None

    def __repr__(self) -> str:
        return f"Marriage({self.status})"


@dataclass(frozen=True, slots=True, kw_only=True)
class RentalFiling:
    """租房备案. `until_on` is the last day of the lease; `monthly_rent` is for the whole home; `valid` as the
    agency sees it: a revoked filing is found, but not valid."""

    filing_no: str
    address: str
    monthly_rent: Money
    from_on: date
    until_on: date
    tenants: tuple[PersonIdentity, ...]
    valid: bool


class PropertyRegistry(Protocol):
    async def homes_of(self, *, persons: Sequence[PersonIdentity], now: datetime) -> AgencyAnswer[tuple[Home, ...]]:
        """All homes in Beijing of any of the persons, each once; none is an empty tuple."""
        ...


class MarriageRegistry(Protocol):
    async def marriage_of(self, *, person: PersonIdentity, now: datetime) -> AgencyAnswer[Marriage]:
        """A person without any registration is `single`."""
        ...


class RentalRegistry(Protocol):
    async def filing(self, *, filing_no: str, now: datetime) -> AgencyAnswer[RentalFiling | None]:
        """An answered None: there is no such filing."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CivilStatus:
    """公安: `matches` says that name and number belong together; `province` is the first two digits (GB/T 2260) of
    where the person is registered (户籍地), empty for foreigners; `minor_children` None where it is not known."""

    matches: bool
    province: str = ""
    minor_children: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeContract:
    """购房合同网签. `cancelled_on`: 退签. `new_home`: of a developer; `price` of the whole home."""

    contract_no: str
    address: str
    district_code: str
    price: Money
    signed_on: date
    new_home: bool
    buyers: tuple[PersonIdentity, ...]
    cancelled_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoice:
    """发票. `amount` with tax; `valid` is False once it was voided or written off in red."""

    invoice_no: str
    amount: Money
    issued_on: date
    payer: PersonIdentity
    valid: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeLoan:
    """A home loan. `repaid` is principal and interest repaid so far."""

    loan_contract_no: str
    borrowers: tuple[PersonIdentity, ...]
    repaid: Money
    open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Pension:
    """养老待遇. `since` the month from which it is drawn, None for somebody who draws none."""

    since: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Death:
    """死亡登记. `died_on` None for somebody of whom no death is registered."""

    died_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Employment:
    """就业与缴存. `months_elsewhere`: months contributed in another city without a gap until now."""

    months_elsewhere: int
    open_hpf_loan: bool


class IdentityRegistry(Protocol):
    async def civil_status_of(self, *, person: PersonIdentity, now: datetime) -> AgencyAnswer[CivilStatus]: ...


class ContractRegistry(Protocol):
    async def contract(self, *, contract_no: str, now: datetime) -> AgencyAnswer[HomeContract | None]:
        """An answered None: no such contract was signed, in Beijing or elsewhere (全国网签)."""
        ...


class InvoiceRegistry(Protocol):
    async def invoice(self, *, invoice_no: str, now: datetime) -> AgencyAnswer[Invoice | None]: ...


class LoanRegistry(Protocol):
    async def loan(self, *, loan_contract_no: str, now: datetime) -> AgencyAnswer[HomeLoan | None]: ...


class LifeRegistry(Protocol):
    async def pension_of(self, *, person: PersonIdentity, now: datetime) -> AgencyAnswer[Pension]: ...
    async def death_of(self, *, person: PersonIdentity, now: datetime) -> AgencyAnswer[Death]: ...
    async def employment_of(self, *, person: PersonIdentity, now: datetime) -> AgencyAnswer[Employment]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Registries:
    """The agencies that a withdrawal asks. `loan` is the loan system; it stands behind a port like the others until the
    area of loans serves it itself."""

    property: PropertyRegistry
    marriage: MarriageRegistry
    rental: RentalRegistry
    identity: IdentityRegistry
    contract: ContractRegistry
    invoice: InvoiceRegistry
    loan: LoanRegistry
    life: LifeRegistry
