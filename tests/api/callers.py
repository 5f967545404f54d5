"""Everybody who may knock, for the guard matrix. A new kind of caller is one line of `CALLERS`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from auth import sessions
from auth.grants.bearer import Standing
from domain.kernel.actor import SYSTEM, Actor, Role
from tests.api.people import Citizen, new_agent, new_citizen, new_staff


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Whose things are looked at, somebody else, and when."""

    owner: Citizen
    stranger: Citizen
    now: datetime


@dataclass(frozen=True, kw_only=True)
class Caller:
    """`token` for callers who come over HTTP, None for nobody; third parties come as the actor that their grant
    makes of them, because the way in, with its documents and quotas, is tested with the grants."""

    actor: Actor
    token: str | None
    over_http: bool = True


Made = Callable[[Scene], Awaitable[Caller]]


async def _with(token: str | None, scene: Scene) -> Caller:
    return Caller(actor=await sessions.authenticate(bearer=token, now=scene.now), token=token)


def _staff(role: Role) -> Made:
    async def made(scene: Scene) -> Caller:
        return await _with((await new_staff(role.value, now=scene.now)).token, scene)

    return made


def _partner(*, represents: bool = False, may_change: bool = False) -> Made:
    async def made(scene: Scene) -> Caller:
        standing = Standing(
            partner_id=1,
            grant_id=1,
            purpose="matrix",
            party_name="测试机构",
            sandbox=False,
            session_id=1,
            person_id=scene.owner.person_id if represents else None,
            may_change=may_change,
        )
        return Caller(actor=standing.actor, token=None, over_http=False)

    return made


CALLERS: dict[str, Made] = {
    "anonymous": lambda scene: _with(None, scene),
    "owner": lambda scene: _with(scene.owner.token, scene),
    "stranger": lambda scene: _with(scene.stranger.token, scene),
    "agent": lambda scene: _agent(scene),
    **{role.value: _staff(role) for role in Role},
    # a third party for itself, for a person who delegated reading, and for one who delegated doing as well
    "partner": _partner(),
    "partner_reads": _partner(represents=True),
    "partner_does": _partner(represents=True, may_change=True),
}


async def _agent(scene: Scene) -> Caller:
    # somebody of their own: who signs out everywhere signs out as an agent too
    third = await new_citizen(now=scene.now, name="经办人")
    token = await new_agent(third, now=scene.now)
    await sessions.end_session(session_id=third.session_id, actor=SYSTEM, reason="test", now=scene.now)
    return await _with(token, scene)
