"""到账通知台 (D05): the list of receipts, what came without a notice, and the papers that explain a receipt."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from domain import archives
from domain.kernel import audit, database
from domain.kernel.actor import Actor
from domain.kernel.database import Record, transaction
from domain.kernel.digest import sm3_hex
from domain.kernel.money import Money
from domain.kernel.paging import Page, check_first, cut, decode_cursor
from domain.kernel.refusal import CURSOR_MALFORMED, Refused
from domain.settlement.accounts import CENTRE_OFFICE
from domain.settlement.desk import begun, finished, require_funds
from domain.settlement.matching import OUTCOME_NAMES, REASON_NAMES, WAY_NAMES
from domain.settlement.refusals import NOT_FOUND, SCAN_CHANGED

SOURCE_NAMES: dict[str, str] = {"notice": "到账通知", "statement": "对账单"}
STATE_NAMES: dict[str, str] = {"booked": "已入账", "held": "待人工入账"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptView:
    """`item_id` and `open` are those of the suspense item, None when the receipt has none."""

    receipt_id: int
    bank_code: str
    host_serial_no: str
    booked_on: date
    bank_account_code: str | None
    amount: Money
    reversal: bool
    payer_account_masked: str
    payer_name_masked: str
    remark: str
    summary: str
    source: str
    source_name: str
    received_at: datetime
    state: str
    state_name: str
    outcome: str
    outcome_name: str
    reason: str
    matched_by: str | None
    expectation_id: int | None
    account_set: str | None
    voucher_id: int | None
    item_id: int | None
    office_code: str | None
    open: Money | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptFilters:
    """None means all; days are of the bank's booking, both inclusive. `unsettled`: held, or with open suspense."""

    outcome: str | None = None
    state: str | None = None
    source: str | None = None
    bank_account_code: str | None = None
    since: date | None = None
    until: date | None = None
    host_serial_no: str | None = None
    unsettled: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptPage(Page[ReceiptView]):
    """A page with the sum of all pages (D25)."""

    amount_total: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanView:
    digest: str
    name: str
    media_type: str
    pages: int
    added_by_name: str
    added_at: datetime


async def receipts(*, actor: Actor, filters: ReceiptFilters, first: int = 50, after: str | None = None) -> ReceiptPage:
    """The receipts that the actor's offices have money of, newest first."""
    require_funds(actor)
    limit = check_first(first)
    cursor = decode_cursor(after, shape=(str, int))
    try:
        before = (date.fromisoformat(str(cursor[0])), int(cursor[1])) if cursor else (None, None)
    except ValueError:
        raise Refused(CURSOR_MALFORMED()) from None
    wanted = (
        filters.outcome,
        filters.state,
        filters.source,
        filters.bank_account_code,
        filters.since,
        filters.until,
        filters.host_serial_no,
        filters.unsettled,
        sorted(actor.office_codes) or None,
        CENTRE_OFFICE,
    )
    rows = await database.rows(f"{_RECEIPTS} {_PAGE}", *wanted, *before, limit + 1)
    sums = await database.row(
        f"SELECT count(*) AS total, sum(amount_fen) AS amount FROM ({_RECEIPTS}) AS found", *wanted
    )
    assert sums is not None
    page = cut(
        rows=[receipt_view(row) for row in rows],
        first=limit,
        total=sums["total"],
        key=lambda one: [one.booked_on.isoformat(), one.receipt_id],
    )
    return ReceiptPage(
        items=page.items,
        cursors=page.cursors,
        has_next=page.has_next,
        total=page.total,
        amount_total=Money(int(sums["amount"] or 0)),
    )


async def receipt(*, actor: Actor, receipt_id: int) -> ReceiptView:
    require_funds(actor)
    row = await database.row(
        f"SELECT * FROM ({_RECEIPTS}) AS found WHERE receipt_id = $11",
        *(None,) * 8,
        sorted(actor.office_codes) or None,
        CENTRE_OFFICE,
        receipt_id,
    )
    if row is None:
        raise Refused(NOT_FOUND.on("receiptId"))
    return receipt_view(row)


async def missing_notices(*, actor: Actor, since: date, until: date) -> ReceiptPage:
    """Money that a statement brought and no notice had told of: what the bank is asked to account for."""
    return await receipts(actor=actor, filters=ReceiptFilters(source="statement", since=since, until=until), first=100)


