"""财务档案 (R14.5): papers scanned and filed, found by system module and collection point, opened with a trace.

A filed paper is the bytes that were scanned, encrypted, with their SM3; it never changes. One that was filed by mistake
is struck out with a reason and stays to be seen. Rights are the caller's matter.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from domain.archives.refusals import (
    FILED_EMPTY,
    FILED_KIND,
    FILED_MALFORMED,
    FILED_REASON,
    FILED_STRUCK,
    FILED_TOO_LARGE,
    FILED_UNKNOWN,
)
from domain.kernel import audit, database, files, vault
from domain.kernel.actor import Actor
from domain.kernel.database import Record, Transaction, transaction
from domain.kernel.digest import sm3_hex
from domain.kernel.identifiers import new_id
from domain.kernel.paging import Page, check_first, cut, decode_cursor
from domain.kernel.refusal import CURSOR_MALFORMED, Refused

SCAN_BYTES_MAX = 10 * 1024 * 1024
PAGES_MAX = 500
NAME_LENGTH_MAX = 200
REFERENCE_LENGTH_MAX = 80


class Module(StrEnum):
    """System modules (系统模块) that papers are filed under."""

    RECEIPT = "receipt"
    VOUCHER = "voucher"
    ACCOUNT = "account"
    STATEMENT = "statement"
    REPORT = "report"


MODULE_NAMES = {
    Module.RECEIPT: "到账单据",
    Module.VOUCHER: "会计凭证",
    Module.ACCOUNT: "专户资料",
    Module.STATEMENT: "银行对账单",
    Module.REPORT: "财务报表",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """A paper as it was scanned. `about_on`: the day it is about."""

    content: bytes
    name: str
    pages: int
    about_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class FiledPaper:
    filed_id: int
    module: Module
    reference: str
    office_code: str
    about_on: date
    name: str
    media_type: str
    pages: int
    size_bytes: int
    digest: str
    filed_by_name: str
    filed_at: datetime
    struck_by_name: str | None
    struck_at: datetime | None
    struck_reason: str | None

    @property
    def module_name(self) -> str:
        return MODULE_NAMES[self.module]


@dataclass(frozen=True, slots=True, kw_only=True)
class FiledFilters:
    """`offices`: the collection points (归集点) to look in; None is all."""

    module: Module | None = None
    reference: str | None = None
    office_code: str | None = None
    since: date | None = None
    until: date | None = None
    offices: tuple[str, ...] | None = None


def media_type_of(content: bytes) -> str:
    """What the file is. Raises Refused for anything but PDF, JPEG, PNG and TIFF, and for too much of it."""
    if not content:
        raise Refused(FILED_EMPTY())
    if len(content) > SCAN_BYTES_MAX:
        raise Refused(FILED_TOO_LARGE(most=SCAN_BYTES_MAX // 1024 // 1024))
    found = files.media_type_of(content)
    if found is None:
        raise Refused(FILED_KIND())
    return found


async def file_paper(
    tx: Transaction, *, actor: Actor, module: Module, reference: str, office_code: str, scan: Scan, now: datetime
) -> int:
    """Files a scan and returns its number; the same bytes for the same thing again give the number they have. That
    `reference` names something is the caller's matter. Raises Refused."""
    media_type = media_type_of(scan.content)
    name = scan.name.strip()
    named = 1 <= len(name) <= NAME_LENGTH_MAX and name.isprintable()
    referred = 1 <= len(reference) <= REFERENCE_LENGTH_MAX and reference.isprintable()
    if not named or not referred or not 1 <= scan.pages <= PAGES_MAX:
        raise Refused(FILED_MALFORMED(most=PAGES_MAX))
    digest, filed_id = sm3_hex(scan.content), new_id()
    inserted: int | None = await tx.value(
        _INSERT,
        filed_id,
        module.value,
        reference,
        office_code,
        scan.about_on,
        name,
        media_type,
        scan.pages,
        len(scan.content),
        digest,
        vault.current().encrypt_file(scan.content),
        actor.reference,
        actor.name,
        now,
    )
    if inserted is None:
        standing: int = await tx.value(_STANDING, module.value, reference, digest)
        return standing
    await audit.record(
        tx,
        actor=actor,
        action="archive.filed",
        subject=f"archive:{filed_id}",
        detail={"module": module.value, "reference": reference, "digest": digest, "pages": scan.pages},
        now=now,
    )
    return filed_id


