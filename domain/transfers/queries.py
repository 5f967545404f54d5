"""Reading transfers. A citizen sees their own, staff those of their offices; what is not visible does not exist."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domain import settlement
from domain.cases import StepProgress
from domain.kernel import audit, database
from domain.kernel.actor import SYSTEM, Actor, Role
from domain.kernel.database import transaction
from domain.kernel.money import Money
from domain.kernel.paging import Page, check_first, cut, decode_cursor
from domain.kernel.refusal import NOT_PERMITTED, REAL_NAME_REQUIRED, Refused
from domain.transfers import store
from domain.transfers.ports import CentreEntry
from domain.transfers.refusals import NOT_FOUND
from domain.transfers.store import NOTE_NAMES, TransferEvent, TransferView, view_of

READING_ROLES = (
    Role.PRELIMINARY_REVIEWER,
    Role.FINAL_REVIEWER,
    Role.SUPERVISOR,
    Role.SERVICE_DESK,
    Role.FINANCE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferFilters:
    """None means all. `troubled`: with something that people have to see to."""

    direction: str | None = None
    state: str | None = None
    office_code: str | None = None
    open_only: bool = True
    troubled: bool = False
    letter_no: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferPage(Page[TransferView]):
    """A page with the sum of all pages (D25)."""

    amount_total: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class StrayReceipt:
    """Money in suspense whose remark names something like a letter: matched with nothing, or with another amount."""

    receipt_id: int
    letter_no: str
    known: bool
    amount: Money
    expected: Money | None
    reason_name: str
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferFigures:
    """For the staff's page and the metrics: messages, and transfers that people have to see to."""

    waiting: int
    rejected: int
    troubled: int
    oldest_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Centre:
    code: str
    name: str
    region_code: str


async def transfers_of(*, actor: Actor) -> list[TransferView]:
    """The citizen's own, the newest first. Raises Refused before the identity is verified."""
    if not actor.is_citizen or actor.person_id is None:
        raise Refused(NOT_PERMITTED())
    if not actor.is_real_name:
        raise Refused(REAL_NAME_REQUIRED())
    numbers = await database.rows("SELECT account_no FROM person_account WHERE person_id = $1", actor.person_id)
    rows = await database.rows(
        "SELECT * FROM account_transfer WHERE account_no = ANY ($1) AND person_id = $2"
        " ORDER BY applied_at DESC, transfer_id DESC LIMIT 100",
        [row["account_no"] for row in numbers],
        actor.person_id,
    )
    return [view_of(row) for row in rows]


async def transfer_by_no(*, actor: Actor, transfer_no: str) -> TransferView:
    """Raises Refused for one that does not exist and, in the same words, for one that the actor may not see."""
    place = await store.place_of(transfer_no=transfer_no)
    if place is None:
        raise Refused(NOT_FOUND())
    view = view_of(await store.row_of(account_no=place[0], transfer_id=place[1]))
    if not _visible(view, actor):
        raise Refused(NOT_FOUND())
    return view


async def transfer_by_key(*, account_no: int, transfer_id: int) -> TransferView:
    """For the system's own work, after the fact: no actor, no refusal."""
    return view_of(await store.row_of(account_no=account_no, transfer_id=transfer_id))


async def transfers(*, actor: Actor, filters: TransferFilters, first: int, after: str | None) -> TransferPage:
    """The staff's list, the newest first."""
    if not actor.has_role(*READING_ROLES):
        raise Refused(NOT_PERMITTED())
    limit = check_first(first)
    cursor = decode_cursor(after, shape=(int,))
    values = (
        filters.direction,
        filters.state,
        filters.office_code,
        filters.open_only,
        filters.troubled,
        filters.letter_no,
        sorted(actor.office_codes) if actor.office_codes else None,
    )
    summed = await database.row(f"SELECT count(*) AS n, coalesce(sum(amount_fen), 0)::bigint AS fen {_LISTED}", *values)
    assert summed is not None
    rows = await database.rows(
        f"SELECT * {_LISTED} AND ($8::bigint IS NULL OR (applied_at, transfer_id) <"
        " (SELECT applied_at, transfer_id FROM account_transfer WHERE transfer_id = $8))"
        " ORDER BY applied_at DESC, transfer_id DESC LIMIT $9",
        *values,
        cursor[0] if cursor else None,
        limit + 1,
    )
    page = cut(rows=[view_of(row) for row in rows], first=limit, total=summed["n"], key=lambda one: [one.transfer_id])
    return TransferPage(
        items=page.items,
        cursors=page.cursors,
        has_next=page.has_next,
        total=page.total,
        amount_total=Money(summed["fen"]),
    )


async def letters_without_news(*, before: datetime, most: int = 100) -> list[str]:
    """Letters of ours that the other centre has said nothing of since they were applied for before this."""
    rows = await database.rows(
        "SELECT letter_no FROM account_transfer WHERE direction = 'in' AND state IN ('01', '02') AND ended_at IS NULL"
        " AND applied_at < $1 ORDER BY applied_at LIMIT $2",
        before,
        most,
    )
    return [row["letter_no"] for row in rows]


