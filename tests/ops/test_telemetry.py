"""Logs hold no personal data, and the doors of operations answer."""

from __future__ import annotations

import httpx
import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from ops import telemetry
from ops.demo.login import citizen_token
from ops.telemetry import _without_personal_data
from tests.city import RunningHouse


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("document 110105199103151017 unknown", "document *** unknown"),
        ("call 13800000001", "call ***"),
        ("card 6228480402564890075.", "card ***."),
        ("case 20261124C208399720363", "case 20261124C208399720363"),
        ("account 801000000001", "account 801000000001"),
        ("took 12 ms", "took 12 ms"),
    ],
)
def test_personal_numbers_are_blacked_out(text: str, written: str) -> None:
    assert _without_personal_data(None, "info", {"event": text})["event"] == written


async def test_liveness_readiness_and_metrics_answer(running: RunningHouse) -> None:
    async with httpx.AsyncClient(base_url=running.base_url, trust_env=False) as client:
        assert (await client.get("/healthz")).text == "ok"
        ready = await client.get("/readyz")
        assert (ready.status_code, ready.json()) == (200, {"postgresql": "up", "valkey": "up"})
        await client.post("/graphql", json={"query": "{ viewer { kind } }"})
        metrics = (await client.get("/metrics")).text
    assert "hpf_graphql_operations_total{" in metrics
    assert "hpf_outbox_waiting" in metrics


async def test_a_request_leaves_a_span_with_its_operation_and_partners(running: RunningHouse) -> None:
    spans = InMemorySpanExporter()
    telemetry.collect(SimpleSpanProcessor(spans))
    token = await citizen_token(base_url=running.base_url, key="zhang_wei")
    query = "{ viewer { person { cards { id } } } }"
    async with httpx.AsyncClient(base_url=running.base_url, trust_env=False) as client:
        await client.post("/graphql", json={"query": query}, headers={"Authorization": f"Bearer {token}"})
    names = {(span.name, (span.attributes or {}).get("graphql.operation")) for span in spans.get_finished_spans()}
    assert ("http graphql", "viewer") in names
    assert not any("张伟" in str(span.to_json()) for span in spans.get_finished_spans())


async def test_every_answer_carries_its_reference_and_careful_headers(running: RunningHouse) -> None:
    async with httpx.AsyncClient(base_url=running.base_url, trust_env=False) as client:
        answer = await client.get("/healthz")
    assert len(answer.headers["x-request-id"]) == 12
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
