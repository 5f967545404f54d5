"""Puts the house together: settings in, everything that the entry points need out. The only place that knows which
adapter stands behind which port."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from auth import keys, policy_values, sessions
from auth.app_web import LINK_PATH, Applications
from auth.configuration import STAFF_LIMITS, AuthSettings, SessionLimits
from auth.corporate_ports import CorporateIdentity
from auth.face import FaceVerification
from auth.linking import MiniPrograms
from auth.mini_ports import PhoneSource
from auth.ports import UnifiedIdentity
from channels.banks.client import BankSettlement, CentreNode
from channels.banks.funds import BankFunds
from channels.city_platform.client import CityReports
from channels.conversations import Messengers, Notifiers
from channels.evaluation_push.client import EvaluationPush
from channels.exchange import ExchangePartnerClient
from channels.national_transfer.client import NationalTransfer
from channels.platform_wire import PlatformWire
from channels.registered import CHANNELS
from channels.registries.client import registries
from channels.registries.standing import PersonRegistriesClient
from channels.traffic import Traffic
from channels.wire import SignedClient
from domain import (
    archives,
    cases,
    city_applications,
    contributions,
    exchange,
    ledger,
    policy,
    risk,
    settlement,
    transfers,
    withdrawals,
)
from domain.cases import Matters
from domain.kernel import database, vault, vault_keys
from domain.kernel.dates import business_date_of
from domain.kernel.failures import StoreUnavailable
from domain.kernel.vault import Vault
from domain.ledger import InvariantResult
from notifications.live import LiveNews
from notifications.routing import Carriers
from ops import platforms
from ops.carriers import carriers_of
from ops.identities import corporate_identity, face_verification, mini_programs, unified_identity
from ops.sealing import press_of
from ops.settings import Settings

MODELS = ["domain.contributions.models", "domain.cases.models"]

MATTERS: Matters = {**withdrawals.MATTERS}
"""Open items by identifier; the catalogue's test holds it against the items that are open."""

INVARIANTS = {
    **ledger.INVARIANTS,
    **settlement.INVARIANTS,
    **cases.INVARIANTS,
    **contributions.INVARIANTS,
    **risk.INVARIANTS,
    **withdrawals.INVARIANTS,
    **transfers.INVARIANTS,
    **exchange.INVARIANTS,
}

Clock = Callable[[], datetime]

_log = structlog.get_logger("hpf.house")


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """One process's resources, open while `open_house` lasts."""

    settings: Settings
    clock: Clock
    redis: Redis
    live: LiveNews
    identity: UnifiedIdentity
    corporate: CorporateIdentity
    mini_programs: MiniPrograms
    face: FaceVerification
    registries: withdrawals.Registries
    person_registries: contributions.PersonRegistries
    gateway: settlement.SettlementGateway
    funds: settlement.FundsGateway
    evaluations: cases.EvaluationPlatform
    transfers: transfers.TransferPlatform
    city: city_applications.CityPlatform
    exchange_partners: Mapping[str, exchange.ExchangePartner]
    carriers: Carriers
    matters: Matters
    messengers: Messengers
    notifiers: Notifiers
    phones: Mapping[str, PhoneSource]
    traffic: Traffic
    wires: tuple[SignedClient | PlatformWire, ...]
    """Every client of a partner, for its health."""


def system_clock() -> datetime:
    return datetime.now(UTC)


