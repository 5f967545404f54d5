"""What each registered document costs: its time, the CPU of server and PostgreSQL together, and its points.

Part of `./dev bench online`. Every document of the channels is sent by its identifier, as the channels send it, by
citizens of their own with a case each; a document that changes something is sent once a citizen. One that this page
does not know how to fill in is named and not measured.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import httpx

from ops.bench.rig import figures, load, servers
from ops.bench.rig.population import Citizen
from ops.bench.rig.servers import Server
from ops.dev.documents import checked, folders_of_channels, publish_folders
from ops.wiring import system_clock
from schema.trusted import Checked
from schema.types.nodes import global_id

CONNECTIONS = 10
"""Few, so that a time is that of the work and not of the queue before it."""
STREAMS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """One line of the table. Times in milliseconds; `first_event` says that p50 to p99 are until a stream's first."""

    name: str
    kind: str
    points: int | None
    p50: float
    p95: float
    p99: float
    cpu_ms: float | None
    requests: int
    first_event: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """A citizen with a token and, once applied, a case."""

    citizen: Citizen
    token: str
    case_no: str | None = None

    @property
    def case(self) -> str:
        assert self.case_no is not None, "a document about a case before there is one"
        return global_id("Case", self.case_no)

    @property
    def rent(self) -> dict[str, Any]:
        card = global_id("Card", self.citizen.card_id)
        return {"frequency": "MONTHLY", "cardId": card, "autoRenewal": False, "commitment": True}


def _key() -> str:
    return secrets.token_hex(12)


VALUES: Mapping[str, Callable[[Sender], dict[str, Any]]] = {
    "AccountEntries": lambda by: {"account": global_id("Account", by.citizen.account_no), "first": 20},
    "ApplyForRentWithdrawal": lambda by: {"input": {**by.rent, "requestKey": _key()}},
    "CancelCase": lambda by: {"input": {"id": by.case, "requestKey": _key()}},
    "Case": lambda by: {"id": by.case},
    "CaseProgress": lambda by: {"id": by.case},
    "Cases": lambda by: {"first": 20},
    "Home": lambda by: {"entries": 10},
    "QuoteRentWithdrawal": lambda by: {"input": by.rent},
    "RentWithdrawalForm": lambda by: {"code": "C20"},
    "ServiceItems": lambda by: {},
}
"""The variables of each document, in the order in which a citizen would send them where that matters."""
REASONS = {"EvaluateCase": "needs a case that was paid"}


class Wrong(Exception):
    """A document did not answer what it must."""


async def measure(
    *,
    server: Server,
    database_url: str,
    postgres_pid: int | None,
    senders: Sequence[Sender],
    cases_of: Callable[[Sequence[Sender]], Any],
    reads: int,
) -> tuple[list[Cost], dict[str, str]]:
    """The costs, and why the other documents were not measured. `cases_of` finds the case numbers of senders; what
    changes nothing is sent `reads` times."""
    await publish_folders(database_url, folders_of_channels(), now=system_clock())
    documents = {each.name: each for folder in folders_of_channels() for each, _ in checked(folder)[1]}
    known = {name: each for name, each in documents.items() if name in VALUES}
    missing = {name: REASONS.get(name, "no values are known for it") for name in documents if name not in known}
    bench = _Bench(server, postgres_pid, reads)
    costs: list[Cost] = []
    if "ApplyForRentWithdrawal" in known:
        costs.append(await bench.of(known.pop("ApplyForRentWithdrawal"), senders, once=True))
    numbers = await cases_of(senders)
    senders = [
        Sender(citizen=each.citizen, token=each.token, case_no=number)
        for each, number in zip(senders, numbers, strict=True)
    ]
    last = known.pop("CancelCase", None)
    for each in known.values():
        costs.append(await (bench.stream(each, senders) if each.kind == "subscription" else bench.of(each, senders)))
    if last is not None:
        costs.append(await bench.of(last, senders, once=True))
    return sorted(costs, key=lambda cost: cost.name), missing


