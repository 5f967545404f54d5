"""The application's login over HTTP (`auth.handover`):

    POST /auth/app/start    {"code_challenge", "device", "way", "state"}  → {"url"}, for the platform's application
    GET  /auth/app/callback ?state=…&code=…                               → the application, with ?ticket=…&state=…
    POST /auth/app/token    {"ticket", "code_verifier", "device"}         → tokens
    GET  /app/login                                                       → a page, where the application did not open

Beside them the two files by which Apple and Android know that links of ours belong to the application.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from auth import handover, sessions
from auth.doors import NO_STORE, Malformed, address_of, check_origin, json_body, token_answer, with_json, with_page
from auth.pages import message_page
from auth.ports import UnifiedIdentity
from auth.web import Clock

LINK_PATH = "/app/login"


@dataclass(frozen=True, slots=True, kw_only=True)
class Applications:
    """What the stores know our application by: Apple's `TEAMID.bundle`, Android's package and the SHA-256 of its
    certificates. Empty: no such application, and no file."""

    apple_id: str = ""
    android_package: str = ""
    android_fingerprints: tuple[str, ...] = ()


def routes(*, provider: UnifiedIdentity, clock: Clock, applications: Applications) -> list[Route]:
    doors = _Doors(provider=provider, clock=clock)
    return [
        Route("/auth/app/start", with_json(doors.start), methods=["POST"]),
        Route(handover.CALLBACK_PATH, with_page(doors.callback), methods=["GET"]),
        Route("/auth/app/token", with_json(doors.token), methods=["POST"]),
        Route(LINK_PATH, with_page(doors.landed), methods=["GET"]),
        *_associations(applications),
    ]


class _Doors:
    def __init__(self, *, provider: UnifiedIdentity, clock: Clock) -> None:
        self._provider, self._clock = provider, clock

    async def start(self, request: Request) -> Response:
        check_origin(request)
        given = await _texts(request, "code_challenge", "device", "way", "state")
        url = await handover.start(
            challenge=given["code_challenge"],
            device=given["device"],
            way=given["way"],
            app_state=given["state"],
            provider=self._provider,
        )
        return JSONResponse({"url": url}, headers=NO_STORE)

    async def callback(self, request: Request) -> Response:
        code = request.query_params.get("code")
        url = await handover.hand_back(
            state=request.query_params.get("state", ""),
            code=code if "error" not in request.query_params else None,
            provider=self._provider,
            address=address_of(request),
            now=self._clock(),
        )
        return RedirectResponse(url, status_code=303, headers={**NO_STORE, "Referrer-Policy": "no-referrer"})

    async def token(self, request: Request) -> Response:
        check_origin(request)
        given = await _texts(request, "ticket", "code_verifier", "device")
        now = self._clock()
        session = await handover.redeem(
            ticket=given["ticket"],
            verifier=given["code_verifier"],
            device=given["device"],
            agent=request.headers.get("user-agent", ""),
            address=address_of(request),
            now=now,
        )
        fresh = await sessions.refresh(refresh_token=session.secret, now=now)
        return JSONResponse(token_answer(fresh), headers=NO_STORE)

    async def landed(self, request: Request) -> Response:
        """The ticket in the address stays what it is: only the application can use it."""
        text = "登录已完成，请回到手机客户端。如没有自动打开，请确认已安装最新版客户端，然后在客户端内重新登录。"
        page, headers = message_page(title="请打开手机客户端", message=text, form="")
        return HTMLResponse(page, headers={**NO_STORE, **headers})


async def _texts(request: Request, *names: str) -> Mapping[str, str]:
    body = await json_body(request)
    given = {name: body.get(name) for name in names}
    if not all(isinstance(text, str) for text in given.values()):
        raise Malformed(400, "request.malformed", "请求内容无法识别，请更新客户端后重试。")
    return {name: str(text) for name, text in given.items()}


def _associations(applications: Applications) -> list[Route]:
    apple = {
        "applinks": {
            "details": [{"appIDs": [applications.apple_id], "components": [{"/": LINK_PATH, "?": {"ticket": "?*"}}]}]
        }
    }
    android = [
        {
            "relation": ["delegate_permission/common.handle_all_urls"],
            "target": {
                "namespace": "android_app",
                "package_name": applications.android_package,
                "sha256_cert_fingerprints": list(applications.android_fingerprints),
            },
        }
    ]

    async def tell_apple(_: Request) -> Response:
        return JSONResponse(apple)

    async def tell_android(_: Request) -> Response:
        return JSONResponse(android)

    found = []
    if applications.apple_id:
        found.append(Route("/.well-known/apple-app-site-association", tell_apple, methods=["GET"]))
    if applications.android_package:
        found.append(Route("/.well-known/assetlinks.json", tell_android, methods=["GET"]))
    return found
