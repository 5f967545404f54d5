"""Somebody stands at the counter: a check of R13 that was passed, as the page 人脸核验 leaves it."""

from __future__ import annotations

from datetime import datetime

from auth import face
from domain.kernel import database
from tests.factories.people import staff


async def person_at_counter(
    login: str, operation: str, matter: str, *, now: datetime, person_id: int | None = None
) -> None:
    """Passed on the papers by this member of staff; whoever it is unless `person_id` says."""
    actor = await staff(login)
    if person_id is None:
        person_id = int(await database.value("SELECT min(person_id) FROM person"))
    await face.pass_without_face(
        actor=actor,
        challenge=face.counter_challenge(actor=actor, operation=operation, matter=matter),
        person_id=person_id,
        reason="当事人未带手机",
        now=now,
    )
