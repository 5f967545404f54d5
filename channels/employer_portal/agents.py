"""经办人: who acts for the employer, kept by whoever is appointed for everything."""

from __future__ import annotations

from datetime import date

from starlette.responses import Response

from auth import agent_keeping
from auth.refusals import AGENT_UNTIL
from channels.employer_portal import forms
from channels.employer_portal.visiting import Visit, page, sent, to
from domain import contributions
from domain.kernel.refusal import NOT_PERMITTED, Refusal, Refused

HERE = "/agents"
_DONE = {
    "added": "已增加经办人，对方登录后即可办理。",
    "limited": "办理权限已变更，立即生效。",
    "removed": "已移除经办人，其在本单位的登录已全部退出。",
}


async def agents_page(
    visit: Visit, *, problems: tuple[Refusal, ...] = (), typed: dict[str, str] | None = None
) -> Response:
    """Whoever does not keep them is told who does not."""
    keeps = "all" in visit.actor.scopes
    return page(
        "agents.html",
        visit,
        status=422 if problems else 200,
        problems=problems,
        typed=typed or {},
        keeps=keeps,
        agents=await agent_keeping.agents_of(actor=visit.actor, now=visit.now) if keeps else [],
        scopes=contributions.AGENT_SCOPES,
        done=_DONE.get(visit.request.query_params.get("done", ""), ""),
    )


async def act(visit: Visit) -> Response:
    given = await sent(visit)
    try:
        done = await _act(visit, given)
    except Refused as refused:
        if any(one.code == NOT_PERMITTED.code for one in refused.refusals):
            return await agents_page(visit, problems=refused.refusals)
        return await agents_page(visit, problems=refused.refusals, typed=given.fields)
    return to(f"{HERE}?done={done}")


async def _act(visit: Visit, given: forms.Sent) -> str:
    fields = given.fields
    chosen = [scope for scope in contributions.AGENT_SCOPES if fields.get(f"scope_{scope}") == "yes"]
    key = fields.get("request_key", "")
    match fields.get("act"):
        case "add":
            await agent_keeping.add_agent(
                actor=visit.actor,
                document_no=fields.get("document_no", ""),
                name=fields.get("name", ""),
                scopes=chosen,
                valid_to=_day(fields.get("valid_to", "")),
                request_key=key,
                now=visit.now,
            )
            return "added"
        case "limit":
            await agent_keeping.limit_agent(
                actor=visit.actor, reference=fields.get("reference", ""), scopes=chosen, request_key=key, now=visit.now
            )
            return "limited"
        case "remove":
            await agent_keeping.remove_agent(
                actor=visit.actor, reference=fields.get("reference", ""), request_key=key, now=visit.now
            )
            return "removed"
        case _:
            raise Refused(contributions.FORM_STALE())


def _day(text: str) -> date | None:
    """Raises Refused for what is no day; nothing stands for no end."""
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refused(AGENT_UNTIL()) from None


DOORS = (
    (HERE, agents_page, "GET"),
    (HERE, act, "POST"),
)
