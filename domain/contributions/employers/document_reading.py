"""Papers that came with a matter or an order, opened by whoever decides; each look is an event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.contributions.employers.documents import DOCUMENT_KINDS
from domain.contributions.employers.standing import COUNTER_ROLES, require_employer
from domain.contributions.refusals import DOCUMENT_UNKNOWN
from domain.kernel import audit, database, vault
from domain.kernel.actor import Actor
from domain.kernel.database import Record
from domain.kernel.digest import sm3_hex
from domain.kernel.refusal import NOT_PERMITTED, Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentView:
    document_id: int
    kind_name: str
    name: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedDocument:
    name: str
    media_type: str
    content: bytes

    def __repr__(self) -> str:
        return f"OpenedDocument({self.media_type}, {len(self.content)} bytes)"


async def documents_of_matters(*, actor: Actor, matters: Sequence[str]) -> dict[str, list[DocumentView]]:
    """By the matter's number; those of other departments have none here. Raises Refused for who decides nothing."""
    if not actor.has_role(*COUNTER_ROLES):
        raise Refused(NOT_PERMITTED())
    rows = await database.rows(
        "SELECT m.matter_no, d.document_id, d.kind, d.name, d.size_bytes FROM employer_matter m"
        " JOIN employer_document d ON d.employer_no = m.employer_no AND d.matter_id = m.matter_id"
        " WHERE m.matter_no = ANY ($1) AND (cardinality($2::text[]) = 0 OR m.office_code = ANY ($2))"
        " ORDER BY d.document_id",
        list(matters),
        sorted(actor.office_codes),
    )
    found: dict[str, list[DocumentView]] = {}
    for row in rows:
        view = DocumentView(
            document_id=row["document_id"],
            kind_name=DOCUMENT_KINDS[row["kind"]],
            name=row["name"],
            size_bytes=row["size_bytes"],
        )
        found.setdefault(row["matter_no"], []).append(view)
    return found


async def open_document(*, actor: Actor, employer_no: int, document_id: int, now: datetime) -> OpenedDocument:
    """Raises Refused."""
    if not actor.has_role(*COUNTER_ROLES):
        raise Refused(NOT_PERMITTED())
    office = await database.value("SELECT office_code FROM employer WHERE employer_no = $1", employer_no)
    require_employer(actor, employer_no=employer_no, office_code=office or "", scope="queries")
    row = await database.row(
        "SELECT name, media_type, digest, content_cipher FROM employer_document WHERE employer_no = $1"
        " AND document_id = $2",
        employer_no,
        document_id,
    )
    if row is None:
        raise Refused(DOCUMENT_UNKNOWN())
    opened = _opened(row)
    await audit.record(
        None, actor=actor, action="document.opened", subject=f"employer:{employer_no}", now=now,
        detail={"document_no": str(document_id)},
    )  # fmt: skip
    return opened


def _opened(row: Record) -> OpenedDocument:
    content = vault.current().decrypt_file(row["content_cipher"])
    assert sm3_hex(content) == row["digest"], "a document is not what was handed in"
    return OpenedDocument(name=row["name"], media_type=row["media_type"], content=content)
