"""Rows of transfers: read, moved along their flow, and what is written beside each step.

Whoever changes a transfer locks the account's row first, then the transfer's: `locked` does both.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from domain import cases
from domain.cases import Flow
from domain.kernel import audit, database, outbox, vault
from domain.kernel.actor import Actor
from domain.kernel.database import Executor, Record, Transaction
from domain.kernel.identifiers import mask_id_document, mask_name
from domain.kernel.money import Money
from domain.kernel.refusal import Refused
from domain.transfers.events import TRANSFER_CHANGED
from domain.transfers.machine import DIRECTION_NAMES, LATEST, flow_of
from domain.transfers.refusals import NOT_FOUND, STEP_NOT_POSSIBLE

ITEM_CODE, MATTER = "C14", "account_transfer"
"""The service item, and what excludes other matters of the account (`domain/cases/conflicts.yaml`)."""
CANCELLED = "05"
REASON_LENGTH_MIN, REASON_LENGTH_MAX = 4, 200
MONEY_NAMES = {
    "none": "未划转",
    "expected": "待到账",
    "arrived": "已到账未入账",
    "posted": "已入账",
    "ordered": "划款中",
    "left": "已划出",
    "returned": "银行退回",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferView:
    """A transfer as the citizen and staff see it: numbers of persons masked."""

    account_no: int
    transfer_id: int
    transfer_no: str
    direction: str
    letter_no: str | None
    other_centre: str
    other_centre_name: str
    person_id: int | None
    name_masked: str
    document_masked: str
    other_account_masked: str
    office_code: str
    channel: str
    flow_version: int
    state: str
    info: dict[str, Any] | None
    amount: Money | None
    money: str
    negotiated: bool
    cancel_asked_at: datetime | None
    trouble: str | None
    explanation: list[dict[str, str]]
    applied_at: datetime
    due_on: date
    ended_at: datetime | None

    @property
    def flow(self) -> Flow:
        return flow_of(direction=self.direction, version=self.flow_version)

    @property
    def state_name(self) -> str:
        return self.flow.state(self.state).name

    @property
    def direction_name(self) -> str:
        return DIRECTION_NAMES[self.direction]

    @property
    def money_name(self) -> str:
        return MONEY_NAMES[self.money]

    @property
    def state_explanation(self) -> str:
        if self.cancel_asked_at is not None and self.ended_at is None:
            return "撤销申请已提交，正在等待平台确认。"
        return self.flow.state(self.state).explanation


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferEvent:
    seq: int
    at: datetime
    actor_name: str
    action: str
    action_name: str
    from_state: str | None
    to_state: str
    to_state_name: str
    note: str | None


def was_served(view: TransferView) -> bool:
    """Whether the centres have ended it for somebody whom we know, whatever the result: then it may be evaluated."""
    return view.ended_at is not None and view.state != CANCELLED and view.account_no > 0 and view.person_id is not None


def view_of(row: Record) -> TransferView:
    amount = row["amount_fen"]
    return TransferView(**{name: row[name] for name in _COPIED}, amount=None if amount is None else Money(amount))


_COPIED = tuple(name for name in TransferView.__slots__ if name != "amount")


async def place_of(
    *, letter_no: str | None = None, transfer_no: str | None = None, using: Executor = database.pool
) -> tuple[int, int] | None:
    """(account, transfer) by the letter's number or ours: the first step of the two-step look-up."""
    table, column, value = (
        ("transfer_letter", "letter_no", letter_no) if letter_no else ("transfer_no_lookup", "transfer_no", transfer_no)
    )
    row = await using.row(f"SELECT account_no, transfer_id FROM {table} WHERE {column} = $1", value)
    return None if row is None else (row["account_no"], row["transfer_id"])


async def row_of(*, account_no: int, transfer_id: int, using: Executor = database.pool) -> Record:
    row = await using.row(
        "SELECT * FROM account_transfer WHERE account_no = $1 AND transfer_id = $2", account_no, transfer_id
    )
    assert row is not None, f"transfer {transfer_id} is unknown"
    return row


