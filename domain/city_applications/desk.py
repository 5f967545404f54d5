"""What staff see of applications and do with those that are worked on by hand: accept, ask for more, decide."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from domain.city_applications import store
from domain.city_applications.receiving import form_of
from domain.city_applications.refusals import (
    NOT_FOUND,
    REASON_MISSING,
    SAME_PERSON,
    STEP_NOT_POSSIBLE,
    STEP_NOT_YOURS,
)
from domain.city_applications.store import ApplicationView, view_of
from domain.kernel import audit, database, idempotency, vault
from domain.kernel.actor import Actor, Role
from domain.kernel.database import Record, transaction
from domain.kernel.paging import Page, check_first, cut, decode_cursor
from domain.kernel.refusal import NOT_PERMITTED, Refused

READING_ROLES = (Role.PRELIMINARY_REVIEWER, Role.FINAL_REVIEWER, Role.SUPERVISOR, Role.SERVICE_DESK)
REASON_LENGTH_MIN, REASON_LENGTH_MAX = 4, 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationFilters:
    state: str | None = None
    item_code: str | None = None
    office_code: str | None = None
    open_only: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class FileView:
    file_no: str
    name: str
    media_type: str
    digest: str
    bytes_count: int
    received_at: datetime


async def applications(
    *, actor: Actor, filters: ApplicationFilters, first: int, after: str | None
) -> Page[ApplicationView]:
    """The newest first. Raises Refused."""
    _require(actor)
    limit = check_first(first)
    cursor = decode_cursor(after, shape=(int,))
    values = (
        filters.state,
        filters.item_code,
        filters.office_code,
        filters.open_only,
        sorted(actor.office_codes) if actor.office_codes else None,
    )
    total = await database.value(f"SELECT count(*) {_LISTED}", *values)
    rows = await database.rows(
        f"SELECT * {_LISTED} AND ($6::bigint IS NULL OR (received_at, application_id) <"
        " (SELECT received_at, application_id FROM city_application WHERE application_id = $6))"
        " ORDER BY received_at DESC, application_id DESC LIMIT $7",
        *values,
        cursor[0] if cursor else None,
        limit + 1,
    )
    return cut(rows=[view_of(row) for row in rows], first=limit, total=total, key=lambda one: [one.application_id])


async def application_of(*, actor: Actor, project_no: str) -> ApplicationView:
    """Raises Refused, in the same words for one that does not exist and for one that the actor may not see."""
    return view_of(await _found(actor, project_no))


async def declared_of(*, actor: Actor, project_no: str, now: datetime) -> list[tuple[str, str]]:
    """What the applicant declared, in the platform's names; who looked is in the audit trail first."""
    row = await _found(actor, project_no)
    await audit.record(
        None, actor=actor, action="city_application.read", subject=f"city_application:{project_no}", now=now
    )
    return sorted(form_of(row).items())


async def files_of(*, actor: Actor, project_no: str) -> list[FileView]:
    row = await _found(actor, project_no)
    rows = await database.rows(
        "SELECT * FROM city_application_file WHERE application_id = $1 ORDER BY file_no", row["application_id"]
    )
    return [
        FileView(
            file_no=one["file_no"],
            name=one["name"],
            media_type=one["media_type"],
            digest=one["digest"].hex(),
            bytes_count=one["bytes"],
            received_at=one["received_at"],
        )
        for one in rows
    ]


async def file_content(*, actor: Actor, project_no: str, file_no: str, now: datetime) -> tuple[FileView, bytes]:
    """The document itself, for who works on it; who looked is in the audit trail first. Raises Refused."""
    found = [one for one in await files_of(actor=actor, project_no=project_no) if one.file_no == file_no]
    if not found:
        raise Refused(NOT_FOUND())
    await audit.record(
        None,
        actor=actor,
        action="city_application.file_read",
        subject=f"city_application:{project_no}",
        now=now,
        detail={"file_no": file_no},
    )
    cipher = await database.value(
        "SELECT content_cipher FROM city_application_file f JOIN city_application a USING (application_id)"
        " WHERE a.project_no = $1 AND f.file_no = $2",
        project_no,
        file_no,
    )
    return found[0], vault.current().decrypt_file(cipher)


async def take_step(
    *, actor: Actor, project_no: str, action: str, note: str, request_key: str, now: datetime
) -> ApplicationView:
    """One step by hand. Raises Refused; nothing has changed then."""
    seen = await _found(actor, project_no)
    async with transaction() as tx:
        row = await store.locked(tx, application_id=seen["application_id"])
        begun = await idempotency.begin(
            tx, actor=actor, account_no=0, request_key=request_key, operation=f"city_application.{action}",
            given={"project_no": project_no, "note": note}, now=now,
        )  # fmt: skip
        if begun is None:
            doers = await store.doers_of(tx, application_id=row["application_id"])
            _require_step(actor, view_of(row), action, doers)
            said = note.strip()
            if (said or view_of(row).flow.transition(action).reason_required) and (
                not REASON_LENGTH_MIN <= len(said) <= REASON_LENGTH_MAX
            ):
                raise Refused(REASON_MISSING())
            row = await store.move(tx, row=row, action=action, actor=actor, note=said or None, now=now)
            await idempotency.finish(tx, actor=actor, account_no=0, request_key=request_key, result={})
    return view_of(row)


async def actions_of(*, actor: Actor, view: ApplicationView) -> tuple[tuple[str, str], ...]:
    doers = await store.doers_of(database.pool, application_id=view.application_id)
    found = []
    for action in view.flow.actions_from(view.state):
        try:
            _require_step(actor, view, action, doers)
        except Refused:
            continue
        found.append((action, view.flow.transition(action).name))
    return tuple(found)


def _require_step(actor: Actor, view: ApplicationView, action: str, doers: dict[str, str]) -> None:
    transition = view.flow.transitions.get(action)
    if transition is None or transition.kind != "staff":
        raise Refused(NOT_FOUND())
    if view.state not in transition.origins:
        raise Refused(STEP_NOT_POSSIBLE(state=view.state_name, action=transition.name))
    if not actor.has_role(*transition.roles):
        raise Refused(STEP_NOT_YOURS(action=transition.name))
    if any(doers.get(before) == actor.reference for before in transition.separate_from):
        raise Refused(SAME_PERSON(action=transition.name))


def _require(actor: Actor) -> None:
    if not actor.has_role(*READING_ROLES):
        raise Refused(NOT_PERMITTED())


async def _found(actor: Actor, project_no: str) -> Record:
    _require(actor)
    row = await store.by_project(project_no=project_no)
    if row is None or (actor.office_codes and row["office_code"] not in actor.office_codes):
        raise Refused(NOT_FOUND())
    return row


_LISTED = """
FROM city_application WHERE ($1::text IS NULL OR state = $1) AND ($2::text IS NULL OR item_code = $2)
    AND ($3::text IS NULL OR office_code = $3) AND (NOT $4::boolean OR ended_at IS NULL)
    AND ($5::text[] IS NULL OR office_code = ANY ($5))
"""
