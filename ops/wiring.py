"""Puts the house together: settings in, everything that the entry points need out. The only place that knows which
adapter stands behind which port."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from auth import keys, sessions
from auth.configuration import STAFF_LIMITS, AuthSettings, SessionLimits
from channels.banks.client import BankSettlement, CentreNode
from channels.evaluation_push.client import EvaluationPush
from channels.identity.client import OidcIdentity, OidcSettings
from channels.registries.client import registries
from channels.wire import SignedClient
from domain import cases, ledger, settlement, withdrawals
from domain.cases import Matters
from domain.kernel import database, vault
from domain.kernel.vault import Vault
from domain.ledger import InvariantResult
from notifications.carriers.simulated_http.client import SimulatedHttpCarrier
from notifications.live import LiveNews
from notifications.routing import Carriers
from ops.settings import Settings

MODELS = ["domain.contributions.models", "domain.cases.models"]

MATTERS: Matters = {"rent_withdrawal": withdrawals.RENT_MATTER}
"""Open items by identifier; the catalogue's test holds it against the items that are open."""

INVARIANTS = {**ledger.INVARIANTS, **settlement.INVARIANTS, **cases.INVARIANTS, **withdrawals.INVARIANTS}

CARRIERS = ("mobile", "agent")

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """One process's resources, open while `open_house` lasts."""

    settings: Settings
    clock: Clock
    redis: Redis
    live: LiveNews
    identity: OidcIdentity
    registries: withdrawals.Registries
    gateway: settlement.SettlementGateway
    evaluations: cases.EvaluationPlatform
    carriers: Carriers
    matters: Matters


def system_clock() -> datetime:
    return datetime.now(UTC)


@asynccontextmanager
async def open_house(settings: Settings, *, clock: Clock = system_clock) -> AsyncIterator[House]:
    """Opens stores and clients, closes them at the end. Does not touch the network but for the stores."""
    vault.install(Vault(settings.master_key_bytes))
    async with AsyncExitStack() as stack:
        await database.connect(
            config=database.tortoise_config(
                dsn=settings.database_url,
                role=settings.database_role,
                models=MODELS,
                pool_max=settings.database_connections_max,
            )
        )
        stack.push_async_callback(database.disconnect)
        redis = _redis(settings)
        stack.push_async_callback(redis.aclose)
        sessions.configure(redis=redis, settings=auth_settings(settings))
        await keys.ensure_key(now=clock())
        identity = OidcIdentity(
            settings=OidcSettings(
                issuer=settings.identity_issuer,
                client_id=settings.identity_client_id,
                client_secret=settings.identity_client_secret.get_secret_value(),
            )
        )
        stack.push_async_callback(identity.aclose)

        def wire(partner: str, *, url: str, app: str, secret: str, timeout_ms: int) -> SignedClient:
            client = SignedClient(
                partner=partner,
                base_url=url,
                app=app,
                secret=secret.encode(),
                timeout_seconds=timeout_ms / 1000,
            )
            stack.push_async_callback(client.aclose)
            return client

        bank = wire(
            "bank",
            url=settings.bank_url,
            app=settings.bank_app,
            secret=settings.bank_secret.get_secret_value(),
            timeout_ms=settings.bank_timeout_ms,
        )
        # Each carrier has a wire of its own, so that trouble at one does not pause the other.
        carriers = [
            SimulatedHttpCarrier(
                name=name,
                wire=wire(
                    f"sms_{name}",
                    url=settings.sms_url,
                    app=settings.sms_key_id,
                    secret=settings.sms_key_secret.get_secret_value(),
                    timeout_ms=settings.sms_timeout_ms,
                ),
            )
            for name in CARRIERS
        ]
        evaluation = wire(
            "evaluation",
            url=settings.evaluation_url,
            app=settings.evaluation_app,
            secret=settings.evaluation_secret.get_secret_value(),
            timeout_ms=settings.evaluation_timeout_ms,
        )
        agencies = wire(
            "registries",
            url=settings.registries_url,
            app=settings.registries_app,
            secret=settings.registries_secret.get_secret_value(),
            timeout_ms=settings.registries_timeout_ms,
        )
        yield House(
            settings=settings,
            clock=clock,
            redis=redis,
            live=LiveNews(redis=redis, prefix=settings.redis_prefix),
            identity=identity,
            registries=registries(wire=agencies),
            gateway=BankSettlement(wire=bank, centre=CENTRE),
            evaluations=EvaluationPush(wire=evaluation),
            carriers=Carriers(in_order=carriers),
            matters=MATTERS,
        )


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
    )


async def prove_books() -> list[InvariantResult]:
    """Every invariant of every area, in one list."""
    return await ledger.prove(invariants=INVARIANTS)


def _redis(settings: Settings) -> Redis:
    return Redis.from_url(
        settings.redis_url,
        socket_timeout=2,
        socket_connect_timeout=2,
        health_check_interval=15,
        retry=Retry(NoBackoff(), 1),
    )
