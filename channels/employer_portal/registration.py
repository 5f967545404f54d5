"""单位登记开户 on the portal, for the legal representative whom the legal persons' platform sent here."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from auth import registering
from auth.agent_web import REGISTERING_COOKIE, keep_agent_cookie
from channels.employer_portal import forms
from channels.employer_portal.settings import percent_points
from channels.employer_portal.visiting import HEADERS, PREFIX, Clock, month_of, plain
from domain import contributions
from domain.contributions import Registration
from domain.kernel.dates import YearMonth, business_date_of
from domain.kernel.refusal import Refusal, Refused

PATH = f"{PREFIX}/register"


def routes(*, clock: Clock, cookie_secure: bool) -> list[Route]:
    async def ask(request: Request) -> Response:
        return await _page(request, clock, typed={})

    async def register(request: Request) -> Response:
        ticket = request.cookies.get(REGISTERING_COOKIE, "")
        now = clock()
        fields: dict[str, str] = {}
        try:
            fields = (await forms.read(request)).fields
            if not forms.token_holds(cookie=ticket, given=fields.pop("token", None)):
                raise Refused(contributions.FORM_STALE())
            signed_in = await registering.register(
                ticket=ticket,
                wanted=_wanted(fields),
                device=request.headers.get("user-agent", ""),
                request_key=fields.get("request_key", ""),
                now=now,
            )
        except Refused as refused:
            return await _page(request, clock, typed=fields, problems=refused.refusals)
        response = RedirectResponse(f"{PREFIX}/", status_code=303, headers=HEADERS)
        keep_agent_cookie(response, cookie=signed_in.cookie, secure=cookie_secure)
        response.delete_cookie(REGISTERING_COOKIE, path=PREFIX)
        return response

    return [Route(PATH, ask, methods=["GET"]), Route(PATH, register, methods=["POST"])]


def _wanted(fields: dict[str, str]) -> Registration:
    """Raises Refused for what is no number or month."""
    rate = percent_points(fields.get("rate", ""))
    day = fields.get("pay_day", "")
    return Registration(
        name="",
        uscc="",
        kind=fields.get("kind", ""),
        office_code=fields.get("office_code", ""),
        pay_day=int(day) if day.isascii() and day.isdigit() and len(day) <= 2 else 0,
        first_month=month_of(fields.get("first_month")),
        employer_rate_bp=rate,
        employee_rate_bp=rate,
        address=fields.get("address", "")[:120],
        postcode=fields.get("postcode", ""),
        phone=fields.get("phone", ""),
        email=fields.get("email", ""),
    )


async def _page(
    request: Request, clock: Clock, *, typed: dict[str, str], problems: tuple[Refusal, ...] = ()
) -> Response:
    ticket = request.cookies.get(REGISTERING_COOKIE, "")
    try:
        said = await registering.offered(ticket=ticket)
    except Refused:
        return RedirectResponse(f"{PREFIX}/enter", status_code=303, headers=HEADERS)
    values: dict[str, Any] = {
        "said": said,
        "typed": typed,
        "problems": problems,
        "offices": await contributions.offices(),
        "kinds": {code: name for code, name in contributions.EMPLOYER_KIND_NAMES.items() if code != "pool"},
        "month": YearMonth.of(business_date_of(clock())),
        "token": forms.token_of(ticket),
        "new_key": forms.new_key,
    }
    return plain("register.html", status=422 if problems else 200, **values)