@dataclass(frozen=True, slots=True)
class _Bench:
    server: Server
    postgres_pid: int | None
    reads: int

    async def of(self, document: Checked, senders: Sequence[Sender], *, once: bool = False) -> Cost:
        points = await self._checked(document, senders[0])
        senders = senders[1:] if once else senders
        requests = [self._request(document, each) for each in senders]
        if not once:
            requests = (requests * (self.reads // len(requests) + 1))[: self.reads]
        plan = load.Plan(
            port=self.server.port,
            connections=min(CONNECTIONS, len(requests)),
            seconds=60,
            requests=requests,
            right='{"data":{',
            once=True,
        )
        pids = [self.server.pid, *([self.postgres_pid] if self.postgres_pid else [])]
        before = servers.cpu_seconds(*pids)
        outcome = await load.drive_elsewhere(plan)
        after = servers.cpu_seconds(*pids)
        if outcome.wrong or not outcome.seconds:
            raise Wrong(f"{document.name}: {outcome.wrong} wrong answers; the first: {outcome.first_wrong}")
        spent = None if before is None or after is None or self.postgres_pid is None else after - before
        found = figures.round_of(seconds=outcome.seconds, elapsed=outcome.elapsed, cpu_seconds=spent)
        return Cost(
            name=document.name,
            kind=document.kind,
            points=points,
            p50=round(found.p50, 1),
            p95=round(found.p95, 1),
            p99=round(found.p99, 1),
            cpu_ms=None if found.cpu_ms is None else round(found.cpu_ms, 2),
            requests=len(outcome.seconds),
        )

    async def stream(self, document: Checked, senders: Sequence[Sender]) -> Cost:
        """Until the first event of a subscription: the present state."""
        seconds = []
        async with httpx.AsyncClient(trust_env=False, timeout=20, base_url=self.server.url) as client:
            for each in senders[:STREAMS]:
                headers = {"authorization": f"Bearer {each.token}", "accept": "text/event-stream"}
                began = time.perf_counter()
                async with client.stream(
                    "POST", "/graphql/stream", json=self._body(document, each), headers=headers
                ) as answer:
                    async for line in answer.aiter_lines():
                        if line.startswith("data: "):
                            if '"errors"' in line:
                                raise Wrong(f"{document.name}: {line}")
                            break
                seconds.append(time.perf_counter() - began)
        found = figures.round_of(seconds=seconds, elapsed=sum(seconds))
        return Cost(
            name=document.name,
            kind=document.kind,
            points=None,
            p50=round(found.p50, 1),
            p95=round(found.p95, 1),
            p99=round(found.p99, 1),
            cpu_ms=None,
            requests=len(seconds),
            first_event=True,
        )

    async def _checked(self, document: Checked, by: Sender) -> int:
        """One answer, looked at; its points. Raises Wrong."""
        async with httpx.AsyncClient(trust_env=False, timeout=20, base_url=self.server.url) as client:
            headers = {"authorization": f"Bearer {by.token}"}
            answer = (await client.post("/graphql", json=self._body(document, by), headers=headers)).json()
        payload = next(iter((answer.get("data") or {}).values()), None)
        refused = isinstance(payload, dict) and payload.get("userErrors") and document.kind == "mutation"
        if "errors" in answer or payload is None or refused:
            raise Wrong(f"{document.name} was answered so:\n{answer}")
        points: int = answer["extensions"]["cost"]["points"]
        return points

    def _body(self, document: Checked, by: Sender) -> dict[str, Any]:
        return {"documentId": document.document_id, "variables": VALUES[document.name](by)}

    def _request(self, document: Checked, by: Sender) -> str:
        body = json.dumps(self._body(document, by))
        lines = [
            "POST /graphql HTTP/1.1",
            "host: 127.0.0.1",
            f"authorization: Bearer {by.token}",
            "content-type: application/json",
            f"content-length: {len(body.encode())}",
        ]
        return "\r\n".join(lines) + "\r\n\r\n" + body


def table(costs: Sequence[Cost], missing: Mapping[str, str]) -> list[str]:
    """As it stands in docs/performance.md."""
    lines = [
        "| document | kind | points | p50 / p95 / p99 ms | CPU ms | requests |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for each in costs:
        times = f"{each.p50:,} / {each.p95:,} / {each.p99:,}{' (first event)' if each.first_event else ''}"
        shown = ["–" if value is None else str(value) for value in (each.points, each.cpu_ms)]
        lines.append(f"| {each.name} | {each.kind} | {shown[0]} | {times} | {shown[1]} | {each.requests} |")
    lines += [f"| {name} | | | not measured: {reason} | | |" for name, reason in sorted(missing.items())]
    return lines


def told(costs: Sequence[Cost], missing: Mapping[str, str]) -> dict[str, Any]:
    """The same for programs."""
    return {"documents": [asdict(each) for each in costs], "documents_not_measured": dict(missing)}
