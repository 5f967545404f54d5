"""申诉: made by the person on any channel or taken at the desk, answered by two members of staff who did not list the
person. The entry stays in force meanwhile; a granted appeal takes it off the list."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from domain import policy
from domain.kernel import audit, database, idempotency, outbox, vault
from domain.kernel.actor import Actor
from domain.kernel.database import Executor, Record, Transaction, transaction
from domain.kernel.dates import business_date_of
from domain.kernel.identifiers import new_id
from domain.kernel.refusal import Refused
from domain.risk.entries import lock_in_force, remove
from domain.risk.events import APPEAL_ANSWERED
from domain.risk.refusals import (
    ANSWER_LENGTH,
    APPEAL_LENGTH,
    APPEAL_NOT_FOUND,
    APPEAL_OWN,
    APPEAL_WAITING,
    ENTRY_NOT_FOUND,
)
from domain.risk.rules import ANSWER_LENGTH_MAX, APPEAL_LENGTH_MAX, APPEAL_LENGTH_MIN, said
from domain.risk.standing import Document, indexes_of

STATE_NAMES = {"waiting": "处理中", "granted": "申诉成立，已移出名单", "rejected": "申诉不成立", "withdrawn": "已撤回"}
LOCK = 0
"""Appeals belong to no account: request keys of theirs stand under this number, as the centre's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppealView:
    """`statement` is the person's own words: for the person and for who answers."""

    appeal_id: int
    entry_id: int
    state: str
    state_name: str
    statement: str
    channel: str
    made_by: str
    made_at: datetime
    due_on: date
    decided_at: datetime | None
    answer: str | None

    def __repr__(self) -> str:
        return f"AppealView({self.appeal_id} {self.state})"


async def appeal(
    *,
    actor: Actor,
    entry_id: int,
    document: Document | None,
    statement: str,
    request_key: str,
    now: datetime,
) -> AppealView:
    """An appeal against an entry in force. `document` is the caller's own; None for staff, who take it at the desk.
    Another person's entry is refused as one that does not exist. One at a time."""
    business_date = business_date_of(now)
    due_on = policy.plus_working_days(business_date, days=policy.on(business_date).number("risk.appeal_working_days"))
    async with transaction() as tx:
        given = {"entry": str(entry_id), "statement": statement}
        done = await idempotency.begin(
            tx,
            actor=actor,
            account_no=LOCK,
            request_key=request_key,
            operation="appeal_risk_entry",
            given=given,
            now=now,
        )
        if done is not None:
            return await appeal_of(appeal_id=int(done["appeal_id"]), using=tx)
        await _require_own(tx, entry_id=entry_id, document=document)
        await lock_in_force(tx, entry_id=entry_id, business_date=business_date)
        if not said(statement, least=APPEAL_LENGTH_MIN, most=APPEAL_LENGTH_MAX):
            raise Refused(APPEAL_LENGTH())
        waiting = await tx.value("SELECT due_on FROM risk_appeal WHERE entry_id = $1 AND state = 'waiting'", entry_id)
        if waiting is not None:
            raise Refused(APPEAL_WAITING(due=waiting.isoformat()))
        appeal_id = new_id()
        await tx.execute(
            "INSERT INTO risk_appeal (appeal_id, entry_id, state, statement_cipher, made_by, channel, made_at, due_on)"
            " VALUES ($1, $2, 'waiting', $3, $4, $5, $6, $7)",
            appeal_id,
            entry_id,
            vault.current().encrypt(statement.strip()),
            actor.reference,
            actor.channel,
            now,
            due_on,
        )
        await audit.record(
            tx,
            actor=actor,
            action="risk.appealed",
            subject=f"risk:{entry_id}",
            now=now,
            detail={"appeal": str(appeal_id)},
        )
        await idempotency.finish(
            tx, actor=actor, account_no=LOCK, request_key=request_key, result={"appeal_id": str(appeal_id)}
        )
        return await appeal_of(appeal_id=appeal_id, using=tx)


async def withdraw_appeal(
    *, actor: Actor, entry_id: int, document: Document | None, request_key: str, now: datetime
) -> AppealView:
    """The waiting appeal against an entry is taken back; another may follow. Raises Refused."""
    async with transaction() as tx:
        done = await idempotency.begin(
            tx,
            actor=actor,
            account_no=LOCK,
            request_key=request_key,
            operation="withdraw_risk_appeal",
            given={"entry": str(entry_id)},
            now=now,
        )
        if done is not None:
            return await appeal_of(appeal_id=int(done["appeal_id"]), using=tx)
        await _require_own(tx, entry_id=entry_id, document=document)
        appeal_id = await tx.value(
            "UPDATE risk_appeal SET state = 'withdrawn', decided_at = $2 WHERE entry_id = $1 AND state = 'waiting'"
            " RETURNING appeal_id",
            entry_id,
            now,
        )
        if appeal_id is None:
            raise Refused(APPEAL_NOT_FOUND())
        await audit.record(
            tx, actor=actor, action="risk.appeal_withdrawn", subject=f"risk:{entry_id}", now=now,
            detail={"appeal": str(appeal_id)},
        )  # fmt: skip
        await idempotency.finish(
            tx, actor=actor, account_no=LOCK, request_key=request_key, result={"appeal_id": str(appeal_id)}
        )
        return await appeal_of(appeal_id=appeal_id, using=tx)