async def keep_centres(*, entries: Sequence[CentreEntry], now: datetime) -> int:
    """909: the platform's list of centres. New and renamed ones are kept; one that is no longer listed stays, because
    letters name it, and can be chosen no more. Returns how many changed."""
    changed = 0
    async with transaction() as tx:
        for entry in entries:
            status = await tx.execute(
                "INSERT INTO centre_code AS c (code, name, region_code, active, updated_at)"
                " VALUES ($1, $2, $3, true, $4) ON CONFLICT (code) DO UPDATE SET name = $2, region_code = $3,"
                " active = true, updated_at = $4"
                " WHERE (c.name, c.region_code, c.active) IS DISTINCT FROM ($2, $3, true)",
                entry.code,
                entry.name,
                entry.region_code,
                now,
            )
            changed += status.endswith(" 1")
        gone = await tx.rows(
            "UPDATE centre_code SET active = false, updated_at = $2 WHERE active AND NOT code = ANY ($1)"
            " RETURNING code",
            [entry.code for entry in entries],
            now,
        )
        changed += len(gone)
        if changed:
            await audit.record(
                tx,
                actor=SYSTEM,
                action="transfer.centres_kept",
                subject="transfer_centres",
                now=now,
                detail={"changed": changed, "listed": len(entries)},
            )
    return changed


async def doers(*, view: TransferView) -> dict[str, str]:
    row = await store.row_of(account_no=view.account_no, transfer_id=view.transfer_id)
    return await store.doers_of(row=row)


async def progress_of(*, view: TransferView) -> tuple[StepProgress, ...]:
    events = await store.events_of(view=view)
    return view.flow.progress(state=view.state, visited=[event.to_state for event in events])


async def stray_receipts(*, actor: Actor, most: int = 50) -> list[StrayReceipt]:
    """Money without a letter and money of another amount than its letter's, the newest first."""
    if not actor.has_role(*READING_ROLES):
        raise Refused(NOT_PERMITTED())
    rows = await database.rows(_STRAYS, most)
    letters = {row["word"]: await store.place_of(letter_no=row["word"]) for row in rows}
    found = []
    for row in rows:
        place = letters[row["word"]]
        expected = None
        if place is not None:
            fen = (await store.row_of(account_no=place[0], transfer_id=place[1]))["amount_fen"]
            expected = None if fen is None else Money(fen)
        found.append(
            StrayReceipt(
                receipt_id=row["receipt_id"],
                letter_no=row["word"],
                known=place is not None,
                amount=Money(row["amount_fen"]),
                expected=expected,
                reason_name=settlement.RECEIPT_REASON_NAMES[row["reason"]],
                received_at=row["received_at"],
            )
        )
    return found


async def transfer_figures() -> TransferFigures:
    row = await database.row(
        "SELECT (SELECT count(*) FROM transfer_message WHERE state = 'waiting') AS waiting,"
        " (SELECT count(*) FROM transfer_message WHERE state = 'rejected') AS rejected,"
        " (SELECT count(*) FROM account_transfer WHERE ended_at IS NULL AND trouble IS NOT NULL) AS troubled,"
        " (SELECT min(created_at) FROM transfer_message WHERE state = 'waiting') AS oldest_at"
    )
    assert row is not None
    return TransferFigures(**dict(row))


async def transfer_centres() -> list[Centre]:
    """Centres that can be chosen, by region."""
    rows = await database.rows(
        "SELECT code, name, region_code FROM centre_code WHERE active ORDER BY region_code, code"
    )
    return [Centre(**dict(row)) for row in rows]


def _visible(view: TransferView, actor: Actor) -> bool:
    if actor.is_real_name:
        return view.person_id is not None and view.person_id == actor.person_id
    return actor.has_role(*READING_ROLES) and (not actor.office_codes or view.office_code in actor.office_codes)


_LISTED = """
FROM account_transfer WHERE ($1::text IS NULL OR direction = $1) AND ($2::text IS NULL OR state = $2)
    AND ($3::text IS NULL OR office_code = $3) AND (NOT $4::boolean OR ended_at IS NULL)
    AND (NOT $5::boolean OR trouble IS NOT NULL) AND ($6::text IS NULL OR letter_no = $6)
    AND ($7::text[] IS NULL OR office_code = ANY ($7))
"""
_STRAYS = """
SELECT r.receipt_id, w.word, r.amount_fen, r.reason, r.received_at
FROM bank_receipt r JOIN suspense_item i USING (receipt_id) CROSS JOIN LATERAL unnest(r.words) AS w (word)
WHERE i.open_fen > 0 AND r.outcome <> 'matched' AND w.word ~ '^[0-9]{16}$'
ORDER BY r.received_at DESC, r.receipt_id LIMIT $1
"""


_TOLD = frozenset({"answered", "cancel_asked", "cancel_refused", "money_arrived", "paid_out"})
"""What is noted beside the flow and concerns the person; the rest is between centres, banks and the platform."""
_REASONED = frozenset({"06", "13", "40", "05", "declined"})


def told(events: Sequence[TransferEvent]) -> list[TransferEvent]:
    """Of a transfer's record what its person is shown: its steps, and the notes that concern them."""
    return [one for one in events if one.action not in NOTE_NAMES or one.action in _TOLD]


def reason_of(events: Sequence[TransferEvent], *, view: TransferView) -> str | None:
    """What was said when the transfer came to the state that it is in; None where nothing had to be said."""
    if view.state not in _REASONED:
        return None
    moved = [one for one in events if one.to_state == view.state and one.action not in NOTE_NAMES]
    return moved[-1].note if moved else None
