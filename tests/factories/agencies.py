"""Agencies that know exactly what a test says, in the ports' own words. Everything is to the applicant's favour until
it is said otherwise, so that a story names only what has changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from domain.kernel.money import Money
from domain.withdrawals import (
    AgencyAnswer,
    CivilStatus,
    Death,
    Employment,
    Home,
    HomeContract,
    HomeLoan,
    Invoice,
    Marriage,
    Pension,
    PersonIdentity,
    Registries,
    RentalFiling,
)
from ops.demo.city import city

MUCH = Money.yuan(900_000)
REPAID, RENT = Money.yuan(60_000), Money.yuan(3_000)


def identity_of(key: str) -> PersonIdentity:
    person = city().citizens[key]
    return PersonIdentity(name=person.name, document_type="01", document_no=person.document_no)


@dataclass
class Agencies:
    """All ports in one. `family` are those whom papers name; an agency in `silent` answers nothing. `as_of` is when
    its data is from, the time of asking if None."""

    family: tuple[str, ...]
    marriage_status: str = "single"
    spouse: str | None = None
    homes: tuple[str, ...] = ()
    province: str = "11"
    children: int | None = 2
    matches: bool = True
    contract_province: str = "11"
    address: str = "北京市朝阳区演示路9号院2号楼3单元501"
    price: Money = MUCH
    new_home: bool = True
    cancelled_on: date | None = None
    contract_known: bool = True
    invoice_amount: Money = MUCH
    invoice_valid: bool = True
    repaid: Money = REPAID
    filing_valid: bool = True
    rent: Money = RENT
    pension_since: date | None = None
    died_on: date | None = None
    months_elsewhere: int = 0
    open_loan: bool = False
    as_of: datetime | None = None
    silent: frozenset[str] = field(default_factory=frozenset)

    def registries(self) -> Registries:
        everything: Any = self
        return Registries(
            property=everything,
            marriage=everything,
            rental=everything,
            identity=everything,
            contract=everything,
            invoice=everything,
            loan=everything,
            life=everything,
        )

    def _said(self, what: str, value: Any, now: datetime) -> AgencyAnswer[Any]:
        if what in self.silent:
            return AgencyAnswer(
                agency="部门", asked_at=now, as_of=None, outcome="no_answer", value=None, trace_no="T", reason="未答复"
            )
        return AgencyAnswer(
            agency="部门", asked_at=now, as_of=self.as_of or now, outcome="answered", value=value, trace_no="T"
        )

    @property
    def _persons(self) -> tuple[PersonIdentity, ...]:
        return tuple(identity_of(key) for key in self.family)

    async def homes_of(self, *, persons: Sequence[PersonIdentity], now: datetime) -> AgencyAnswer[tuple[Home, ...]]:
        found = tuple(
            Home(
                address=self.address,
                district_code="110105",
                ownership_share="1",
                certificate_no=number,
                registered_on=date(2020, 1, 1),
            )
            for number in self.homes
        )
        return self._said("property", found, now)

    async def marriage_of(self, *, person: PersonIdentity, now: datetime) -> AgencyAnswer[Marriage]:
        spouse = identity_of(self.spouse) if self.spouse else None
        said = Marriage(
            status=self.marriage_status,  # type: ignore[arg-type]
            spouse_name=spouse.name if spouse else None,
            spouse_document_no=spouse.document_no if spouse else None,
        )
        return self._said("marriage", said, now)

    async def filing(self, *, filing_no: str, now: datetime) -> AgencyAnswer[RentalFiling | None]:
        said = RentalFiling(
            filing_no=filing_no,
            address=self.address,
            monthly_rent=self.rent,
            from_on=date(2026, 1, 1),
            until_on=date(2028, 12, 31),
            tenants=self._persons,
            valid=self.filing_valid,
        )
        return self._said("rental", said, now)

    async def civil_status_of(self, *, person: PersonIdentity, now: datetime) -> AgencyAnswer[CivilStatus]:
        said = CivilStatus(matches=self.matches, province=self.province, minor_children=self.children)
        return self._said("identity", said, now)

    async def contract(self, *, contract_no: str, now: datetime) -> AgencyAnswer[HomeContract | None]:
        said = HomeContract(
            contract_no=contract_no,
            address=self.address,
            district_code=f"{self.contract_province}0105",
            price=self.price,
            signed_on=date(2026, 6, 1),
            new_home=self.new_home,
            buyers=self._persons,
            cancelled_on=self.cancelled_on,
        )
        return self._said("contract", said if self.contract_known else None, now)

    async def invoice(self, *, invoice_no: str, now: datetime) -> AgencyAnswer[Invoice | None]:
        said = Invoice(
            invoice_no=invoice_no,
            amount=self.invoice_amount,
            issued_on=date(2026, 6, 1),
            payer=self._persons[0],
            valid=self.invoice_valid,
        )
        return self._said("invoice", said, now)

    async def loan(self, *, loan_contract_no: str, now: datetime) -> AgencyAnswer[HomeLoan | None]:
        said = HomeLoan(loan_contract_no=loan_contract_no, borrowers=self._persons, repaid=self.repaid, open=True)
        return self._said("loan", said, now)

    async def pension_of(self, *, person: PersonIdentity, now: datetime) -> AgencyAnswer[Pension]:
        return self._said("pension", Pension(since=self.pension_since), now)

    async def death_of(self, *, person: PersonIdentity, now: datetime) -> AgencyAnswer[Death]:
        return self._said("death", Death(died_on=self.died_on), now)

    async def employment_of(self, *, person: PersonIdentity, now: datetime) -> AgencyAnswer[Employment]:
        return self._said(
            "employment", Employment(months_elsewhere=self.months_elsewhere, open_hpf_loan=self.open_loan), now
        )
