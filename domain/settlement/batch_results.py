"""What a bank's answers do to a batch and its items."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from domain.kernel import audit, outbox
from domain.kernel.actor import SYSTEM
from domain.kernel.database import Record, Transaction, transaction
from domain.kernel.money import Money
from domain.settlement.batch_format import ItemResult
from domain.settlement.events import BATCH_ITEM_SETTLED
from domain.settlement.payments import QUERY_DELAYS
from domain.settlement.ports import PaymentOutcome

ENDED = ("ended", "rejected")


async def take_results(*, batch_id: int, results: Sequence[ItemResult], now: datetime) -> str:
    """Gives each waiting item its result; an item that has one keeps it, whatever the file says. Returns the state."""
    async with transaction() as tx:
        row = await lock_batch(tx, batch_id=batch_id)
        standing = {
            one["item_no"]: one for one in await tx.rows("SELECT * FROM bank_batch_item WHERE batch_id = $1", batch_id)
        }
        disputes = 0
        for result in results:
            item = standing[result.item_no]
            if item["state"] == "waiting":
                if result.state != "waiting":
                    await _settle(tx, row=row, item=item, result=result, now=now)
            elif item["state"] != result.state or (item["host_serial_no"] or "") != (
                result.host_serial_no if result.state == "confirmed" else ""
            ):
                disputes += 1
                await tx.execute(
                    "UPDATE bank_batch_item SET dispute = $3 WHERE batch_id = $1 AND item_no = $2",
                    batch_id,
                    result.item_no,
                    f"银行后来的结果文件为{result.code}",
                )
        waiting = await tx.value(
            "SELECT count(*) FROM bank_batch_item WHERE batch_id = $1 AND state = 'waiting'", batch_id
        )
        state = "processing" if waiting else "ended"
        await _keep(tx, row=row, state=state, code="", message="" if not disputes else "结果文件前后矛盾", now=now)
        if disputes:
            await tx.execute("UPDATE bank_batch SET disputed = true WHERE batch_id = $1", batch_id)
        if disputes or not waiting:
            await audit.record(
                tx,
                actor=SYSTEM,
                action="batch.disputed" if disputes else "batch.ended",
                subject=f"batch:{batch_id}",
                now=now,
                outcome="failed" if disputes else "done",
                detail={"disputes": disputes, "waiting": waiting},
            )
        return state


async def _settle(tx: Transaction, *, row: Record, item: Record, result: ItemResult, now: datetime) -> None:
    confirmed = result.state == "confirmed"
    await tx.execute(
        "UPDATE bank_batch_item SET state = $3, code = $4, host_serial_no = $5, booked_on = $6, settled_at = $7"
        " WHERE batch_id = $1 AND item_no = $2",
        row["batch_id"],
        result.item_no,
        result.state,
        result.code,
        result.host_serial_no if confirmed else None,
        result.booked_on if confirmed else None,
        now,
    )
    await outbox.emit(
        tx,
        account_no=item["personal_account_no"],
        kind=BATCH_ITEM_SETTLED,
        payload={
            "batch_id": str(row["batch_id"]),
            "item_no": result.item_no,
            "purpose": row["purpose"],
            "owner_reference": item["owner_reference"],
            "state": result.state,
            "code": result.code,
        },
        now=now,
    )


async def note_outcome(*, batch_id: int, outcome: PaymentOutcome, now: datetime) -> str:
    """Keeps an answer about the batch as a whole. `rejected` ends it: the bank took no item."""
    async with transaction() as tx:
        row = await lock_batch(tx, batch_id=batch_id)
        if row["state"] in ENDED:
            return str(row["state"])
        state = outcome.status if outcome.status in ("rejected", "processing") else "unknown"
        if state == "rejected":
            items = await tx.rows("SELECT * FROM bank_batch_item WHERE batch_id = $1 AND state = 'waiting'", batch_id)
            for item in items:
                result = ItemResult(
                    item_no=item["item_no"],
                    amount=Money(item["amount_fen"]),
                    code=outcome.code,
                    host_serial_no="",
                    booked_on=None,
                )
                await _settle(tx, row=row, item=item, result=result, now=now)
            await audit.record(
                tx,
                actor=SYSTEM,
                action="batch.rejected",
                subject=f"batch:{batch_id}",
                now=now,
                outcome="failed",
                detail={"code": outcome.code},
            )
        await _keep(tx, row=row, state=state, code=outcome.code, message=outcome.message, now=now)
        return state


async def refuse_file(*, batch_id: int, problem: str, now: datetime) -> str:
    """A result file that was not taken: no item changes, and it is asked for again."""
    async with transaction() as tx:
        row = await lock_batch(tx, batch_id=batch_id)
        if row["state"] in ENDED:
            return str(row["state"])
        await tx.execute("UPDATE bank_batch SET files_refused = files_refused + 1 WHERE batch_id = $1", batch_id)
        await _keep(tx, row=row, state="processing", code="file", message=f"结果文件未采用：{problem}", now=now)
        await audit.record(
            tx,
            actor=SYSTEM,
            action="batch.file_refused",
            subject=f"batch:{batch_id}",
            now=now,
            outcome="failed",
            detail={"problem": problem},
        )
        return "processing"


async def _keep(tx: Transaction, *, row: Record, state: str, code: str, message: str, now: datetime) -> None:
    ended = state in ENDED
    delay = QUERY_DELAYS[min(row["queries"], len(QUERY_DELAYS) - 1)]
    await tx.execute(
        "UPDATE bank_batch SET state = $2, queries = queries + 1, last_code = $3, last_message = $4, ended_at = $5,"
        " next_query_at = $6 WHERE batch_id = $1",
        row["batch_id"],
        state,
        code,
        message,
        now if ended else None,
        None if ended else now + timedelta(seconds=delay),
    )


async def lock_batch(tx: Transaction, *, batch_id: int) -> Record:
    row = await tx.row("SELECT * FROM bank_batch WHERE batch_id = $1 FOR UPDATE", batch_id)
    assert row is not None, f"batch {batch_id} is unknown"
    return row
