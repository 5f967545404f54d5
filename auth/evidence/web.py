"""What everybody may know of the log: its newest signed head and the public keys. And for a third party, with its
token, its own events with their proofs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from auth import evidence, sessions
from auth.evidence.verifier import FORMAT
from auth.tokens import TokenRefused, bearer_of
from domain.kernel import audit
from domain.kernel.failures import StoreUnavailable
from domain.kernel.refusal import TEMPORARILY_UNAVAILABLE

HEAD_PATH = "/evidence/head"
KEYS_PATH = "/evidence/keys"
PARTNER_PATH = "/evidence/partner"
_NOTHING = "还没有封存任何事件，请稍后再取。"


def routes(*, clock: Callable[[], datetime]) -> list[Route]:
    return [
        Route(HEAD_PATH, _guarded(_head), methods=["GET"]),
        Route(KEYS_PATH, _guarded(_keys), methods=["GET"]),
        Route(PARTNER_PATH, _guarded(_partner(clock)), methods=["GET"]),
    ]


_Endpoint = Callable[[Request], Awaitable[Response]]


async def _head(request: Request) -> Response:
    head = await evidence.latest_head()
    if head is None:
        return _problem(_NOTHING, status=404)
    return JSONResponse({"format": FORMAT, "head": head}, headers={"Cache-Control": "no-cache"})


async def _keys(request: Request) -> Response:
    return JSONResponse({"format": FORMAT, "keys": await evidence.public_keys()}, headers={"Cache-Control": "no-cache"})


def _partner(clock: Callable[[], datetime]) -> _Endpoint:
    async def partner(request: Request) -> Response:
        now = clock()
        actor = await sessions.authenticate(bearer=bearer_of(request.headers.get("authorization")), now=now)
        if actor.partnership is None:
            return _problem("此接口供第三方以其访问凭证调用。", status=403)
        given = request.query_params.get("since", "")
        since = int(given) if given.isascii() and given.isdecimal() and len(given) <= 15 else None
        grant = f"grant:{actor.partnership.grant_id}"
        file = await evidence.proof_file(actor=actor.reference, subjects=(grant,), since=since)
        if file is None:
            return _problem(_NOTHING, status=404)
        await audit.record(
            None, actor=actor, action="evidence.exported", subject=grant, now=now, detail={"rows": len(file["events"])}
        )
        return JSONResponse(file, headers={"Cache-Control": "no-store"})

    return partner


def _guarded(show: _Endpoint) -> _Endpoint:
    async def respond(request: Request) -> Response:
        try:
            return await show(request)
        except TokenRefused as refused:
            return _problem(refused.message, status=401)
        except StoreUnavailable:
            return _problem(TEMPORARILY_UNAVAILABLE().message, status=503)

    return respond


def _problem(message: str, *, status: int) -> JSONResponse:
    return JSONResponse({"message": message}, status_code=status, headers={"Cache-Control": "no-store"})