async def attach_scan(
    *, actor: Actor, receipt_id: int, content: bytes, name: str, pages: int, request_key: str, now: datetime
) -> None:
    """Files a scanned paper with the receipt (财务档案). The same paper twice is one. Raises Refused."""
    found = await receipt(actor=actor, receipt_id=receipt_id)
    name, digest, media_type = name.strip(), sm3_hex(content), archives.media_type_of(content)
    async with transaction() as tx:
        given = {"receipt_id": receipt_id, "digest": digest, "name": name, "media_type": media_type, "pages": pages}
        if await begun(tx, actor=actor, operation="attach_scan", request_key=request_key, given=given, now=now):
            return
        await archives.file_paper(
            tx,
            actor=actor,
            module=archives.Module.RECEIPT,
            reference=str(receipt_id),
            office_code=found.office_code or CENTRE_OFFICE,
            scan=archives.Scan(content=content, name=name, pages=pages, about_on=found.booked_on),
            now=now,
        )
        status = await tx.execute(
            "INSERT INTO receipt_scan (receipt_id, digest, name, media_type, pages, added_by, added_by_name, added_at)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
            found.receipt_id,
            digest,
            name,
            media_type,
            pages,
            actor.reference,
            actor.name,
            now,
        )
        if status.endswith(" 0"):
            same = await tx.value(
                "SELECT (name, media_type, pages) = ($3, $4, $5) FROM receipt_scan"
                " WHERE receipt_id = $1 AND digest = $2",
                receipt_id,
                digest,
                name,
                media_type,
                pages,
            )
            if not same:
                raise Refused(SCAN_CHANGED())
        await audit.record(
            tx,
            actor=actor,
            action="receipt.scan_attached",
            subject=f"receipt:{receipt_id}",
            now=now,
            detail={"digest": digest, "pages": pages},
        )
        await finished(tx, actor=actor, request_key=request_key, number=receipt_id)


async def scans_of(*, actor: Actor, receipt_id: int) -> list[ScanView]:
    await receipt(actor=actor, receipt_id=receipt_id)
    rows = await database.rows("SELECT * FROM receipt_scan WHERE receipt_id = $1 ORDER BY added_at", receipt_id)
    return [
        ScanView(
            digest=row["digest"],
            name=row["name"],
            media_type=row["media_type"],
            pages=row["pages"],
            added_by_name=row["added_by_name"],
            added_at=row["added_at"],
        )
        for row in rows
    ]


def reason_name(view: ReceiptView) -> str:
    """Why the rules decided so, for people."""
    if view.matched_by == "hand":
        return "人工认款"
    way = f"（按{WAY_NAMES[view.matched_by]}）" if view.matched_by else ""
    return REASON_NAMES[view.reason] + way


# An office sees what is of its own and, when it is held, what nobody knows the office of.
_RECEIPTS = """
SELECT r.*, i.item_id, i.open_fen, coalesce(i.office_code, e.office_code, a.office_code, $10) AS office_code
FROM bank_receipt r
LEFT JOIN suspense_item i USING (receipt_id)
LEFT JOIN expected_receipt e ON e.expectation_id = r.expectation_id AND r.outcome = 'matched'
LEFT JOIN bank_account a ON a.code = r.bank_account_code
WHERE ($1::text IS NULL OR r.outcome = $1) AND ($2::text IS NULL OR r.state = $2)
    AND ($3::text IS NULL OR r.source = $3)
    AND ($4::text IS NULL OR r.bank_account_code = $4) AND ($5::date IS NULL OR r.booked_on >= $5)
    AND ($6::date IS NULL OR r.booked_on <= $6) AND ($7::text IS NULL OR r.host_serial_no = $7)
    AND ($8::boolean IS NULL OR $8 = (r.state = 'held' OR coalesce(i.open_fen, 0) > 0))
    AND ($9::text[] IS NULL OR coalesce(i.office_code, e.office_code, a.office_code, $10) = ANY ($9))
"""

_PAGE = """
AND ($11::date IS NULL OR (r.booked_on, r.receipt_id) < ($11, $12::bigint))
ORDER BY r.booked_on DESC, r.receipt_id DESC LIMIT $13
"""


def receipt_view(row: Record) -> ReceiptView:
    return ReceiptView(
        receipt_id=row["receipt_id"],
        bank_code=row["bank_code"],
        host_serial_no=row["host_serial_no"],
        booked_on=row["booked_on"],
        bank_account_code=row["bank_account_code"],
        amount=Money(row["amount_fen"]),
        reversal=row["reversal"],
        payer_account_masked=row["payer_account_masked"],
        payer_name_masked=row["payer_name_masked"],
        remark=row["remark"],
        summary=row["summary"],
        source=row["source"],
        source_name=SOURCE_NAMES[row["source"]],
        received_at=row["received_at"],
        state=row["state"],
        state_name=STATE_NAMES[row["state"]],
        outcome=row["outcome"],
        outcome_name=OUTCOME_NAMES[row["outcome"]],
        reason=row["reason"],
        matched_by=row["matched_by"],
        expectation_id=row["expectation_id"],
        account_set=row["account_set"],
        voucher_id=row["voucher_id"],
        item_id=row["item_id"],
        office_code=row["office_code"],
        open=Money(row["open_fen"]) if row["open_fen"] is not None else None,
    )
