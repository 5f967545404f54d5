"""Signed requests over HTTP: what our clients of partners share, and what simulators check.

The agencies' transport is not public; this is our own assumption, of the usual shape of government gateways.
A request carries four headers:

    X-Agency-App     the caller's registered name
    X-Timestamp      milliseconds since 1970, at most five minutes off
    X-Nonce          32 hexadecimal digits, accepted once
    X-Signature      HMAC-SM3(secret, "METHOD\\npath\\ntimestamp\\nnonce\\nSM3(body)") in hexadecimal digits

`path` is the path with its query as the server sees it, so a proxy between must not rewrite it. Answers are
not signed: TLS names the server.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import re
import secrets
import ssl
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from types import TracebackType
from typing import Any, Literal, Self

import httpx
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.hmac import HMAC
from opentelemetry import trace
from starlette.requests import Request
from starlette.responses import JSONResponse

from channels.breaker import Breaker
from channels.traffic import Traffic
from domain.kernel.digest import sm3_hex
from domain.kernel.failures import PartnerFailure

ANSWER_BYTES_MAX = 2 * 1024 * 1024
REQUEST_BYTES_MAX = 2 * 1024 * 1024
TIMESTAMP_WINDOW = timedelta(minutes=5)
NONCES_KEPT_MAX = 100_000

Trouble = Literal["unreachable", "timeout", "status", "garbage", "paused"]

_NONCE = re.compile(r"[0-9a-f]{32}")
_TIMESTAMP = re.compile(r"[0-9]{10,16}")

_tracer = trace.get_tracer("hpf.channels")


@cache
def trusted_authorities() -> ssl.SSLContext:
    """Whose certificates are believed, read once a process: reading them takes longer than all else of a client."""
    return httpx.create_ssl_context(trust_env=False)


class WireFailure(PartnerFailure):
    """A request that has no usable answer. `trouble`: "unreachable" (never sent), "timeout" and "garbage"
    (perhaps worked on), "status" (an HTTP error, see `status`), "paused" (not sent: the breaker is open)."""

    def __init__(self, *, partner: str, trouble: Trouble, reason: str, status: int | None = None) -> None:
        super().__init__(partner=partner, reason=reason, retryable=status is None or status >= 500 or status == 429)
        self.trouble: Trouble = trouble
        self.status = status

    @property
    def surely_not_sent(self) -> bool:
        return self.trouble in ("unreachable", "paused")


def signature(*, secret: bytes, method: str, path: str, timestamp: str, nonce: str, body: bytes) -> str:
    """HMAC-SM3 in hexadecimal digits over the five parts."""
    mac = HMAC(secret, hashes.SM3())
    mac.update("\n".join([method.upper(), path, timestamp, nonce, sm3_hex(body)]).encode())
    return mac.finalize().hex()


def signed_headers(
    *, app: str, secret: bytes, method: str, path: str, body: bytes, now: datetime, nonce: str | None = None
) -> dict[str, str]:
    """The four headers of one request; a fresh nonce unless one is given."""
    timestamp = str(int(now.timestamp() * 1000))
    nonce = nonce or secrets.token_hex(16)
    return {
        "X-Agency-App": app,
        "X-Timestamp": timestamp,
        "X-Nonce": nonce,
        "X-Signature": signature(secret=secret, method=method, path=path, timestamp=timestamp, nonce=nonce, body=body),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class WireAnswer:
    """An answer of HTTP status 2xx."""

    status: int
    content: bytes
    headers: Mapping[str, str]


class SignedClient:
    """Sends signed POST requests to one partner, each once: repeating is the caller's decision.

    `timeout_seconds` bounds the whole exchange, not only each read. Connections are pooled and limited,
    proxies of the environment ignored. Close it with `aclose` or use it as a context manager.
    """

    def __init__(
        self,
        *,
        partner: str,
        base_url: str,
        app: str,
        secret: bytes,
        timeout_seconds: float = 2.0,
        connections_max: int = 20,
        make_breaker: Callable[[], Breaker] = Breaker,
        traffic: Traffic | None = None,
    ) -> None:
        assert secret, f"no secret for {partner}"
        self.partner = partner
        self._app = app
        self._secret = secret
        self._timeout_seconds = timeout_seconds
        self._traffic = traffic
        # one for each path: a registry that is down does not silence the others behind the same gateway
        self._breakers: defaultdict[str, Breaker] = defaultdict(make_breaker)
        self._http = httpx.AsyncClient(
            base_url=base_url,
            timeout=httpx.Timeout(timeout_seconds),
            limits=httpx.Limits(max_connections=connections_max, max_keepalive_connections=connections_max),
            follow_redirects=False,
            trust_env=False,
            verify=trusted_authorities(),
        )

    async def aclose(self) -> None:
        await self._http.aclose()

    @property
    def open_paths(self) -> list[str]:
        """Paths that are left alone for a while because they kept failing."""
        return sorted(path for path, breaker in self._breakers.items() if breaker.open)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def post(
        self, *, path: str, content: bytes, now: datetime, content_type: str = "application/json"
    ) -> WireAnswer:
        """Sends the bytes as they are. Raises WireFailure for all trouble outside of us."""
        breaker = self._breakers[path]
        started = asyncio.get_running_loop().time()
        outcome = "failed"
        try:
            answer = await self._admitted(breaker, path=path, content=content, now=now, content_type=content_type)
            outcome = "done"
            return answer
        except WireFailure as failure:
            if failure.status is not None and failure.status < 500 and failure.status != 429:
                outcome = "refused"
            raise
        finally:
            if self._traffic is not None:
                seconds = asyncio.get_running_loop().time() - started
                self._traffic.count(self.partner, "out", path, outcome=outcome, seconds=seconds, now=now)

    async def _admitted(
        self, breaker: Breaker, *, path: str, content: bytes, now: datetime, content_type: str
    ) -> WireAnswer:
        if not breaker.admit(now=now):
            raise WireFailure(partner=self.partner, trouble="paused", reason="近期多次无应答，暂停请求")
        try:
            with _tracer.start_as_current_span(
                f"partner {self.partner}", attributes={"hpf.path": path}, record_exception=False
            ):
                answer = await self._send(path=path, content=content, now=now, content_type=content_type)
        except WireFailure as failure:
            if failure.status is not None and failure.status < 500 and failure.status != 429:
                breaker.succeeded()  # it answers, though not what we like
            else:
                breaker.failed(now=now)
            raise
        except BaseException:
            breaker.given_up()
            raise
        breaker.succeeded()
        return answer

    async def post_json(self, *, path: str, body: Mapping[str, Any], now: datetime) -> dict[str, Any]:
        """The answer as a JSON object. Raises WireFailure, also ("garbage") for whatever is no object."""
        content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        answer = await self.post(path=path, content=content, now=now)
        try:
            # floats would only be read to be refused later: they stay text
            parsed = json.loads(answer.content, parse_float=str)
        except (ValueError, RecursionError):
            parsed = None
        if not isinstance(parsed, dict):
            raise WireFailure(partner=self.partner, trouble="garbage", reason="答复不是约定的格式")
        return parsed

    async def _send(self, *, path: str, content: bytes, now: datetime, content_type: str) -> WireAnswer:
        request = self._http.build_request(
            "POST", path, content=content, headers={"Content-Type": content_type, "Accept": content_type}
        )
        request.headers.update(
            signed_headers(
                app=self._app,
                secret=self._secret,
                method="POST",
                path=request.url.raw_path.decode("ascii"),
                body=content,
                now=now,
            )
        )
        try:
            async with asyncio.timeout(self._timeout_seconds):
                answer = await self._http.send(request, stream=True)
                try:
                    received = await self._read(answer)
                finally:
                    await answer.aclose()
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
            raise WireFailure(partner=self.partner, trouble="unreachable", reason="无法连接") from None
        except (TimeoutError, httpx.TimeoutException):
            raise WireFailure(partner=self.partner, trouble="timeout", reason="超时未答复") from None
        except httpx.HTTPError:
            raise WireFailure(partner=self.partner, trouble="garbage", reason="连接中断") from None
        if not answer.is_success:
            raise WireFailure(
                partner=self.partner,
                trouble="status",
                reason=f"返回HTTP状态{answer.status_code}",
                status=answer.status_code,
            )
        return WireAnswer(status=answer.status_code, content=received, headers=dict(answer.headers))

    async def _read(self, answer: httpx.Response) -> bytes:
        received = bytearray()
        async for chunk in answer.aiter_bytes():
            received += chunk
            if len(received) > ANSWER_BYTES_MAX:
                raise WireFailure(partner=self.partner, trouble="garbage", reason="答复过大")
        return bytes(received)


class SignatureRefused(Exception):
    """The server's no to a request. `code`: app_unknown, signature_wrong, timestamp_stale, nonce_replayed,
    body_large."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code

    def response(self) -> JSONResponse:
        return JSONResponse({"code": self.code, "message": "请求签名未通过校验"}, status_code=401)


