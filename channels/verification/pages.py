"""Number and code in, what we know of the paper out; with the file, whether it is byte for byte the one we sealed.

No login and no script. What is shown is what the paper itself shows of whom it is about; a wrong code and an unknown
number look alike.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from domain import archives
from domain.archives.refusals import PAPER_TOO_LARGE
from domain.kernel.dates import business_date_of
from domain.kernel.refusal import Refusal, Refused

PREFIX = "/verify"
MEGABYTES_MAX = 5
_FOLDER = Path(__file__).parent
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
Clock = Callable[[], datetime]


def routes(*, clock: Clock) -> list[BaseRoute]:
    """Everything under /verify."""

    async def ask(request: Request) -> Response:
        return _page()

    async def scanned(request: Request) -> Response:
        """Where the QR code leads."""
        number, code = str(request.path_params["paper_no"]), request.query_params.get("code", "")
        return await _answer(number=number, code=code, content=None, now=clock())

    async def shown(request: Request) -> Response:
        try:
            fields, content = await _read(request)
        except Refused as refused:
            return _page(status=413, problems=refused.refusals)
        return await _answer(
            number=fields.get("paper_no", ""),
            code=fields.get("code", ""),
            content=content or None,
            now=clock(),
        )

    return [
        Route(PREFIX, ask, methods=["GET"]),
        Route(f"{PREFIX}/", lambda request: RedirectResponse(PREFIX, status_code=308)),
        Route(PREFIX, shown, methods=["POST"]),
        Route(f"{PREFIX}/static/verify.css", _style, methods=["GET"]),
        Route(f"{PREFIX}/{{paper_no}}", scanned, methods=["GET"]),
    ]


async def _answer(*, number: str, code: str, content: bytes | None, now: datetime) -> Response:
    try:
        found = await archives.verify(paper_no=number, code=code, content=content, business_date=business_date_of(now))
    except Refused as refused:
        return _page(status=404, problems=refused.refusals, number=number, code=code)
    return _page(found=found, number=number, code=code)


async def _read(request: Request) -> tuple[dict[str, str], bytes]:
    """The fields and the one file. Raises Refused for a body that is too large or no form before it is read."""
    length = request.headers.get("content-length", "")
    if not length.isascii() or not length.isdigit() or int(length) > MEGABYTES_MAX * 1024 * 1024:
        raise Refused(PAPER_TOO_LARGE(most=MEGABYTES_MAX))
    fields: dict[str, str] = {}
    content = b""
    try:
        async with request.form(max_files=1, max_fields=5) as form:
            for name, value in form.multi_items():
                if isinstance(value, UploadFile):
                    content = await value.read()
                else:
                    fields[name] = value
    except (MultiPartException, ValueError):
        raise Refused(PAPER_TOO_LARGE(most=MEGABYTES_MAX)) from None
    return fields, content


async def _style(request: Request) -> Response:
    path = _FOLDER / "static" / "verify.css"
    return FileResponse(path, media_type="text/css; charset=utf-8", headers={"Cache-Control": "no-cache"})


def _page(
    *,
    status: int = 200,
    problems: tuple[Refusal, ...] = (),
    found: archives.Verified | None = None,
    number: str = "",
    code: str = "",
) -> Response:
    text = _ENVIRONMENT.get_template("verify.html").render(
        problems=problems, found=found, number=number[:24], code=code[:16]
    )
    return HTMLResponse(text, status_code=status, headers=_HEADERS)


_ENVIRONMENT = Environment(
    loader=FileSystemLoader(_FOLDER / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
    lstrip_blocks=True,
)  # fmt: skip