async def locked(tx: Transaction, *, account_no: int, transfer_id: int) -> Record:
    """The transfer as it stands, its account and itself locked until the transaction ends."""
    await tx.row("SELECT 1 FROM account WHERE account_no = $1 FOR UPDATE", account_no)
    row = await tx.row(
        "SELECT * FROM account_transfer WHERE account_no = $1 AND transfer_id = $2 FOR UPDATE", account_no, transfer_id
    )
    if row is None:
        raise Refused(NOT_FOUND())
    return row


async def open_transfer(tx: Transaction, *, columns: dict[str, Any], actor: Actor, now: datetime) -> Record:
    """Writes a new transfer with its numbers and first event."""
    direction = columns["direction"]
    flow = flow_of(direction=direction)
    values = {**columns, "flow_version": LATEST[direction], "state": flow.initial, "applied_at": now}
    names = list(values)
    row = await tx.row(
        f"INSERT INTO account_transfer ({', '.join(names)})"
        f" VALUES ({', '.join(f'${place}' for place in range(1, len(names) + 1))}) RETURNING *",
        *values.values(),
    )
    assert row is not None
    await tx.execute(
        "INSERT INTO transfer_no_lookup (transfer_no, account_no, transfer_id) VALUES ($1, $2, $3)",
        row["transfer_no"],
        row["account_no"],
        row["transfer_id"],
    )
    if row["account_no"]:
        await cases.begin_matter(
            tx, account_no=row["account_no"], matter=MATTER, reference_no=row["transfer_no"],
            office_code=row["office_code"], now=now,
        )  # fmt: skip
    await _write(tx, row=row, seq=1, actor=actor, action=flow.start, before=None, note=None, now=now)
    return row


async def move(
    tx: Transaction, *, row: Record, action: str, actor: Actor, now: datetime, note: str | None = None, **changes: Any
) -> Record:
    """Takes one step of the flow with the row locked; `changes` are columns. Raises Refused when the flow knows no
    such step from here."""
    flow = flow_of(direction=row["direction"], version=row["flow_version"])
    if not flow.allows(row["state"], action):
        raise Refused(STEP_NOT_POSSIBLE(state=flow.state(row["state"]).name, action=flow.transition(action).name))
    target = flow.next(row["state"], action)
    if flow.is_terminal(target):
        changes = {**changes, "ended_at": now, "cancel_asked_at": None}
        if row["account_no"]:
            await cases.end_matter(
                tx, account_no=row["account_no"], matter=MATTER, reference_no=row["transfer_no"], now=now
            )
        if target != CANCELLED and row["account_no"] and row["person_id"] is not None:
            await _served(tx, row=row, actor=actor, now=now)
    changed = await change(tx, row=row, state=target, revision=row["revision"] + 1, **changes)
    await _write(
        tx, row=changed, seq=row["revision"] + 1, actor=actor, action=action, before=row["state"], note=note, now=now
    )
    return changed


async def _served(tx: Transaction, *, row: Record, actor: Actor, now: datetime) -> None:
    """A transfer that the centres have ended, whatever the result, may be evaluated (好差评)."""
    await cases.note_served(
        tx,
        matter=cases.ServedMatter(
            account_no=row["account_no"],
            case_id=row["transfer_id"],
            case_no=row["transfer_no"],
            item_code=ITEM_CODE,
            item=MATTER,
            person_id=row["person_id"],
            applicant_masked=row["name_masked"],
            office_code=row["office_code"],
            submitted_at=row["applied_at"],
            ended_at=now,
        ),
        doers=[actor.reference, *(await doers_of(row=row, using=tx)).values()],
    )


