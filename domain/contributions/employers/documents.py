"""Papers of an employer's matter: kept sealed, known by their digest, of a kind that is what it says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from domain import policy
from domain.contributions.refusals import DOCUMENT_KIND, DOCUMENT_SIZE, DOCUMENT_TYPE
from domain.kernel import files, vault
from domain.kernel.actor import Actor
from domain.kernel.database import Transaction
from domain.kernel.digest import sm3_hex
from domain.kernel.identifiers import new_id
from domain.kernel.refusal import Refusal, Refused

DOCUMENT_KINDS = {
    "superior_approval": "上级部门批准文件",
    "bankruptcy_ruling": "法院破产裁定",
    "company_resolution": "公司决议",
    "union_resolution": "职工代表大会或工会决议",
    "licence": "营业执照或登记证书",
    "application": "申请表",
    "other": "其他材料",
}
CLOSURE_KINDS = ("superior_approval", "bankruptcy_ruling", "company_resolution", "other")
"""One of them closes an employer (R01.8)."""
_TAKEN = ("application/pdf", "image/jpeg", "image/png")


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenDocument:
    kind: str
    name: str
    content: bytes

    def __repr__(self) -> str:
        return f"GivenDocument({self.kind}, {len(self.content)} bytes)"


def media_type_of(content: bytes) -> str:
    """By what the file is. Raises Refused for anything but PDF, JPEG and PNG."""
    found = files.media_type_of(content)
    if found not in _TAKEN:
        raise Refused(DOCUMENT_TYPE())
    return found


def check_documents(documents: Sequence[GivenDocument], *, business_date: date) -> None:
    """Raises Refused for a kind, size or type that is not taken."""
    most = policy.on(business_date).number("collection.document_megabytes_max")
    for one in documents:
        if one.kind not in DOCUMENT_KINDS:
            raise Refused(DOCUMENT_KIND())
        if not 0 < len(one.content) <= most * 1024 * 1024:
            raise Refused(DOCUMENT_SIZE(most=most))
        media_type_of(one.content)


def check_paper(content: bytes, *, business_date: date) -> list[Refusal]:
    """What is wrong with the file of an order; one that is missing is said by its own refusal."""
    most = policy.on(business_date).number("collection.document_megabytes_max")
    if len(content) > most * 1024 * 1024:
        return [DOCUMENT_SIZE.on("paper", most=most)]
    if content and files.media_type_of(content) not in _TAKEN:
        return [DOCUMENT_TYPE.on("paper")]
    return []


async def keep_documents(
    tx: Transaction,
    *,
    actor: Actor,
    employer_no: int,
    matter_id: int,
    documents: Sequence[GivenDocument],
    now: datetime,
) -> None:
    sealed = vault.current()
    for one in documents:
        await tx.execute(
            "INSERT INTO employer_document (employer_no, document_id, matter_id, kind, name, media_type, size_bytes,"
            " digest, content_cipher, added_by, added_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            employer_no,
            new_id(),
            matter_id,
            one.kind,
            one.name[-100:],
            media_type_of(one.content),
            len(one.content),
            sm3_hex(one.content),
            sealed.encrypt_file(one.content),
            actor.reference,
            now,
        )
