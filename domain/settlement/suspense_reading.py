"""Reading suspense: the list with ages, the totals of each district, and the history of an item (D04)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from domain.kernel import database
from domain.kernel.actor import Actor
from domain.kernel.database import Record
from domain.kernel.money import Money
from domain.kernel.refusal import Refused
from domain.settlement.desk import require_funds
from domain.settlement.refusals import NOT_FOUND
from domain.settlement.suspense import KIND_NAMES, STATE_NAMES

AGES: tuple[tuple[str, int, int | None], ...] = (
    ("30天以内", 0, 30),
    ("31至90天", 31, 90),
    ("91至365天", 91, 365),
    ("一年以上", 366, None),
)
"""Ageing bands in days since the receipt was booked, both inclusive: our own division."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspenseView:
    """`voucher_id` is the origin: the voucher by which the money came into the books."""

    item_id: int
    receipt_id: int
    account_set: str
    office_code: str
    amount: Money
    open: Money
    claimed: Money
    opened_on: date
    age_days: int
    voucher_id: int
    payer_name_masked: str
    payer_account_masked: str
    host_serial_no: str
    bank_account_code: str
    remark: str
    outcome: str
    near_expectation_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MovementView:
    movement_id: int
    item_id: int
    kind: str
    kind_name: str
    amount: Money
    from_employer_no: int | None
    to_employer_no: int | None
    to_office_code: str | None
    expectation_id: int | None
    reason: str
    state: str
    state_name: str
    proposed_by: str
    proposed_by_name: str
    proposed_at: datetime
    decided_by_name: str | None
    decided_at: datetime | None
    decision_note: str | None
    voucher_id: int | None
    payment_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspenseTotal:
    """One district of one account set; `ages` in the order of AGES."""

    account_set: str
    office_code: str
    items: int
    open: Money
    ages: tuple[Money, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareView:
    """What an item has assigned to an employer and is not used yet."""

    item_id: int
    employer_no: int
    open: Money
    claimed: Money


async def suspense_items(
    *,
    actor: Actor,
    business_date: date,
    office_code: str | None = None,
    age_from: int = 0,
    include_cleared: bool = False,
    most: int = 200,
) -> list[SuspenseView]:
    """Of the actor's offices, oldest first; `age_from` in days."""
    require_funds(actor)
    rows = await database.rows(
        f"{_ITEMS} WHERE (i.open_fen > 0 OR $1) AND ($2::text IS NULL OR i.office_code = $2)"
        " AND ($3::text[] IS NULL OR i.office_code = ANY ($3)) AND $4::date - i.opened_on >= $5"
        " ORDER BY i.opened_on, i.item_id LIMIT $6",
        include_cleared,
        office_code,
        sorted(actor.office_codes) or None,
        business_date,
        age_from,
        most,
    )
    return [_item(row, business_date) for row in rows]


async def suspense_item(*, actor: Actor, item_id: int, business_date: date) -> SuspenseView:
    require_funds(actor)
    row = await database.row(
        f"{_ITEMS} WHERE i.item_id = $1 AND ($2::text[] IS NULL OR i.office_code = ANY ($2))",
        item_id,
        sorted(actor.office_codes) or None,
    )
    if row is None:
        raise Refused(NOT_FOUND.on("itemId"))
    return _item(row, business_date)


async def suspense_totals(*, actor: Actor, business_date: date) -> list[SuspenseTotal]:
    """Per district, with ages; of the actor's offices."""
    require_funds(actor)
    bands = ", ".join(
        f"coalesce(sum(open_fen) FILTER (WHERE $1::date - opened_on >= {least}"
        f"{f' AND $1::date - opened_on <= {most}' if most is not None else ''}), 0)::bigint AS age_{number}"
        for number, (_, least, most) in enumerate(AGES)
    )
    rows = await database.rows(
        f"SELECT account_set, office_code, count(*) AS items, sum(open_fen)::bigint AS open_fen, {bands}"
        " FROM suspense_item WHERE open_fen > 0 AND ($2::text[] IS NULL OR office_code = ANY ($2))"
        " GROUP BY account_set, office_code ORDER BY 1, 2",
        business_date,
        sorted(actor.office_codes) or None,
    )
    return [
        SuspenseTotal(
            account_set=row["account_set"],
            office_code=row["office_code"],
            items=row["items"],
            open=Money(row["open_fen"]),
            ages=tuple(Money(row[f"age_{number}"]) for number in range(len(AGES))),
        )
        for row in rows
    ]


async def movements(
    *, actor: Actor, item_id: int | None = None, state: str | None = None, most: int = 200
) -> list[MovementView]:
    """The history of an item, or what waits in a state; newest first, of the actor's offices."""
    require_funds(actor)
    rows = await database.rows(
        "SELECT m.* FROM suspense_movement m JOIN suspense_item i USING (item_id)"
        " WHERE ($1::bigint IS NULL OR m.item_id = $1) AND ($2::text IS NULL OR m.state = $2)"
        " AND ($3::text[] IS NULL OR i.office_code = ANY ($3))"
        " ORDER BY m.proposed_at DESC, m.movement_id DESC LIMIT $4",
        item_id,
        state,
        sorted(actor.office_codes) or None,
        most,
    )
    return [_movement(row) for row in rows]


async def shares_of(*, actor: Actor, employer_no: int | None = None, item_id: int | None = None) -> list[ShareView]:
    require_funds(actor)
    rows = await database.rows(
        "SELECT s.* FROM suspense_share s JOIN suspense_item i USING (item_id) WHERE s.open_fen > 0"
        " AND ($1::bigint IS NULL OR s.employer_no = $1) AND ($2::bigint IS NULL OR s.item_id = $2)"
        " AND ($3::text[] IS NULL OR i.office_code = ANY ($3)) ORDER BY s.item_id, s.employer_no",
        employer_no,
        item_id,
        sorted(actor.office_codes) or None,
    )
    return [
        ShareView(
            item_id=row["item_id"],
            employer_no=row["employer_no"],
            open=Money(row["open_fen"]),
            claimed=Money(row["claimed_fen"]),
        )
        for row in rows
    ]


_ITEMS = """
SELECT i.*, r.payer_name_masked, r.payer_account_masked, r.host_serial_no, r.bank_account_code, r.remark, r.outcome,
       CASE WHEN r.outcome = 'differs' THEN r.expectation_id END AS near_expectation_id
FROM suspense_item i JOIN bank_receipt r USING (receipt_id)
"""


def _item(row: Record, business_date: date) -> SuspenseView:
    return SuspenseView(
        item_id=row["item_id"],
        receipt_id=row["receipt_id"],
        account_set=row["account_set"],
        office_code=row["office_code"],
        amount=Money(row["amount_fen"]),
        open=Money(row["open_fen"]),
        claimed=Money(row["claimed_fen"]),
        opened_on=row["opened_on"],
        age_days=(business_date - row["opened_on"]).days,
        voucher_id=row["voucher_id"],
        payer_name_masked=row["payer_name_masked"],
        payer_account_masked=row["payer_account_masked"],
        host_serial_no=row["host_serial_no"],
        bank_account_code=row["bank_account_code"],
        remark=row["remark"],
        outcome=row["outcome"],
        near_expectation_id=row["near_expectation_id"],
    )


def _movement(row: Record) -> MovementView:
    return MovementView(
        movement_id=row["movement_id"],
        item_id=row["item_id"],
        kind=row["kind"],
        kind_name=KIND_NAMES[row["kind"]],
        amount=Money(row["amount_fen"]),
        from_employer_no=row["from_employer_no"],
        to_employer_no=row["to_employer_no"],
        to_office_code=row["to_office_code"],
        expectation_id=row["expectation_id"],
        reason=row["reason"],
        state=row["state"],
        state_name=STATE_NAMES[row["state"]],
        proposed_by=row["proposed_by"],
        proposed_by_name=row["proposed_by_name"],
        proposed_at=row["proposed_at"],
        decided_by_name=row["decided_by_name"],
        decided_at=row["decided_at"],
        decision_note=row["decision_note"],
        voucher_id=row["voucher_id"],
        payment_id=row["payment_id"],
    )
