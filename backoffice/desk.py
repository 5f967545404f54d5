"""One request of a signed-in member of staff, and the one place that guards pages and catches refusals.

A page declares the right that opens it; there is no page without. Forms carry the session's token. Refusals
that a page does not show itself, lost stores and bugs become pages here, each with words that say what to do
next.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

import structlog
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from auth import face
from backoffice import counter_faces, reads, rendering
from backoffice.components import with_query
from backoffice.forms import Upload, csrf_holds, csrf_token, read_form, read_upload
from backoffice.navigation import ALWAYS, LOGIN, PASSWORD, permitted, sections_for
from backoffice.refusals import FACE_IN_USE, FORM_EXPIRED, PAGE_NOT_FOUND, PAGE_NOT_PERMITTED
from backoffice.services import SESSION_COOKIE, BackofficeServices
from domain.kernel import access, audit
from domain.kernel.actor import ANONYMOUS, Actor
from domain.kernel.dates import business_date_of
from domain.kernel.failures import PartnerFailure, StoreUnavailable
from domain.kernel.refusal import Refusal, Refused

_log = structlog.get_logger("backoffice")

# What a refusal means for a whole page; any other is a conflict with how things stand now.
_STATUS = {
    "case.not_found": 404,
    "desk.not_found": 404,
    "access.not_permitted": 403,
    "desk.not_permitted": 403,
    "desk.form_expired": 403,
    "desk.form_malformed": 400,
    "desk.file_too_large": 413,
    "settlement.not_found": 404,
    "rectification.not_found": 404,
    "transfer.not_found": 404,
    "city.not_found": 404,
    "exchange.not_found": 404,
    "conversation.not_found": 404,
    "risk.entry_not_found": 404,
    "settlement.other_office": 403,
    "employer.other_office": 403,
    "account.other_office": 403,
    "transfer.other_office": 403,
    "request.cursor_malformed": 400,
    "request.page_size": 400,
    "service.temporarily_unavailable": 503,
}
OTHER_OFFICE = frozenset(code for code in _STATUS if code.endswith(".other_office"))
"""Of another department: no mistake in a form to be shown beside its field, but an attempt to be seen."""
# What is hidden from somebody looks as if it were not there; that they asked is in the audit trail all the same.
_HIDDEN = frozenset({"case.not_found"})
_HEADINGS = {
    400: "提交的内容有误",
    403: "不能继续",
    404: "没有找到",
    409: "现在不能这样办理",
    413: "文件过大",
    500: "系统出错",
    503: "系统暂时繁忙",
}
TRY_AGAIN = "系统暂时无法完成刚才的操作，没有任何数据丢失或改变。请稍后刷新页面重试。"
BUG = "系统出错，刚才的操作没有完成。请稍后重试；如再次出现，请将下面的编号告知运维人员。"


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """`form` is empty unless the request posts one, and then its token has been checked; `file` is what a page that
    takes a file was sent with it."""

    request: Request
    services: BackofficeServices
    actor: Actor
    now: datetime
    csrf: str
    form: dict[str, str] = field(default_factory=dict)
    file: Upload | None = None
    shown: reads.Shown = field(default_factory=reads.Shown)

    @property
    def business_date(self) -> date:
        return business_date_of(self.now)

    @property
    def query(self) -> dict[str, str]:
        return dict(self.request.query_params)

    def may(self, right: str) -> bool:
        return permitted(self.actor, right)

    def page(self, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
        """Whoever it shows is told of it before it is sent."""
        self.shown.take(values)
        return rendering.page(template, status=status, **self._frame(), **values)

    def _frame(self) -> dict[str, Any]:
        return {
            "actor": self.actor,
            "csrf": self.csrf,
            "sections": sections_for(self.actor),
            "path": self.request.url.path,
            "now": self.now,
            "business_date": self.business_date,
        }


Show = Callable[[Desk], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class DeskPage:
    """A page or a form's target. `method` GET never changes anything; `file_bytes_max` of a form that sends a file."""

    path: str
    right: str
    show: Show
    method: str = "GET"
    file_bytes_max: int = 0


