"""The web process: `granian --interface asgi ops.asgi:app`.

Routes are made when the house is open, because they close over its resources. Liveness needs nothing; readiness asks
both stores.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from functools import cache

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from redis.exceptions import RedisError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import auth.agent_web
import auth.app_web
import auth.evidence.web
import auth.grants.web
import auth.kiosks.web
import auth.mini_web
import auth.not_me
import auth.staff
import auth.web
from auth import sessions
from auth.rights import may
from backoffice.app import routes as backoffice_routes
from backoffice.services import BackofficeServices
from channels.banks.inbound import NOTIFIER_APP, NoticeDoor
from channels.employer_portal import embedded_routes
from channels.employer_portal import routes as employer_routes
from channels.jingtong.pages import routes as h5_routes
from channels.partners.pages import routes as partner_routes
from channels.registered import CHANNELS
from channels.verification import routes as verification_routes
from channels.wire import SignatureCheck
from domain import settlement, withdrawals
from domain.kernel import database
from domain.kernel.actor import Actor
from domain.kernel.dates import business_date_of
from domain.kernel.failures import StoreUnavailable
from ops import dayend, doors, exchange, sms_web, telemetry, traffic
from ops import settings as configuration
from ops.gate import GRAPHQL_PATHS, Bucket, Gate
from ops.jobs import QueueDesk
from ops.limits import AddressLimits, send_refusal
from ops.settings import Settings
from ops.wiring import Clock, House, applications, open_house, prove_books, system_clock
from schema.compiled import counts
from schema.context import Context
from schema.execution import Authenticate
from schema.faults import masked_message
from schema.http import GraphQLDoor, GraphQLLimits, OperationObservation, TextPolicy, graphql_routes
from schema.reference import written_page
from schema.root import executable

log = structlog.get_logger("hpf.web")


def build(settings: Settings, *, clock: Clock = system_clock) -> Starlette:
    """The application. Refuses to be built for production with unfit settings."""
    settings.require_fit()
    telemetry.configure(settings, service="hpf-web")

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with open_house(settings, clock=clock) as house:
            app.state.house = house
            app.router.routes[:] = routes(house)
            app.state.limits = AddressLimits(
                redis=house.redis,
                prefix=settings.redis_prefix,
                requests_max=settings.requests_per_minute_max,
                logins_max=settings.logins_per_minute_max,
                trusted_proxies=settings.trusted_proxies,
                counted_by_gate=GRAPHQL_PATHS,
                partner_paths=doors.PATHS,
            )
            app.state.doors = doors_of(app.router.routes)
            telling = asyncio.create_task(traffic.keep_flushing(house))
            log.info("web ready")
            try:
                yield
            finally:
                telling.cancel()
                with suppress(asyncio.CancelledError):
                    await telling

    return Starlette(lifespan=lifespan, middleware=[Middleware(Observed)])


def routes(house: House) -> list[BaseRoute]:
    """Every door of the house."""
    settings = house.settings
    return [
        Route("/", lambda request: RedirectResponse("/h5/")),
        Route("/healthz", lambda request: PlainTextResponse("ok")),
        Route("/readyz", _readiness(house)),
        Route("/metrics", _metrics),
        *_reference(settings),
        *auth.web.routes(provider=house.identity, clock=house.clock, cookie_secure=settings.cookie_secure),
        *auth.agent_web.routes(platform=house.corporate, clock=house.clock, cookie_secure=settings.cookie_secure),
        *auth.app_web.routes(provider=house.identity, clock=house.clock, applications=applications(settings)),
        *auth.mini_web.routes(programs=house.mini_programs, phone_sources=house.phones, clock=house.clock),
        *auth.kiosks.web.routes(clock=house.clock),
        *auth.not_me.routes(clock=house.clock),
        *auth.grants.web.routes(clock=house.clock),
        *auth.evidence.web.routes(clock=house.clock),
        *partner_routes(clock=house.clock),
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
            observe=_observer(house),
            admit=Gate(
                redis=house.redis,
                prefix=settings.redis_prefix,
                clock=house.clock,
                requests_max=settings.requests_per_minute_max,
                bucket=Bucket(capacity=settings.points_capacity, refill=settings.points_per_second),
            ),
            policy=TextPolicy(trusted_only=settings.runs_trusted_only, free_text=_explores),
        ),
        *_notice_door(house).routes(),
        *doors.routes(house),
        *sms_web.routes(house),
        *h5_routes(),
        *employer_routes(cookie_secure=settings.cookie_secure, clock=house.clock),
        *embedded_routes(
            clock=house.clock,
            origin=settings.ewindow_origin,
            cookie_secure=settings.cookie_secure,
            registries=house.person_registries,
        ),
        *verification_routes(clock=house.clock),
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
                gateway=house.gateway,
                funds=house.funds,
                settler=withdrawals.settle_payment,
                face=house.face,
                registries=house.registries,
                person_registries=house.person_registries,
                messengers=house.messengers,
                public_url=settings.public_url,
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
            person_registries=house.person_registries,
            matters=house.matters,
            live=house.live,
            request_id=request_id,
            face=house.face,
            funds=house.funds,
        )

    return context_for


def _notice_door(house: House) -> NoticeDoor:
    return NoticeDoor(
        check=SignatureCheck(
            secrets_by_app={NOTIFIER_APP: house.settings.bank_secret.get_secret_value().encode()}, clock=house.clock
        ),
        clock=house.clock,
        take=settlement.take_notice,
        quarantine=settlement.quarantine_notice,
    )


def _authenticate(house: House) -> Authenticate:
    async def authenticate(bearer: str | None) -> Actor:
        return await sessions.authenticate(bearer=bearer, now=house.clock())

    return authenticate


def _introspection(settings: Settings) -> Callable[[Actor], bool]:
    def allowed(actor: Actor) -> bool:
        return settings.graphql_ide or _explores(actor) or (not settings.is_production and actor.is_staff)

    return allowed


def _explores(actor: Actor) -> bool:
    return may(actor, "api.explore")


def _observer(house: House) -> Callable[[OperationObservation], None]:
    def observe(seen: OperationObservation) -> None:
        name = seen.name or "anonymous"
        telemetry.count_of_operations(name, seen.kind, seen.outcome).inc()
        telemetry.seconds_of_operations(seen.kind).observe(seen.seconds)
        telemetry.name_span(operation=name, outcome=seen.outcome)
        if seen.channel in CHANNELS:
            # what is answered in words is done, also a refusal of the business; an error is no usable answer
            outcome = "failed" if seen.outcome == "errors" else "done"
            house.traffic.count(seen.channel, "in", name, outcome=outcome, seconds=seen.seconds, now=house.clock())

    return observe


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


def _reference(settings: Settings) -> list[BaseRoute]:
    """The API reference, where it may be read by everybody; elsewhere there is no such page."""
    if settings.is_production and not settings.api_reference:
        return []

    async def reference(request: Request) -> Response:
        headers = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"}
        return HTMLResponse(await run_in_threadpool(_reference_page), headers=headers)

    return [Route("/api-reference", reference)]


@cache
def _reference_page() -> str:
    return written_page(executable())


async def _metrics(request: Request) -> Response:
    telemetry.PLANS.labels(what="compiled").set(counts.compiled)
    telemetry.PLANS.labels(what="not_compiled").set(counts.not_compiled.total())
    telemetry.PLANS.labels(what="by_plan").set(counts.by_plan)
    telemetry.PLANS.labels(what="by_reference").set(counts.by_reference.total())
    with suppress(StoreUnavailable):
        row = await database.row(
            "SELECT (SELECT count(*) FROM outbox WHERE sent_at IS NULL) AS outbox,"
            " (SELECT count(*) FROM payment WHERE state NOT IN ('confirmed', 'rejected')) AS payments,"
            " (SELECT count(*) FROM sms_message WHERE state IN ('queued', 'sending', 'unknown')) AS sms,"
            " (SELECT count(*) FROM evaluation_report WHERE state = 'waiting') AS reviews,"
            " (SELECT count(*) FROM inbound_message WHERE state = 'received') AS inbound,"
            " (SELECT count(*) FROM inbound_message WHERE state = 'quarantined') AS quarantined"
        )
        assert row is not None
        telemetry.OUTBOX_WAITING.set(row["outbox"])
        telemetry.PAYMENTS_OPEN.set(row["payments"])
        telemetry.SMS_OPEN.set(row["sms"])
        await sms_web.observe(request.app.state.house)
        telemetry.REVIEWS_WAITING.set(row["reviews"])
        telemetry.INBOUND_WAITING.set(row["inbound"])
        telemetry.INBOUND_QUARANTINED.set(row["quarantined"])
        await exchange.observe()
        await dayend.observe(now=request.app.state.house.clock())
    return Response(generate_latest(telemetry.REGISTRY), media_type=CONTENT_TYPE_LATEST)


_AREAS = ("graphql", "auth", "backoffice", "h5", "portal", "bank", "sms", "exchange", "employer")


class Observed:
    """Every request gets a reference, a span, a line in the log and a count; every answer the headers that keep
    browsers careful. Paths are logged by area only: they may hold a case number.

    `app.state.doors` are applications by path that need nothing around them: POST goes straight there."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = scope["type"]
        if kind not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        reference = uuid.uuid4().hex[:12]
        scope.setdefault("state", {})["request_id"] = reference
        first = scope["path"].lstrip("/").partition("/")[0]
        area = first if first in _AREAS else "other"
        added = (b"x-request-id", reference.encode())
        status = 0

        async def observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                named = {name.lower() for name, _ in message["headers"]}
                careful = (
                    _HEADERS if named.isdisjoint(_CAREFUL) else [each for each in _HEADERS if each[0] not in named]
                )
                message["headers"] = [*message["headers"], *careful, added]
            await send(message)

        started = time.perf_counter()
        with structlog.contextvars.bound_contextvars(request_id=reference), telemetry.request_span(kind, area):
            try:
                state = scope["app"].state
                limits: AddressLimits = state.limits
                scope["state"]["address"] = limits.address_of(scope)
                refusal = await limits.admit(scope)
                if refusal is not None:
                    await send_refusal(refusal, scope, receive, observed)
                else:
                    door = scope.get("method") == "POST" and getattr(state, "doors", _NO_DOORS).get(scope["path"])
                    try:
                        await (door or self._app)(scope, receive, observed)
                    finally:
                        await limits.settle(scope)
            except ClientDisconnect:
                pass  # nobody is there to be answered
            except Exception as error:
                log.error("request failed", area=area, error=type(error).__name__, exc_info=error)
                if kind == "websocket" or status:
                    # the server breaks the answer off, and would write the words of what it is given into its log
                    raise RuntimeError(f"request {reference} failed") from None
                await PlainTextResponse(masked_message(reference), status_code=500)(scope, receive, observed)
            finally:
                telemetry.count_of_requests(area, status).inc()
                telemetry.tell_request(
                    reference=reference,
                    area=area,
                    method=scope.get("method", "WS"),
                    status=status,
                    milliseconds=(time.perf_counter() - started) * 1000,
                )


def doors_of(routes: Sequence[BaseRoute]) -> dict[str, ASGIApp]:
    """The paths that POST goes straight to: GraphQL, and the doors of partners, who come by the hundred and would be
    matched with every route before their own."""
    straight: dict[str, ASGIApp] = {}
    for route in routes:
        if not isinstance(route, Route) or "POST" not in (route.methods or ()):
            continue
        if isinstance(route.endpoint, GraphQLDoor):
            straight[route.path] = route.endpoint
        elif route.path in doors.PATHS:
            straight[route.path] = route.app
    return straight


_NO_DOORS: dict[str, ASGIApp] = {}
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
)
_CAREFUL = frozenset(name for name, _ in _HEADERS)


def __getattr__(name: str) -> Starlette:
    """`app` is built when the server asks for it: importing this module reads no settings."""
    if name != "app":
        raise AttributeError(name)
    return build(configuration.load())
