"""What a kiosk calls, besides GraphQL with the citizen's token:

POST /auth/kiosk/enrol      {"device", "code", "publicKey", "proof"}   204
POST /auth/kiosk/challenge  {"device"}                                 {"challenge"}
POST /auth/kiosk/session    {"device", "assertion"}                    tokens, idle seconds, granted documents

Tokens live in the page's memory alone; `POST /auth/token` renews them while somebody is there and `POST /auth/logout`
ends the visit, as for every native client.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from auth.doors import NO_STORE, Malformed, check_origin, json_body, token_answer, with_json
from auth.kiosks import devices, visits

Clock = Callable[[], datetime]


def routes(*, clock: Clock) -> list[Route]:
    async def enrol(request: Request) -> Response:
        device, code, key, proof = await _texts(request, "device", "code", "publicKey", "proof")
        await devices.enrol(device_no=device, code=code, public_pem=key, proof=proof, now=clock())
        return Response(status_code=204, headers=NO_STORE)

    async def challenge(request: Request) -> Response:
        (device,) = await _texts(request, "device")
        made = await visits.challenge(device_no=device, now=clock())
        return JSONResponse({"challenge": made}, headers=NO_STORE)

    async def session(request: Request) -> Response:
        device, assertion = await _texts(request, "device", "assertion")
        visit = await visits.begin(device_no=device, assertion=assertion, now=clock())
        answer = {
            **token_answer(visit.session),
            "idle_seconds": visit.idle_seconds,
            "documents": None if visit.granted is None else sorted(visit.granted.documents),
            "name": visit.name_masked,
        }
        return JSONResponse(answer, headers=NO_STORE)

    return [
        Route("/auth/kiosk/enrol", with_json(enrol), methods=["POST"]),
        Route("/auth/kiosk/challenge", with_json(challenge), methods=["POST"]),
        Route("/auth/kiosk/session", with_json(session), methods=["POST"]),
    ]


async def _texts(request: Request, *names: str) -> list[str]:
    check_origin(request)
    body = await json_body(request)
    given = [body.get(name) for name in names]
    if not all(isinstance(one, str) and one and "\x00" not in one for one in given):
        raise Malformed(400, "request.malformed", "请求内容无法识别，请更新终端程序后重试。")
    return [str(one) for one in given]
