"""The outside systems of the demonstration, each speaking its own protocol on loopback: `python -m ops.simulators`.

They agree with the demonstration city and can be told to misbehave at `/_sim/faults` (`channels.simulation`).
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route

from channels.banks.book import BankAccounts, Card
from channels.banks.notifier import Notifier
from channels.banks.simulator import BankSimulator
from channels.evaluation_push.simulator import EvaluationSimulator
from channels.face.simulator import FaceSimulator
from channels.identity.corporate_simulator import CorporateSimulator, DemonstrationAgent
from channels.identity.platform_simulator import PlatformSimulator
from channels.identity.provider import DemonstrationCitizen, RegisteredClient
from channels.identity.simulator import simulator as identity_platform
from channels.registries.simulator import simulator as registries_gateway
from channels.simulation import Faults, SimulatorJournal, control_routes
from channels.wire import SignatureCheck
from domain.kernel.money import Money
from notifications.carriers.agent.simulator import SmsSimulator
from notifications.carriers.cloud_mas.simulator import CloudMasSimulator
from notifications.carriers.cmpp.simulator import CmppGateway
from ops import city_platform
from ops import settings as configuration
from ops.demo import other_cities
from ops.demo.city import City, city
from ops.settings import Settings
from ops.simulated_exchange import exchange_routes
from ops.simulated_platforms import simulated_platforms
from ops.simulated_records import records
from ops.wiring import Clock, system_clock

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
    callbacks = (f"{settings.public_url}/auth/callback", f"{settings.public_url}/auth/app/callback")
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
    notifier = Notifier(
        book=bank.book,
        faults=faults,
        clock=clock,
        url=settings.public_url,
        secret=settings.bank_secret.get_secret_value().encode(),
    )
    transfer = other_cities.platform(settings, known, book=bank.book, notifier=notifier, faults=faults, clock=clock)
    sms = SmsSimulator(
        carriers=tuple(settings.carrier_kinds),
        faults=faults,
        check=check(settings.sms_key_id, settings.sms_key_secret.get_secret_value()),
        clock=clock,
        journal=journal("sms"),
    )
    mas = CloudMasSimulator(
        ec_name=settings.sms_mas_ec_name,
        ap_id=settings.sms_mas_ap_id,
        secret_key=settings.sms_mas_secret_key.get_secret_value(),
        sign=settings.sms_mas_sign,
        faults=faults,
        clock=clock,
    )
    gateway = CmppGateway(
        secrets={settings.sms_cmpp_source: settings.sms_cmpp_secret.get_secret_value()},
        clock=clock,
        faults=faults,
        window=settings.sms_cmpp_window,
        connections_max=settings.sms_cmpp_connections_max,
    )
    sms.also = lambda: [*gateway.messages(), *mas.messages()]

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        """The CMPP gateway listens on a port of its own, where a carrier is reached by CMPP."""
        # served for people the other cities answer by themselves; a test says when
        answering = asyncio.create_task(transfer.deliver_always()) if journals is not None else None
        if "cmpp" in settings.carrier_kinds.values():
            await gateway.start(port=settings.sms_cmpp_port)
        yield
        if "cmpp" in settings.carrier_kinds.values():
            await gateway.stop()
        if answering is not None:
            answering.cancel()

    evaluation = EvaluationSimulator(
        faults=faults,
        check=check(settings.evaluation_app, settings.evaluation_secret.get_secret_value()),
        clock=clock,
        journal=journal("evaluation"),
    )
    platform_client = RegisteredClient(
        client_id=settings.identity_client_id,
        client_secret=settings.identity_client_secret.get_secret_value(),
        redirect_uris=callbacks,
    )
    platform = identity_platform(
        citizens=demonstration_citizens(known),
        clients=(platform_client,),
        password=LOGIN_PASSWORD,
        clock=clock,
        issuer=settings.identity_issuer,
        faults=faults,
    )
    own_protocol = PlatformSimulator(
        citizens=demonstration_citizens(known),
        clients=(platform_client,),
        password=LOGIN_PASSWORD,
        clock=clock,
        faults=faults,
    )
    corporate = CorporateSimulator(
        agents=demonstration_agents(known),
        clients=(
            RegisteredClient(
                client_id=settings.corporate_client_id,
                client_secret=settings.corporate_client_secret.get_secret_value(),
                redirect_uris=(f"{settings.public_url}/auth/employer/callback",),
            ),
        ),
        password=LOGIN_PASSWORD,
        clock=clock,
        faults=faults,
    )
    face = FaceSimulator(
        access_key_id=settings.face_key_id,
        access_key_secret=settings.face_key_secret.get_secret_value(),
        scene_id=settings.face_scene,
        clock=clock,
        faults=faults,
    )
    agencies = registries_gateway(
        records=records(known),
        secrets_by_app={settings.registries_app: settings.registries_secret.get_secret_value().encode()},
        clock=clock,
        faults=faults,
    )
    return Starlette(
        routes=[
            Route("/", _hello),
            Mount("/identity", platform),
            Mount("/identity-platform", own_protocol.app()),
            Mount("/corporate", corporate.app()),
            *face.app().routes,
            *simulated_platforms(settings, clock=clock, faults=faults),
            Mount("/registries", agencies),
            *bank.routes(),
            *notifier.routes(),
            *sms.routes(),
            Mount("/mas", routes=mas.routes()),
            *evaluation.routes(),
            *transfer.routes(),
            *city_platform.simulator_routes(settings, faults=faults, clock=clock),
            *exchange_routes(settings, faults=faults, clock=clock),
            *control_routes(faults),
        ],
        lifespan=lifespan,
    )


def demonstration_citizens(known: City) -> tuple[DemonstrationCitizen, ...]:
    return tuple(
        DemonstrationCitizen(
            name=citizen.name, document_no=citizen.document_no, mobile=citizen.mobile, note=citizen.note
        )
        for citizen in known.citizens.values()
    )


def demonstration_agents(known: City) -> tuple[DemonstrationAgent, ...]:
    """The appointed agents, and for each employer the one who comes with its business licence."""
    employers = {employer["employer_no"]: employer for employer in known.employers}
    return tuple(
        DemonstrationAgent(
            name=known.citizens[agent["citizen"]].name,
            document_no=known.citizens[agent["citizen"]].document_no,
            uscc=employers[agent["employer_no"]]["uscc"],
            employer_name=employers[agent["employer_no"]]["name"],
            legal=agent["source"] == "legal_representative",
            credence_class="3" if agent["source"] == "legal_representative" else "2",
        )
        for agent in known.agents
    )


async def _hello(request: Request) -> JSONResponse:
    return JSONResponse({"simulators": ["identity", "registries", "bank", "sms", "evaluation", "transfer"]})


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
            funds={bank["fund_account_no"]: FUND_OPENING}
            | {one["number"]: Money.zero() for one in known.maintenance_accounts if one["bank"] == bank["code"]},
            branches=(
                (f"{bank['code']}100000018", f"{bank['name']}北京市分行"),
                (f"{bank['code']}100000026", f"{bank['name']}北京朝阳支行"),
            ),
            cards=tuple(
                Card(account_no=citizen.account["card"]["number"], name=citizen.name)
                for citizen in known.citizens.values()
                if citizen.account and citizen.account["card"]["bank"] == bank["code"] and not citizen.payee_unknown
            )
            + other_cities.fund_cards(bank["code"])
            # the centre's own, which it pays to as well
            + (Card(account_no=bank["fund_account_no"], name=f"{bank['name']}住房公积金存款专户"),)
            + tuple(
                Card(account_no=one["number"], name=one["name"])
                for one in known.maintenance_accounts
                if one["bank"] == bank["code"]
            ),
        )
        for bank in known.banks
        if bank["entrusted"]
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="ops.simulators")
    parser.add_argument("--port", type=int, default=8100)
    port = parser.parse_args().port
    settings = configuration.load()
    app = build(settings, journals=Path(settings.data_path) / "simulators")
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", lifespan="on")


if __name__ == "__main__":
    main()
