"""名单的登记、移出、放行与申诉答复: asked for by one member of staff, agreed to by another (`auth.approvals`).

What is done then is `domain.risk`; whom it is about stands sealed in the request."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import orjson

from auth import approvals
from auth.approvals import Approval
from domain import risk
from domain.kernel import vault
from domain.kernel.actor import Actor
from domain.kernel.database import Transaction
from domain.kernel.dates import business_date_of
from domain.kernel.digest import canonical_json, sm3_hex
from domain.kernel.identifiers import mask_id_document, mask_name
from domain.kernel.refusal import Refused
from domain.risk import Listing, RowResult
from domain.risk.refusals import FILE_NOTHING, REASON_LENGTH, TERM_MALFORMED


async def ask_listing(*, actor: Actor, listing: Listing, reason: str, now: datetime) -> Approval:
    """Asks that somebody be listed. Raises Refused with everything against it. `reason` is for the second person; what
    the listed person is told stands in the listing."""
    refusals = await risk.check_listing(listing=listing, business_date=business_date_of(now))
    if refusals:
        raise Refused(*refusals)
    return await approvals.ask(
        actor=actor,
        kind=LISTING,
        subject=f"risk:{listing.list}:{_digest(listing)}",
        payload={"list": listing.list, "sealed": _sealed(listing)},
        summary=f"将{mask_name(listing.name)}（{mask_id_document(listing.document_no)}）列入"
        f"{risk.lists()[listing.list].name}名单，事由：{listing.reason.strip()}",
        reason=reason,
        now=now,
    )


async def ask_file(
    *, actor: Actor, list_code: str, rows: Sequence[RowResult], file_name: str, reason: str, now: datetime
) -> Approval:
    """Asks that the good rows of a file be listed, all by one agreement. Raises Refused when there are none."""
    listings = [row.listing for row in rows if row.listing is not None]
    if not listings:
        raise Refused(FILE_NOTHING())
    sealed = [_sealed(listing) for listing in listings]
    return await approvals.ask(
        actor=actor,
        kind=FILE,
        subject=f"risk:{list_code}:{sm3_hex(''.join(_digest(one) for one in listings).encode())[:32]}",
        payload={"list": list_code, "sealed": sealed},
        summary=f"按文件“{file_name[:60]}”将{len(listings)}人列入{risk.lists()[list_code].name}名单",
        reason=reason,
        now=now,
    )


async def ask_removal(*, actor: Actor, entry_id: int, reason: str, now: datetime) -> Approval:
    """Asks that an entry be removed; `reason` is kept with it. Raises Refused."""
    found = await risk.entry_of(entry_id=entry_id, on=business_date_of(now))
    if not 4 <= len(reason.strip()) <= 200:
        raise Refused(REASON_LENGTH())
    return await approvals.ask(
        actor=actor,
        kind=REMOVAL,
        subject=f"risk:{entry_id}",
        payload={"entry_id": str(entry_id)},
        summary=f"将{found.name_masked}（{found.document_masked}）移出{found.list_name}名单",
        reason=reason,
        now=now,
    )


async def ask_clearing(*, actor: Actor, entry_id: int, until: date, reason: str, now: datetime) -> Approval:
    """Asks that agreed payments held by an entry go on until a day. Raises Refused."""
    found = await risk.entry_of(entry_id=entry_id, on=business_date_of(now))
    if not business_date_of(now) <= until <= found.until_on:
        raise Refused(TERM_MALFORMED.on("until", most=found.until_on.isoformat()))
    return await approvals.ask(
        actor=actor,
        kind=CLEARING,
        subject=f"risk:{entry_id}",
        payload={"entry_id": str(entry_id), "until": until.isoformat()},
        summary=f"对{found.name_masked}（{found.document_masked}）至{until.isoformat()}的约定提取支付予以放行",
        reason=reason,
        now=now,
    )


async def ask_answer(*, actor: Actor, appeal_id: int, grant: bool, answer: str, reason: str, now: datetime) -> Approval:
    """Asks that an appeal be answered so. Nobody who has listed the person takes part. Raises Refused."""
    found = await risk.check_answer(actors=(actor.reference,), appeal_id=appeal_id, answer=answer)
    entry = await risk.entry_of(entry_id=found.entry_id, on=business_date_of(now))
    word = "申诉成立，移出名单" if grant else "申诉不成立，维持记录"
    return await approvals.ask(
        actor=actor,
        kind=ANSWER,
        subject=f"appeal:{appeal_id}",
        payload={"appeal_id": str(appeal_id), "grant": grant, "answer": answer.strip()},
        summary=f"答复{entry.name_masked}（{entry.document_masked}）对{entry.list_name}记录的申诉：{word}",
        reason=reason,
        now=now,
    )


def _sealed(listing: Listing) -> str:
    said: dict[str, Any] = {name: getattr(listing, name) for name in Listing.__slots__}
    return vault.current().encrypt(canonical_json(said).decode()).hex()


def _opened(sealed: str) -> Listing:
    said = orjson.loads(vault.current().decrypt(bytes.fromhex(sealed)))
    days = {name: date.fromisoformat(said[name]) if said[name] else None for name in ("from_on", "until_on")}
    return Listing(**{**said, **days})


def _digest(listing: Listing) -> str:
    """One request about a person at a time, without the number in the clear."""
    return vault.current().blind_index(risk.document_text((listing.document_type, listing.document_no))).hex()[:32]


async def _list(tx: Transaction, found: Approval, actor: Actor, now: datetime) -> None:
    await risk.enter(
        tx, listing=_opened(found.payload["sealed"]), asked_by=f"staff:{found.requested_by}", actor=actor, now=now
    )


async def _list_file(tx: Transaction, found: Approval, actor: Actor, now: datetime) -> None:
    """All rows or none: what stands against one by now is told to the second person, who declines or waits."""
    for sealed in found.payload["sealed"]:
        await risk.enter(tx, listing=_opened(sealed), asked_by=f"staff:{found.requested_by}", actor=actor, now=now)


async def _remove(tx: Transaction, found: Approval, actor: Actor, now: datetime) -> None:
    await risk.remove(
        tx,
        entry_id=int(found.payload["entry_id"]),
        reason=found.reason,
        asked_by=f"staff:{found.requested_by}",
        actor=actor,
        now=now,
    )


async def _clear(tx: Transaction, found: Approval, actor: Actor, now: datetime) -> None:
    await risk.clear_payments(
        tx,
        entry_id=int(found.payload["entry_id"]),
        until=date.fromisoformat(found.payload["until"]),
        asked_by=f"staff:{found.requested_by}",
        actor=actor,
        now=now,
    )


async def _answer(tx: Transaction, found: Approval, actor: Actor, now: datetime) -> None:
    await risk.answer_appeal(
        tx,
        appeal_id=int(found.payload["appeal_id"]),
        grant=bool(found.payload["grant"]),
        answer=found.payload["answer"],
        asked_by=f"staff:{found.requested_by}",
        actor=actor,
        now=now,
    )


LISTING = approvals.declare("risk.listing", name="列入名单", ask="risk.propose", decide="risk.decide", apply=_list)
FILE = approvals.declare("risk.file", name="批量列入名单", ask="risk.propose", decide="risk.decide", apply=_list_file)
REMOVAL = approvals.declare("risk.removal", name="移出名单", ask="risk.propose", decide="risk.decide", apply=_remove)
CLEARING = approvals.declare(
    "risk.clearing", name="放行约定提取支付", ask="risk.propose", decide="risk.decide", apply=_clear
)
ANSWER = approvals.declare("risk.answer", name="答复名单申诉", ask="risk.propose", decide="risk.decide", apply=_answer)