@asynccontextmanager
async def open_house(settings: Settings, *, clock: Clock = system_clock) -> AsyncIterator[House]:
    """Opens stores and clients, closes them at the end. Does not touch the network but for the stores."""
    vault.install(Vault(settings.master_key_bytes))
    archives.install(press_of(settings))
    async with AsyncExitStack() as stack:
        await database.connect(
            config=database.tortoise_config(
                dsn=settings.database_url,
                role=settings.database_role,
                models=MODELS,
                pool_max=settings.database_connections_max,
            ),
            spread=settings.database_spread,
        )
        stack.push_async_callback(database.disconnect)
        await vault_keys.ensure_first(now=clock())
        await vault_keys.refresh(now=clock())
        await policy_values.refresh()
        keeping = asyncio.create_task(_keep_learning(clock))
        stack.callback(keeping.cancel)
        redis = _redis(settings)
        stack.push_async_callback(redis.aclose)
        sessions.configure(redis=redis, settings=auth_settings(settings))
        await keys.ensure_key(now=clock())
        identity = unified_identity(settings, stack)
        corporate = corporate_identity(settings, stack)
        minis = mini_programs(settings, stack)

        traffic = Traffic(process=f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}")
        wires: list[SignedClient] = []

        def wire(partner: str, *, url: str, app: str, secret: str, timeout_ms: int) -> SignedClient:
            client = SignedClient(
                partner=partner,
                base_url=url,
                app=app,
                secret=secret.encode(),
                timeout_seconds=timeout_ms / 1000,
                connections_max=CHANNELS[partner].at_once if partner in CHANNELS else 20,
                traffic=traffic,
            )
            wires.append(client)
            stack.push_async_callback(client.aclose)
            return client

        bank = wire(
            "bank",
            url=settings.bank_url,
            app=settings.bank_app,
            secret=settings.bank_secret.get_secret_value(),
            timeout_ms=settings.bank_timeout_ms,
        )
        evaluation = wire(
            "evaluation",
            url=settings.evaluation_url,
            app=settings.evaluation_app,
            secret=settings.evaluation_secret.get_secret_value(),
            timeout_ms=settings.evaluation_timeout_ms,
        )
        ewindow = wire(
            "ewindow",
            url=settings.ewindow_url,
            app=settings.ewindow_app,
            secret=settings.ewindow_secret.get_secret_value(),
            timeout_ms=settings.exchange_timeout_ms,
        )
        social_security = wire(
            "social_security",
            url=settings.social_security_url,
            app=settings.social_security_app,
            secret=settings.social_security_secret.get_secret_value(),
            timeout_ms=settings.exchange_timeout_ms,
        )
        agencies = wire(
            "registries",
            url=settings.registries_url,
            app=settings.registries_app,
            secret=settings.registries_secret.get_secret_value(),
            timeout_ms=settings.registries_timeout_ms,
        )
        national = wire(
            "national_transfer",
            url=settings.transfer_url,
            app=settings.transfer_app,
            secret=settings.transfer_secret.get_secret_value(),
            timeout_ms=settings.transfer_timeout_ms,
        )
        speaking = platforms.accounts(settings, traffic=traffic, stack=stack)
        city = wire(
            "city_platform",
            url=settings.city_url,
            app=settings.city_app,
            secret=settings.city_secret.get_secret_value(),
            timeout_ms=settings.city_timeout_ms,
        )
        yield House(
            settings=settings,
            clock=clock,
            redis=redis,
            live=LiveNews(redis=redis, prefix=settings.redis_prefix),
            identity=identity,
            corporate=corporate,
            mini_programs=minis,
            face=face_verification(settings),
            registries=registries(wire=agencies),
            person_registries=PersonRegistriesClient(wire=agencies),
            gateway=BankSettlement(wire=bank, centre=CENTRE),
            funds=BankFunds(wire=bank, centre=CENTRE),
            evaluations=EvaluationPush(wire=evaluation),
            city=CityReports(wire=city),
            transfers=NationalTransfer(wire=national, centre=centre_of_transfers(clock())),
            exchange_partners={
                "ewindow": ExchangePartnerClient(wire=ewindow, source="ewindow"),
                "social_security": ExchangePartnerClient(wire=social_security, source="social_security"),
            },
            carriers=carriers_of(settings, clock=clock, stack=stack),
            matters=MATTERS,
            messengers=speaking.messengers,
            notifiers=speaking.notifiers,
            phones=speaking.phones,
            traffic=traffic,
            wires=(*wires, *speaking.wires),
        )


def centre_of_transfers(now: datetime) -> str:
    """Our own code at the national transfer platform."""
    return policy.on(business_date_of(now)).text("transfer.centre_code")


CENTRE = CentreNode(unit_no="110000000000000", node="110000", customer_no="BJGJJ", operator_no="SYSTEM")
"""How the settlement system knows the centre; numbers of the demonstration, the real ones come with the contract."""


def auth_settings(settings: Settings) -> AuthSettings:
    return AuthSettings(
        issuer=settings.public_url,
        audience="hpf-graphql",
        public_url=settings.public_url,
        access_token=timedelta(minutes=settings.access_token_minutes),
        staff=SessionLimits(
            idle=timedelta(minutes=settings.staff_idle_minutes),
            absolute=timedelta(hours=settings.staff_session_hours),
            sessions_max=STAFF_LIMITS.sessions_max,
        ),
        store_prefix=settings.redis_prefix,
        app_returns={
            "link": settings.public_url + LINK_PATH,
            **({"scheme": settings.app_scheme} if settings.app_scheme else {}),
        },
    )


def applications(settings: Settings) -> Applications:
    """What the stores know our application by."""
    return Applications(
        apple_id=settings.app_apple_id,
        android_package=settings.app_android_package,
        android_fingerprints=tuple(
            part.strip() for part in settings.app_android_fingerprints.split(",") if part.strip()
        ),
    )


async def prove_books() -> list[InvariantResult]:
    """Every invariant of every area, in one list."""
    return await ledger.prove(invariants=INVARIANTS)


async def _keep_learning(clock: Clock) -> None:
    """Learns of changed keys of the vault and of newly set values of parameters while the process lives; what it knows
    stays good while it cannot ask."""
    while True:
        await asyncio.sleep(vault_keys.REREAD.total_seconds())
        for what, read in (("vault keys", lambda: vault_keys.refresh(now=clock())), ("policy", policy_values.refresh)):
            try:
                await read()
            except (StoreUnavailable, ValueError) as error:
                _log.warning(f"{what} not read", error=type(error).__name__)


def _redis(settings: Settings) -> Redis:
    return Redis.from_url(
        settings.redis_url,
        socket_timeout=2,
        socket_connect_timeout=2,
        health_check_interval=15,
        retry=Retry(NoBackoff(), 1),
    )
