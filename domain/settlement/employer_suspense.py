"""单位暂存款 by district and employer (D04): how much, how old, and from which receipts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from domain.kernel import database
from domain.kernel.actor import Actor
from domain.kernel.money import Money
from domain.settlement.desk import require_funds


@dataclass(frozen=True, slots=True, kw_only=True)
class EmployerSuspense:
    """Of one employer in one district; `office_code` is the department that holds the money."""

    employer_no: int
    name: str
    state: str
    office_code: str
    receipts: int
    open: Money
    claimed: Money
    oldest_on: date

    @property
    def free(self) -> Money:
        return self.open - self.claimed


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficeSuspense:
    office_code: str
    employers: int
    open: Money
    claimed: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareOrigin:
    """A receipt that an employer's money came from; `voucher_id` brought it into the books."""

    item_id: int
    receipt_id: int
    opened_on: date
    office_code: str
    account_set: str
    payer_name_masked: str
    remark: str
    voucher_id: int
    open: Money
    claimed: Money


async def employer_suspense(
    *, actor: Actor, office_code: str | None = None, employer_no: int | None = None, most: int = 5_000
) -> list[EmployerSuspense]:
    """Of the actor's offices, in the order of district and employer."""
    require_funds(actor)
    rows = await database.rows(_EMPLOYERS, office_code, employer_no, sorted(actor.office_codes) or None, most)
    return [
        EmployerSuspense(
            employer_no=row["employer_no"],
            name=row["name"],
            state=row["state"],
            office_code=row["office_code"],
            receipts=row["receipts"],
            open=Money(row["open_fen"]),
            claimed=Money(row["claimed_fen"]),
            oldest_on=row["oldest_on"],
        )
        for row in rows
    ]


async def office_suspense(*, actor: Actor) -> list[OfficeSuspense]:
    require_funds(actor)
    rows = await database.rows(_OFFICES, sorted(actor.office_codes) or None)
    return [
        OfficeSuspense(
            office_code=row["office_code"],
            employers=row["employers"],
            open=Money(row["open_fen"]),
            claimed=Money(row["claimed_fen"]),
        )
        for row in rows
    ]


async def share_origins(*, actor: Actor, employer_no: int, most: int = 200) -> list[ShareOrigin]:
    """What the employer has, the oldest receipt first."""
    require_funds(actor)
    rows = await database.rows(_ORIGINS, employer_no, sorted(actor.office_codes) or None, most)
    return [
        ShareOrigin(
            item_id=row["item_id"],
            receipt_id=row["receipt_id"],
            opened_on=row["opened_on"],
            office_code=row["office_code"],
            account_set=row["account_set"],
            payer_name_masked=row["payer_name_masked"],
            remark=row["remark"],
            voucher_id=row["voucher_id"],
            open=Money(row["open_fen"]),
            claimed=Money(row["claimed_fen"]),
        )
        for row in rows
    ]


_EMPLOYERS = """
SELECT e.employer_no, e.name, e.state, i.office_code, count(*) AS receipts, sum(s.open_fen)::bigint AS open_fen,
       sum(s.claimed_fen)::bigint AS claimed_fen, min(i.opened_on) AS oldest_on
FROM suspense_share s JOIN suspense_item i USING (item_id) JOIN employer e USING (employer_no)
WHERE s.open_fen > 0 AND ($1::text IS NULL OR i.office_code = $1) AND ($2::bigint IS NULL OR e.employer_no = $2)
    AND ($3::text[] IS NULL OR i.office_code = ANY ($3))
GROUP BY e.employer_no, e.name, e.state, i.office_code ORDER BY i.office_code, e.employer_no LIMIT $4
"""

_OFFICES = """
SELECT i.office_code, count(DISTINCT s.employer_no) AS employers, sum(s.open_fen)::bigint AS open_fen,
       sum(s.claimed_fen)::bigint AS claimed_fen
FROM suspense_share s JOIN suspense_item i USING (item_id)
WHERE s.open_fen > 0 AND ($1::text[] IS NULL OR i.office_code = ANY ($1))
GROUP BY i.office_code ORDER BY i.office_code
"""

_ORIGINS = """
SELECT i.item_id, i.receipt_id, i.opened_on, i.office_code, i.account_set, r.payer_name_masked, r.remark, i.voucher_id,
       s.open_fen, s.claimed_fen
FROM suspense_share s JOIN suspense_item i USING (item_id) JOIN bank_receipt r USING (receipt_id)
WHERE s.employer_no = $1 AND s.open_fen > 0 AND ($2::text[] IS NULL OR i.office_code = ANY ($2))
ORDER BY i.item_id LIMIT $3
"""
