"""委托收款（托收）: statements told to a bank in batches on their day, its answers, and what is done about failures.

One item a statement, named by its number and the attempt. A failure frees the statement: it is presented again while
attempts are left, or paid otherwise (`failing`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from domain import ledger, policy, settlement
from domain.contributions.employers.standing import lock_standing, require_employer
from domain.contributions.refusals import (
    COLLECTION_AGAIN,
    COLLECTION_NOT_OPEN,
    STATEMENT_NOT_FOUND,
    STATEMENT_STATE,
)
from domain.contributions.remittances.failing import checked_note, handle
from domain.contributions.remittances.paying import mark_paid
from domain.kernel import audit, database, idempotency, vault
from domain.kernel.actor import SYSTEM, Actor
from domain.kernel.database import Record, Transaction, transaction
from domain.kernel.dates import SHANGHAI
from domain.kernel.declared import read
from domain.kernel.money import Money
from domain.kernel.refusal import Refused
from domain.ledger import Line, VoucherKind
from domain.settlement import BatchItem

PURPOSE = "entrusted_collection"
BUSINESS_TYPE = "01"
"""汇补缴, of the settlement system's business types."""
ITEMS_MAX = 2_000
_FUND_SUBJECT = "101"


async def collect_due(*, now: datetime, business_date: date) -> int:
    """Tells the banks every statement whose day has come: one batch a bank. Returns how many statements."""
    told = 0
    for bank_code in await _banks():
        while count := await _collect(bank_code, now=now, business_date=business_date):
            told += count
    return told


async def collect_now(
    *,
    actor: Actor,
    employer_no: int,
    statement_no: str,
    note: str = "",
    request_key: str,
    now: datetime,
    business_date: date,
) -> None:
    """Presents one statement at once, the first time or again after a failure; staff say why. Raises Refused."""
    if actor.is_staff:
        note = checked_note(note)
    async with transaction() as tx:
        standing = await lock_standing(tx, employer_no=employer_no)
        require_employer(actor, employer_no=employer_no, office_code=standing.office_code, scope="payments")
        earlier = await idempotency.begin(
            tx, actor=actor, account_no=employer_no, request_key=request_key, operation="collect_now",
            given={"statement_no": statement_no, "note": note}, now=now,
        )  # fmt: skip
        if earlier is not None:
            return
        row = await tx.row(
            f"{_DUE} AND s.employer_no = $1 AND s.statement_no = $2 FOR UPDATE OF s", employer_no, statement_no
        )
        if row is None:
            known = await tx.row(
                "SELECT state, method FROM remittance_statement WHERE employer_no = $1 AND statement_no = $2",
                employer_no,
                statement_no,
            )
            if known is None:
                raise Refused(STATEMENT_NOT_FOUND())
            if known["method"] != "entrusted_collection":
                raise Refused(COLLECTION_NOT_OPEN())
            raise Refused(STATEMENT_STATE(state="托收中或已缴款"))
        most = policy.on(business_date).number("collection.attempts_max")
        if row["attempts"] >= most:
            raise Refused(COLLECTION_AGAIN(times=row["attempts"]))
        await handle(tx, row=row, how="again", by=actor.reference, note=note, now=now)
        await _tell(tx, [row], bank_code=row["collection_bank_code"], now=now, business_date=business_date)
        await audit.record(
            tx,
            actor=actor,
            action="collection.presented",
            subject=f"employer:{employer_no}",
            now=now,
            detail={"statement_no": statement_no, "attempt": row["attempts"] + 1, "note": note},
        )
        await idempotency.finish(tx, actor=actor, account_no=employer_no, request_key=request_key, result={})


async def item_settled(
    tx: Transaction, *, batch_id: int, item_no: int, reference: str, now: datetime, business_date: date
) -> None:
    """What the bank said of one statement: booked and paid, or free again with the reason."""
    statement_no, _, attempt = reference.rpartition("-")
    found = await tx.row(
        "SELECT employer_no, statement_id FROM statement_no_lookup WHERE statement_no = $1", statement_no
    )
    assert found is not None, f"no statement {statement_no}"
    await lock_standing(tx, employer_no=found["employer_no"])
    row = await tx.row(
        "SELECT * FROM remittance_statement WHERE employer_no = $1 AND statement_id = $2 FOR UPDATE",
        found["employer_no"],
        found["statement_id"],
    )
    assert row is not None
    item = await settlement.settled_item(tx, batch_id=batch_id, item_no=item_no)
    ended = await tx.execute(
        "UPDATE collection_attempt SET state = $4, code = $5, message = $6, ended_at = $7"
        " WHERE employer_no = $1 AND statement_id = $2 AND attempt_no = $3 AND state = 'told'",
        row["employer_no"],
        row["statement_id"],
        int(attempt),
        item.state,
        item.code,
        failure_reason(item.code) if item.state == "rejected" else "",
        now,
    )
    if ended.endswith(" 0"):
        return
    if item.state == "rejected":
        await tx.execute(
            "UPDATE remittance_statement SET state = 'open' WHERE employer_no = $1 AND statement_id = $2"
            " AND state = 'collecting'",
            row["employer_no"],
            row["statement_id"],
        )
        await audit.record(
            tx,
            actor=SYSTEM,
            action="collection.rejected",
            subject=f"employer:{row['employer_no']}",
            outcome="failed",
            now=now,
            detail={"statement_no": statement_no, "code": item.code},
        )
        return
    assert item.host_serial_no is not None and item.booked_on is not None
    account = await settlement.bank_account(code=item.bank_account_code, using=tx)
    voucher_id = await ledger.post_general(
        tx,
        account_set=account.account_set,
        business_key=f"collection:{reference}",
        kind=VoucherKind.OTHER,
        summary=f"委托收款 {statement_no}",
        lines=[
            Line(subject=account.subject, side="D", amount=item.amount, auxiliary=account.code),
            Line(
                subject=settlement.PENDING_DISTRIBUTION, side="C", amount=item.amount, auxiliary=str(row["employer_no"])
            ),
        ],
        effective_on=min(item.booked_on, business_date),
        posted_on=business_date,
        now=now,
        prepared_by=SYSTEM.reference,
    )
    await settlement.link_batch_voucher(
        tx, batch_id=batch_id, item_no=item_no, voucher_id=voucher_id, voucher_account_no=0
    )
    await mark_paid(
        tx, row=row, paid_from=f"collection:{reference}", voucher_id=voucher_id, now=now, business_date=business_date
    )


