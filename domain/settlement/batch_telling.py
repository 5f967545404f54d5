"""批量付款 103 and 批量收款 104: many items told to a bank in one file, once, and answered later item by item.

States: prepared → sending → (processing | unknown) → ended | rejected. A batch in doubt is asked after (107) and only
presented again, with the same serial number, when the bank says late enough that it never saw it. Results come by file
(108); a file that is cut or does not add up changes nothing and is asked for again. An item that has its result keeps
it: a later file that says otherwise is kept as a dispute for people.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from domain.kernel import audit, database, vault
from domain.kernel.actor import Actor
from domain.kernel.database import Record, Transaction, transaction
from domain.kernel.digest import canonical_json
from domain.kernel.identifiers import mask_card, new_id
from domain.kernel.money import Money
from domain.kernel.refusal import Refused
from domain.settlement.accounts import bank_account, open_bank_account
from domain.settlement.batch_format import ResultFault, parse_results
from domain.settlement.batch_results import ENDED, lock_batch, note_outcome, refuse_file, take_results
from domain.settlement.payments import QUERY_DELAYS, REPRESENT_AFTER
from domain.settlement.ports import BatchEntry, BatchOrder, FundsGateway
from domain.settlement.receiving import record_booking
from domain.settlement.refusals import BATCH_CHANGED, BATCH_INVALID, BATCH_SIZE
from domain.settlement.transfers import BATCH_PREFIX

ITEMS_MAX = 5_000
"""Of one batch: our assumption, so that a batch fits into one message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchItem:
    """`owner_reference` says whose business it is, once in a batch; `account_no`: personal account or 0."""

    owner_reference: str
    account_no: int
    bank_code: str
    counterparty_account_no: str
    counterparty_name: str
    amount: Money
    summary: str

    def __repr__(self) -> str:
        return f"BatchItem({self.owner_reference}, {self.amount})"


async def prepare_batch(
    tx: Transaction,
    *,
    actor: Actor,
    direction: Literal["pay", "collect"],
    purpose: str,
    business_key: str,
    bank_account_code: str,
    business_type: str,
    items: Sequence[BatchItem],
    business_date: date,
    now: datetime,
) -> int:
    """Writes a batch in its owner's transaction; nothing is sent yet. Returns its number: the earlier one's when the
    business key came with the same items before. Rights and approval are the owner's. Raises Refused."""
    _check(items)
    account = await open_bank_account(code=bank_account_code, using=tx)
    text = _told(direction, purpose, account.code, business_type, items)
    earlier = await tx.row("SELECT batch_id, input_hash FROM bank_batch WHERE business_key = $1", business_key)
    if earlier is not None:
        if not vault.current().is_blind_index(earlier["input_hash"], text):
            raise Refused(BATCH_CHANGED())
        return int(earlier["batch_id"])
    batch_id = new_id()
    total = Money(sum(item.amount.fen for item in items))
    await tx.execute(
        "INSERT INTO bank_batch (batch_id, direction, business_key, purpose, serial_no, bank_account_code,"
        " business_type, item_count,"
        " total_fen, input_hash, business_date, state, prepared_by, prepared_at, next_query_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'prepared', $12, $13, $13)",
        batch_id,
        direction,
        business_key,
        purpose,
        f"{BATCH_PREFIX}{batch_id}",
        account.code,
        business_type,
        len(items),
        total.fen,
        vault.current().blind_index(text),
        business_date,
        actor.reference,
        now,
    )
    sealed = vault.current()
    rows = [
        (
            number,
            item.owner_reference,
            item.account_no,
            item.bank_code,
            sealed.encrypt(item.counterparty_account_no),
            mask_card(item.counterparty_account_no),
            sealed.encrypt(item.counterparty_name),
            item.amount.fen,
            item.summary,
        )
        for number, item in enumerate(items, start=1)
    ]
    await tx.execute(_ITEMS, batch_id, *[list(column) for column in zip(*rows, strict=True)])
    await audit.record(
        tx,
        actor=actor,
        action="batch.prepared",
        subject=f"batch:{batch_id}",
        now=now,
        detail={"purpose": purpose, "items": len(items), "total": total},
    )
    return batch_id


_ITEMS = """
INSERT INTO bank_batch_item (batch_id, item_no, owner_reference, personal_account_no, counterparty_bank_code,
    counterparty_account_cipher, counterparty_account_masked, counterparty_name_cipher, amount_fen, summary, state)
SELECT $1, *, 'waiting' FROM unnest($2::int[], $3::text[], $4::bigint[], $5::text[], $6::bytea[], $7::text[],
    $8::bytea[], $9::bigint[], $10::text[])
"""


