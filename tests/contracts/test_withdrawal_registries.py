"""Contract of the registries that withdrawals ask beside homes, marriages and filings: client and simulator."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest

from channels.registries import CitizenRecord, RegistryRecords, registries
from channels.registries.simulator import simulator
from channels.simulation import Faults
from domain.kernel.money import Money
from domain.withdrawals import HomeContract, HomeLoan, Invoice, PersonIdentity, Registries
from tests.contracts.test_registries import APP, NOW, SECRET, wire
from tests.loopback import serve

PERSON = PersonIdentity(name="样例甲", document_type="01", document_no="99010119900101006X")
CONTRACT = HomeContract(
    contract_no="YS1",
    address="朝阳区演示路1号",
    district_code="110105",
    price=Money.yuan(3_000_000),
    signed_on=date(2026, 3, 1),
    new_home=True,
    buyers=(PERSON,),
    cancelled_on=date(2026, 4, 1),
)
INVOICE = Invoice(invoice_no="FP1", amount=Money(123_45), issued_on=date(2026, 3, 2), payer=PERSON, valid=False)
LOAN = HomeLoan(loan_contract_no="DK1", borrowers=(PERSON,), repaid=Money(1), open=True)
RECORDS = RegistryRecords(
    persons={
        PERSON.document_no: CitizenRecord(
            name=PERSON.name,
            province="13",
            minor_children=2,
            pension_since=date(2026, 5, 1),
            died_on=date(2026, 6, 1),
            months_elsewhere=7,
            open_loan=True,
        )
    },
    contracts={"YS1": CONTRACT},
    invoices={"FP1": INVOICE},
    loans={"DK1": LOAN},
)


@dataclass
class Served:
    agencies: Registries
    faults: Faults


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    faults = Faults()
    app = simulator(records=RECORDS, secrets_by_app={APP: SECRET}, clock=lambda: NOW, faults=faults)
    async with serve(app) as url, wire(url) as client:
        yield Served(registries(wire=client), faults)


async def asked(served: Served) -> dict[str, Any]:
    a = served.agencies
    return {
        "civil": await a.identity.civil_status_of(person=PERSON, now=NOW),
        "contract": await a.contract.contract(contract_no="YS1", now=NOW),
        "invoice": await a.invoice.invoice(invoice_no="FP1", now=NOW),
        "loan": await a.loan.loan(loan_contract_no="DK1", now=NOW),
        "retired": await a.life.pension_of(person=PERSON, now=NOW),
        "death": await a.life.death_of(person=PERSON, now=NOW),
        "elsewhere": await a.life.employment_of(person=PERSON, now=NOW),
    }


async def test_what_each_registry_holds_arrives_as_it_is(served: Served) -> None:
    answers = await asked(served)
    assert all(answer.answered and answer.trace_no for answer in answers.values())
    civil, elsewhere = answers["civil"].value, answers["elsewhere"].value
    assert (civil.matches, civil.province, civil.minor_children) == (True, "13", 2)
    assert (answers["contract"].value, answers["invoice"].value, answers["loan"].value) == (CONTRACT, INVOICE, LOAN)
    assert answers["retired"].value.since == date(2026, 5, 1)
    assert answers["death"].value.died_on == date(2026, 6, 1)
    assert (elsewhere.months_elsewhere, elsewhere.open_hpf_loan) == (7, True)


async def test_what_nobody_registered_is_an_answer(served: Served) -> None:
    a = served.agencies
    for answer in (
        await a.contract.contract(contract_no="none", now=NOW),
        await a.invoice.invoice(invoice_no="none", now=NOW),
        await a.loan.loan(loan_contract_no="none", now=NOW),
    ):
        assert answer.answered and answer.value is None


@pytest.mark.parametrize("mode", ["error500", "garbage", "refuse"])
async def test_trouble_of_each_is_no_answer(served: Served, mode: Any) -> None:
    served.faults.add(simulator="registries", mode=mode)
    for name, answer in (await asked(served)).items():
        assert (answer.outcome, answer.value) == ("no_answer", None), name
        assert answer.reason