def failure_reason(code: str) -> str:
    """What an employer reads about a return code of the bank."""
    reasons = _reasons()
    return str(reasons["codes"].get(code, reasons["default"]))


@cache
def _reasons() -> dict[str, Any]:
    found: dict[str, Any] = read(Path(__file__).with_name("collection_reasons.yaml"))
    return found


async def _banks() -> list[str]:
    rows = await database.rows(
        "SELECT DISTINCT e.collection_bank_code FROM remittance_statement s JOIN employer_account e USING (employer_no)"
        " WHERE s.state = 'open' AND s.method = 'entrusted_collection' AND e.collection_bank_code IS NOT NULL"
        " ORDER BY 1"
    )
    return [row["collection_bank_code"] for row in rows]


async def _collect(bank_code: str, *, now: datetime, business_date: date) -> int:
    values = policy.on(business_date)
    most, gap = values.number("collection.attempts_max"), values.number("collection.attempt_gap")
    again_before = datetime.combine(business_date - timedelta(days=gap - 1), datetime.min.time(), SHANGHAI)
    async with transaction() as tx:
        rows = await tx.rows(
            f"{_DUE} AND e.collection_bank_code = $1 AND e.collection_day <= $2"
            " AND coalesce(t.attempts, 0) < $3 AND coalesce(t.last_at, '-infinity') < $4"
            " ORDER BY s.employer_no, s.statement_id LIMIT $5 FOR UPDATE OF s SKIP LOCKED",
            bank_code,
            business_date.day,
            most,
            again_before,
            ITEMS_MAX,
        )
        if rows:
            for row in rows:
                await handle(tx, row=row, how="again", by=SYSTEM.reference, note="", now=now)
            await _tell(tx, rows, bank_code=bank_code, now=now, business_date=business_date)
    return len(rows)


async def _tell(tx: Transaction, rows: Sequence[Record], *, bank_code: str, now: datetime, business_date: date) -> None:
    sealed = vault.current()
    items = [
        BatchItem(
            owner_reference=f"{row['statement_no']}-{row['attempts'] + 1}",
            account_no=0,
            bank_code=bank_code,
            counterparty_account_no=sealed.decrypt(row["collection_account_cipher"]),
            counterparty_name=sealed.decrypt(row["collection_name_cipher"]),
            amount=Money(row["amount_fen"]),
            summary=f"公积金{row['statement_no']}",
        )
        for row in rows
    ]
    batch_id = await settlement.prepare_batch(
        tx,
        actor=SYSTEM,
        direction="collect",
        purpose=PURPOSE,
        business_key=f"collection:{items[0].owner_reference}:{len(items)}",
        bank_account_code=await _fund_account(tx, bank_code),
        business_type=BUSINESS_TYPE,
        items=items,
        business_date=business_date,
        now=now,
    )
    for number, row in enumerate(rows, start=1):
        await tx.execute(
            "INSERT INTO collection_attempt (employer_no, statement_id, attempt_no, batch_id, item_no, amount_fen,"
            " state, told_at) VALUES ($1, $2, $3, $4, $5, $6, 'told', $7)",
            row["employer_no"],
            row["statement_id"],
            row["attempts"] + 1,
            batch_id,
            number,
            row["amount_fen"],
            now,
        )
        await tx.execute(
            "UPDATE remittance_statement SET state = 'collecting' WHERE employer_no = $1 AND statement_id = $2",
            row["employer_no"],
            row["statement_id"],
        )


async def _fund_account(tx: Transaction, bank_code: str) -> str:
    """The demand account of the fund at the bank."""
    code: str | None = await tx.value(
        "SELECT code FROM bank_account WHERE bank_code = $1 AND kind = 'demand' AND subject = $2"
        " AND account_set = 'provident_fund' AND state = 'open' ORDER BY code LIMIT 1",
        bank_code,
        _FUND_SUBJECT,
    )
    assert code is not None, f"bank {bank_code} has no fund account"
    return code


_DUE = """
SELECT s.employer_no, s.statement_id, s.statement_no, s.amount_fen, e.collection_bank_code,
       e.collection_account_cipher, e.collection_name_cipher, coalesce(t.attempts, 0) AS attempts
FROM remittance_statement s JOIN employer_account e ON e.employer_no = s.employer_no
LEFT JOIN LATERAL (
    SELECT count(*)::int AS attempts, max(told_at) AS last_at FROM collection_attempt a
    WHERE a.employer_no = s.employer_no AND a.statement_id = s.statement_id) t ON true
WHERE s.state = 'open' AND s.method = 'entrusted_collection'
"""
