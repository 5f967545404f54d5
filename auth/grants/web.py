"""The token endpoint of third parties."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from auth.grants.connecting import PARTNER_TOKEN_PATH, TokenDenied, connect
from domain.kernel.failures import StoreUnavailable
from domain.kernel.refusal import TEMPORARILY_UNAVAILABLE

_BODY_BYTES_MAX = 16 * 1024
_HEADERS = {"Cache-Control": "no-store", "Pragma": "no-cache"}


def routes(*, clock: Callable[[], datetime]) -> list[Route]:
    return [Route(PARTNER_TOKEN_PATH, _token(clock), methods=["POST"])]


def _token(clock: Callable[[], datetime]) -> Callable[[Request], Awaitable[Response]]:
    async def token(request: Request) -> Response:
        try:
            answer = await connect(form=await _form(request), now=clock())
        except TokenDenied as denied:
            body = {"error": denied.error, "error_description": denied.sentence}
            return JSONResponse(body, status_code=denied.status, headers=_HEADERS)
        except StoreUnavailable:
            body = {"error": "temporarily_unavailable", "error_description": TEMPORARILY_UNAVAILABLE().message}
            return JSONResponse(body, status_code=503, headers={**_HEADERS, "Retry-After": "2"})
        return JSONResponse(
            {
                "access_token": answer.access.token,
                "token_type": "Bearer",
                "expires_in": answer.access.expires_in,
                "grant": str(answer.grant_id),
                "sandbox": answer.sandbox,
            },
            headers=_HEADERS,
        )

    return token


async def _form(request: Request) -> dict[str, str]:
    """Raises TokenDenied for anything but a small form in which each name stands once (RFC 6749, 3.2)."""
    malformed = TokenDenied("invalid_request", reason="form")
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if media_type != "application/x-www-form-urlencoded":
        raise malformed
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > _BODY_BYTES_MAX:
            raise malformed
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=20)
    except ValueError:
        raise malformed from None
    form = dict(pairs)
    if len(form) != len(pairs) or any("\x00" in value for value in form.values()):
        raise malformed
    return form
