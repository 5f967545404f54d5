"""Logging in with password and one-time code, changing the password, logging out."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from auth import limits
from auth.doors import address_of
from backoffice import rendering
from backoffice.components import Problems
from backoffice.desk import TRY_AGAIN, Desk, DeskPage, problem, redirect, refuse
from backoffice.forms import csrf_holds, csrf_token, read_form
from backoffice.navigation import ALWAYS, LOGIN, PASSWORD, local_path
from backoffice.refusals import FORM_EXPIRED, PASSWORDS_DIFFER
from backoffice.services import LOGIN_COOKIE, SESSION_COOKIE, BackofficeServices
from domain.kernel.actor import ANONYMOUS
from domain.kernel.failures import StoreUnavailable
from domain.kernel.refusal import Refused

_DEVICE_LENGTH_MAX = 200
_NOTICES = {
    "ended": "登录已结束或长时间未操作，请重新登录。",
    "lost": "登录已超时，刚才的提交没有生效。请重新登录后再办理。",
    "out": "您已安全退出。",
    "changed": "密码已修改，请用新密码重新登录。",
    "enrolled": "登录要素已登记，请用新密码和动态口令登录。",
}


def routes(*, services: BackofficeServices) -> list[BaseRoute]:
    """The pages in front of the door; everything behind it is a `DeskPage`."""

    return [
        Route(LOGIN, open_to_all(_ask, services), methods=["GET"]),
        Route(LOGIN, open_to_all(_sign_in, services), methods=["POST"]),
    ]


def open_to_all(
    show: Callable[[Request, BackofficeServices], Awaitable[Response]], services: BackofficeServices
) -> Callable[..., Awaitable[Response]]:
    """A page that nobody has to be signed in for; its failures are pages too."""

    async def respond(request: Request) -> Response:
        try:
            return await show(request, services)
        except Refused as refused:
            return await refuse(None, *refused.refusals)
        except StoreUnavailable:
            return problem(None, status=503, messages=[TRY_AGAIN])

    return respond


async def _ask(request: Request, services: BackofficeServices) -> Response:
    notice = _NOTICES.get(request.query_params.get("reason", ""))
    return _form(request, services, wanted=request.query_params.get("next"), notice=notice)


def _form(
    request: Request,
    services: BackofficeServices,
    *,
    wanted: str | None,
    notice: str | None = None,
    problems: Problems | None = None,
    login: str = "",
    status: int = 200,
) -> Response:
    # The login form has no session yet to bind its token to, so it brings a cookie of its own.
    cookie = request.cookies.get(LOGIN_COOKIE) or secrets.token_urlsafe(24)
    response = rendering.page(
        "login.html",
        status=status,
        actor=ANONYMOUS,
        csrf=csrf_token(cookie),
        wanted=local_path(wanted),
        notice=notice,
        problems=problems or Problems(),
        login=login,
        idle_minutes=services.idle_minutes,
    )
    set_cookie(response, services, LOGIN_COOKIE, cookie)
    return response


async def _sign_in(request: Request, services: BackofficeServices) -> Response:
    form = await read_form(request)
    wanted, login = form.get("next"), form.get("login", "").strip()[:64]
    if not csrf_holds(cookie=request.cookies.get(LOGIN_COOKIE), given=form.get("csrf")):
        problems = Problems(refusals=(FORM_EXPIRED,))
        return _form(request, services, wanted=wanted, problems=problems, login=login, status=403)
    now, address = services.clock(), address_of(request)
    try:
        await limits.require("staff.failures_by_address", key=address, channel="backoffice", now=now)
        signed_in = await services.staff.sign_in(
            login=login,
            password=form.get("password", ""),
            code=form.get("code", "").replace(" ", ""),
            device=request.headers.get("user-agent", "")[:_DEVICE_LENGTH_MAX],
            now=now,
        )
    except Refused as refused:
        if refused.refusals[0].code == "login.failed":
            await limits.count("staff.failures_by_address", key=address, channel="backoffice", now=now)
            await limits.count("staff.failures_in_all", key="all", channel="backoffice", now=now)
        problems = Problems(refusals=refused.refusals)
        return _form(request, services, wanted=wanted, problems=problems, login=login, status=401)
    target = local_path(wanted)
    if signed_in.must_change_password:
        target = f"{PASSWORD}?due=yes"
    response = redirect(target)
    set_cookie(response, services, SESSION_COOKIE, signed_in.cookie)
    response.delete_cookie(LOGIN_COOKIE, path="/backoffice")
    return response


def set_cookie(response: Response, services: BackofficeServices, name: str, value: str) -> None:
    """A cookie for the staff pages alone."""
    response.set_cookie(
        name, value, path="/backoffice", httponly=True, secure=services.cookie_secure, samesite="strict"
    )


async def sign_out(desk: Desk) -> Response:
    await desk.services.staff.sign_out(cookie=desk.request.cookies[SESSION_COOKIE], now=desk.now)
    return _gone("out")


def _gone(reason: str) -> Response:
    response = redirect(f"{LOGIN}?reason={reason}")
    response.delete_cookie(SESSION_COOKIE, path="/backoffice")
    return response


async def ask_password(desk: Desk) -> Response:
    return desk.page("password.html", problems=Problems(), due=desk.query.get("due") == "yes")


async def change_password(desk: Desk) -> Response:
    new = desk.form.get("new", "")
    try:
        if new != desk.form.get("again", ""):
            raise Refused(PASSWORDS_DIFFER)
        await desk.services.staff.change_password(actor=desk.actor, old=desk.form.get("old", ""), new=new, now=desk.now)
    except Refused as refused:
        problems = Problems(refusals=refused.refusals)
        return desk.page("password.html", status=422, problems=problems, due=False)
    await desk.services.staff.sign_out(cookie=desk.request.cookies[SESSION_COOKIE], now=desk.now)
    return _gone("changed")


PAGES = (
    DeskPage("/backoffice/logout", ALWAYS, sign_out, "POST"),
    DeskPage(PASSWORD, ALWAYS, ask_password),
    DeskPage(PASSWORD, ALWAYS, change_password, "POST"),
)