async def present_batch(*, batch_id: int, gateway: FundsGateway, now: datetime) -> str:
    """One step with the bank: tells a prepared batch, or asks for its results and takes them. Returns the state. Safe
    to run again at any time."""
    async with transaction() as tx:
        row = await lock_batch(tx, batch_id=batch_id)
        if row["state"] in ENDED:
            return str(row["state"])
        first_time = row["state"] == "prepared"
        account = await bank_account(code=row["bank_account_code"], using=tx)
        if first_time:
            await _sent(tx, batch_id=batch_id, now=now)
    serial_no, bank_code, ordered_on = row["serial_no"], account.bank_code, row["business_date"]
    if first_time:
        order = await _order(row, bank_code=account.bank_code, number=account.number)
        return await note_outcome(batch_id=batch_id, outcome=await gateway.submit_batch(order=order, now=now), now=now)
    outcome = await gateway.batch_result(serial_no=serial_no, bank_code=bank_code, business_date=ordered_on, now=now)
    if outcome.status == "not_found" and now >= row["sent_at"] + REPRESENT_AFTER:
        async with transaction() as tx:
            await _sent(tx, batch_id=batch_id, now=now)
        order = await _order(row, bank_code=account.bank_code, number=account.number)
        return await note_outcome(batch_id=batch_id, outcome=await gateway.submit_batch(order=order, now=now), now=now)
    if outcome.status not in ("confirmed", "processing"):
        return await note_outcome(batch_id=batch_id, outcome=outcome, now=now)
    answer = await gateway.batch_file(serial_no=serial_no, bank_code=bank_code, business_date=ordered_on, now=now)
    if answer.status == "absent" and outcome.status == "processing":
        return await note_outcome(batch_id=batch_id, outcome=outcome, now=now)
    if answer.status != "whole":
        return await refuse_file(batch_id=batch_id, problem=answer.message or "银行没有结果文件", now=now)
    try:
        results = parse_results(answer.content, serial_no=serial_no, amounts=await _amounts(batch_id))
    except ResultFault as fault:
        return await refuse_file(batch_id=batch_id, problem=str(fault), now=now)
    return await take_results(batch_id=batch_id, results=results, now=now)


async def batches_due(*, now: datetime, most: int = 20) -> list[int]:
    rows = await database.rows(
        "SELECT batch_id FROM bank_batch WHERE state NOT IN ('ended', 'rejected') AND next_query_at <= $1"
        " ORDER BY next_query_at LIMIT $2",
        now,
        most,
    )
    return [row["batch_id"] for row in rows]


async def link_batch_voucher(
    tx: Transaction, *, batch_id: int, item_no: int, voucher_id: int, voucher_account_no: int
) -> None:
    """For the owner, in the transaction that posts a confirmed item: which voucher stands for the bank's line."""
    row = await tx.row(
        "SELECT i.*, b.bank_account_code, b.direction FROM bank_batch_item i JOIN bank_batch b USING (batch_id)"
        " WHERE i.batch_id = $1 AND i.item_no = $2",
        batch_id,
        item_no,
    )
    assert row is not None and row["state"] == "confirmed", f"item {batch_id}/{item_no} is not confirmed"
    amount = Money(row["amount_fen"])
    await record_booking(
        tx,
        account=await bank_account(code=row["bank_account_code"], using=tx),
        host_serial_no=row["host_serial_no"],
        booked_on=row["booked_on"],
        amount=amount if row["direction"] == "collect" else -amount,
        voucher_id=voucher_id,
        voucher_account_no=voucher_account_no,
    )


async def _sent(tx: Transaction, *, batch_id: int, now: datetime) -> None:
    await tx.execute(
        "UPDATE bank_batch SET state = CASE WHEN state = 'prepared' THEN 'sending' ELSE state END, sent_at = $2,"
        " next_query_at = $3 WHERE batch_id = $1",
        batch_id,
        now,
        now + timedelta(seconds=QUERY_DELAYS[0]),
    )


async def _amounts(batch_id: int) -> dict[int, Money]:
    rows = await database.rows("SELECT item_no, amount_fen FROM bank_batch_item WHERE batch_id = $1", batch_id)
    return {row["item_no"]: Money(row["amount_fen"]) for row in rows}


async def _order(row: Record, *, bank_code: str, number: str) -> BatchOrder:
    sealed = vault.current()
    items = await database.rows("SELECT * FROM bank_batch_item WHERE batch_id = $1 ORDER BY item_no", row["batch_id"])
    return BatchOrder(
        serial_no=row["serial_no"],
        direction=row["direction"],
        bank_code=bank_code,
        centre_account_no=number,
        business_type=row["business_type"],
        entries=[
            BatchEntry(
                item_no=item["item_no"],
                bank_code=item["counterparty_bank_code"],
                account_no=sealed.decrypt(item["counterparty_account_cipher"]),
                name=sealed.decrypt(item["counterparty_name_cipher"]),
                amount=Money(item["amount_fen"]),
                summary=item["summary"],
            )
            for item in items
        ],
        business_date=row["business_date"],
    )


def _check(items: Sequence[BatchItem]) -> None:
    if not 1 <= len(items) <= ITEMS_MAX:
        raise Refused(BATCH_SIZE(most=ITEMS_MAX))
    seen: set[str] = set()
    for number, item in enumerate(items, start=1):
        texts = (item.owner_reference, item.counterparty_account_no, item.counterparty_name, item.summary)
        if item.amount.fen <= 0:
            raise Refused(BATCH_INVALID(item=number, problem="金额应大于0元"))
        if not (item.counterparty_account_no.strip() and item.counterparty_name.strip()):
            raise Refused(BATCH_INVALID(item=number, problem="缺少对方账号或户名"))
        if any("|" in text or not text.isprintable() for text in texts):
            raise Refused(BATCH_INVALID(item=number, problem="含有竖线、换行或控制字符"))
        if item.owner_reference in seen:
            raise Refused(BATCH_INVALID(item=number, problem="与前面的业务编号重复"))
        seen.add(item.owner_reference)


def _told(direction: str, purpose: str, account: str, business_type: str, items: Sequence[BatchItem]) -> str:
    given = [
        [direction, purpose, account, business_type],
        *(
            [
                *(one.owner_reference, one.account_no, one.bank_code, one.counterparty_account_no),
                *(one.counterparty_name, one.amount, one.summary),
            ]
            for one in items
        ),
    ]
    return canonical_json(given).decode()
