"""The registries together, and the clients of property, marriage and rental registry."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from channels.registries.asking import (
    Unreadable,
    ask,
    day,
    object_of,
    person_out,
    rows,
    text,
    text_or_none,
)
from channels.registries.people import IdentityClient, LifeClient
from channels.registries.purchases import ContractClient, InvoiceClient, LoanClient
from channels.wire import SignedClient
from domain.kernel.money import Money
from domain.withdrawals import (
    AgencyAnswer,
    Home,
    Marriage,
    PersonIdentity,
    Registries,
    RentalFiling,
)

PERSONS_MAX = 10


def registries(*, wire: SignedClient) -> Registries:
    """The registries behind one gateway; each with a wire of its own where they have separate ones."""
    return Registries(
        property=PropertyClient(wire=wire),
        marriage=MarriageClient(wire=wire),
        rental=RentalClient(wire=wire),
        identity=IdentityClient(wire=wire),
        contract=ContractClient(wire=wire),
        invoice=InvoiceClient(wire=wire),
        loan=LoanClient(wire=wire),
        life=LifeClient(wire=wire),
    )


class PropertyClient:
    """不动产登记. Implements `PropertyRegistry`."""

    agency = "市规划和自然资源委（不动产登记）"

    def __init__(self, *, wire: SignedClient) -> None:
        self._wire = wire

    async def homes_of(self, *, persons: Sequence[PersonIdentity], now: datetime) -> AgencyAnswer[tuple[Home, ...]]:
        assert 1 <= len(persons) <= PERSONS_MAX, f"asked about {len(persons)} persons"
        return await ask(
            wire=self._wire,
            agency=self.agency,
            path="property/homes",
            body={"persons": [person_out(person) for person in persons]},
            read=_homes,
            now=now,
        )


class MarriageClient:
    """婚姻登记. Implements `MarriageRegistry`."""

    agency = "市民政局（婚姻登记）"

    def __init__(self, *, wire: SignedClient) -> None:
        self._wire = wire

    async def marriage_of(self, *, person: PersonIdentity, now: datetime) -> AgencyAnswer[Marriage]:
        return await ask(
            wire=self._wire,
            agency=self.agency,
            path="marriage/status",
            body={"person": person_out(person)},
            read=_marriage,
            now=now,
        )


class RentalClient:
    """房屋租赁备案. Implements `RentalRegistry`."""

    agency = "市住房城乡建设委（房屋租赁备案）"

    def __init__(self, *, wire: SignedClient) -> None:
        self._wire = wire

    async def filing(self, *, filing_no: str, now: datetime) -> AgencyAnswer[RentalFiling | None]:
        def read(data: Any) -> RentalFiling | None:
            filing = _filing(data)
            if filing is not None and filing.filing_no != filing_no:
                raise Unreadable("another filing")
            return filing

        return await ask(
            wire=self._wire,
            agency=self.agency,
            path="rental/filing",
            body={"filingNo": filing_no},
            read=read,
            now=now,
        )


def _homes(data: Any) -> tuple[Home, ...]:
    homes = [
        Home(
            address=text(row, "address"),
            district_code=text(row, "districtCode"),
            ownership_share=text(row, "ownershipShare"),
            certificate_no=text(row, "certificateNo"),
            registered_on=day(row, "registeredOn"),
        )
        for row in rows(data)
    ]
    # two spouses who own one home are told it twice
    return tuple({home.certificate_no: home for home in homes}.values())


def _marriage(data: Any) -> Marriage:
    row = object_of(data)
    status = row.get("status")
    # one by one: what comes from outside is not cast to a closed set
    if status == "married":
        spouse_name, spouse_document_no = (
            text_or_none(row, "spouseName"),
            text_or_none(row, "spouseDocumentNo"),
        )
        return Marriage(status="married", spouse_name=spouse_name, spouse_document_no=spouse_document_no)
    if status == "single" or status == "divorced" or status == "widowed":
        return Marriage(status=status)
    raise Unreadable("unknown status")


def _filing(data: Any) -> RentalFiling | None:
    if data is None:
        return None
    row = object_of(data)
    valid = row.get("valid")
    from_on, until_on = day(row, "from"), day(row, "until")
    rent = Money.parse(text(row, "monthlyRent"))
    if not isinstance(valid, bool) or until_on < from_on or rent < Money.zero():
        raise Unreadable("a filing that cannot be")
    return RentalFiling(
        filing_no=text(row, "filingNo"),
        address=text(row, "address"),
        monthly_rent=rent,
        from_on=from_on,
        until_on=until_on,
        tenants=tuple(
            PersonIdentity(
                name=text(tenant, "name"),
                document_type=text(tenant, "documentType"),
                document_no=text(tenant, "documentNo"),
            )
            for tenant in rows(row.get("tenants"))
        ),
        valid=valid,
    )
