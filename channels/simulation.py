"""What all simulators of outside systems share: faults on demand, a record of calls, and a memory on disk.

A test or a person at the control routes says how the next calls go wrong; the simulator asks with `take` and
plays the common modes with `Fault.before` and `Fault.after`:

    fault = faults.take(simulator="bank", operation="pay", fields={"serial_no": serial_no})
    if (broken := await fault.before(request)) is not None:
        return broken                       # slow has been waited for; timeout, error500, garbage end here
    ...                                     # do the work; `refuse` and the rest are the simulator's own
    return await fault.after(request, answer)  # the same modes, when detail has {"stage": "after"}

Control routes (`control_routes`), JSON in and out, for the loopback interface only:
  POST   /_sim/faults  {"simulator", "operation", "mode", "times", "match", "detail"}, see `Fault`
  GET    /_sim/faults  the rules in force     DELETE /_sim/faults[?simulator=…]
  GET    /_sim/calls[?simulator=…]  {"counts": {"bank.pay": 2}, "calls": [...]}     DELETE /_sim/calls
"""

from __future__ import annotations

import asyncio
import json
import os
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

Mode = Literal["normal", "slow", "timeout", "refuse", "error500", "garbage", "answer_twice", "confirm_later"]
MODES: frozenset[str] = frozenset(get_args(Mode))

HOLD_SECONDS_MAX = 30
CALLS_KEPT_MAX = 2_000
GARBAGE = b'{"code": "0", "data": [<html>\xff\xfe'


@dataclass(slots=True, kw_only=True)
class Fault:
    """How one operation behaves; "*" means each. `times` counts down, None means until cleared; `match` must
    equal fields of the call; `detail` is for the mode: `seconds`, `stage` "before" (default) or "after" the
    work, and what the simulator itself understands."""

    simulator: str = "*"
    operation: str = "*"
    mode: Mode = "normal"
    times: int | None = None
    match: dict[str, str] = field(default_factory=dict)
    detail: dict[str, Any] = field(default_factory=dict)

    def applies(self, *, simulator: str, operation: str, fields: Mapping[str, object]) -> bool:
        return (
            self.simulator in ("*", simulator)
            and self.operation in ("*", operation)
            and all(str(fields.get(name, "")) == value for name, value in self.match.items())
        )

    async def before(self, request: Request) -> Response | None:
        """Plays the mode ahead of the work. None means: go on and do it."""
        return await self._play(request) if self.detail.get("stage", "before") == "before" else None

    async def after(self, request: Request, answer: Response) -> Response:
        """Plays the mode once the work is done: the bank has booked, but the caller does not hear of it."""
        if self.detail.get("stage", "before") != "after":
            return answer
        return await self._play(request) or answer

    async def _play(self, request: Request) -> Response | None:
        match self.mode:
            case "slow":
                await asyncio.sleep(min(float(self.detail.get("seconds", 1)), HOLD_SECONDS_MAX))
            case "timeout":
                return await hold_until_given_up(request, seconds=int(self.detail.get("seconds", HOLD_SECONDS_MAX)))
            case "error500":
                return Response("内部错误", status_code=500, media_type="text/plain")
            case "garbage":
                return Response(GARBAGE, media_type="application/json")
        return None


