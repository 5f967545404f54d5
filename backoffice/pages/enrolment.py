"""凭登记码设置: a member of staff sets the first password and takes over the one-time code, not signed in yet."""

from __future__ import annotations

import secrets

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from auth import enrolment
from backoffice import rendering
from backoffice.components import Problems
from backoffice.desk import redirect
from backoffice.forms import csrf_holds, csrf_token, read_form
from backoffice.navigation import LOGIN
from backoffice.pages.login import open_to_all, set_cookie
from backoffice.refusals import FORM_EXPIRED, PASSWORDS_DIFFER
from backoffice.services import LOGIN_COOKIE, BackofficeServices
from domain.kernel.actor import ANONYMOUS
from domain.kernel.refusal import Refused

PATH = "/backoffice/enrol"


def routes(*, services: BackofficeServices) -> list[BaseRoute]:
    return [
        Route(PATH, open_to_all(_ask, services), methods=["GET"]),
        Route(PATH, open_to_all(_begin, services), methods=["POST"]),
        Route(f"{PATH}/confirm", open_to_all(_confirm, services), methods=["POST"]),
    ]


async def _ask(request: Request, services: BackofficeServices) -> Response:
    return _page(request, services)


def _page(
    request: Request,
    services: BackofficeServices,
    *,
    status: int = 200,
    problems: Problems | None = None,
    login: str = "",
    code: str = "",
    factors: enrolment.PendingFactors | None = None,
) -> Response:
    cookie = request.cookies.get(LOGIN_COOKIE) or secrets.token_urlsafe(24)
    response = rendering.page(
        "enrol.html",
        status=status,
        actor=ANONYMOUS,
        csrf=csrf_token(cookie),
        problems=problems or Problems(),
        login=login,
        code=code,
        factors=factors,
        groups=_groups(factors.totp_secret) if factors else (),
    )
    set_cookie(response, services, LOGIN_COOKIE, cookie)
    return response


def _groups(secret: str) -> list[str]:
    """The secret as people type it."""
    return [secret[start : start + 4] for start in range(0, len(secret), 4)]


async def _begin(request: Request, services: BackofficeServices) -> Response:
    form = await read_form(request)
    login, code, password = form.get("login", "")[:64], form.get("enrolment", "")[:64], form.get("password", "")
    try:
        _require_own_form(request, form)
        if password != form.get("again", ""):
            raise Refused(PASSWORDS_DIFFER)
        factors = await enrolment.begin(login=login, code=code, password=password, now=services.clock())
    except Refused as refused:
        problems = Problems.of(refused.refusals)
        return _page(request, services, status=422, problems=problems, login=login, code=code)
    return _page(request, services, login=login, code=code, factors=factors)


async def _confirm(request: Request, services: BackofficeServices) -> Response:
    form = await read_form(request)
    login, code = form.get("login", "")[:64], form.get("enrolment", "")[:64]
    now = services.clock()
    try:
        _require_own_form(request, form)
        digits = form.get("code", "").replace(" ", "")
        await enrolment.confirm(login=login, code=code, digits=digits, now=now)
    except Refused as refused:
        problems, factors = Problems.of(refused.refusals), None
        if any(refusal.field == "code" for refusal in refused.refusals):
            factors = await enrolment.pending(login=login, code=code, now=now)
        return _page(request, services, status=422, problems=problems, login=login, code=code, factors=factors)
    response = redirect(f"{LOGIN}?reason=enrolled")
    response.delete_cookie(LOGIN_COOKIE, path="/backoffice")
    return response


def _require_own_form(request: Request, form: dict[str, str]) -> None:
    if not csrf_holds(cookie=request.cookies.get(LOGIN_COOKIE), given=form.get("csrf")):
        raise Refused(FORM_EXPIRED)
