"""The outside systems of the demonstration, each speaking its own protocol on loopback: `python -m ops.simulators`.

They agree with the demonstration city and can be told to misbehave at `/_sim/faults` (`channels.simulation`).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route

from channels.banks.book import BankAccounts, Card
from channels.banks.simulator import BankSimulator
from channels.evaluation_push.simulator import EvaluationSimulator
from channels.identity.provider import DemonstrationCitizen, RegisteredClient
from channels.identity.simulator import simulator as identity_platform
from channels.registries.simulator import CitizenRecord, RegistryRecords
from channels.registries.simulator import simulator as registries_gateway
from channels.simulation import Faults, SimulatorJournal, control_routes
from channels.wire import SignatureCheck
from domain.kernel.money import Money
from domain.withdrawals import Home, Marriage, PersonIdentity, RentalFiling
from notifications.carriers.simulated_http.simulator import SmsSimulator
from ops import settings as configuration
from ops.demo.city import Citizen, City, city
from ops.settings import Settings
from ops.wiring import CARRIERS, Clock, system_clock

FUND_OPENING = Money.yuan(100_000_000)

LOGIN_PASSWORD = "demo"
"""Opens every demonstration identity at the simulated identity platform, which shows it on its page."""


def build(
    settings: Settings,
    *,
    known: City | None = None,
    journals: Path | None = None,
    clock: Clock = system_clock,
) -> Starlette:
    """All simulators as one application. Without `journals` they forget everything when they stop."""
    known = known or city()
    faults = _faults(known)

    def journal(name: str) -> SimulatorJournal:
        return SimulatorJournal(journals / f"{name}.jsonl" if journals else None)

    def check(app: str, secret: str) -> SignatureCheck:
        return SignatureCheck(secrets_by_app={app: secret.encode()}, clock=clock)

    bank = BankSimulator(
        banks=_banks(known),
        faults=faults,
        check=check(settings.bank_app, settings.bank_secret.get_secret_value()),
        clock=clock,
        journal=journal("bank"),
    )
    sms = SmsSimulator(
        carriers=CARRIERS,
        faults=faults,
        check=check(settings.sms_key_id, settings.sms_key_secret.get_secret_value()),
        clock=clock,
        journal=journal("sms"),
    )
    evaluation = EvaluationSimulator(
        faults=faults,
        check=check(settings.evaluation_app, settings.evaluation_secret.get_secret_value()),
        clock=clock,
        journal=journal("evaluation"),
    )
    platform = identity_platform(
        citizens=tuple(
            DemonstrationCitizen(
                name=citizen.name, document_no=citizen.document_no, mobile=citizen.mobile, note=citizen.note
            )
            for citizen in known.citizens.values()
        ),
        clients=(
            RegisteredClient(
                client_id=settings.identity_client_id,
                client_secret=settings.identity_client_secret.get_secret_value(),
                redirect_uris=(f"{settings.public_url}/auth/callback",),
            ),
        ),
        password=LOGIN_PASSWORD,
        clock=clock,
        issuer=settings.identity_issuer,
        faults=faults,
    )
    agencies = registries_gateway(
        records=_records(known),
        secrets_by_app={settings.registries_app: settings.registries_secret.get_secret_value().encode()},
        clock=clock,
        faults=faults,
    )
    return Starlette(
        routes=[
            Route("/", _hello),
            Mount("/identity", platform),
            Mount("/registries", agencies),
            *bank.routes(),
            *sms.routes(),
            *evaluation.routes(),
            *control_routes(faults),
        ]
    )


async def _hello(request: Request) -> JSONResponse:
    return JSONResponse({"simulators": ["identity", "registries", "bank", "sms", "evaluation"]})


def _faults(known: City) -> Faults:
    faults = Faults()
    for citizen in known.citizens.values():
        for agency in citizen.silent:
            # Refusing at once shows the same to the applicant as silence, without waiting for the time limit.
            faults.add(
                simulator="registries",
                operation=_OPERATION_OF[agency],
                mode="refuse",
                match={"document_no": citizen.document_no},
            )
    return faults


_OPERATION_OF = {"property": "homes", "marriage": "marriage", "rental": "filing"}


def _banks(known: City) -> dict[str, BankAccounts]:
    return {
        bank["code"]: BankAccounts(
            name=bank["name"],
            funds={bank["fund_account_no"]: FUND_OPENING},
            cards=tuple(
                Card(account_no=citizen.account["card"]["number"], name=citizen.name)
                for citizen in known.citizens.values()
                if citizen.account and citizen.account["card"]["bank"] == bank["code"] and not citizen.payee_unknown
            ),
        )
        for bank in known.banks
        if bank["entrusted"]
    }


def _records(known: City) -> RegistryRecords:
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


def main() -> None:
    parser = argparse.ArgumentParser(prog="ops.simulators")
    parser.add_argument("--port", type=int, default=8100)
    port = parser.parse_args().port
    settings = configuration.load()
    app = build(settings, journals=Path(settings.data_path) / "simulators")
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", lifespan="off")


if __name__ == "__main__":
    main()