async def hold_until_given_up(request: Request, *, seconds: int = HOLD_SECONDS_MAX) -> Response:
    """Answers nothing until the client closes the connection, or after `seconds` with 504."""
    try:
        async with asyncio.timeout(min(seconds, HOLD_SECONDS_MAX)):
            while (await request.receive())["type"] != "http.disconnect":
                pass
    except TimeoutError:
        pass
    return Response("超时", status_code=504, media_type="text/plain")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request that reached a simulator: its operation and the keys a test looks it up by."""

    simulator: str
    operation: str
    method: str
    fields: dict[str, str]


@dataclass(slots=True)
class Faults:
    """The rules in force, oldest first: the first that applies is used. Also the record of calls."""

    rules: list[Fault] = field(default_factory=list)
    calls: deque[Call] = field(default_factory=lambda: deque(maxlen=CALLS_KEPT_MAX))
    counts: Counter[str] = field(default_factory=Counter)

    def add(
        self,
        *,
        simulator: str = "*",
        operation: str = "*",
        mode: Mode,
        times: int | None = None,
        match: Mapping[str, str] | None = None,
        detail: Mapping[str, Any] | None = None,
    ) -> None:
        """ValueError for an unknown mode or `times` below one."""
        if mode not in MODES:
            raise ValueError(f"unknown mode {mode!r}; one of {', '.join(sorted(MODES))}")
        if times is not None and times < 1:
            raise ValueError("times is at least 1, or null for 'until cleared'")
        self.rules.append(
            Fault(
                simulator=simulator,
                operation=operation,
                mode=mode,
                times=times,
                match=dict(match or {}),
                detail=dict(detail or {}),
            )
        )

    def clear(self, *, simulator: str | None = None) -> None:
        """Back to normal, for one simulator (rules for "*" stay) or for all."""
        self.rules[:] = [] if simulator is None else [rule for rule in self.rules if rule.simulator != simulator]

    def forget_calls(self) -> None:
        self.calls.clear()
        self.counts.clear()

    def take(
        self,
        *,
        simulator: str,
        operation: str,
        fields: Mapping[str, object] | None = None,
        method: str = "POST",
    ) -> Fault:
        """Records the call and gives the behaviour for it; uses up one of its `times`."""
        seen = {name: str(value) for name, value in (fields or {}).items()}
        self.calls.append(Call(simulator=simulator, operation=operation, method=method, fields=seen))
        self.counts[f"{simulator}.{operation}"] += 1
        for rule in self.rules:
            if rule.applies(simulator=simulator, operation=operation, fields=seen):
                if rule.times is not None:
                    rule.times -= 1
                    if rule.times == 0:
                        self.rules.remove(rule)
                return rule
        return Fault()


def control_routes(faults: Faults) -> list[Route]:
    """The control routes over a store. Malformed control requests get 400 and change nothing."""

    async def add(request: Request) -> Response:
        try:
            body = json.loads(await request.body())
            if not isinstance(body, dict):
                raise ValueError("a JSON object is wanted")
            faults.add(**_rule_of(body))
        except (ValueError, TypeError) as problem:
            return JSONResponse({"error": str(problem)}, status_code=400)
        return JSONResponse({"rules": len(faults.rules)}, status_code=201)

    async def show(_: Request) -> Response:
        return JSONResponse([{name: getattr(rule, name) for name in Fault.__slots__} for rule in faults.rules])

    async def clear(request: Request) -> Response:
        faults.clear(simulator=request.query_params.get("simulator"))
        return Response(status_code=204)

    async def show_calls(request: Request) -> Response:
        wanted = request.query_params.get("simulator")
        calls = [call for call in faults.calls if wanted in (None, call.simulator)]
        return JSONResponse(
            {
                "counts": {
                    name: count for name, count in faults.counts.items() if wanted in (None, name.split(".")[0])
                },
                "calls": [{name: getattr(call, name) for name in Call.__slots__} for call in calls],
            }
        )

    async def forget(_: Request) -> Response:
        faults.forget_calls()
        return Response(status_code=204)

    return [
        Route("/_sim/faults", add, methods=["POST"]),
        Route("/_sim/faults", show, methods=["GET"]),
        Route("/_sim/faults", clear, methods=["DELETE"]),
        Route("/_sim/calls", show_calls, methods=["GET"]),
        Route("/_sim/calls", forget, methods=["DELETE"]),
    ]


def _rule_of(body: dict[str, Any]) -> dict[str, Any]:
    """The arguments of `Faults.add`; ValueError names the field that is wrong."""
    shapes: dict[str, type | tuple[type, ...]] = {
        "simulator": str,
        "operation": str,
        "mode": str,
        "times": (int, type(None)),
        "match": dict,
        "detail": dict,
    }
    for name, value in body.items():
        if name not in shapes:
            raise ValueError(f"unknown field {name!r}")
        if isinstance(value, bool) or not isinstance(value, shapes[name]):
            raise ValueError(f"field {name!r} has the wrong type")
    if "mode" not in body:
        raise ValueError("field 'mode' is missing")
    return {**body, "match": {name: str(value) for name, value in body.get("match", {}).items()}}


class SimulatorJournal:
    """Append-only JSON lines: what a simulator must remember when its process dies. Without a path it
    remembers until then. A line cut short by a kill is dropped at the next start: it was never answered."""

    def __init__(self, path: Path | None = None) -> None:
        self._entries: list[dict[str, Any]] = []
        self._file = None
        if path is None:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        written = path.read_bytes() if path.exists() else b""
        whole = written[: written.rfind(b"\n") + 1]
        self._entries = [json.loads(line) for line in whole.splitlines()]
        # for the owner only: simulated messages look like real ones
        self._file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b", buffering=0)
        self._file.truncate(len(whole))
        self._file.seek(len(whole))

    def append(self, entry: Mapping[str, Any]) -> None:
        """Written before it returns, so that the answer sent afterwards is never ahead of the memory."""
        line = json.dumps(entry, ensure_ascii=False)
        self._entries.append(json.loads(line))
        if self._file is not None:
            self._file.write(line.encode() + b"\n")

    def entries(self) -> list[dict[str, Any]]:
        return list(self._entries)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
