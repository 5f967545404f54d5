"""Whether a session of a person may begin now (see `auth.interventions`)."""

from __future__ import annotations

from datetime import datetime

from auth.refusals import PERSON_SUSPENDED, PROVE_AGAIN
from domain.kernel.database import Transaction
from domain.kernel.refusal import Refused


async def admit(tx: Transaction, *, person_id: int, proved: bool, now: datetime) -> None:
    """Lets a session of the person begin. `proved`: the real name was proved just now. Raises Refused."""
    merged = await tx.value("SELECT merged_into FROM person WHERE person_id = $1 FOR SHARE", person_id)
    rows = await tx.rows("SELECT kind FROM intervention WHERE person_id = $1 AND lifted_at IS NULL", person_id)
    kinds = {row["kind"] for row in rows}
    if "suspend" in kinds or merged is not None:
        raise Refused(PERSON_SUSPENDED())
    if "prove_again" in kinds:
        if not proved:
            raise Refused(PROVE_AGAIN())
        await tx.execute(
            "UPDATE intervention SET lifted_by = 'person', lifted_at = $2"
            " WHERE person_id = $1 AND kind = 'prove_again' AND lifted_at IS NULL",
            person_id,
            now,
        )