def endpoint(page: DeskPage, services: BackofficeServices) -> Callable[[Request], Awaitable[Response]]:
    """The guarded page: session, right, form token, then the page; every failure as a page."""

    async def respond(request: Request) -> Response:
        desk: Desk | None = None
        try:
            now = services.clock()
            cookie = request.cookies.get(SESSION_COOKIE)
            actor = await services.staff.actor_of(cookie=cookie, now=now) if cookie else None
            if cookie is None or actor is None:
                return _to_login(request, ended=cookie is not None)
            desk = Desk(request=request, services=services, actor=actor, now=now, csrf=csrf_token(cookie))
            if "\x00" in request.scope["path"]:
                # no name of ours, and neither a look-up nor the audit trail could take it
                raise Refused(PAGE_NOT_FOUND)
            if page.right != ALWAYS and await _password_due(services, actor, now):
                return redirect(f"{PASSWORD}?due=yes")
            if not permitted(actor, page.right):
                return await refuse(desk, PAGE_NOT_PERMITTED)
            if page.method == "POST":
                file = None
                if page.file_bytes_max:
                    form, file = await read_upload(request, bytes_max=page.file_bytes_max)
                else:
                    form = await read_form(request)
                if not csrf_holds(cookie=cookie, given=form.pop("csrf", None)):
                    return await refuse(desk, FORM_EXPIRED)
                desk = replace(desk, form=form, file=file)
            with access.noted() as noted:
                answer = await _shown(page, desk)
                await reads.record(desk.shown, actor=actor, path=page.path, now=now, noted=noted)
            return answer
        except Refused as refused:
            return await refuse(desk, *refused.refusals)
        except (StoreUnavailable, PartnerFailure) as lost:
            _log.warning("backoffice.unavailable", path=request.url.path, error=type(lost).__name__)
            return problem(desk, status=503, messages=[TRY_AGAIN])
        except Exception as bug:
            return _bug(desk, services=services, request=request, bug=bug)

    return respond


async def _shown(page: DeskPage, desk: Desk) -> Response:
    """A form that waits for the face of the person at the counter does nothing without, and uses it up when it is
    done (a page answers a form that did its work with a redirection)."""
    if page.method != "POST":
        return await page.show(desk)
    try:
        check = await counter_faces.require(actor=desk.actor, path=page.path, form=desk.form, now=desk.now)
    except counter_faces.FaceMissing as missing:
        text = f"办理“{missing.name}”须先核验当事人。请先完成人脸核验（编号 {missing.matter}），再返回上一页重新提交。"
        return problem(desk, status=409, messages=[text], go=("去人脸核验", missing.link))
    if check is None:
        return await page.show(desk)
    request_key = desk.form.get("request_key", "")[:80] or secrets.token_hex(16)
    async with face.held_counter_check(check=check, request_key=request_key, now=desk.now) as held:
        if not held:
            return problem(desk, status=409, messages=[FACE_IN_USE.message])
        answer = await page.show(desk)
        if answer.status_code == 303:
            await face.use_counter_check(actor=desk.actor, check=check, now=desk.now, request_key=request_key)
    return answer


async def _password_due(services: BackofficeServices, actor: Actor, now: datetime) -> bool:
    """A password that is due for change takes every role away; who has roles need not be asked."""
    return not actor.roles and await services.staff.must_change_password(actor=actor, now=now)


async def refuse(desk: Desk | None, *refusals: Refusal) -> Response:
    """The refusal as a page; what somebody had no right to is in the audit trail."""
    status = max((_STATUS.get(refusal.code, 409) for refusal in refusals), default=409)
    hidden = any(refusal.code in _HIDDEN for refusal in refusals)
    if desk is not None and (status == 403 or hidden):
        try:
            await audit.record(
                None,
                actor=desk.actor,
                action="page.refused",
                subject=f"page:{desk.request.url.path}",
                outcome="refused",
                detail={"code": refusals[0].code, "method": desk.request.method},
                now=desk.now,
            )
        except StoreUnavailable:
            return problem(desk, status=503, messages=[TRY_AGAIN])
    return problem(desk, status=status, messages=[refusal.message for refusal in refusals])


def problem(
    desk: Desk | None,
    *,
    status: int,
    messages: list[str],
    reference: str | None = None,
    go: tuple[str, str] = ("返回工作台", "/backoffice/"),
) -> Response:
    """`go` is the label of the way on, and where it leads."""
    values = {"heading": _HEADINGS[status], "messages": messages, "reference": reference, "code": status, "go": go}
    if desk is not None:
        return desk.page("problem.html", status=status, **values)
    return rendering.page("problem.html", status=status, actor=ANONYMOUS, **values)


def redirect(target: str) -> Response:
    """After a form: the browser fetches the target by GET, and nothing of the answer is stored."""
    return RedirectResponse(target, status_code=303, headers={"Cache-Control": "no-store"})


def _bug(desk: Desk | None, *, services: BackofficeServices, request: Request, bug: Exception) -> Response:
    reference = secrets.token_hex(5).upper()
    _log.error("backoffice.failed", reference=reference, path=request.url.path, exc_info=bug)
    if services.failed is not None:
        services.failed(bug, reference)
    return problem(desk, status=500, messages=[BUG], reference=reference)


def _to_login(request: Request, *, ended: bool) -> Response:
    """To the login page, and back to this page afterwards unless it was a form's target."""
    query = f"?{request.url.query}" if request.url.query else ""
    back = request.url.path + query if request.method in ("GET", "HEAD") else ""
    reason = ("lost" if request.method == "POST" else "ended") if ended else ""
    response = redirect(with_query(LOGIN, reason=reason, next=back))
    if ended:
        response.delete_cookie(SESSION_COOKIE, path="/backoffice")
    return response
