"""Our own style sheet and script, served under names that change with their content."""

from __future__ import annotations

from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from domain.kernel.digest import sm3_hex

FOLDER = Path(__file__).parent / "static"
PREFIX = "/backoffice/static/"
_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
_YEAR_SECONDS = 31_536_000


def _load() -> tuple[dict[str, str], dict[str, tuple[str, bytes]]]:
    urls: dict[str, str] = {}
    files: dict[str, tuple[str, bytes]] = {}
    for path in sorted(FOLDER.iterdir()):
        if path.suffix not in _TYPES:
            continue
        content = path.read_bytes()
        served = f"{path.stem}.{sm3_hex(content)[:16]}{path.suffix}"
        urls[path.name] = PREFIX + served
        files[served] = (_TYPES[path.suffix], content)
    return urls, files


_URLS, _FILES = _load()


def asset_url(name: str) -> str:
    """`desk.css` → its URL with the hash of its content. A name that does not exist is a bug: KeyError."""
    return _URLS[name]


async def _serve(request: Request) -> Response:
    found = _FILES.get(request.path_params["name"])
    if found is None:
        return Response("没有找到该文件。", status_code=404, media_type="text/plain; charset=utf-8")
    media_type, content = found
    headers = {
        "Cache-Control": f"public, max-age={_YEAR_SECONDS}, immutable",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(content, media_type=media_type, headers=headers)


ROUTE = Route(PREFIX + "{name}", _serve, methods=["GET"])
