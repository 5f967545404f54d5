"""The web process: `granian --interface asgi ops.asgi:app`.

Routes are made when the house is open, because they close over its resources. Liveness needs nothing; readiness asks
both stores.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from redis.exceptions import RedisError
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import auth.staff
import auth.web
from auth import sessions
from backoffice.app import routes as backoffice_routes
from backoffice.services import BackofficeServices
from channels.jingtong.pages import routes as h5_routes
from domain.kernel import database
from domain.kernel.actor import Actor
from domain.kernel.dates import business_date_of
from domain.kernel.failures import StoreUnavailable
from ops import settings as configuration
from ops import telemetry
from ops.jobs import QueueDesk
from ops.limits import AddressLimits, send_refusal
from ops.settings import Settings
from ops.wiring import Clock, House, open_house, prove_books, system_clock
from schema.context import Context
from schema.execution import Authenticate
from schema.faults import masked_message
from schema.http import GraphQLLimits, OperationObservation, graphql_routes

log = structlog.get_logger("hpf.web")


def build(settings: Settings, *, clock: Clock = system_clock) -> Starlette:
    """The application. Refuses to be built for production with unfit settings."""
    settings.require_fit()
    telemetry.configure(settings, service="hpf-web")

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with open_house(settings, clock=clock) as house:
            app.state.house = house
            app.state.limits = AddressLimits(
                redis=house.redis,
                prefix=settings.redis_prefix,
                requests_max=settings.requests_per_minute_max,
                logins_max=settings.logins_per_minute_max,
                trusted_proxies=settings.trusted_proxies,
            )
            app.router.routes[:] = routes(house)
            log.info("web ready")
            yield

    return Starlette(lifespan=lifespan, middleware=[Middleware(Observed)])


def routes(house: House) -> list[BaseRoute]:
    """Every door of the house."""
    settings = house.settings
    return [
        Route("/", lambda request: RedirectResponse("/h5/")),
        Route("/healthz", lambda request: PlainTextResponse("ok")),
        Route("/readyz", _readiness(house)),
        Route("/metrics", _metrics),
        *auth.web.routes(provider=house.identity, clock=house.clock, cookie_secure=settings.cookie_secure),
        *graphql_routes(
            context_for=_context_for(house),
            authenticate=_authenticate(house),
            limits=GraphQLLimits(
                body_bytes_max=settings.body_bytes_max,
                depth_max=settings.query_depth_max,
                aliases_max=settings.query_aliases_max,
                tokens_max=settings.query_tokens_max,
            ),
            introspection=_introspection(settings),
            observe=_observe,
        ),
        *h5_routes(),
        *backoffice_routes(
            services=BackofficeServices(
                clock=house.clock,
                matters=house.matters,
                staff=auth.staff,
                verify=prove_books,
                jobs=QueueDesk(),
                cookie_secure=settings.cookie_secure,
                idle_minutes=settings.staff_idle_minutes,
                failed=_failed,
            )
        ),
    ]


def _context_for(house: House) -> Callable[[Actor, str], Context]:
    def context_for(actor: Actor, request_id: str) -> Context:
        now = house.clock()
        return Context(
            actor=actor,
            now=now,
            business_date=business_date_of(now),
            registries=house.registries,
            matters=house.matters,
            live=house.live,
            request_id=request_id,
        )

    return context_for


def _authenticate(house: House) -> Authenticate:
    async def authenticate(bearer: str | None) -> Actor:
        return await sessions.authenticate(bearer=bearer, now=house.clock())

    return authenticate


def _introspection(settings: Settings) -> Callable[[Actor], bool]:
    def allowed(actor: Actor) -> bool:
        return settings.graphql_ide or (not settings.is_production and actor.is_staff)

    return allowed


def _observe(seen: OperationObservation) -> None:
    telemetry.OPERATIONS.labels(operation=seen.name or "anonymous", kind=seen.kind, outcome=seen.outcome).inc()
    telemetry.OPERATION_SECONDS.labels(kind=seen.kind).observe(seen.seconds)
    telemetry.name_span(operation=seen.name or "anonymous", outcome=seen.outcome)


def _failed(error: BaseException, reference: str) -> None:
    log.error("page failed", reference=reference, error=type(error).__name__, exc_info=error)


def _readiness(house: House) -> Callable[[Request], Awaitable[Response]]:
    async def ready(request: Request) -> Response:
        state = {"postgresql": "up", "valkey": "up"}
        try:
            async with asyncio.timeout(3):
                await database.value("SELECT 1")
        except (StoreUnavailable, TimeoutError):
            state["postgresql"] = "down"
        try:
            await house.redis.ping()
        except (RedisError, OSError):
            state["valkey"] = "down"
        return JSONResponse(state, status_code=503 if "down" in state.values() else 200)

    return ready


async def _metrics(request: Request) -> Response:
    with suppress(StoreUnavailable):
        row = await database.row(
            "SELECT (SELECT count(*) FROM outbox WHERE sent_at IS NULL) AS outbox,"
            " (SELECT count(*) FROM payment WHERE state NOT IN ('confirmed', 'rejected')) AS payments,"
            " (SELECT count(*) FROM sms_message WHERE state IN ('queued', 'sending', 'unknown')) AS sms"
        )
        assert row is not None
        telemetry.OUTBOX_WAITING.set(row["outbox"])
        telemetry.PAYMENTS_OPEN.set(row["payments"])
        telemetry.SMS_OPEN.set(row["sms"])
    return Response(generate_latest(telemetry.REGISTRY), media_type=CONTENT_TYPE_LATEST)


_AREAS = ("graphql", "auth", "backoffice", "h5")


class Observed:
    """Every request gets a reference, a span, a line in the log and a count; every answer the headers that keep
    browsers careful. Paths are logged by area only: they may hold a case number."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        reference = uuid.uuid4().hex[:12]
        scope.setdefault("state", {})["request_id"] = reference
        first = scope["path"].lstrip("/").partition("/")[0]
        area = first if first in _AREAS else "other"
        status = 0

        async def observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                named = {name.lower() for name, _ in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    *((name, value) for name, value in _HEADERS if name not in named),
                    (b"x-request-id", reference.encode()),
                ]
            await send(message)

        started = time.perf_counter()
        with (
            structlog.contextvars.bound_contextvars(request_id=reference),
            telemetry.span(f"{scope['type']} {area}"),
        ):
            try:
                refusal = await scope["app"].state.limits.admit(scope)
                if refusal is not None:
                    await send_refusal(refusal, scope, receive, observed)
                else:
                    await self._app(scope, receive, observed)
            except ClientDisconnect:
                pass  # nobody is there to be answered
            except Exception as error:
                log.error("request failed", area=area, error=type(error).__name__, exc_info=error)
                if scope["type"] == "websocket" or status:
                    # the server breaks the answer off, and would write the words of what it is given into its log
                    raise RuntimeError(f"request {reference} failed") from None
                await PlainTextResponse(masked_message(reference), status_code=500)(scope, receive, observed)
            finally:
                telemetry.REQUESTS.labels(area=area, status=str(status)).inc()
                log.info(
                    "request",
                    area=area,
                    method=scope.get("method", "WS"),
                    status=status,
                    milliseconds=round((time.perf_counter() - started) * 1000, 1),
                )


_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
)


def __getattr__(name: str) -> Starlette:
    """`app` is built when the server asks for it: importing this module reads no settings."""
    if name != "app":
        raise AttributeError(name)
    return build(configuration.load())
