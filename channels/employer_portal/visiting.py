"""One request of an agent who is signed in, and how its answer is made; shared by all of the employer's pages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from channels.employer_portal import forms
from domain import contributions
from domain.kernel.actor import Actor
from domain.kernel.dates import SHANGHAI, YearMonth
from domain.kernel.refusal import Refused

PREFIX = "/employer"
FOLDER = Path(__file__).parent
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action 'self';"
        " base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One request of an agent who is signed in."""

    request: Request
    actor: Actor
    employer_no: int
    cookie: str
    now: datetime
    business_date: date


Page = Callable[[Visit], Awaitable[Response]]


async def sent(visit: Visit) -> forms.Sent:
    """The form that was sent, if it was shown to this session. Raises Refused."""
    given = await forms.read(visit.request)
    if not forms.token_holds(cookie=visit.cookie, given=given.fields.pop("token", None)):
        raise Refused(contributions.FORM_STALE())
    return given


def month_of(text: str | None) -> YearMonth:
    try:
        return YearMonth.parse(text or "")
    except ValueError:
        raise Refused(contributions.MONTH_MALFORMED()) from None


def to(path: str) -> Response:
    return RedirectResponse(f"{PREFIX}{path}", status_code=303, headers=HEADERS)


def plain(template: str, *, status: int = 200, **values: Any) -> Response:
    """A page that nobody has to be signed in for."""
    return HTMLResponse(ENVIRONMENT.get_template(template).render(**values), status_code=status, headers=HEADERS)


def page(template: str, visit: Visit, *, status: int = 200, **values: Any) -> Response:
    return plain(
        template,
        status=status,
        actor=visit.actor,
        employer_no=visit.employer_no,
        token=forms.token_of(visit.cookie),
        new_key=forms.new_key,
        **values,
    )


def _moment(at: datetime | None) -> str:
    return at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M") if at else ""


ENVIRONMENT = Environment(
    loader=FileSystemLoader(FOLDER / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
    lstrip_blocks=True,
)  # fmt: skip
ENVIRONMENT.filters["moment"] = _moment
