"""What the simulated agencies know of the demonstration city."""

from __future__ import annotations

from channels.registries.simulator import CitizenRecord, RegistryRecords
from domain.kernel.money import Money
from domain.withdrawals import Home, HomeContract, HomeLoan, Invoice, Marriage, PersonIdentity, RentalFiling
from ops.demo.city import Citizen, City


def records(known: City) -> RegistryRecords:
    """Homes, marriages, filings, contracts, invoices and loans of the city, as the agencies keep them."""
    return RegistryRecords(
        persons={
            citizen.document_no: CitizenRecord(
                name=citizen.name,
                homes=tuple(
                    Home(
                        address=home["address"],
                        district_code=home["district_code"],
                        ownership_share=home["share"],
                        certificate_no=home["certificate_no"],
                        registered_on=home["registered_on"],
                    )
                    for home in citizen.homes
                ),
                marriage=_marriage(known, citizen),
                pension_since=citizen.pension_since,
                contributes_at=citizen.contributes_at,
            )
            for citizen in known.citizens.values()
        },
        filings={
            rental["filing_no"]: RentalFiling(
                filing_no=rental["filing_no"],
                address=rental["address"],
                monthly_rent=Money.parse(rental["monthly_rent"]),
                from_on=rental["from_on"],
                until_on=rental["until_on"],
                tenants=tuple(_person(known.citizens[key]) for key in rental["tenants"]),
                valid=rental["valid"],
            )
            for rental in known.rentals
        },
        contracts={
            row["contract_no"]: HomeContract(
                contract_no=row["contract_no"],
                address=row["address"],
                district_code=row["district_code"],
                price=Money.parse(row["price"]),
                signed_on=row["signed_on"],
                new_home=row["new_home"],
                buyers=tuple(_person(known.citizens[key]) for key in row["buyers"]),
                cancelled_on=row.get("cancelled_on"),
            )
            for row in known.contracts
        },
        invoices={
            row["invoice_no"]: Invoice(
                invoice_no=row["invoice_no"],
                amount=Money.parse(row["amount"]),
                issued_on=row["issued_on"],
                payer=_person(known.citizens[row["payer"]]),
                valid=row["valid"],
            )
            for row in known.invoices
        },
        loans={
            row["loan_contract_no"]: HomeLoan(
                loan_contract_no=row["loan_contract_no"],
                borrowers=tuple(_person(known.citizens[key]) for key in row["borrowers"]),
                repaid=Money.parse(row["repaid"]),
                open=row["open"],
            )
            for row in known.loans
        },
    )


def _marriage(known: City, citizen: Citizen) -> Marriage:
    spouse = known.citizens.get(citizen.marriage.get("spouse", ""))
    return Marriage(
        status=citizen.marriage["status"],
        spouse_name=spouse.name if spouse else None,
        spouse_document_no=spouse.document_no if spouse else None,
    )


def _person(citizen: Citizen) -> PersonIdentity:
    return PersonIdentity(name=citizen.name, document_type="01", document_no=citizen.document_no)