async def note_event(tx: Transaction, *, row: Record, action: str, actor: Actor, note: str, now: datetime) -> Record:
    """Something that was said or happened and leaves the state as it is."""
    changed = await change(tx, row=row, revision=row["revision"] + 1)
    await tx.execute(
        _EVENT, row["account_no"], row["transfer_id"], row["revision"] + 1, now, actor.reference, actor.name, action,
        row["state"], row["state"], note[:500],
    )  # fmt: skip
    return changed


async def change(tx: Transaction, *, row: Record, **changes: Any) -> Record:
    """Columns of a transfer, with its row locked."""
    names = list(changes)
    changed = await tx.row(
        f"UPDATE account_transfer SET {', '.join(f'{name} = ${place}' for place, name in enumerate(names, start=3))}"
        " WHERE account_no = $1 AND transfer_id = $2 RETURNING *",
        row["account_no"],
        row["transfer_id"],
        *changes.values(),
    )
    assert changed is not None
    return changed


async def doers_of(*, row: Record, using: Executor = database.pool) -> dict[str, str]:
    """Who did what last, by action: for steps that two persons take."""
    rows = await using.rows(
        "SELECT action, actor FROM transfer_event WHERE account_no = $1 AND transfer_id = $2 ORDER BY seq",
        row["account_no"],
        row["transfer_id"],
    )
    return {one["action"]: one["actor"] for one in rows}


async def events_of(*, view: TransferView, using: Executor = database.pool) -> list[TransferEvent]:
    rows = await using.rows(
        "SELECT * FROM transfer_event WHERE account_no = $1 AND transfer_id = $2 ORDER BY seq",
        view.account_no,
        view.transfer_id,
    )
    flow = view.flow
    return [
        TransferEvent(
            seq=row["seq"],
            at=row["at"],
            actor_name=row["actor_name"],
            action=row["action"],
            action_name=NOTE_NAMES.get(row["action"]) or flow.transition(row["action"]).name,
            from_state=row["from_state"],
            to_state=row["to_state"],
            to_state_name=flow.state(row["to_state"]).name,
            note=row["note"],
        )
        for row in rows
    ]


NOTE_NAMES = {
    "answered": "职工答复",
    "cancel_asked": "申请撤销联系函",
    "cancel_refused": "平台未同意撤销",
    "cancel_late": "撤销到达时款项已划出",
    "paid_out": "款项已划出",
    "money_arrived": "款项到账",
    "money_unposted": "款项未能入账",
    "message_rejected": "平台拒收报文",
    "said": "协商",
    "sent_again": "重新发送报文",
    "progress": "平台进度",
}


def sealed_person(*, name: str, document_type: str, document_no: str) -> dict[str, Any]:
    """The columns that name the person, encrypted, with their masks."""
    key = vault.current()
    return {
        "name_cipher": key.encrypt(name),
        "name_masked": mask_name(name),
        "document_type": document_type,
        "document_cipher": key.encrypt(document_no),
        "document_masked": mask_id_document(document_no),
    }


_EVENT = (
    "INSERT INTO transfer_event (account_no, transfer_id, seq, at, actor, actor_name, action, from_state, to_state,"
    " note) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
)


async def _write(
    tx: Transaction,
    *,
    row: Record,
    seq: int,
    actor: Actor,
    action: str,
    before: str | None,
    note: str | None,
    now: datetime,
) -> None:
    await tx.execute(
        _EVENT, row["account_no"], row["transfer_id"], seq, now, actor.reference, actor.name, action, before,
        row["state"], None if note is None else note[:500],
    )  # fmt: skip
    await audit.record(
        tx,
        actor=actor,
        action="transfer.moved",
        subject=f"transfer:{row['transfer_no']}",
        now=now,
        detail={"action": action, "state": row["state"], "letter_no": row["letter_no"] or ""},
    )
    await outbox.emit(
        tx,
        account_no=row["account_no"],
        kind=TRANSFER_CHANGED,
        payload={
            "transfer_no": row["transfer_no"],
            "transfer_id": str(row["transfer_id"]),
            "direction": row["direction"],
            "action": action,
            "state": row["state"],
        },
        now=now,
    )