async def check_answer(
    *, actors: tuple[str, ...], appeal_id: int, answer: str, using: Executor = database.pool
) -> AppealView:
    """What both who answer must pass: the appeal waits, the answer says something, and neither of them has listed the
    person. Raises Refused."""
    found = await appeal_of(appeal_id=appeal_id, using=using)
    if found.state != "waiting":
        raise Refused(APPEAL_NOT_FOUND())
    if not said(answer, most=ANSWER_LENGTH_MAX):
        raise Refused(ANSWER_LENGTH())
    row = await using.row("SELECT listed_by, agreed_by FROM risk_entry WHERE entry_id = $1", found.entry_id)
    assert row is not None, "an appeal against no entry"
    if {row["listed_by"], row["agreed_by"]} & set(actors):
        raise Refused(APPEAL_OWN())
    return found


async def answer_appeal(
    tx: Transaction, *, appeal_id: int, grant: bool, answer: str, asked_by: str, actor: Actor, now: datetime
) -> None:
    """Answers an appeal that `actor` has agreed to answer so. Granted, the entry is removed. Raises Refused."""
    await tx.row("SELECT 1 FROM risk_appeal WHERE appeal_id = $1 FOR UPDATE", appeal_id)
    found = await check_answer(actors=(asked_by, actor.reference), appeal_id=appeal_id, answer=answer, using=tx)
    await tx.execute(
        "UPDATE risk_appeal SET state = $2, decided_by = $3, decided_at = $4, answer = $5 WHERE appeal_id = $1",
        appeal_id,
        "granted" if grant else "rejected",
        actor.reference,
        now,
        answer.strip(),
    )
    await audit.record(
        tx,
        actor=actor,
        action="risk.appeal_answered",
        subject=f"risk:{found.entry_id}",
        now=now,
        detail={"appeal": str(appeal_id), "granted": grant, "asked_by": asked_by},
    )
    await outbox.emit(tx, account_no=0, kind=APPEAL_ANSWERED, payload={"appeal_id": str(appeal_id)}, now=now)
    if grant:
        await remove(tx, entry_id=found.entry_id, reason="申诉成立，移出名单", asked_by=asked_by, actor=actor, now=now)


async def appeal_of(*, appeal_id: int, using: Executor = database.pool) -> AppealView:
    """Raises Refused when there is none."""
    row = await using.row("SELECT * FROM risk_appeal WHERE appeal_id = $1", appeal_id)
    if row is None:
        raise Refused(APPEAL_NOT_FOUND())
    return _view(row)


async def appeals_against(*, entry_ids: list[int], using: Executor = database.pool) -> dict[int, list[AppealView]]:
    """The appeals against each entry, the newest first."""
    found: dict[int, list[AppealView]] = {entry_id: [] for entry_id in entry_ids}
    rows = await using.rows(
        "SELECT * FROM risk_appeal WHERE entry_id = ANY($1) ORDER BY made_at DESC, appeal_id DESC", entry_ids
    )
    for row in rows:
        found[row["entry_id"]].append(_view(row))
    return found


async def waiting_appeals(*, most: int = 200) -> list[AppealView]:
    """The desk's work, what is due first on top."""
    rows = await database.rows(
        "SELECT * FROM risk_appeal WHERE state = 'waiting' ORDER BY due_on, made_at, appeal_id LIMIT $1", most
    )
    return [_view(row) for row in rows]


async def _require_own(tx: Transaction, *, entry_id: int, document: Document | None) -> None:
    if document is None:
        return
    index = await tx.value("SELECT document_index FROM risk_entry WHERE entry_id = $1", entry_id)
    if index not in indexes_of(document):
        raise Refused(ENTRY_NOT_FOUND())


def _view(row: Record) -> AppealView:
    return AppealView(
        appeal_id=row["appeal_id"],
        entry_id=row["entry_id"],
        state=row["state"],
        state_name=STATE_NAMES[row["state"]],
        statement=vault.current().decrypt(row["statement_cipher"]),
        channel=row["channel"],
        made_by=row["made_by"],
        made_at=row["made_at"],
        due_on=row["due_on"],
        decided_at=row["decided_at"],
        answer=row["answer"],
    )
