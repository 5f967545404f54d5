"""The list of conversations: those that wait, mine, and the rest; how many are unread."""

from __future__ import annotations

from starlette.responses import Response

from backoffice.components import Pager, Problems
from backoffice.desk import Desk, DeskPage
from backoffice.forms import choice_fields, filled
from backoffice.pages.messages.shared import PATH, READ, show
from channels import conversations
from domain.kernel.refusal import Refusal, Refused

PAGE_SIZE = 20
SCOPES = {"waiting": "待接入", "mine": "我接待的", "held": "接待中", "closed": "已结束", "all": "全部"}


async def listed(desk: Desk) -> Response:
    given = {"scope": "waiting", **filled(desk.query, ("scope",))}
    problems: list[Refusal] = []
    choice_fields(given, {"scope": SCOPES}, problems)
    scope = given.get("scope", "waiting")
    pager = Pager.read(path=PATH, query=given, pages=desk.query.get("pages"))
    page = None
    if not problems:
        try:
            page = await conversations.conversations(
                actor=desk.actor,
                state={"mine": "held", "all": None}.get(scope, scope),
                mine=scope == "mine",
                first=PAGE_SIZE,
                after=pager.after,
            )
        except Refused as refused:
            problems.extend(refused.refusals)
    waiting, unread = await conversations.waiting_count(actor=desk.actor)
    return show(
        desk,
        "messages.html",
        status=422 if problems else 200,
        given=given,
        scopes=SCOPES,
        page=page,
        pager=pager.at(end_cursor=page.end_cursor, has_next=page.has_next) if page else pager,
        problems=Problems.of(problems),
        waiting=waiting,
        unread=unread,
        staffed=conversations.staffed_at(desk.now),
    )


PAGES = (DeskPage(PATH, READ, listed),)