async def strike_out(
    *, actor: Actor, filed_id: int, offices: tuple[str, ...] | None, reason: str, now: datetime
) -> None:
    """Marks a paper that was filed by mistake; it stays to be seen. Again changes nothing. Raises Refused for a short
    reason and for one that is not there or not of these offices."""
    reason = reason.strip()
    if not 4 <= len(reason) <= 200 or not reason.isprintable():
        raise Refused(FILED_REASON())
    async with transaction() as tx:
        row = await tx.row("SELECT struck_at, office_code FROM filed_paper WHERE filed_id = $1 FOR UPDATE", filed_id)
        if row is None or (offices is not None and row["office_code"] not in offices):
            raise Refused(FILED_UNKNOWN())
        if row["struck_at"] is not None:
            return
        await tx.execute(
            "UPDATE filed_paper SET struck_by = $2, struck_by_name = $3, struck_at = $4, struck_reason = $5"
            " WHERE filed_id = $1",
            filed_id,
            actor.reference,
            actor.name,
            now,
            reason,
        )
        await audit.record(
            tx, actor=actor, action="archive.struck", subject=f"archive:{filed_id}", detail={"reason": reason}, now=now
        )


async def filed(*, filters: FiledFilters, first: int, after: str | None = None) -> Page[FiledPaper]:
    """Newest day first, struck ones among them. Raises Refused for a malformed cursor."""
    limit = check_first(first)
    cursor = decode_cursor(after, shape=(str, int))
    try:
        before = (date.fromisoformat(str(cursor[0])), int(cursor[1])) if cursor else (None, None)
    except ValueError:
        raise Refused(CURSOR_MALFORMED()) from None
    wanted = (
        filters.module and filters.module.value,
        filters.reference,
        filters.office_code,
        filters.since,
        filters.until,
        None if filters.offices is None else list(filters.offices),
    )
    rows = await database.rows(f"{_FILED}{_PAGE}", *wanted, *before, limit + 1)
    total: int = await database.value(f"SELECT count(*) FROM ({_FILED}) f", *wanted)
    return cut(
        rows=[_view(row) for row in rows],
        first=limit,
        total=total,
        key=lambda one: [one.about_on.isoformat(), one.filed_id],
    )


async def filed_under(*, module: Module, reference: str) -> list[FiledPaper]:
    """All of one thing, as they were filed."""
    rows = await database.rows(
        f"SELECT {_COLUMNS} FROM filed_paper WHERE module = $1 AND reference = $2 ORDER BY filed_id",
        module.value,
        reference,
    )
    return [_view(row) for row in rows]


async def open_filed(
    *, actor: Actor, filed_id: int, offices: tuple[str, ...] | None, now: datetime
) -> tuple[FiledPaper, bytes]:
    """The paper and its bytes, proved by their digest; each opening is an event. Raises Refused for one that is not
    there or not of these offices, and for one that was struck out."""
    row = await database.row(f"SELECT {_COLUMNS}, content_cipher FROM filed_paper WHERE filed_id = $1", filed_id)
    if row is None or (offices is not None and row["office_code"] not in offices):
        raise Refused(FILED_UNKNOWN())
    paper = _view(row)
    if paper.struck_at is not None:
        raise Refused(FILED_STRUCK(reason=paper.struck_reason))
    content = vault.current().decrypt_file(row["content_cipher"])
    assert sm3_hex(content) == paper.digest, f"filed paper {filed_id} is not what was scanned"
    await audit.record(None, actor=actor, action="archive.opened", subject=f"archive:{filed_id}", now=now)
    return paper, content


def _view(row: Record) -> FiledPaper:
    values = {name: row[name] for name in _COLUMNS.split(", ")}
    return FiledPaper(**{**values, "module": Module(row["module"])})


_COLUMNS = (
    "filed_id, module, reference, office_code, about_on, name, media_type, pages, size_bytes, digest, filed_by_name,"
    " filed_at, struck_by_name, struck_at, struck_reason"
)

_INSERT = """
INSERT INTO filed_paper (filed_id, module, reference, office_code, about_on, name, media_type, pages, size_bytes,
                         digest, content_cipher, filed_by, filed_by_name, filed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
ON CONFLICT (module, reference, digest) WHERE struck_at IS NULL DO NOTHING RETURNING filed_id
"""
_STANDING = """
SELECT filed_id FROM filed_paper WHERE module = $1 AND reference = $2 AND digest = $3 AND struck_at IS NULL
"""

_FILED = f"""
SELECT {_COLUMNS} FROM filed_paper
WHERE ($1::text IS NULL OR module = $1) AND ($2::text IS NULL OR reference = $2)
  AND ($3::text IS NULL OR office_code = $3) AND ($4::date IS NULL OR about_on >= $4)
  AND ($5::date IS NULL OR about_on <= $5) AND ($6::text[] IS NULL OR office_code = ANY ($6))
"""
_PAGE = """
AND ($7::date IS NULL OR (about_on, filed_id) < ($7, $8::bigint)) ORDER BY about_on DESC, filed_id DESC LIMIT $9
"""
