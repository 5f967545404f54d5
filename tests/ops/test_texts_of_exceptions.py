"""Texts of exceptions may quote personal data: none of them reaches logs, spans, answers or the server's own log."""

from __future__ import annotations

import json
import traceback
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import httpx
import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from redis.asyncio import Redis
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from ops import telemetry
from ops.asgi import Observed
from ops.limits import AddressLimits
from ops.telemetry import _without_personal_data


@pytest.mark.parametrize(
    "error",
    [
        ValueError("document 110105199103151017 unknown"),
        asyncpg.DataError("invalid input for query argument $2: '张三丰' (expected bytes)"),
        asyncpg.exceptions.PostgresError.new(
            {"C": "23514", "M": "violates check", "D": "Failing row contains (张三丰, 13800000001)."}
        ),
    ],
)
def test_texts_of_exceptions_are_written_without_what_they_quote(error: Exception) -> None:
    try:
        try:
            raise error
        except Exception as inner:
            raise RuntimeError("outer 13800000001") from inner
    except RuntimeError as raised:
        line = telemetry.EXCEPTIONS(None, "error", {"event": "failed", "exc_info": raised})
    written = json.dumps(_without_personal_data(None, "error", line), ensure_ascii=False)
    assert "RuntimeError" in written and type(error).__name__ in written
    for personal in ("110105199103151017", "13800000001", "张三丰"):
        assert personal not in written


def test_spans_tell_that_something_failed_without_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    kept, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    monkeypatch.setattr(telemetry, "tracer", provider.get_tracer("tests"))
    with pytest.raises(KeyError), telemetry.job_span("case.changed", "text_applicant"):
        raise KeyError("13800000001")
    [span] = kept.get_finished_spans()
    assert not span.status.is_ok and span.status.description == "KeyError"
    assert "13800000001" not in span.to_json()


async def test_a_bug_behind_a_door_is_answered_with_its_reference_and_not_handed_to_the_server() -> None:
    async def fails(request: Request) -> Response:
        raise KeyError("13800000001")

    async def breaks_off(request: Request) -> Response:
        async def parts() -> AsyncIterator[str]:
            yield "begun"
            raise KeyError("13800000001")

        return StreamingResponse(parts())

    app = Starlette(
        routes=[Route("/auth/token", fails), Route("/stream", breaks_off)], middleware=[Middleware(Observed)]
    )
    # nothing listens there: the limits let everything pass
    away = Redis(host="127.0.0.1", port=9, socket_connect_timeout=0.2)
    app.state.limits = AddressLimits(redis=away, prefix="", requests_max=1, logins_max=1, trusted_proxies=())
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://hpf.example") as client:
        answer = await client.get("/auth/token")
        assert answer.status_code == 500
        assert answer.headers["x-request-id"] in answer.text and "13800000001" not in answer.text
        with pytest.raises(RuntimeError) as raised:
            await client.get("/stream")
    assert "13800000001" not in "".join(traceback.format_exception(raised.value))


async def test_a_path_that_is_none_is_no_bug() -> None:
    app = Starlette(routes=[Route("/", lambda request: PlainTextResponse("ok"))], middleware=[Middleware(Observed)])
    away = Redis(host="127.0.0.1", port=9, socket_connect_timeout=0.2)
    app.state.limits = AddressLimits(redis=away, prefix="", requests_max=1, logins_max=1, trusted_proxies=())
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope: Any = {"type": "http", "method": "OPTIONS", "path": "*", "query_string": b"", "headers": [], "client": None}
    await app(scope, None, send)  # type: ignore[arg-type]
    assert sent[0]["status"] == 404
