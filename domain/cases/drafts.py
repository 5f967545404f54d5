"""草稿: what a citizen had filled in when a session ended, for the same person to go on with, at any kiosk, in time.

The content is the page's own and means nothing here: it is sealed, given back to nobody else, and gone when the case is
opened, when the citizen throws it away, or when its time is over.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from domain import catalogue, policy
from domain.cases.refusals import DRAFT_ITEM_UNKNOWN, DRAFT_TOO_LONG
from domain.kernel import audit, database, vault
from domain.kernel.actor import Actor
from domain.kernel.database import Executor, transaction
from domain.kernel.dates import business_date_of
from domain.kernel.identifiers import REQUEST_KEY
from domain.kernel.refusal import KEY_MALFORMED, NOT_PERMITTED, REAL_NAME_REQUIRED, Refused

CONTENT_LENGTH_MAX = 4_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    item: str
    content: str = field(repr=False)
    saved_at: datetime
    expires_at: datetime


async def draft_of(*, actor: Actor, item: str, now: datetime) -> Draft | None:
    person_id = _person(actor)
    row = await database.row(
        "SELECT * FROM case_draft WHERE person_id = $1 AND item = $2 AND expires_at > $3", person_id, item, now
    )
    if row is None:
        return None
    content = vault.current().decrypt(row["content_cipher"])
    return Draft(item=item, content=content, saved_at=row["saved_at"], expires_at=row["expires_at"])


async def save_draft(*, actor: Actor, item: str, content: str, request_key: str, now: datetime) -> Draft | None:
    """Keeps it in the place of the one before; an empty content throws it away. Raises Refused."""
    person_id = _person(actor)
    if REQUEST_KEY.fullmatch(request_key) is None:
        raise Refused(KEY_MALFORMED())
    if item not in {one.code for one in catalogue.items()}:
        raise Refused(DRAFT_ITEM_UNKNOWN())
    if len(content) > CONTENT_LENGTH_MAX:
        raise Refused(DRAFT_TOO_LONG(most=CONTENT_LENGTH_MAX))
    minutes = policy.on(business_date_of(now)).number("kiosk.draft_minutes")
    draft = Draft(item=item, content=content, saved_at=now, expires_at=now + timedelta(minutes=minutes))
    async with transaction() as tx:
        if content:
            await tx.execute(
                "INSERT INTO case_draft (person_id, item, content_cipher, saved_at, expires_at)"
                " VALUES ($1, $2, $3, $4, $5) ON CONFLICT (person_id, item) DO UPDATE"
                " SET content_cipher = excluded.content_cipher, saved_at = excluded.saved_at,"
                " expires_at = excluded.expires_at",
                person_id,
                item,
                vault.current().encrypt(content),
                now,
                draft.expires_at,
            )
        else:
            await forget_draft(tx, person_id=person_id, item=item)
        action = "case.draft_saved" if content else "case.draft_thrown_away"
        await audit.record(
            tx, actor=actor, action=action, subject=f"person:{person_id}", now=now, detail={"item": item}
        )
    return draft if content else None


async def forget_draft(tx: Executor, *, person_id: int, item: str) -> None:
    """The case is opened: its draft has done its work."""
    await tx.execute("DELETE FROM case_draft WHERE person_id = $1 AND item = $2", person_id, item)


async def sweep_drafts(*, now: datetime) -> int:
    """Throws away what nobody came back for. Returns how many."""
    status = await database.execute("DELETE FROM case_draft WHERE expires_at <= $1", now)
    return int(status.rpartition(" ")[2])


def _person(actor: Actor) -> int:
    if not actor.is_in_person or actor.person_id is None:
        raise Refused(NOT_PERMITTED())
    if not actor.is_real_name:
        raise Refused(REAL_NAME_REQUIRED())
    return actor.person_id
