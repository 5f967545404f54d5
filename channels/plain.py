"""Requests to partners whose protocol is plain HTTP with JSON answers (mini-program platforms, identity platforms).

Bounded in time and size, proxies of the environment ignored, redirects not followed. Secrets travel in some of these
protocols' addresses: nothing here logs an address, and httpx is kept from it.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from typing import Any

import httpx

from channels.wire import WireFailure

ANSWER_BYTES_MAX = 256 * 1024
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
logging.getLogger("httpx").setLevel(logging.WARNING)


class PlainClient:
    """One partner. `timeout_seconds` bounds the whole exchange. Close with `aclose`."""

    def __init__(self, *, partner: str, base_url: str, timeout_seconds: float = 3.0) -> None:
        self.partner = partner
        self._timeout_seconds = timeout_seconds
        self._http = httpx.AsyncClient(
            base_url=base_url, timeout=timeout_seconds, follow_redirects=False, trust_env=False
        )

    async def aclose(self) -> None:
        await self._http.aclose()

    async def get(self, path: str, *, query: Mapping[str, str], headers: Mapping[str, str] | None = None) -> bytes:
        """The body of an answer of status 2xx. Raises WireFailure for everything else."""
        return await self._send("GET", path, params=dict(query), headers=dict(headers or {}))

    async def post_form(
        self,
        path: str,
        *,
        form: Mapping[str, str],
        query: Mapping[str, str] | None = None,
        basic: tuple[str, str] | None = None,
        statuses: tuple[int, ...] = (),
    ) -> tuple[int, bytes]:
        """Status and body; `statuses` are answered too where the protocol puts its refusals there."""
        try:
            async with asyncio.timeout(self._timeout_seconds):
                answer = await self._http.post(
                    path, data=dict(form), params=dict(query or {}), auth=basic or httpx.USE_CLIENT_DEFAULT
                )
        except _NEVER_SENT:
            raise self.failure("unreachable", "无法连接") from None
        except (TimeoutError, httpx.TimeoutException):
            raise self.failure("timeout", "超时未答复") from None
        except httpx.HTTPError:
            raise self.failure("garbage", "连接中断") from None
        if answer.status_code not in statuses:
            self._require(answer)
        return answer.status_code, answer.content

    async def post_json(
        self, path: str, *, body: Mapping[str, Any], query: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """The answer as an object, whatever content type the platform writes on it. Raises WireFailure."""
        content = await self._send("POST", path, params=dict(query or {}), content=json.dumps(body, ensure_ascii=False))
        return self.object_of(content)

    def object_of(self, content: bytes) -> dict[str, Any]:
        try:
            answer = json.loads(content, parse_float=str)
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict):
            raise self.failure("garbage", "答复不是约定的格式")
        return answer

    def failure(self, trouble: str, reason: str, *, status: int | None = None) -> WireFailure:
        return WireFailure(partner=self.partner, trouble=trouble, reason=reason, status=status)  # type: ignore[arg-type]

    async def _send(self, method: str, path: str, **options: Any) -> bytes:
        try:
            async with asyncio.timeout(self._timeout_seconds):
                answer = await self._http.request(method, path, **options)
        except _NEVER_SENT:
            raise self.failure("unreachable", "无法连接") from None
        except (TimeoutError, httpx.TimeoutException):
            raise self.failure("timeout", "超时未答复") from None
        except httpx.HTTPError:
            raise self.failure("garbage", "连接中断") from None
        self._require(answer)
        return answer.content

    def _require(self, answer: httpx.Response) -> None:
        if not answer.is_success:
            raise self.failure("status", f"返回HTTP状态{answer.status_code}", status=answer.status_code)
        if len(answer.content) > ANSWER_BYTES_MAX:
            raise self.failure("garbage", "答复过大")
