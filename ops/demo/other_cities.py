"""The centres of other cities at the simulated transfer platform, and how their money reaches ours."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from channels.banks.book import BankBook, Card
from channels.banks.notifier import Notifier
from channels.national_transfer.city import Payment, Resident, SimulatedCity
from channels.national_transfer.simulator import TransferSimulator
from channels.simulation import Faults
from channels.wire import SignatureCheck
from domain.kernel.database import Transaction
from domain.kernel.declared import read
from domain.kernel.money import Money
from ops.demo.city import City
from ops.settings import Settings
from ops.wiring import centre_of_transfers

FILE = Path(__file__).with_name("other_cities.yaml")


@cache
def declared() -> tuple[dict[str, Any], ...]:
    return tuple(read(FILE)["cities"])


def simulated(known: City, *, faults: Faults, clock: Callable[[], datetime]) -> tuple[SimulatedCity, ...]:
    return tuple(
        SimulatedCity(
            code=city["code"],
            name=city["name"],
            region_code=city["region_code"],
            bank_code=city["bank"],
            fund_account=city["fund_account_no"],
            residents={
                known.citizens[one["citizen"]].document_no: Resident(
                    name=known.citizens[one["citizen"]].name,
                    document_no=known.citizens[one["citizen"]].document_no,
                    account=one["account"],
                    balance=Money.parse(one["balance"]),
                    interest=Money.parse(one["interest"]),
                )
                for one in city["residents"]
                # of a generated city nobody has lived elsewhere
                if one["citizen"] in known.citizens
            },
            faults=faults,
            clock=clock,
        )
        for city in declared()
    )


def fund_cards(bank_code: str) -> tuple[Card, ...]:
    """The cities' accounts as the bank knows them, so that it takes payments to them."""
    return tuple(
        Card(account_no=city["fund_account_no"], name=f"{city['name']}住房公积金专户")
        for city in declared()
        if city["bank"] == bank_code
    )


def platform(
    settings: Settings,
    known: City,
    *,
    book: BankBook,
    notifier: Notifier,
    faults: Faults,
    clock: Callable[[], datetime],
) -> TransferSimulator:
    """The platform with its cities, tied to the simulated banks both ways."""
    secret = settings.transfer_secret.get_secret_value().encode()
    simulator = TransferSimulator(
        cities=simulated(known, faults=faults, clock=clock),
        centre=centre_of_transfers(clock()),
        url=settings.public_url,
        secret=secret,
        check=SignatureCheck(secrets_by_app={settings.transfer_app: secret}, clock=clock),
        faults=faults,
        clock=clock,
        pay_us=paying_us(book, notifier, clock=clock),
    )
    book.batches.paid = lambda account, amount, remark: simulator.paid(account_no=account, amount=amount, remark=remark)
    return simulator


def paying_us(book: BankBook, notifier: Notifier, *, clock: Callable[[], datetime]) -> Any:
    """A city's money comes in at our bank, which tells us of it."""

    async def pay(payment: Payment, payer: SimulatedCity) -> None:
        line = book.receive(
            bank_code=payment.bank_code,
            account_no=payment.account_no,
            amount=payment.amount,
            payer_account_no=payer.fund_account,
            payer_name=payer.fund_account_name,
            remark=payment.remark,
            now=clock(),
        )
        await notifier.notify(bank_code=payment.bank_code, account_no=payment.account_no, line=line)

    return pay


async def load_centres(tx: Transaction, *, now: datetime) -> None:
    """The centres that can be chosen for a transfer in, as 909 would bring them."""
    for city in declared():
        await tx.execute(
            "INSERT INTO centre_code (code, name, region_code, active, updated_at) VALUES ($1, $2, $3, true, $4)"
            " ON CONFLICT (code) DO NOTHING",
            city["code"],
            city["name"],
            city["region_code"],
            now,
        )
