"""Logs, metrics and traces. Logs are JSON lines without personal data: codes, references and durations only."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterator, MutableMapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import structlog
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Status, StatusCode
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from structlog.tracebacks import ExceptionDictTransformer

from ops.settings import Settings

REGISTRY = CollectorRegistry()

OPERATIONS = Counter(
    "hpf_graphql_operations_total", "GraphQL operations", ["operation", "kind", "outcome"], registry=REGISTRY
)
OPERATION_SECONDS = Histogram(
    "hpf_graphql_operation_seconds",
    "Time of GraphQL operations",
    ["kind"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    registry=REGISTRY,
)
REQUESTS = Counter("hpf_http_requests_total", "HTTP requests", ["area", "status"], registry=REGISTRY)
JOBS_FAILED = Counter("hpf_jobs_failed_total", "Failed runs of a consumer", ["kind", "consumer"], registry=REGISTRY)
LIMITED = Counter("hpf_requests_limited_total", "Requests refused by address limits", ["lane"], registry=REGISTRY)
PLANS = Gauge(
    "hpf_graphql_plans",
    "Operations of this process: compiled, not_compiled; requests answered by_plan, by_reference",
    ["what"],
    registry=REGISTRY,
)
OUTBOX_WAITING = Gauge("hpf_outbox_waiting", "Events not yet handed to the queue", registry=REGISTRY)
SETTLED = Counter(
    "hpf_settlement_events_total", "Receipts matched, batch items settled", ["kind", "purpose"], registry=REGISTRY
)
COLLECTED = Counter(
    "hpf_collection_events_total", "Lists applied and statements distributed", ["kind"], registry=REGISTRY
)
PAYMENTS_OPEN = Gauge("hpf_payments_open", "Payments without a final result", registry=REGISTRY)
SMS_OPEN = Gauge("hpf_sms_open", "Messages without a final state", registry=REGISTRY)

TRANSFERS_TOLD = Counter(
    "hpf_transfer_messages_total",
    "Messages told to the national transfer platform",
    ["kind", "outcome"],
    registry=REGISTRY,
)
TRANSFERS_MOVED = Counter(
    "hpf_transfers_total",
    "Steps of transfers by direction and state reached",
    ["direction", "state"],
    registry=REGISTRY,
)
CITY_REPORTED = Counter(
    "hpf_city_reports_total", "Statuses reported to the city application platform", ["outcome"], registry=REGISTRY
)
REVIEWS_PUSHED = Counter(
    "hpf_reviews_pushed_total", "Reviews told to the city's platform", ["outcome"], registry=REGISTRY
)
REVIEWS_WAITING = Gauge("hpf_reviews_waiting", "Reviews that the city's platform does not have yet", registry=REGISTRY)
INBOUND_WAITING = Gauge("hpf_inbound_waiting", "Messages of partners not yet worked on", registry=REGISTRY)
EXCHANGED = Counter(
    "hpf_exchange_records_total",
    "Pushes of e窗通 and social security worked on",
    ["source", "kind", "state"],
    registry=REGISTRY,
)
EXCHANGE_TOLD = Counter("hpf_exchange_results_told_total", "Results that partners have taken", registry=REGISTRY)
EXCHANGE_OPEN = Gauge(
    "hpf_exchange_open", "Exchange records that wait or work, and results not yet told", ["what"], registry=REGISTRY
)
INBOUND_QUARANTINED = Gauge("hpf_inbound_quarantined", "Messages of partners in quarantine", registry=REGISTRY)

tracer = trace.get_tracer("hpf")

# A number of a document, a card or a mobile that slipped into a log line is blacked out before it is written.
_PERSONAL = re.compile(r"(?<![0-9A-Za-z])(?:[1-9][0-9]{16}[0-9Xx]|1[3-9][0-9]{9}|[3-6][0-9]{15,18})(?![0-9A-Za-z])")
# What PostgreSQL and its driver quote of a row or a parameter may be a name: no pattern knows one.
_QUOTED = re.compile(r"(DETAIL:|invalid input for query argument \$[0-9]+:).*", re.DOTALL)

# without the frames' local variables: they hold personal data
EXCEPTIONS = structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False))


def configure(settings: Settings, *, service: str) -> None:
    """Once a process. Spans go to `settings.otel_endpoint` when it is set and its exporter is installed."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            EXCEPTIONS,
            _without_personal_data,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[settings.log_level]),
        cache_logger_on_first_use=True,
    )
    _told[:] = [logging.getLevelNamesMapping()[settings.log_level] <= logging.INFO]
    trace.set_tracer_provider(TracerProvider(resource=Resource.create({"service.name": service})))
    if settings.otel_endpoint:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        collect(BatchSpanProcessor(OTLPSpanExporter(endpoint=settings.otel_endpoint)))


_told = [True]
_collected = [False]


def collect(processor: SpanProcessor) -> None:
    """Somebody takes the spans from now on. Until then requests make none: each costs as much as a small answer."""
    provider = trace.get_tracer_provider()
    assert isinstance(provider, TracerProvider), "spans are collected once `configure` has run"
    provider.add_span_processor(processor)
    _collected[:] = [True]


def tell_request(*, reference: str, area: str, method: str, status: int, milliseconds: float) -> None:
    """The line of a request, as `configure` has lines written; codes and numbers only, so nothing needs blackening."""
    if _told[0]:
        at = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        known = method if method.isalpha() else "other"
        sys.stdout.write(
            f'{{"request_id": "{reference}", "area": "{area}", "method": "{known}", "status": {status},'
            f' "milliseconds": {milliseconds:.1f}, "event": "request", "level": "info", "timestamp": "{at}"}}\n'
        )
        sys.stdout.flush()


@lru_cache(maxsize=512)
def count_of_requests(area: str, status: int) -> Counter:
    return REQUESTS.labels(area=area, status=str(status))


@lru_cache(maxsize=4096)
def count_of_operations(operation: str, kind: str, outcome: str) -> Counter:
    return OPERATIONS.labels(operation=operation, kind=kind, outcome=outcome)


@lru_cache(maxsize=16)
def seconds_of_operations(kind: str) -> Histogram:
    return OPERATION_SECONDS.labels(kind=kind)


def _without_personal_data(_: Any, __: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {name: _blackened(value) for name, value in line.items()}


def _blackened(value: Any) -> Any:
    """The same at every depth: a rendered exception is a list of objects."""
    if isinstance(value, str):
        return _PERSONAL.sub("***", _QUOTED.sub(r"\1 ***", value))
    if isinstance(value, dict):
        return {name: _blackened(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_blackened(part) for part in value]
    return value


@contextmanager
def span(name: str, **attributes: str) -> Iterator[None]:
    """A span that tells the kind of a failure and not its words, which may quote personal data."""
    with tracer.start_as_current_span(
        name, attributes=attributes, record_exception=False, set_status_on_exception=False
    ) as current:
        try:
            yield
        except Exception as error:
            current.set_status(Status(StatusCode.ERROR, type(error).__name__))
            raise


def request_span(kind: str, area: str) -> AbstractContextManager[None]:
    """The span of a request, where somebody collects spans."""
    return span(f"{kind} {area}") if _collected[0] else nullcontext()


def name_span(*, operation: str, outcome: str) -> None:
    """Tells the request's span which GraphQL operation it served."""
    if not _collected[0]:
        return
    trace.get_current_span().set_attributes({"graphql.operation": operation, "hpf.outcome": outcome})


@contextmanager
def job_span(kind: str, consumer: str) -> Iterator[None]:
    with span(f"job {kind}", **{"hpf.consumer": consumer}):
        yield
