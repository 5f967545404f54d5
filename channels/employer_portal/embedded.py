"""汇缴变更清册页面, embedded in e窗通's page: one list editor without our frame, for one employer, and nothing else.

The agent comes by a one-time ticket (`auth.entries`), handed over by a form so that it stands in no address. The cookie
goes to these pages alone. In a frame of another site browsers send a cookie only when it says `SameSite=None`, and keep
it apart for each embedding site when it says `Partitioned`; forms carry a token of their own as everywhere.

Who may embed is the configured origin and nobody else: `frame-ancestors`, and for IE 11, which does not know it,
`X-Frame-Options: ALLOW-FROM`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from auth import entries
from auth.configuration import AGENT_LIMITS
from auth.refusals import ENTRY_COOKIE, ENTRY_INVALID
from channels.employer_portal import forms
from channels.employer_portal.visiting import Clock, Page, Visit
from domain import contributions, exchange
from domain.contributions import PersonRegistries
from domain.contributions.refusals import LIST_NOT_FOUND
from domain.kernel.dates import SHANGHAI, business_date_of
from domain.kernel.refusal import Refusal, Refused

PREFIX = "/employer/embedded"
ENTER = f"{PREFIX}/enter"
COOKIE = "hpf_ewindow"
ROWS_SHOWN = 50
KIND = "change"
ACTIONS = ("新开户", "启封", "转入", "封存", "转出", "基数变更")
REASONS = ("解除劳动关系", "退休", "死亡", "出境定居", "停薪留职", "其他")
_ROW_FIELDS = ("action", "document_type", "document_no", "name", "mobile", "base", "reason")
_TICKET_BYTES_MAX = 2_048
_FOLDER = Path(__file__).parent


def routes(*, clock: Clock, origin: str | None, cookie_secure: bool, registries: PersonRegistries) -> list[BaseRoute]:
    """Everything under /employer/embedded; nothing at all while no origin may embed it."""
    if origin is None:
        return []
    pages = _Pages(clock=clock, origin=origin, secure=cookie_secure, registries=registries)
    return [
        Route(ENTER, pages.enter, methods=["GET", "POST"]),
        Route(f"{PREFIX}/", pages.guarded(pages.home), methods=["GET"]),
        Route(f"{PREFIX}/rows", pages.guarded(pages.add_row), methods=["POST"]),
        Route(f"{PREFIX}/lists", pages.guarded(pages.upload), methods=["POST"]),
        Route(f"{PREFIX}/lists/{{list_no}}", pages.guarded(pages.list_page), methods=["GET"]),
        Route(f"{PREFIX}/lists/{{list_no}}", pages.guarded(pages.act), methods=["POST"]),
    ]


class _Pages:
    def __init__(self, *, clock: Clock, origin: str, secure: bool, registries: PersonRegistries) -> None:
        self._clock, self._secure, self._registries = clock, secure, registries
        self._headers = {
            "Content-Security-Policy": (
                f"default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors {origin}"
            ),
            "X-Frame-Options": f"ALLOW-FROM {origin}",
            # without a word about privacy IE 11 keeps no cookie of a frame
            "P3P": 'CP="NOI DSP COR NID CUR ADM DEV OUR BUS"',
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",
            "Cache-Control": "no-store",
        }

    def guarded(self, work: Page) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            now = self._clock()
            cookie = request.cookies.get(COOKIE) or ""
            actor = await entries.actor_of(cookie=cookie, now=now) if cookie else None
            if actor is None or actor.employer_no is None:
                # a login page has no place in somebody else's frame; and who has just entered has no cookie to show
                dropped = "entered" in request.query_params
                return self._gone(ENTRY_COOKIE() if dropped else ENTRY_INVALID(), status=401)
            visit = Visit(
                request=request, actor=actor, employer_no=actor.employer_no, cookie=cookie, now=now,
                business_date=business_date_of(now),
            )  # fmt: skip
            try:
                return await work(visit)
            except Refused as refused:
                return await self.home(visit, problems=refused.refusals)

        return endpoint

    async def enter(self, request: Request) -> Response:
        """The ticket out of e窗通's form becomes a session of this browser. By GET there is nothing to hand over."""
        if request.method != "POST":
            return self._gone(ENTRY_INVALID(), status=405)
        length = request.headers.get("content-length", "")
        if not (length.isascii() and length.isdigit() and int(length) <= _TICKET_BYTES_MAX):
            return self._gone(ENTRY_INVALID(), status=400)
        async with request.form(max_files=0, max_fields=2) as form:
            ticket = form.get("ticket")
        try:
            signed_in = await entries.enter(
                ticket=ticket if isinstance(ticket, str) else "",
                device=request.headers.get("user-agent", ""),
                now=self._clock(),
            )
        except Refused as refused:
            return self._gone(*refused.refusals, status=403)
        response = RedirectResponse(f"{PREFIX}/?entered=yes", status_code=303, headers=self._headers)
        response.headers.append("Set-Cookie", self._cookie(signed_in.cookie))
        return response

    def _cookie(self, value: str) -> str:
        life = int(AGENT_LIMITS.absolute.total_seconds())
        # over plain http, which only a developer's machine has, both sites are one
        third = "Secure; SameSite=None; Partitioned" if self._secure else "SameSite=Lax"
        return f"{COOKIE}={value}; Max-Age={life}; Path={PREFIX}; HttpOnly; {third}"

    async def home(self, visit: Visit, *, problems: tuple[Refusal, ...] = ()) -> Response:
        standing = await contributions.standing_of(employer_no=visit.employer_no)
        lists = await contributions.lists_of(actor=visit.actor, employer_no=visit.employer_no, first=20, after=None)
        return self._page(
            "embedded.html",
            visit,
            status=422 if problems else 200,
            problems=problems,
            employer=standing,
            month=standing.month_of_changes(visit.business_date),
            lists=[one for one in lists.items if one.kind == KIND][:10],
            actions=ACTIONS,
            reasons=REASONS,
        )

    async def add_row(self, visit: Visit) -> Response:
        """单笔增减: one row, judged at once, into the list that is being filled in."""
        sent = await self._sent(visit)
        standing = await contributions.standing_of(employer_no=visit.employer_no)
        opened, _ = await contributions.add_rows(
            actor=visit.actor,
            employer_no=visit.employer_no,
            kind=KIND,
            month=standing.month_of_changes(visit.business_date),
            rows=[{name: sent.fields.get(name, "") for name in _ROW_FIELDS}],
            registries=self._registries,
            request_key=sent.fields.get("request_key", ""),
            now=visit.now,
            business_date=visit.business_date,
            mark=exchange.MARK,
        )
        return self._to(f"/lists/{opened.list_no}")

    async def upload(self, visit: Visit) -> Response:
        """批量增减: a file, read and judged behind the answer."""
        sent = await self._sent(visit)
        name, content = forms.required_file(sent)
        standing = await contributions.standing_of(employer_no=visit.employer_no)
        opened = await contributions.receive_list_file(
            actor=visit.actor,
            employer_no=visit.employer_no,
            kind=KIND,
            month=standing.month_of_changes(visit.business_date),
            file_name=name,
            content=content,
            request_key=sent.fields.get("request_key", ""),
            now=visit.now,
            business_date=visit.business_date,
            mark=exchange.MARK,
        )
        return self._to(f"/lists/{opened.list_no}")

    async def list_page(self, visit: Visit, *, problems: tuple[Refusal, ...] = ()) -> Response:
        list_no, after = visit.request.path_params["list_no"], visit.request.query_params.get("after")
        where: dict[str, Any] = {"actor": visit.actor, "employer_no": visit.employer_no, "list_no": list_no}
        view = await contributions.list_of(**where)
        if view.kind != KIND:
            raise Refused(LIST_NOT_FOUND())
        rows = await contributions.rows_of_list(**where, refused_only=False, first=ROWS_SHOWN, after=after)
        return self._page(
            "embedded_list.html",
            visit,
            status=422 if problems else 200,
            problems=problems,
            view=view,
            rows=rows,
            working=view.state in ("checking", "applying"),
        )

    async def act(self, visit: Visit) -> Response:
        sent, list_no = await self._sent(visit), visit.request.path_params["list_no"]
        common: dict[str, Any] = {
            "actor": visit.actor,
            "employer_no": visit.employer_no,
            "list_no": list_no,
            "request_key": sent.fields.get("request_key", ""),
            "now": visit.now,
        }
        try:
            match sent.fields.get("act"):
                case "submit":
                    accepted_only = sent.fields.get("accepted_only") == "1"
                    await contributions.submit_list(
                        **common, accepted_only=accepted_only, business_date=visit.business_date
                    )
                case "recheck":
                    await contributions.recheck_list(**common)
                case "cancel":
                    await contributions.cancel_list(**common, reason=sent.fields.get("reason", ""))
                case "remove":
                    number = sent.fields.get("row_no", "")
                    good = number.isascii() and number.isdigit() and len(number) <= 6
                    await contributions.remove_row(**common, row_no=int(number) if good else 0)
                case _:
                    raise Refused(contributions.FORM_STALE())
        except Refused as refused:
            return await self.list_page(visit, problems=refused.refusals)
        return self._to(f"/lists/{list_no}")

    async def _sent(self, visit: Visit) -> forms.Sent:
        sent = await forms.read(visit.request)
        if not forms.token_holds(cookie=visit.cookie, given=sent.fields.pop("token", None)):
            raise Refused(contributions.FORM_STALE())
        return sent

    def _to(self, path: str) -> Response:
        return RedirectResponse(f"{PREFIX}{path}", status_code=303, headers=self._headers)

    def _gone(self, *refusals: Refusal, status: int) -> Response:
        text = _ENVIRONMENT.get_template("embedded_gone.html").render(problems=refusals)
        return HTMLResponse(text, status_code=status, headers=self._headers)

    def _page(self, template: str, visit: Visit, *, status: int = 200, **values: Any) -> Response:
        text = _ENVIRONMENT.get_template(template).render(
            actor=visit.actor, token=forms.token_of(visit.cookie), new_key=forms.new_key, prefix=PREFIX, **values
        )
        return HTMLResponse(text, status_code=status, headers=self._headers)


def _moment(at: datetime | None) -> str:
    return at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M") if at else ""


_ENVIRONMENT = Environment(
    loader=FileSystemLoader(_FOLDER / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
    lstrip_blocks=True,
)  # fmt: skip
_ENVIRONMENT.filters["moment"] = _moment
