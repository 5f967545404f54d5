"""The lists of `domain.risk` seen from persons and accounts: a citizen's own entries, and the accounts that a list
touches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from domain import risk
from domain.contributions.persons import clear_person, person_by_document
from domain.kernel.actor import Actor
from domain.kernel.database import Executor
from domain.kernel.dates import business_date_of
from domain.kernel.refusal import NOT_PERMITTED, REAL_NAME_REQUIRED, Refused
from domain.risk import AppealView, Document, Effect, EntryView


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedEntry:
    """An entry about the citizen, with the appeals against it, the newest first."""

    entry: EntryView
    appeals: tuple[AppealView, ...]


async def listed_entries_of(*, actor: Actor, now: datetime) -> list[ListedEntry]:
    """Every entry about the citizen, those in force first. Raises Refused before the identity is verified."""
    document = await _own_document(actor)
    found = await risk.entries_of(document=document, on=business_date_of(now))
    appeals = await risk.appeals_against(entry_ids=[one.entry_id for one in found])
    return [ListedEntry(entry=one, appeals=tuple(appeals[one.entry_id])) for one in found]


async def appeal_against_entry(
    *, actor: Actor, entry_id: int, statement: str, request_key: str, now: datetime
) -> ListedEntry:
    """The citizen appeals against an own entry. Raises Refused."""
    document = await _own_document(actor)
    await risk.appeal(
        actor=actor, entry_id=entry_id, document=document, statement=statement, request_key=request_key, now=now
    )
    return await _one(entry_id, now=now)


async def withdraw_own_appeal(*, actor: Actor, entry_id: int, request_key: str, now: datetime) -> ListedEntry:
    """The citizen takes the waiting appeal back. Raises Refused."""
    document = await _own_document(actor)
    await risk.withdraw_appeal(actor=actor, entry_id=entry_id, document=document, request_key=request_key, now=now)
    return await _one(entry_id, now=now)


async def accounts_touched(*, flow: str, on: date, lo: int, hi: int, using: Executor) -> Mapping[int, Effect]:
    """Of the accounts from `lo` to `hi`, those of persons whose standing holds or stops the flow. Document, person,
    account: three steps, so that each stays where its rows are."""
    touched = await risk.documents_touched(flow=flow, on=on, using=using)
    if not touched:
        return {}
    persons = await using.rows(
        "SELECT document_index, person_id FROM person_document WHERE document_index = ANY($1::bytea[])", list(touched)
    )
    effect_of = {row["person_id"]: touched[row["document_index"]] for row in persons}
    accounts = await using.rows(
        "SELECT person_id, account_no FROM person_account WHERE person_id = ANY($1) AND account_no BETWEEN $2 AND $3",
        list(effect_of),
        lo,
        hi,
    )
    return {row["account_no"]: effect_of[row["person_id"]] for row in accounts}


async def mobile_of_listed(*, entry_id: int) -> str | None:
    """The number of whom an entry is about; None for a person not known here or without a number."""
    document_type, number = await risk.document_of(entry_id=entry_id)
    person_id = await person_by_document(document_type=document_type, document_no=number)
    return None if person_id is None else (await clear_person(person_id=person_id)).mobile


async def _own_document(actor: Actor) -> Document:
    if not actor.is_in_person or actor.person_id is None:
        raise Refused(NOT_PERMITTED())
    if not actor.is_real_name:
        raise Refused(REAL_NAME_REQUIRED())
    clear = await clear_person(person_id=actor.person_id)
    return clear.document_type, clear.document_no


async def _one(entry_id: int, *, now: datetime) -> ListedEntry:
    entry = await risk.entry_of(entry_id=entry_id, on=business_date_of(now))
    appeals = await risk.appeals_against(entry_ids=[entry_id])
    return ListedEntry(entry=entry, appeals=tuple(appeals[entry_id]))