@dataclass(slots=True, kw_only=True)
class SignatureCheck:
    """Checks requests as the partner would. `secrets_by_app` are the registered callers."""

    secrets_by_app: Mapping[str, bytes]
    clock: Callable[[], datetime]
    _nonces: dict[str, datetime] = field(default_factory=dict)

    def verify(self, *, method: str, path: str, headers: Mapping[str, str], body: bytes) -> str:
        """The caller's name. Raises SignatureRefused; a refused request uses up no nonce."""
        app = headers.get("x-agency-app", "")
        timestamp, nonce = headers.get("x-timestamp", ""), headers.get("x-nonce", "")
        secret = self.secrets_by_app.get(app)
        if secret is None:
            raise SignatureRefused("app_unknown")
        expected = signature(secret=secret, method=method, path=path, timestamp=timestamp, nonce=nonce, body=body)
        if not hmac.compare_digest(expected.encode(), headers.get("x-signature", "").encode()):
            raise SignatureRefused("signature_wrong")
        now = self.clock()
        window_ms = TIMESTAMP_WINDOW // timedelta(milliseconds=1)
        if _TIMESTAMP.fullmatch(timestamp) is None or abs(now.timestamp() * 1000 - int(timestamp)) > window_ms:
            raise SignatureRefused("timestamp_stale")
        self._remember(f"{app}:{nonce}", shape_right=_NONCE.fullmatch(nonce) is not None, now=now)
        return app

    async def read(self, request: Request) -> bytes:
        """The body of a request whose signature is right, which is not limited by its address any more
        (`ops.limits`). Raises SignatureRefused."""
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > REQUEST_BYTES_MAX:
                raise SignatureRefused("body_large")
        path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        self.verify(method=request.method, path=path, headers=request.headers, body=bytes(body))
        request.state.counted_by_quota = True
        # so that a later request.body() and the wait for the caller's hanging up find the stream read
        request._body = bytes(body)
        return bytes(body)

    def _remember(self, nonce: str, *, shape_right: bool, now: datetime) -> None:
        if not shape_right or nonce in self._nonces:
            raise SignatureRefused("nonce_replayed")
        if len(self._nonces) >= NONCES_KEPT_MAX:
            # oldest first; within the window none may be forgotten, so then nothing more is let in
            for old, seen in list(self._nonces.items()):
                if now - seen <= 2 * TIMESTAMP_WINDOW:
                    break
                del self._nonces[old]
            if len(self._nonces) >= NONCES_KEPT_MAX:
                raise SignatureRefused("nonce_replayed")
        self._nonces[nonce] = now
