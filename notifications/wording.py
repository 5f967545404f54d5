"""Versions of templates that staff made: proposed by one person, approved by another, in force for messages queued
afterwards.

A version names only the variables that the code supplies for the template. Versions of staff are numbered from 101, so
that they never meet those that come with a release."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import cast, get_args

from domain.kernel import audit, database
from domain.kernel.actor import Actor
from domain.kernel.database import Executor, Record
from domain.kernel.refusal import Refused
from notifications import rendering
from notifications.parts import units_of
from notifications.refusals import (
    REASON_MISSING,
    SAME_PERSON,
    TEMPLATE_LONG,
    TEMPLATE_NOT_OPEN,
    TEMPLATE_OPEN,
    TEMPLATE_TEXT,
    TEMPLATE_UNKNOWN,
    TEMPLATE_VARIABLE,
)
from notifications.rendering import Class, Lane, RenderedSms, Template, TemplateError

FIRST_VERSION = 101
PARTS_MAX = 5
REASON_LENGTHS = (5, 200)

# Approved versions never change, so one that was read once need not be read again.
_known: dict[tuple[str, int], Template] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A version as the pages show it. `state` "file" came with the release."""

    template: Template
    state: str
    reason: str = ""
    proposed_by: str = ""
    proposed_at: datetime | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None


async def current(using: Executor, *, code: str) -> Template:
    """The version in force: staff's newest approved one, else the release's. Raises TemplateError for no template."""
    base = rendering.template(code)
    row = await using.row(
        "SELECT * FROM sms_template WHERE code = $1 AND state = 'approved' ORDER BY version DESC LIMIT 1", code
    )
    return base if row is None else _template_of(row, base)


async def of_version(*, code: str, version: int) -> Template:
    """The version that a message was made by. Raises TemplateError when there is none."""
    if version < FIRST_VERSION:
        return rendering.template(code, version=version)
    if (known := _known.get((code, version))) is not None:
        return known
    row = await database.row("SELECT * FROM sms_template WHERE code = $1 AND version = $2", code, version)
    if row is None:
        raise TemplateError(f"there is no version {version} of template {code}")
    found = _template_of(row, rendering.template(code))
    if row["state"] == "approved":
        _known[(code, version)] = found
    return found


async def versions(*, code: str) -> list[Version]:
    """All of a template, the newest first. Raises Refused for no template."""
    base = _base(code)
    rows = await database.rows("SELECT * FROM sms_template WHERE code = $1 ORDER BY version DESC", code)
    made = [
        Version(
            template=_template_of(row, base),
            state=row["state"],
            reason=row["reason"],
            proposed_by=row["proposed_by"],
            proposed_at=row["proposed_at"],
            decided_by=row["decided_by"],
            decided_at=row["decided_at"],
        )
        for row in rows
    ]
    files = rendering.templates()[code]
    return made + [Version(template=files[number], state="file") for number in sorted(files, reverse=True)]


async def in_force() -> list[Template]:
    """Every template as it is now, by code."""
    approved = await database.rows(
        "SELECT DISTINCT ON (code) * FROM sms_template WHERE state = 'approved' ORDER BY code, version DESC"
    )
    newer = {row["code"]: row for row in approved if row["code"] in rendering.templates()}
    return [
        _template_of(newer[code], rendering.template(code)) if code in newer else rendering.template(code)
        for code in sorted(rendering.templates())
    ]


async def waiting() -> list[str]:
    """Codes with a version that waits for approval."""
    rows = await database.rows("SELECT code FROM sms_template WHERE state = 'proposed' ORDER BY code")
    return [row["code"] for row in rows]


def preview(*, code: str, text: str) -> RenderedSms:
    """The text as it would go out with the template's sample. Raises Refused with what is wrong."""
    return rendering.render(template=_checked(code, text), variables=_base(code).sample)


async def propose(
    *, actor: Actor, code: str, text: str, reason: str, class_: str, lane: str, department: str, now: datetime
) -> int:
    """The new version's number; not in force yet. Raises Refused."""
    template = _checked(code, text)
    base = _base(code)
    if class_ not in get_args(Class) or lane not in get_args(Lane):
        raise Refused(TEMPLATE_UNKNOWN())
    _check_reason(reason)
    async with database.transaction() as tx:
        await tx.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 8))", code)
        if await tx.value("SELECT 1 FROM sms_template WHERE code = $1 AND state = 'proposed'", code):
            raise Refused(TEMPLATE_OPEN())
        last = await tx.value("SELECT max(version) FROM sms_template WHERE code = $1", code)
        version = (last or FIRST_VERSION - 1) + 1
        await tx.execute(
            "INSERT INTO sms_template (code, version, class, lane, department, text, variables, sample, state, reason,"
            " proposed_by, proposed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'proposed', $9, $10, $11)",
            code,
            version,
            class_,
            lane,
            department.strip()[:40] or base.department,
            template.text,
            list(base.variables),
            base.sample,
            reason.strip(),
            actor.reference,
            now,
        )
        await audit.record(tx, actor=actor, action="sms.template_proposed", subject=f"sms:{code}:{version}", now=now)
    return version


async def decide(*, actor: Actor, code: str, version: int, approve: bool, now: datetime) -> None:
    """Approves or declines what another person proposed; the proposer may only withdraw it. Raises Refused."""
    async with database.transaction() as tx:
        row = await tx.row(
            "SELECT state, proposed_by FROM sms_template WHERE code = $1 AND version = $2 FOR UPDATE", code, version
        )
        if row is None:
            raise Refused(TEMPLATE_UNKNOWN())
        if row["state"] != "proposed":
            raise Refused(TEMPLATE_NOT_OPEN())
        mine = row["proposed_by"] == actor.reference
        if approve and mine:
            raise Refused(SAME_PERSON())
        state = "approved" if approve else "withdrawn" if mine else "declined"
        await tx.execute(
            "UPDATE sms_template SET state = $3, decided_by = $4, decided_at = $5 WHERE code = $1 AND version = $2",
            code,
            version,
            state,
            actor.reference,
            now,
        )
        await audit.record(tx, actor=actor, action=f"sms.template_{state}", subject=f"sms:{code}:{version}", now=now)


def _base(code: str) -> Template:
    if code not in rendering.templates():
        raise Refused(TEMPLATE_UNKNOWN())
    return rendering.template(code)


def _checked(code: str, text: str) -> Template:
    base, text = _base(code), text.strip()
    named = rendering.placeholders(text)
    if named is None:
        raise Refused(TEMPLATE_TEXT())
    if strange := sorted(named - set(base.variables)):
        raise Refused(TEMPLATE_VARIABLE(names="、".join(strange), offered="、".join(base.variables) or "无"))
    template = replace(base, text=text)
    rendered = rendering.render(template=template, variables=base.sample)
    if rendered.parts > PARTS_MAX:
        raise Refused(TEMPLATE_LONG(units=units_of(rendered.text), parts=rendered.parts, most=PARTS_MAX))
    return template


def _check_reason(reason: str) -> None:
    low, high = REASON_LENGTHS
    if not low <= len(reason.strip()) <= high:
        raise Refused(REASON_MISSING())


def _template_of(row: Record, base: Template) -> Template:
    return replace(
        base,
        version=row["version"],
        class_=cast(Class, row["class"]),
        lane=cast(Lane, row["lane"]),
        department=row["department"],
        text=row["text"],
        approved_by=row["decided_by"] or "",
    )
