"""Reads of a person's data by others: in the audit trail each time, and for the person to see."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta

from domain.kernel import audit, database
from domain.kernel.actor import Actor, Role
from domain.kernel.database import Executor
from domain.kernel.identifiers import new_id

SAME_READ = timedelta(minutes=10)
"""Looking at the same thing again within this time is one line for the person, each look an audit event."""

_noted: ContextVar[set[int] | None] = ContextVar("access_noted", default=None)


@contextmanager
def noted() -> Iterator[set[int]]:
    """Collects the persons whose read is kept in the block."""
    persons = set[int]()
    token = _noted.set(persons)
    try:
        yield persons
    finally:
        _noted.reset(token)


TITLES = {
    Role.PRELIMINARY_REVIEWER: "初审人员",
    Role.FINAL_REVIEWER: "复审人员",
    Role.SUPERVISOR: "业务主管",
    Role.FINANCE: "财务人员",
    Role.SERVICE_DESK: "服务窗口人员",
}


async def record_read(
    executor: Executor | None,
    *,
    actor: Actor,
    person_id: int,
    purpose: str,
    what: Sequence[str],
    subject: str,
    now: datetime,
) -> None:
    """`what` in Chinese, as the person is told; `subject` like `case:2026…`. One's own reads are nobody's business."""
    assert what and purpose, "a read of something, for something"
    if actor.kind == "citizen" and actor.person_id == person_id:
        return
    if (noted_here := _noted.get()) is not None:
        noted_here.add(person_id)
    await audit.record(
        executor,
        actor=actor,
        action="person.read",
        subject=f"person:{person_id}",
        now=now,
        detail={"purpose": purpose, "what": list(what), "about": subject},
    )
    await (executor or database.pool).execute(
        "INSERT INTO record_access (person_id, access_id, at, reader, reader_title, channel, purpose, what, subject)"
        " SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9 WHERE NOT EXISTS (SELECT FROM record_access"
        "  WHERE person_id = $1 AND at > $10 AND at <= $3 AND reader = $4 AND purpose = $7 AND subject = $9"
        "  AND what = $8)",
        person_id,
        new_id(),
        now,
        actor.reference,
        title_of(actor),
        actor.channel,
        purpose,
        list(what),
        subject,
        now - SAME_READ,
    )


async def record_list_read(
    *, actor: Actor, person_ids: Iterable[int], purpose: str, what: Sequence[str], subject: str, now: datetime
) -> None:
    """A list that shows several persons: a line for each of them to see, and one audit event for the whole page."""
    assert what and purpose, "a read of something, for something"
    persons = sorted(set(person_ids) - {actor.person_id})
    if not persons:
        return
    if (noted_here := _noted.get()) is not None:
        noted_here.update(persons)
    await audit.record(
        None,
        actor=actor,
        action="person.listed",
        subject=subject,
        now=now,
        detail={"purpose": purpose, "what": list(what), "persons": len(persons)},
    )
    await database.execute(
        "INSERT INTO record_access (person_id, access_id, at, reader, reader_title, channel, purpose, what, subject)"
        " SELECT n.person_id, n.access_id, $3, $4, $5, $6, $7, $8, $9"
        " FROM unnest($1::bigint[], $2::bigint[]) AS n (person_id, access_id)"
        " WHERE NOT EXISTS (SELECT FROM record_access a WHERE a.person_id = n.person_id AND a.at > $10 AND a.at <= $3"
        "  AND a.reader = $4 AND a.purpose = $7 AND a.subject = $9 AND a.what = $8)",
        persons,
        [new_id() for _ in persons],
        now,
        actor.reference,
        title_of(actor),
        actor.channel,
        purpose,
        list(what),
        subject,
        now - SAME_READ,
    )


def title_of(actor: Actor) -> str:
    """How the person is told who it was: a third party by its name, staff by their post."""
    if actor.partnership is not None:
        return actor.name
    if actor.is_staff:
        posts = [title for role, title in TITLES.items() if role in actor.roles]
        return posts[0] if posts else "工作人员"
    return "单位经办人" if actor.is_agent else "系统"
