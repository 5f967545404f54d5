"""What can be evaluated: a case, or a matter of another area that told how it ended (`note_served`).

Evaluations, their reports and rectifications know of either only this. One number belongs to one of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain import catalogue
from domain.cases.queries import QUEUE_ROLES, case_by_key, case_by_no
from domain.cases.refusals import CASE_NOT_FOUND
from domain.kernel import database
from domain.kernel.actor import Actor
from domain.kernel.database import Executor, Transaction
from domain.kernel.refusal import Refused

SERVED = """
(SELECT account_no, case_id, case_no, item, office_code FROM service_case
 UNION ALL SELECT account_no, case_id, case_no, item, office_code FROM served_matter)
"""
"""Either, for lists and figures."""


class Served(Protocol):
    """`was_served`: the centre has ended it, whatever the result; what the applicant took back was not served."""

    @property
    def account_no(self) -> int: ...
    @property
    def case_id(self) -> int: ...
    @property
    def case_no(self) -> str: ...
    @property
    def item_code(self) -> str: ...
    @property
    def item(self) -> str: ...
    @property
    def item_name(self) -> str: ...
    @property
    def person_id(self) -> int: ...
    @property
    def office_code(self) -> str: ...
    @property
    def submitted_at(self) -> datetime: ...
    @property
    def ended_at(self) -> datetime | None: ...
    @property
    def was_served(self) -> bool: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedMatter:
    """A matter that is no case, as it ended."""

    account_no: int
    case_id: int
    case_no: str
    item_code: str
    item: str
    person_id: int
    applicant_masked: str
    office_code: str
    submitted_at: datetime
    ended_at: datetime

    @property
    def item_name(self) -> str:
        return catalogue.item(self.item).name

    @property
    def was_served(self) -> bool:
        return True


async def note_served(tx: Transaction, *, matter: ServedMatter, doers: Iterable[str]) -> None:
    """In the transaction that ends the matter; `doers` are who worked on it. Again changes nothing."""
    names = list(ServedMatter.__dataclass_fields__)
    await tx.execute(
        f"INSERT INTO served_matter ({', '.join(names)}, doers)"
        f" VALUES ({', '.join(f'${place}' for place in range(1, len(names) + 2))}) ON CONFLICT DO NOTHING",
        *(getattr(matter, name) for name in names),
        sorted(set(doers)),
    )
    await tx.execute(
        "INSERT INTO served_matter_lookup (case_no, account_no, case_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        matter.case_no,
        matter.account_no,
        matter.case_id,
    )


async def served_by_no(*, actor: Actor, case_no: str) -> Served:
    """Raises Refused `case.not_found` for a number that is none and, in the same words, for one that the actor may not
    see."""
    place = await database.row("SELECT account_no, case_id FROM served_matter_lookup WHERE case_no = $1", case_no)
    if place is None:
        return await case_by_no(actor=actor, case_no=case_no)
    found = await _matter(account_no=place["account_no"], case_id=place["case_id"], using=database.pool)
    assert found is not None, f"matter {case_no} is looked up but not kept"
    if actor.is_real_name:
        visible = found.person_id == actor.person_id
    else:
        visible = actor.has_role(*QUEUE_ROLES) and (not actor.office_codes or found.office_code in actor.office_codes)
    if not visible:
        raise Refused(CASE_NOT_FOUND())
    return found


async def served_by_key(*, account_no: int, case_id: int, using: Executor = database.pool) -> Served:
    """For the system's own work: what exists."""
    found = await _matter(account_no=account_no, case_id=case_id, using=using)
    return found or await case_by_key(account_no=account_no, case_id=case_id, using=using)


async def lock_served(tx: Transaction, *, account_no: int, case_id: int) -> None:
    """Of two evaluations of one thing the second waits here. What is kept of a matter never changes and cannot be
    locked against another: its account's row is."""
    found = await tx.value(
        "SELECT 1 FROM service_case WHERE account_no = $1 AND case_id = $2 FOR UPDATE", account_no, case_id
    )
    if found is None:
        await tx.execute("SELECT 1 FROM account WHERE account_no = $1 FOR NO KEY UPDATE", account_no)


async def took_part(*, actor: Actor, served: Served) -> bool:
    return bool(
        await database.value(
            "SELECT EXISTS (SELECT FROM case_event WHERE account_no = $1 AND case_id = $2 AND actor = $3)"
            " OR EXISTS (SELECT FROM served_matter WHERE account_no = $1 AND case_id = $2 AND $3 = ANY (doers))",
            served.account_no,
            served.case_id,
            actor.reference,
        )
    )


async def _matter(*, account_no: int, case_id: int, using: Executor) -> ServedMatter | None:
    row = await using.row("SELECT * FROM served_matter WHERE account_no = $1 AND case_id = $2", account_no, case_id)
    if row is None:
        return None
    return ServedMatter(**{name: row[name] for name in ServedMatter.__dataclass_fields__})
