"""Reading what a browser sends: small plain forms, and the token that proves they come from our own page."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import AsyncGenerator, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from urllib.parse import parse_qsl

from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from backoffice.refusals import (
    CHOICE_UNKNOWN,
    DATE_MALFORMED,
    DATES_REVERSED,
    FILE_TOO_LARGE,
    FILTER_MALFORMED,
    FORM_MALFORMED,
)
from domain.kernel.dates import SHANGHAI
from domain.kernel.digest import sm3_hex
from domain.kernel.refusal import Refusal, Refused

FORM_BYTES_MAX = 32 * 1024
FORM_FIELDS_MAX = 40
FILTER_LENGTH_MAX = 80
YES_NO = {"yes": True, "no": False}


async def read_form(request: Request) -> dict[str, str]:
    """The fields of a posted form. Raises Refused for anything but a small, unambiguous url-encoded one."""
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if media_type not in ("application/x-www-form-urlencoded", ""):
        raise Refused(FORM_MALFORMED)
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > FORM_BYTES_MAX:
            raise Refused(FORM_MALFORMED)
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=FORM_FIELDS_MAX)
    except ValueError:
        raise Refused(FORM_MALFORMED) from None
    fields = dict(pairs)
    if len(fields) != len(pairs) or any("\x00" in value for value in fields.values()):
        raise Refused(FORM_MALFORMED)
    return fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file as the browser sent it: its name without folders, and its bytes."""

    name: str
    content: bytes


async def read_upload(request: Request, *, bytes_max: int) -> tuple[dict[str, str], Upload | None]:
    """The fields and the one file of a multipart form; None when no file was chosen. Raises Refused for a form that is
    not one, and for a file of more than `bytes_max` bytes, before all of it is read."""
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if media_type != "multipart/form-data":
        raise Refused(FORM_MALFORMED)
    parser = MultiPartParser(
        request.headers, _limited(request, bytes_max + FORM_BYTES_MAX), max_files=1, max_fields=FORM_FIELDS_MAX
    )
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError, ValueError):
        raise Refused(FORM_MALFORMED) from None
    fields: dict[str, str] = {}
    file: Upload | None = None
    for name, value in form.multi_items():
        if isinstance(value, str):
            if name in fields or "\x00" in value or len(value) > FORM_BYTES_MAX:
                raise Refused(FORM_MALFORMED)
            fields[name] = value
            continue
        content = await value.read()
        await value.close()
        if len(content) > bytes_max:
            raise Refused(FILE_TOO_LARGE)
        if content or value.filename:
            file = Upload(name=(value.filename or "").replace("\\", "/").rpartition("/")[2], content=content)
    return fields, file


async def _limited(request: Request, most: int) -> AsyncGenerator[bytes, None]:
    seen = 0
    async for part in request.stream():
        seen += len(part)
        if seen > most:
            raise Refused(FILE_TOO_LARGE)
        yield part


def csrf_token(cookie: str) -> str:
    """The token for forms of one session: only who holds the cookie can tell it, and the page of another site
    never sees either."""
    return sm3_hex(b"form:" + cookie.encode())


def csrf_holds(*, cookie: str | None, given: str | None) -> bool:
    if not cookie or not given:
        return False
    return hmac.compare_digest(csrf_token(cookie).encode(), given.encode())


def new_request_key() -> str:
    """One for each form shown, so that a second click is the same request."""
    return secrets.token_urlsafe(18)


def number_field(given: str) -> int:
    """A number as posted or in a path; -1 for what is none of ours."""
    return int(given) if given.isascii() and given.isdigit() and len(given) <= 19 else -1


def text(fields: Mapping[str, str], name: str) -> str | None:
    """A trimmed field, None when it is missing or blank."""
    return fields.get(name, "").strip() or None


def day_field(fields: Mapping[str, str], name: str, problems: list[Refusal]) -> date | None:
    """A day like 2026-11-23; a malformed one is added to the problems."""
    given = text(fields, name)
    if given is None:
        return None
    try:
        day = date.fromisoformat(given)
        if len(given) == 10 and date(2000, 1, 1) <= day <= date(2100, 12, 31):
            return day
    except ValueError:
        pass
    problems.append(Refusal(DATE_MALFORMED.code, DATE_MALFORMED.message, name))
    return None


def day_range(
    fields: Mapping[str, str], first: str, last: str, problems: list[Refusal]
) -> tuple[datetime | None, datetime | None]:
    """The instants between two days, both included; None where a side is open. What is wrong is added."""
    first_day, last_day = day_field(fields, first, problems), day_field(fields, last, problems)
    if first_day and last_day and first_day > last_day:
        problems.append(Refusal(DATES_REVERSED.code, DATES_REVERSED.message, last))
    return (day_begins(first_day) if first_day else None, day_ends(last_day) if last_day else None)


def filled(fields: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    """Those of the named filters that say something."""
    return {name: value for name in names if (value := text(fields, name))}


def choice_fields(given: Mapping[str, str], offered: Mapping[str, Iterable[str]], problems: list[Refusal]) -> None:
    """Adds a problem for each filter whose value is none of those offered."""
    for name, options in offered.items():
        if name in given and given[name] not in options:
            problems.append(Refusal(CHOICE_UNKNOWN.code, CHOICE_UNKNOWN.message, name))


def plain_fields(given: Mapping[str, str], names: Iterable[str], problems: list[Refusal]) -> None:
    """Adds a problem for each free text that is too long or holds what nobody can type (the store refuses NUL)."""
    for name in names:
        value = given.get(name, "")
        if len(value) > FILTER_LENGTH_MAX or not value.isprintable():
            problems.append(Refusal(FILTER_MALFORMED.code, FILTER_MALFORMED.message, name))


def day_begins(day: date) -> datetime:
    """The first instant of a day in Beijing."""
    return datetime.combine(day, time.min, tzinfo=SHANGHAI)


def day_ends(day: date) -> datetime:
    """The last instant of a day in Beijing, as the store counts (microseconds)."""
    return day_begins(day + timedelta(days=1)) - timedelta(microseconds=1)
