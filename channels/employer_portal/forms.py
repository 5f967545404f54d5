"""Forms of the employer's pages: who sends them, and what was sent."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass

from starlette.datastructures import UploadFile
from starlette.requests import Request

from domain.contributions.refusals import FILE_EMPTY, FILE_SIZE
from domain.kernel.digest import sm3_hex
from domain.kernel.refusal import Refused

BODY_MEGABYTES_MAX = 21


@dataclass(frozen=True, slots=True)
class Sent:
    fields: dict[str, str]
    file_name: str
    content: bytes


def token_of(cookie: str) -> str:
    """Proves that a form was shown to this session: another site sees neither."""
    return sm3_hex(b"employer-form:" + cookie.encode())


def token_holds(*, cookie: str, given: str | None) -> bool:
    return given is not None and hmac.compare_digest(token_of(cookie).encode(), given.encode())


def new_key() -> str:
    """One for each form shown, so that a second click is the same request."""
    return secrets.token_urlsafe(18)


async def read(request: Request) -> Sent:
    """The fields and the one file of a form. Raises Refused for a body that is too large before it is read."""
    length = request.headers.get("content-length", "")
    if not length.isascii() or not length.isdigit() or int(length) > BODY_MEGABYTES_MAX * 1024 * 1024:
        raise Refused(FILE_SIZE(most=BODY_MEGABYTES_MAX - 1))
    fields: dict[str, str] = {}
    name, content = "", b""
    async with request.form(max_files=1, max_fields=20) as form:
        for key, value in form.multi_items():
            if isinstance(value, UploadFile):
                name = (value.filename or "").replace("\\", "/").rpartition("/")[2]
                content = await value.read()
            else:
                fields[key] = value.strip()
    return Sent(fields, name, content)


def required_file(sent: Sent) -> tuple[str, bytes]:
    if not sent.content:
        raise Refused(FILE_EMPTY())
    return sent.file_name, sent.content
