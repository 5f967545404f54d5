"""Limits of requests by address, counted in Valkey for all processes together.

A fixed window of a minute is enough to stop a script that guesses or floods; fair shares of work are the cost limits of
GraphQL. Without its store the counter lets requests pass: the doors behind it fail closed by themselves.

Partners are limited by what they were granted, not by their address: at their doors only what no quota counts
(`request.state.counted_by_quota`), and third parties in GraphQL are counted by their grant (`ops.gate`).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Sequence

from redis.asyncio import Redis
from redis.exceptions import RedisError
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from ops import telemetry
from ops.round_trips import RoundTrips

WINDOW_SECONDS = 60
LOGIN_PATHS = (
    "/auth/login",
    "/auth/callback",
    "/auth/app/start",
    "/auth/app/callback",
    "/auth/app/token",
    "/auth/token",
    "/auth/partner/token",
    "/auth/employer/login",
    "/auth/employer/callback",
    "/auth/mini/login",
    "/auth/mini/link",
    "/auth/mini/phone",
    "/auth/employer/session",
    "/auth/employer/token",
    "/backoffice/login",
    "/backoffice/enrol",
    "/backoffice/enrol/confirm",
)
UNCOUNTED_PATHS = ("/healthz", "/readyz", "/metrics")
MESSAGE = "请求过于频繁，请一分钟后再试。"

_SECONDS = 2
_SCRIPT = f"""
local answers = {{}}
for place, question in ipairs(cjson.decode(ARGV[1])) do
  local key, more = question[1], question[2]
  if more == 0 then
    answers[place] = tonumber(redis.call('GET', key)) or 0
  else
    answers[place] = redis.call('INCRBY', key, more)
    redis.call('EXPIRE', key, {WINDOW_SECONDS}, 'NX')
  end
end
return cjson.encode(answers)
"""


def address_key(prefix: str, lane: str, address: str) -> str:
    """Where the requests of an address are counted."""
    return f"{prefix}limit:{lane}:{address}"


class AddressLimits:
    """Counts a request against its address; `admit` gives the answer for one too many."""

    def __init__(
        self,
        *,
        redis: Redis,
        prefix: str,
        requests_max: int,
        logins_max: int,
        trusted_proxies: Sequence[str],
        counted_by_gate: Sequence[str] = (),
        partner_paths: Collection[str] = (),
    ) -> None:
        """`counted_by_gate`: paths whose requests `ops.gate` counts in the round trip that asks for the session.
        `partner_paths`: doors that look at a signature; their strangers are counted afterwards (`settle`)."""
        self._trips = RoundTrips(redis=redis, script=_SCRIPT, seconds=_SECONDS)
        self._prefix = prefix
        self._requests_max, self._logins_max = requests_max, logins_max
        self._counted_by_gate = frozenset(counted_by_gate)
        self.partner_paths = frozenset(partner_paths)
        self._proxies = [ipaddress.ip_network(proxy, strict=False) for proxy in trusted_proxies]

    async def admit(self, scope: Scope) -> Response | None:
        """None to go on, else the refusal to send."""
        path = scope["path"]
        if path in UNCOUNTED_PATHS or path.startswith(("/h5/", "/backoffice/static/")):
            return None
        if scope["type"] == "http" and path in self._counted_by_gate:
            return None
        address = self.address_of(scope)
        if path in self.partner_paths:
            if await self._counted(address_key(self._prefix, "strangers", address)) < self._requests_max:
                return None
            telemetry.LIMITED.labels(lane="strangers").inc()
            return _refusal(path)
        lanes = [("all", self._requests_max)]
        if path in LOGIN_PATHS:
            lanes.append(("login", self._logins_max))
        for lane, most in lanes:
            if await self._count(address_key(self._prefix, lane, address)) > most:
                telemetry.LIMITED.labels(lane=lane).inc()
                return _refusal(path)
        return None

    async def settle(self, scope: Scope) -> None:
        """After the answer: at a partner's door who was nobody's partner is counted against the address."""
        if scope["path"] in self.partner_paths and not scope["state"].get("counted_by_quota"):
            await self._count(address_key(self._prefix, "strangers", self.address_of(scope)))

    async def _counted(self, key: str) -> int:
        return await self._asked(key, 0)

    async def _count(self, key: str) -> int:
        return await self._asked(key, 1)

    async def _asked(self, key: str, more: int) -> int:
        """What is counted under the key with `more` added; 0 without the store."""
        try:
            return int(await self._trips.ask((key, more)))
        except (RedisError, OSError):
            return 0

    def address_of(self, scope: Scope) -> str:
        """The caller's address; a proxy's word counts only from a proxy that is trusted, and its word is the last one:
        what stands before it, in the same header line or in one of its own, the caller may have sent."""
        client = scope.get("client")
        address = client[0] if client else "unknown"
        told = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
        if told and self._trusts(address):
            return str(told[-1].decode("latin-1").split(",")[-1].strip()[:45])
        return str(address)

    def _trusts(self, address: str) -> bool:
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in self._proxies)


def _refusal(path: str) -> Response:
    headers = {"Retry-After": str(WINDOW_SECONDS)}
    if path.startswith(("/graphql", "/auth/token", "/auth/employer", "/auth/partner")):
        error = {"message": MESSAGE, "extensions": {"code": "TOO_MANY_REQUESTS", "retryable": True}}
        return JSONResponse({"errors": [error]}, status_code=429, headers=headers)
    return PlainTextResponse(MESSAGE, status_code=429, headers=headers)


async def send_refusal(refusal: Response, scope: Scope, receive: Receive, send: Send) -> None:
    """A web socket is closed before it opens; everything else gets the answer."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 4429, "reason": "Too many requests"})
    else:
        await refusal(scope, receive, send)
