"""What the platform has to hear, as a queue of its own: once, in the order of the transfer, with its answer as proof.

A message is written in the transaction of what it tells of and its content never changes; the platform takes a number
once, so telling it again after a lost answer is safe. Messages of one transfer follow each other, those of different
transfers do not wait.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from domain.kernel import audit, database, vault
from domain.kernel.actor import SYSTEM, Actor
from domain.kernel.database import Record, Transaction, transaction
from domain.kernel.digest import canonical_json, sm3
from domain.kernel.identifiers import new_id
from domain.kernel.outgoing import Outgoing, has_it
from domain.kernel.refusal import Refused
from domain.transfers import store
from domain.transfers.ports import MessageKind, Telling, Told
from domain.transfers.refusals import NOT_FOUND, STEP_NOT_POSSIBLE

_QUEUE = Outgoing(table="transfer_message", key=("account_no", "message_id"), matter=("account_no", "transfer_id"))


@dataclass(frozen=True, slots=True, kw_only=True)
class DueTelling:
    """A message that is this process's to send for a minute."""

    account_no: int
    transfer_id: int
    message_id: int
    attempts: int
    telling: Telling


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageView:
    """A message without its content."""

    message_id: int
    kind: str
    kind_name: str
    state: str
    state_name: str
    attempts: int
    last_code: str | None
    last_message: str | None
    receipt_no: str | None
    created_at: datetime
    ended_at: datetime | None


KIND_NAMES = {
    "letter": "联系函（901）",
    "cancel": "撤销（903）",
    "progress": "进度通知（904）",
    "out_info": "转出信息（905）",
}
MESSAGE_STATE_NAMES = {"waiting": "待发送", "accepted": "平台已收", "rejected": "平台拒收"}


async def queue(tx: Transaction, *, row: Record, kind: MessageKind, body: dict[str, Any], now: datetime) -> int:
    """Adds a message behind those of the transfer, whose row is locked by the caller."""
    message_id = new_id()
    content = canonical_json(body)
    await tx.execute(
        "INSERT INTO transfer_message (account_no, message_id, transfer_id, seq, kind, body_cipher, digest, created_at,"
        " due_at) SELECT $1, $2, $3, coalesce(max(seq), 0) + 1, $4, $5, $6, $7, $7 FROM transfer_message"
        " WHERE account_no = $1 AND transfer_id = $3",
        row["account_no"],
        message_id,
        row["transfer_id"],
        kind,
        vault.current().encrypt(content.decode()),
        sm3(content),
        now,
    )
    return message_id


async def claim_due(*, now: datetime, most: int) -> list[DueTelling]:
    """Messages whose turn it is, the oldest first; nobody else gets them until the lease ends."""
    rows = await _QUEUE.claim_due(now=now, most=most)
    due = []
    for row in rows:
        transfer = await store.row_of(account_no=row["account_no"], transfer_id=row["transfer_id"])
        due.append(
            DueTelling(
                account_no=row["account_no"],
                transfer_id=row["transfer_id"],
                message_id=row["message_id"],
                attempts=row["attempts"],
                telling=Telling(
                    number=str(row["message_id"]),
                    kind=row["kind"],
                    other_centre=transfer["other_centre"],
                    body=orjson.loads(vault.current().decrypt(row["body_cipher"])),
                ),
            )
        )
    return due


async def record_answer(*, due: DueTelling, told: Told, now: datetime) -> bool:
    """Keeps what the platform said, and what that means for the transfer. True once the platform has the message; a
    rejected one waits for people, an unknown one is told again after a pause."""
    key = (due.account_no, due.message_id)
    if told.status == "unknown":
        await _QUEUE.put_off(key=key, attempts=due.attempts, answer=told, now=now)
        return False
    accepted = has_it(told)
    async with transaction() as tx:
        row = await store.locked(tx, account_no=due.account_no, transfer_id=due.transfer_id)
        if not await _QUEUE.end(key=key, answer=told, now=now, using=tx):
            return accepted
        if due.telling.kind == "cancel":
            await _cancel_answered(tx, row=row, accepted=accepted, told=told, now=now)
        elif not accepted:
            said = f"平台拒收{KIND_NAMES[due.telling.kind]}：{told.message}"
            row = await store.note_event(tx, row=row, action="message_rejected", actor=SYSTEM, note=said, now=now)
            await store.change(tx, row=row, trouble=said[:200])
            await audit.record(
                tx,
                actor=SYSTEM,
                action="transfer.message_rejected",
                subject=f"transfer:{row['transfer_no']}",
                now=now,
                outcome="failed",
                detail={"kind": due.telling.kind, "code": told.code},
            )
    return accepted


async def send_again(*, actor: Actor, account_no: int, message_id: int, now: datetime) -> None:
    """A rejected message goes once more under its number, after staff have seen to the cause; the caller has checked
    the right. Raises Refused for one that was not rejected."""
    async with transaction() as tx:
        place = await tx.row(
            "SELECT transfer_id, kind FROM transfer_message WHERE account_no = $1 AND message_id = $2",
            account_no,
            message_id,
        )
        if place is None:
            raise Refused(NOT_FOUND())
        row = await store.locked(tx, account_no=account_no, transfer_id=place["transfer_id"])
        moved = await tx.execute(
            "UPDATE transfer_message SET state = 'waiting', due_at = $3, ended_at = NULL, attempts = 0"
            " WHERE account_no = $1 AND message_id = $2 AND state = 'rejected'",
            account_no,
            message_id,
            now,
        )
        if not moved.endswith(" 1"):
            raise Refused(STEP_NOT_POSSIBLE(state="平台已收或待发送", action="重新发送报文"))
        await store.note_event(tx, row=row, action="sent_again", actor=actor, note=KIND_NAMES[place["kind"]], now=now)
        await store.change(tx, row=row, trouble=None)


async def messages_of(*, account_no: int, transfer_id: int) -> list[MessageView]:
    rows = await database.rows(
        "SELECT * FROM transfer_message WHERE account_no = $1 AND transfer_id = $2 ORDER BY seq",
        account_no,
        transfer_id,
    )
    return [
        MessageView(
            message_id=row["message_id"],
            kind=row["kind"],
            kind_name=KIND_NAMES[row["kind"]],
            state=row["state"],
            state_name=MESSAGE_STATE_NAMES[row["state"]],
            attempts=row["attempts"],
            last_code=row["last_code"],
            last_message=row["last_message"],
            receipt_no=row["receipt_no"],
            created_at=row["created_at"],
            ended_at=row["ended_at"],
        )
        for row in rows
    ]


async def _cancel_answered(tx: Transaction, *, row: Record, accepted: bool, told: Told, now: datetime) -> None:
    """903 is taken while the letter is in state 01 only: the platform knows, we may not yet."""
    if accepted and row["state"] == "01":
        await store.move(tx, row=row, action="cancelled", actor=SYSTEM, note="平台已确认撤销", now=now)
        return
    row = await store.change(tx, row=row, cancel_asked_at=None)
    if row["ended_at"] is None:
        await store.note_event(
            tx, row=row, action="cancel_refused", actor=SYSTEM, note=told.message or "联系函已被接收", now=now
        )
