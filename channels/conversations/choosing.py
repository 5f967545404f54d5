"""订阅 in a mini-program: what a person chose in the platform's dialog, kept for each account and template."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from channels.conversations.desk import PROVIDERS
from channels.conversations.notices import NOTICES, TemplateIds
from channels.conversations.refusals import NOTICE_UNKNOWN, NOTICES_ACCOUNT
from domain.kernel import audit, database, idempotency
from domain.kernel.actor import Actor
from domain.kernel.database import transaction
from domain.kernel.refusal import NOT_PERMITTED, REAL_NAME_REQUIRED, Refused

REMAINING_MOST = 100
"""More acceptances than this are of no use to anybody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """`remaining`: notices that may still be sent."""

    name: str
    title: str
    template: str
    remaining: int


async def offered(*, actor: Actor, template_ids: TemplateIds) -> list[Offered]:
    """What the caller's mini-program may ask for. Raises Refused."""
    rows = await database.rows(
        "SELECT template, remaining FROM notice_permission WHERE channel = $1 AND subject = $2",
        actor.channel,
        await _subject(actor),
    )
    remaining = {row["template"]: row["remaining"] for row in rows}
    return [
        Offered(name=name, title=NOTICES[name].name, template=template, remaining=remaining.get(template, 0))
        for name, template in template_ids.get(actor.channel, {}).items()
    ]


async def choose(
    *, actor: Actor, choices: Mapping[str, bool], template_ids: TemplateIds, request_key: str, now: datetime
) -> None:
    """By template: an acceptance allows one notice more, a rejection ends them all. The same request again changes
    nothing more. Raises Refused."""
    subject = await _subject(actor)
    if not choices or not set(choices) <= set(template_ids.get(actor.channel, {}).values()):
        raise Refused(NOTICE_UNKNOWN())
    assert actor.person_id is not None
    async with transaction() as tx:
        done = await idempotency.begin(
            tx, actor=actor, account_no=actor.person_id, request_key=request_key, operation="notices.choose",
            given={"choices": dict(choices)}, now=now,
        )  # fmt: skip
        if done is not None:
            return
        for template, accepted in sorted(choices.items()):
            await tx.execute(
                "INSERT INTO notice_permission AS p (channel, subject, template, remaining, changed_at)"
                " VALUES ($1, $2, $3, $4, $5) ON CONFLICT (channel, subject, template) DO UPDATE"
                " SET remaining = CASE WHEN $4 = 0 THEN 0 ELSE least(p.remaining + $4, $6) END, changed_at = $5",
                actor.channel,
                subject,
                template,
                int(accepted),
                now,
                REMAINING_MOST,
            )
        await audit.record(
            tx,
            actor=actor,
            action="notices.chosen",
            subject=f"person:{actor.person_id}",
            now=now,
            detail={"accepted": sum(choices.values()), "rejected": len(choices) - sum(choices.values())},
        )
        await idempotency.finish(
            tx, actor=actor, account_no=actor.person_id, request_key=request_key, result={"chosen": True}
        )


async def _subject(actor: Actor) -> str:
    """The caller's account on the platform of the mini-program; the one used last where there are several."""
    if not actor.is_in_person or actor.person_id is None or not actor.channel.startswith("jingtong_"):
        raise Refused(NOT_PERMITTED())
    if not actor.is_real_name:
        raise Refused(REAL_NAME_REQUIRED())
    found: str | None = await database.value(
        "SELECT subject FROM identity_link WHERE person_id = $1 AND provider = $2 ORDER BY last_used_at DESC LIMIT 1",
        actor.person_id,
        PROVIDERS.get(actor.channel, ""),
    )
    if found is None:
        raise Refused(NOTICES_ACCOUNT())
    return found
