"""A third party's own page: health, quotas, calls and failures of its grants, opened by whoever holds its key.

A client with a token asks for a link (`POST /partner/link`), good for ten minutes in any browser; the page only reads.
So there are no passwords of third parties, and who is suspended has no page.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from auth import configuration, grants, sessions, store
from auth.grants.granting import REPRESENTS
from auth.tokens import TokenRefused, bearer_of
from domain.kernel import audit
from domain.kernel.actor import Actor, Partnership
from domain.kernel.dates import SHANGHAI
from domain.kernel.failures import StoreUnavailable
from domain.kernel.refusal import TEMPORARILY_UNAVAILABLE

LINK_PATH = "/partner/link"
PAGE_PATH = "/partner/{ticket}"
LINK_LIFE = timedelta(minutes=10)
TONES = {"registered": "wait", "approved": "good", "connected": "good", "suspended": "bad", "ended": "quiet"}

_FOLDER = Path(__file__).parent / "templates"
_STYLE = (_FOLDER / "partner.css").read_text("utf-8")
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none';"
        " frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_TEMPLATES = Environment(
    loader=FileSystemLoader(_FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)

Clock = Callable[[], datetime]


def routes(*, clock: Clock) -> list[Route]:
    return [
        Route(LINK_PATH, _link(clock), methods=["POST"]),
        Route(PAGE_PATH, _page(clock), methods=["GET"]),
    ]


def _link(clock: Clock) -> Callable[[Request], Awaitable[Response]]:
    async def link(request: Request) -> Response:
        now = clock()
        try:
            actor = await sessions.authenticate(bearer=bearer_of(request.headers.get("authorization")), now=now)
            if actor.partnership is None:
                status = 401 if actor.kind == "anonymous" else 403
                return JSONResponse({"message": "此接口供第三方以其访问凭证调用。"}, status_code=status)
            ticket = secrets.token_urlsafe(24)
            await store.keep(f"partner_page:{ticket}", str(actor.partnership.partner_id), life=LINK_LIFE)
        except TokenRefused as refused:
            return JSONResponse({"message": refused.message}, status_code=401)
        except StoreUnavailable:
            return JSONResponse({"message": TEMPORARILY_UNAVAILABLE().message}, status_code=503)
        subject = f"party:{actor.partnership.partner_id}"
        await audit.record(None, actor=actor, action="partner.page_opened", subject=subject, now=now)
        url = f"{configuration.current().public_url}/partner/{ticket}"
        return JSONResponse(
            {"url": url, "expires_in": int(LINK_LIFE.total_seconds())}, headers={"Cache-Control": "no-store"}
        )

    return link


def _page(clock: Clock) -> Callable[[Request], Awaitable[Response]]:
    async def page(request: Request) -> Response:
        now = clock()
        try:
            kept = await store.read(f"partner_page:{request.path_params['ticket'][:64]}")
            if kept is None:
                return _shown("partner_gone.html", status=404)
            return await _show(int(kept), now=now)
        except StoreUnavailable:
            return _shown("partner_gone.html", status=503)

    return page


async def _show(partner_id: int, *, now: datetime) -> Response:
    reader = Actor(
        kind="partner", channel="partner", partnership=Partnership(partner_id=partner_id, grant_id=0, purpose="page")
    )
    party = await grants.party_by_id(actor=reader, partner_id=partner_id)
    if party is None or party.state not in ("approved", "connected"):
        return _shown("partner_gone.html", status=404)
    return _shown(
        "partner.html",
        party=party,
        found=await grants.grants_of(actor=reader, now=now, partner_id=partner_id),
        days=await grants.usage_of(actor=reader, partner_id=partner_id, now=now),
        keys=await grants.keys_of(actor=reader, partner_id=partner_id),
        represents=REPRESENTS,
        tones=TONES,
        at=now.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M"),
    )


def _shown(template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    text = _TEMPLATES.get_template(template).render(style=_STYLE, **values)
    return HTMLResponse(text, status_code=status, headers=_HEADERS)
