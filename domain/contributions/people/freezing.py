"""冻结与解冻 on request of a court or an auditor (D19): an account or an amount, for a period, by an order's number.

A frozen account gives nothing out and still takes what comes in. An amount is a hold of the ledger, so that what is
left stays free. Who freezes works at the counter of any department; the order's paper is known by its digest.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from domain import ledger, policy
from domain.contributions.accounts import STATE_NAMES
from domain.contributions.employers.documents import check_paper, media_type_of
from domain.contributions.people.history import keep_event
from domain.contributions.refusals import (
    ACCOUNT_NOT_FOUND,
    FREEZE_AMOUNT,
    FREEZE_AUTHORITY,
    FREEZE_NOT_FOUND,
    FREEZE_ORDER,
    FREEZE_ORDER_KNOWN,
    FREEZE_PERIOD,
    FREEZE_STATE,
)
from domain.kernel import audit, database, idempotency, vault
from domain.kernel.actor import SYSTEM, Actor, Role
from domain.kernel.database import Record, Transaction, transaction
from domain.kernel.digest import sm3_hex
from domain.kernel.identifiers import new_id
from domain.kernel.money import Money
from domain.kernel.refusal import NOT_PERMITTED, Refusal, Refused

FREEZING_ROLES = (Role.SUPERVISOR, Role.FINAL_REVIEWER)
FREEZABLE = ("01", "02")


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """The paper that asks for it. `amount` None: the whole account."""

    authority: str
    order_no: str
    paper: bytes
    until_on: date
    amount: Money | None = None
    paper_name: str = "文书"

    def __repr__(self) -> str:
        return f"Order({self.order_no})"


@dataclass(frozen=True, slots=True, kw_only=True)
class FreezeView:
    account_no: int
    scope: str
    amount: Money | None
    authority: str
    order_no: str
    from_on: date
    until_on: date
    state: str


async def freeze_account(
    *, actor: Actor, account_no: int, order: Order, request_key: str, now: datetime, business_date: date
) -> FreezeView:
    """Freezes at once. Raises Refused with everything against it; the same order freezes once."""
    _require(actor)
    given = {
        "account_no": account_no, "authority": order.authority, "order_no": order.order_no, "until": order.until_on,
        "amount": order.amount, "paper": sm3_hex(order.paper),
    }  # fmt: skip
    async with transaction() as tx:
        account = await _lock(tx, account_no)
        begun = await idempotency.begin(
            tx, actor=actor, account_no=account_no, request_key=request_key, operation="freeze_account", given=given,
            now=now,
        )  # fmt: skip
        if begun is not None:
            return await _view(tx, account_no, order.order_no)
        problems = await _check(tx, account, order, business_date=business_date)
        problems += check_paper(order.paper, business_date=business_date)
        if problems:
            raise Refused(*problems)
        freeze_id, hold_id = new_id(), None
        if order.amount is not None:
            hold_id = new_id()
            await ledger.place_hold(
                tx, account_no=account_no, hold_id=hold_id, business_key=f"freeze:{freeze_id}", amount=order.amount,
                case_id=None, reason=f"冻结 {order.order_no}", expires_on=order.until_on, now=now,
            )  # fmt: skip
        else:
            await tx.execute("UPDATE account SET state = '06' WHERE account_no = $1", account_no)
        await tx.execute(
            "INSERT INTO account_freeze (account_no, freeze_id, scope, amount_fen, authority, order_no, order_digest,"
            " from_on, until_on, state_before, hold_id, state, frozen_by, frozen_at)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'frozen', $12, $13)",
            account_no,
            freeze_id,
            "whole" if order.amount is None else "amount",
            order.amount.fen if order.amount else None,
            order.authority.strip(),
            order.order_no.strip(),
            sm3_hex(order.paper),
            business_date,
            order.until_on,
            account["state"],
            hold_id,
            actor.reference,
            now,
        )
        await _keep_paper(tx, actor, account_no=account_no, kind="freeze", reference=order.order_no,
                          name=order.paper_name, content=order.paper, now=now)  # fmt: skip
        await keep_event(tx, actor, account_no=account_no, kind="freeze", before={"state": account["state"]},
                         after={"order_no": order.order_no}, reason=order.authority, now=now)  # fmt: skip
        await audit.record(
            tx, actor=actor, action="account.frozen", subject=f"account:{account_no}", now=now,
            detail={"order_no": order.order_no, "scope": "whole" if order.amount is None else "amount"},
        )  # fmt: skip
        await idempotency.finish(tx, actor=actor, account_no=account_no, request_key=request_key, result={})
        return await _view(tx, account_no, order.order_no)


async def unfreeze_account(
    *,
    actor: Actor,
    account_no: int,
    order_no: str,
    lift_order_no: str,
    paper: bytes,
    request_key: str,
    now: datetime,
    business_date: date,
    paper_name: str = "文书",
) -> FreezeView:
    """Lifts a freeze by another order; the account is again what it was. Raises Refused."""
    _require(actor)
    if not (4 <= len(lift_order_no.strip()) <= 60 and paper):
        raise Refused(FREEZE_ORDER())
    if problems := check_paper(paper, business_date=business_date):
        raise Refused(*problems)
    async with transaction() as tx:
        await _lock(tx, account_no)
        given = {"order_no": order_no, "lift": lift_order_no, "paper": sm3_hex(paper)}
        begun = await idempotency.begin(
            tx, actor=actor, account_no=account_no, request_key=request_key, operation="unfreeze_account", given=given,
            now=now,
        )  # fmt: skip
        if begun is not None:
            return await _view(tx, account_no, order_no)
        row = await tx.row(
            "SELECT * FROM account_freeze WHERE account_no = $1 AND order_no = $2 AND state = 'frozen' FOR UPDATE",
            account_no,
            order_no,
        )
        if row is None:
            raise Refused(FREEZE_NOT_FOUND())
        await _lift(tx, row, state="lifted", by=actor.reference, now=now)
        await tx.execute(
            "UPDATE account_freeze SET lift_order_no = $3, lift_order_digest = $4"
            " WHERE account_no = $1 AND freeze_id = $2",
            account_no,
            row["freeze_id"],
            lift_order_no.strip(),
            sm3_hex(paper),
        )
        await _keep_paper(tx, actor, account_no=account_no, kind="unfreeze", reference=lift_order_no,
                          name=paper_name, content=paper, now=now)  # fmt: skip
        await keep_event(tx, actor, account_no=account_no, kind="unfreeze", before={"order_no": order_no}, after={},
                         reason=lift_order_no, now=now)  # fmt: skip
        await audit.record(
            tx, actor=actor, action="account.unfrozen", subject=f"account:{account_no}", now=now,
            detail={"order_no": order_no, "lift_order_no": lift_order_no},
        )  # fmt: skip
        await idempotency.finish(tx, actor=actor, account_no=account_no, request_key=request_key, result={})
        return await _view(tx, account_no, order_no)


async def expire_freezes(*, now: datetime, business_date: date, most: int = 200) -> int:
    """Freezes whose last day is over end by themselves. Returns how many."""
    rows = await database.rows(
        "SELECT account_no, freeze_id FROM account_freeze WHERE state = 'frozen' AND until_on < $1"
        " ORDER BY until_on, account_no LIMIT $2",
        business_date,
        most,
    )
    for due in rows:
        async with transaction() as tx:
            await _lock(tx, due["account_no"])
            row = await tx.row(
                "SELECT * FROM account_freeze WHERE account_no = $1 AND freeze_id = $2 AND state = 'frozen' FOR UPDATE",
                due["account_no"],
                due["freeze_id"],
            )
            if row is not None:
                await _lift(tx, row, state="expired", by=SYSTEM.reference, now=now)
                await audit.record(
                    tx, actor=SYSTEM, action="account.freeze_expired", subject=f"account:{due['account_no']}", now=now,
                    detail={"order_no": row["order_no"]},
                )  # fmt: skip
    return len(rows)


async def freezes_of(*, actor: Actor, account_no: int) -> list[FreezeView]:
    """Every freeze of an account, the running ones first. Raises Refused."""
    _require(actor)
    rows = await database.rows(
        "SELECT * FROM account_freeze WHERE account_no = $1 ORDER BY state <> 'frozen', frozen_at DESC", account_no
    )
    return [_of(row) for row in rows]


async def _lift(tx: Transaction, row: Record, *, state: str, by: str, now: datetime) -> None:
    account_no = row["account_no"]
    if row["hold_id"] is not None:
        if state == "expired":
            await ledger.expire_hold(tx, account_no=account_no, hold_id=row["hold_id"], now=now)
        else:
            await ledger.void_hold(tx, account_no=account_no, hold_id=row["hold_id"], now=now)
    await tx.execute(
        "UPDATE account_freeze SET state = $3, lifted_by = $4, lifted_at = $5 WHERE account_no = $1 AND freeze_id = $2",
        account_no,
        row["freeze_id"],
        state,
        by,
        now,
    )
    # another order may hold the whole account still
    if row["scope"] == "whole":
        await tx.execute(
            "UPDATE account SET state = $2 WHERE account_no = $1 AND state = '06' AND NOT EXISTS (SELECT FROM"
            " account_freeze f WHERE f.account_no = $1 AND f.state = 'frozen' AND f.scope = 'whole')",
            account_no,
            row["state_before"] if row["state_before"] in FREEZABLE else "01",
        )


async def _keep_paper(
    tx: Transaction, actor: Actor, *, account_no: int, kind: str, reference: str, name: str, content: bytes,
    now: datetime,
) -> None:  # fmt: skip
    await tx.execute(
        "INSERT INTO account_document (account_no, document_id, kind, reference, name, media_type, size_bytes, digest,"
        " content_cipher, added_by, added_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        account_no,
        new_id(),
        kind,
        reference.strip(),
        name[-100:],
        media_type_of(content),
        len(content),
        sm3_hex(content),
        vault.current().encrypt_file(content),
        actor.reference,
        now,
    )


async def _check(tx: Transaction, account: Record, order: Order, *, business_date: date) -> list[Refusal]:
    found: list[Refusal] = []
    if not 2 <= len(order.authority.strip()) <= 100:
        found.append(FREEZE_AUTHORITY())
    if not (4 <= len(order.order_no.strip()) <= 60 and order.paper):
        found.append(FREEZE_ORDER())
    years = policy.on(business_date).number("collection.freeze_years_max")
    last = business_date.replace(year=business_date.year + years, day=min(business_date.day, 28))
    if not business_date <= order.until_on <= last:
        found.append(FREEZE_PERIOD(years=years))
    if await tx.value(
        "SELECT 1 FROM account_freeze WHERE account_no = $1 AND order_no = $2",
        account["account_no"],
        order.order_no.strip(),
    ):
        found.append(FREEZE_ORDER_KNOWN())
    # several courts may freeze one account, one after the other
    if account["state"] not in (*FREEZABLE, "06") or (account["state"] == "06" and order.amount is not None):
        found.append(FREEZE_STATE(state=STATE_NAMES[account["state"]]))
    elif order.amount is not None:
        free = Money(
            await tx.value(
                "SELECT balance_fen - held_fen FROM account_balance WHERE account_no = $1", account["account_no"]
            )
        )
        if not 0 < order.amount.fen <= free.fen:
            found.append(FREEZE_AMOUNT(available=free.yuan_text))
    return found


async def _lock(tx: Transaction, account_no: int) -> Record:
    row = await tx.row("SELECT * FROM account WHERE account_no = $1 FOR NO KEY UPDATE", account_no)
    if row is None:
        raise Refused(ACCOUNT_NOT_FOUND())
    return row


async def _view(tx: Transaction, account_no: int, order_no: str) -> FreezeView:
    row = await tx.row(
        "SELECT * FROM account_freeze WHERE account_no = $1 AND order_no = $2", account_no, order_no.strip()
    )
    assert row is not None
    return _of(row)


def _of(row: Record) -> FreezeView:
    return FreezeView(
        account_no=row["account_no"],
        scope=row["scope"],
        amount=Money(row["amount_fen"]) if row["amount_fen"] is not None else None,
        authority=row["authority"],
        order_no=row["order_no"],
        from_on=row["from_on"],
        until_on=row["until_on"],
        state=row["state"],
    )


def _require(actor: Actor) -> None:
    if not actor.has_role(*FREEZING_ROLES):
        raise Refused(NOT_PERMITTED())
