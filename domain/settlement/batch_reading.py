"""Reading batches."""

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

DIRECTION_NAMES: dict[str, str] = {"pay": "批量付款", "collect": "批量收款"}
BATCH_STATE_NAMES: dict[str, str] = {
    "prepared": "待发送银行",
    "sending": "已发送银行",
    "processing": "银行处理中",
    "unknown": "等待银行确认",
    "ended": "已完成",
    "rejected": "银行未受理",
}
ITEM_STATE_NAMES: dict[str, str] = {"waiting": "待处理", "confirmed": "成功", "rejected": "失败"}


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchView:
    batch_id: int
    direction: str
    direction_name: str
    purpose: str
    serial_no: str
    bank_account_code: str
    item_count: int
    total: Money
    confirmed_count: int
    confirmed: Money
    rejected_count: int
    rejected: Money
    state: str
    state_name: str
    disputed: bool
    files_refused: int
    last_message: str | None
    business_date: date
    prepared_at: datetime
    sent_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchItemView:
    item_no: int
    owner_reference: str
    account_no: int
    counterparty_account_masked: str
    amount: Money
    state: str
    state_name: str
    code: str | None
    host_serial_no: str | None
    booked_on: date | None
    dispute: str | None


async def batches(*, actor: Actor, state: str | None = None, most: int = 100) -> list[BatchView]:
    require_funds(actor)
    rows = await database.rows(
        f"{_BATCHES} WHERE ($1::text IS NULL OR b.state = $1) ORDER BY b.prepared_at DESC, b.batch_id DESC LIMIT $2",
        state,
        most,
    )
    return [_batch(row) for row in rows]


async def batch(*, actor: Actor, batch_id: int) -> BatchView:
    require_funds(actor)
    row = await database.row(f"{_BATCHES} WHERE b.batch_id = $1", batch_id)
    if row is None:
        raise Refused(NOT_FOUND.on("batchId"))
    return _batch(row)


async def batch_items(*, actor: Actor, batch_id: int, state: str | None = None) -> list[BatchItemView]:
    require_funds(actor)
    rows = await database.rows(
        "SELECT * FROM bank_batch_item WHERE batch_id = $1 AND ($2::text IS NULL OR state = $2) ORDER BY item_no",
        batch_id,
        state,
    )
    return [
        BatchItemView(
            item_no=row["item_no"],
            owner_reference=row["owner_reference"],
            account_no=row["personal_account_no"],
            counterparty_account_masked=row["counterparty_account_masked"],
            amount=Money(row["amount_fen"]),
            state=row["state"],
            state_name=ITEM_STATE_NAMES[row["state"]],
            code=row["code"],
            host_serial_no=row["host_serial_no"],
            booked_on=row["booked_on"],
            dispute=row["dispute"],
        )
        for row in rows
    ]


_BATCHES = """
SELECT b.*, n.* FROM bank_batch b
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE state = 'confirmed') AS confirmed_count,
           coalesce(sum(amount_fen) FILTER (WHERE state = 'confirmed'), 0)::bigint AS confirmed_fen,
           count(*) FILTER (WHERE state = 'rejected') AS rejected_count,
           coalesce(sum(amount_fen) FILTER (WHERE state = 'rejected'), 0)::bigint AS rejected_fen
    FROM bank_batch_item i WHERE i.batch_id = b.batch_id) n
"""


def _batch(row: Record) -> BatchView:
    return BatchView(
        batch_id=row["batch_id"],
        direction=row["direction"],
        direction_name=DIRECTION_NAMES[row["direction"]],
        purpose=row["purpose"],
        serial_no=row["serial_no"],
        bank_account_code=row["bank_account_code"],
        item_count=row["item_count"],
        total=Money(row["total_fen"]),
        confirmed_count=row["confirmed_count"],
        confirmed=Money(row["confirmed_fen"]),
        rejected_count=row["rejected_count"],
        rejected=Money(row["rejected_fen"]),
        state=row["state"],
        state_name=BATCH_STATE_NAMES[row["state"]],
        disputed=row["disputed"],
        files_refused=row["files_refused"],
        last_message=row["last_message"],
        business_date=row["business_date"],
        prepared_at=row["prepared_at"],
        sent_at=row["sent_at"],
        ended_at=row["ended_at"],
    )
