"""Logs, metrics and traces. Logs are JSON lines without personal data: codes, references and durations only."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

import structlog
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
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
OUTBOX_WAITING = Gauge("hpf_outbox_waiting", "Events not yet handed to the queue", registry=REGISTRY)
PAYMENTS_OPEN = Gauge("hpf_payments_open", "Payments without a final result", registry=REGISTRY)
SMS_OPEN = Gauge("hpf_sms_open", "Messages without a final state", registry=REGISTRY)

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
    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    if settings.otel_endpoint:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=settings.otel_endpoint)))
    trace.set_tracer_provider(provider)


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


def name_span(*, operation: str, outcome: str) -> None:
    """Tells the request's span which GraphQL operation it served."""
    trace.get_current_span().set_attributes({"graphql.operation": operation, "hpf.outcome": outcome})


@contextmanager
def job_span(kind: str, consumer: str) -> Iterator[None]:
    with span(f"job {kind}", **{"hpf.consumer": consumer}):
        yield
