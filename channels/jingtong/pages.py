"""Serves the citizen's page under /h5/, and to the portal's users under /portal/: static files, read once, with a
strict content security policy.

The page is plain ES modules; what it shows comes from /graphql with the citizen's own token, so nothing served here
is personal. Routes inside the page live behind the hash and never reach the server.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

PREFIX = "/h5"
PORTAL_PREFIX = "/portal"
_FOLDER = Path(__file__).parent / "h5"
_INDEX = "index.html"

_CONTENT_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}

# Everything from ourselves and nothing inline. Trusted types: no script may turn a string into markup.
_CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
    )
)

_HEADERS = {
    "Content-Security-Policy": _CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    # names carry no version: always ask, and usually hear that nothing changed (304)
    "Cache-Control": "no-cache",
}


@dataclass(frozen=True, slots=True)
class _Asset:
    body: bytes
    content_type: str
    etag: str


def routes() -> list[BaseRoute]:
    """/h5/ and what is below it. An unknown path without a suffix shows the page, one with a suffix is 404."""
    assets = _read()

    async def serve(request: Request) -> Response:
        name = request.path_params.get("name", "")
        asset = assets.get(name)
        if asset is None:
            if PurePosixPath(name).suffix:
                return PlainTextResponse("没有这个文件。\n", status_code=404, headers=_HEADERS)
            asset = assets[_INDEX]
        headers = {**_HEADERS, "ETag": asset.etag}
        if _matches(request.headers.get("if-none-match"), etag=asset.etag):
            return Response(status_code=304, headers=headers)
        return Response(asset.body, headers={**headers, "Content-Type": asset.content_type})

    async def to_page(_: Request) -> Response:
        return RedirectResponse(f"{PREFIX}/", status_code=308)

    async def to_portal(_: Request) -> Response:
        return RedirectResponse(f"{PORTAL_PREFIX}/", status_code=308)

    async def portal(request: Request) -> Response:
        # the same page; its files are those below /h5/, and it logs in on the portal's channel
        request.path_params.clear()
        return await serve(request)

    return [
        Route(PREFIX, to_page, methods=["GET"]),
        Route(f"{PREFIX}/", serve, methods=["GET"]),
        Route(f"{PREFIX}/{{name:path}}", serve, methods=["GET"]),
        Route(PORTAL_PREFIX, to_portal, methods=["GET"]),
        Route(f"{PORTAL_PREFIX}/", portal, methods=["GET"]),
    ]


def _read() -> Mapping[str, _Asset]:
    """All files by their path below /h5/. A suffix without a content type is a mistake of ours."""
    assets = {}
    for path in sorted(_FOLDER.rglob("*")):
        if path.is_file():
            body = path.read_bytes()
            etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
            assets[path.relative_to(_FOLDER).as_posix()] = _Asset(body, _CONTENT_TYPES[path.suffix], etag)
    return assets


def _matches(if_none_match: str | None, *, etag: str) -> bool:
    if if_none_match is None:
        return False
    tags = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return etag in tags or "*" in tags
