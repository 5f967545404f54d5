"""What the platform hands us: applications, electronic documents, supplements, withdrawals. Each may come twice, late
or before what it belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import orjson

from domain import catalogue, contributions, policy
from domain.city_applications import store
from domain.city_applications.refusals import (
    APPLICANT_KIND,
    CHANGED,
    FILE_CHANGED,
    FILE_KIND,
    FILE_LARGE,
    FILES_MANY,
    ITEM_NOT_CONNECTED,
)
from domain.kernel import files, vault
from domain.kernel.actor import Actor
from domain.kernel.database import Record, Transaction
from domain.kernel.digest import canonical_json, sm3
from domain.kernel.identifiers import mask_id_document, mask_name, new_id
from domain.kernel.refusal import Refused
from domain.settlement import CENTRE_OFFICE

CHANNEL = "city_platform"
PLATFORM = Actor(kind="service", channel=CHANNEL, name="市统一申办受理平台")
_TAKEN = ("application/pdf", "image/jpeg", "image/png")


class TooEarly(Exception):
    """The application that the message belongs to has not come: it waits. `reason` is for staff."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """接件. `form` are the platform's fields as texts. Personal data: never logged."""

    project_no: str
    item_code: str
    applicant_kind: str
    name: str
    document_type: str
    document_no: str
    form: dict[str, str]

    def __repr__(self) -> str:
        return f"Handed({self.project_no})"


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedFile:
    project_no: str
    file_no: str
    name: str
    media_type: str
    content: bytes

    def __repr__(self) -> str:
        return f"HandedFile({self.project_no}/{self.file_no})"


async def take_application(tx: Transaction, *, handed: Handed, business_date: date, now: datetime) -> Record:
    """Keeps the application; told again with the same content it is the one that stands. Raises Refused."""
    told, key = _told(handed), vault.current()
    standing = await store.by_project(project_no=handed.project_no, using=tx)
    if standing is not None:
        if not key.is_blind_index(standing["digest"], told):
            raise Refused(CHANGED())
        return standing
    item = _item(handed.item_code)
    if handed.applicant_kind not in item.audience:
        raise Refused(APPLICANT_KIND(item=item.name))
    is_person = handed.applicant_kind == "person"
    return await store.begin(
        tx,
        columns={
            "application_id": new_id(),
            "project_no": handed.project_no,
            "item": item.identifier,
            "item_code": item.code,
            "applicant_kind": handed.applicant_kind,
            "name_cipher": key.encrypt(handed.name),
            "name_masked": mask_name(handed.name) if is_person else handed.name,
            "document_type": handed.document_type,
            "document_cipher": key.encrypt(handed.document_no),
            "document_masked": mask_id_document(handed.document_no) if is_person else handed.document_no,
            "form_cipher": key.encrypt(canonical_json(handed.form).decode()),
            "digest": key.blind_index(told),
            "office_code": await _office(tx, handed),
            "due_on": policy.plus_working_days(business_date, days=item.time_limit_working_days or 1),
        },
        actor=PLATFORM,
        now=now,
    )


async def take_supplement(tx: Transaction, *, project_no: str, form: dict[str, str], now: datetime) -> Record:
    """补正: fields that were missing or wrong; those that are not named stay. Absorbed when none was asked for."""
    row = await _known(tx, project_no)
    if row["state"] != "supplement":
        return row
    key = vault.current()
    merged = {**form_of(row), **form}
    return await store.move(
        tx,
        row=row,
        action="supplemented",
        actor=PLATFORM,
        now=now,
        form_cipher=key.encrypt(canonical_json(merged).decode()),
        supplements=row["supplements"] + 1,
    )


async def take_file(tx: Transaction, *, handed: HandedFile, business_date: date, now: datetime) -> str:
    """An electronic document of an application, whose digest the door has compared. Raises Refused."""
    row = await _known(tx, handed.project_no)
    dated = policy.on(business_date)
    most = dated.number("city.file_kilobytes_max")
    if len(handed.content) > most * 1024:
        raise Refused(FILE_LARGE(most=most))
    if handed.media_type not in _TAKEN or files.media_type_of(handed.content) != handed.media_type:
        raise Refused(FILE_KIND())
    digest = sm3(handed.content)
    standing = await tx.value(
        "SELECT digest FROM city_application_file WHERE application_id = $1 AND file_no = $2",
        row["application_id"],
        handed.file_no,
    )
    if standing is not None:
        if standing != digest:
            raise Refused(FILE_CHANGED())
        return "先前已收到"
    count = await tx.value(
        "SELECT count(*) FROM city_application_file WHERE application_id = $1", row["application_id"]
    )
    if count >= dated.number("city.files_max"):
        raise Refused(FILES_MANY(most=dated.number("city.files_max")))
    await tx.execute(
        "INSERT INTO city_application_file (application_id, file_no, name, media_type, digest, bytes, content_cipher,"
        " received_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        row["application_id"],
        handed.file_no,
        handed.name,
        handed.media_type,
        digest,
        len(handed.content),
        vault.current().encrypt_file(handed.content),
        now,
    )
    return f"已收电子文件{handed.file_no}"


async def take_withdrawal(tx: Transaction, *, project_no: str, reason: str, now: datetime) -> Record:
    """撤回 of one that is worked on by hand; what a case or transfer works on, the caller has taken back there."""
    row = await _known(tx, project_no)
    if row["ended_at"] is not None:
        return row
    return await store.move(tx, row=row, action="withdraw", actor=PLATFORM, note=reason or None, now=now)


async def known_application(*, project_no: str) -> Record:
    """Raises TooEarly."""
    row = await store.by_project(project_no=project_no)
    if row is None:
        raise TooEarly(f"申请{project_no}尚未收到")
    return row


def form_of(row: Record) -> dict[str, str]:
    found: dict[str, str] = orjson.loads(vault.current().decrypt(row["form_cipher"]))
    return found


def _item(code: str) -> catalogue.ServiceItem:
    try:
        item = catalogue.item(code)
    except LookupError:
        item = None
    if item is None or CHANNEL not in item.channels:
        raise Refused(ITEM_NOT_CONNECTED(item=code[:20]))
    return item


async def _known(tx: Transaction, project_no: str) -> Record:
    row = await store.by_project(project_no=project_no, using=tx)
    if row is None:
        raise TooEarly(f"申请{project_no}尚未收到")
    return await store.locked(tx, application_id=row["application_id"])


async def _office(tx: Transaction, handed: Handed) -> str:
    """The department of the person's account or of the employer; the centre's own where there is neither."""
    if handed.applicant_kind == "person":
        person_id = await contributions.person_by_document(
            document_type=handed.document_type, document_no=handed.document_no, using=tx
        )
        numbers = await contributions.account_nos_of(person_id=person_id, using=tx) if person_id else []
        if numbers:
            return (await contributions.account_of(account_no=numbers[0], using=tx)).office_code
        return CENTRE_OFFICE
    found: str | None = await tx.value("SELECT office_code FROM employer WHERE uscc = $1 LIMIT 1", handed.document_no)
    return found or CENTRE_OFFICE


def _told(handed: Handed) -> str:
    told: dict[str, Any] = {name: getattr(handed, name) for name in handed.__slots__}
    return canonical_json(told).decode()
