"""到账: money that came in, booked once, matched or kept in suspense.

A receipt is known by its bank, the bank's serial number and its day. It comes by notice or by statement, whichever is
first; the other finds it there. Locks: the tellings (`lock_tellings`, all of a transaction's at once), expectations by
number, then the receipt, then its suspense item.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from domain import ledger
from domain.kernel import audit, outbox, vault
from domain.kernel.actor import SYSTEM
from domain.kernel.database import Record, Transaction
from domain.kernel.digest import canonical_json
from domain.kernel.identifiers import new_id
from domain.kernel.money import Money
from domain.kernel.refusal import Refused
from domain.ledger import Line, VoucherKind
from domain.settlement import expectations, text
from domain.settlement.accounts import BankAccount, bank_account_by_number
from domain.settlement.events import RECEIPT_MATCHED, RECEIPT_TAKEN_BACK
from domain.settlement.matching import Match, ReceiptFacts, match
from domain.settlement.refusals import RECEIPT_CONTRADICTS
from domain.settlement.statement_format import Row

SUSPENSE = "21901"
"""暂收款; its auxiliary is the office."""
SETS_WITH_SUSPENSE = frozenset({"provident_fund", "flexible_employment"})
"""Account sets whose chart has the subject. Elsewhere money that nobody knows is held and not booked."""
HELD_REASONS = frozenset({"account_unknown", "account_closed", "bank_reversal", "no_suspense"})

_BUCKETS = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptTaken:
    """`new` is False for one that was there already. `outcome` is the rules' (see `matching`)."""

    receipt_id: int
    new: bool
    held: bool
    outcome: str
    reason: str


async def take_receipt(
    tx: Transaction, *, bank_code: str, row: Row, source: str, now: datetime, business_date: date
) -> ReceiptTaken:
    """Books money that a bank says has come in; `lock_tellings` goes before. Raises Refused when the bank said
    something else about the same serial number before."""
    earlier = await _standing(tx, bank_code=bank_code, row=row)
    if earlier is not None:
        return earlier
    account = await bank_account_by_number(bank_code=bank_code, number=row.account_number, using=tx)
    found, expected = await _judge(tx, account=account, row=row)
    receipt_id = new_id()
    held = found.reason in HELD_REASONS
    voucher_id = None
    if not held:
        assert account is not None
        credit = (
            Line(
                subject=expected["credit_subject"],
                side="C",
                amount=row.amount,
                auxiliary=expected["credit_auxiliary"],
            )
            if found.outcome == "matched" and expected is not None
            else Line(subject=SUSPENSE, side="C", amount=row.amount, auxiliary=account.office_code)
        )
        voucher_id = await book_receipt(
            tx, account=account, bank_code=bank_code, row=row, credit=credit, now=now, business_date=business_date
        )
    inserted = await _insert(
        tx,
        receipt_id=receipt_id,
        bank_code=bank_code,
        account=account,
        row=row,
        source=source,
        found=found,
        voucher_id=voucher_id,
        now=now,
    )
    # Two that tell of the same money at once meet at the voucher's key: the second sees the first one's row.
    assert inserted, f"receipt {bank_code}/{row.host_serial_no} was booked twice"
    if voucher_id is not None and account is not None:
        if found.outcome == "matched" and expected is not None:
            await meet(tx, expected=expected, receipt_id=receipt_id, voucher_id=voucher_id, now=now)
        else:
            await open_suspense(
                tx,
                receipt_id=receipt_id,
                account_set=account.account_set,
                office_code=account.office_code,
                amount=row.amount,
                voucher_id=voucher_id,
                opened_on=business_date,
            )
    if found.reason == "bank_reversal":
        payload: dict[str, object] = {"receipt_id": str(receipt_id)}
        await outbox.emit(tx, account_no=0, kind=RECEIPT_TAKEN_BACK, payload=payload, now=now)
    await audit.record(
        tx,
        actor=SYSTEM,
        action="receipt.held" if held else "receipt.booked",
        subject=f"receipt:{receipt_id}",
        now=now,
        detail={
            "bank_code": bank_code,
            "host_serial_no": row.host_serial_no,
            "amount": row.amount,
            "source": source,
            "outcome": found.outcome,
            "reason": found.reason,
        },
    )
    return ReceiptTaken(receipt_id=receipt_id, new=True, held=held, outcome=found.outcome, reason=found.reason)


async def lock_tellings(tx: Transaction, *, bank_code: str, serials: Sequence[str]) -> None:
    """Whoever tells of the same money at the same time waits here, before anything else is locked, and then finds the
    first one's receipts. Those who tell of several things come one after the other: they lock expectations in the
    order of their rows."""
    if len(serials) > 1:
        await tx.execute("SELECT pg_advisory_xact_lock(18522, 0)")
    await tx.execute(
        "SELECT pg_advisory_xact_lock(18521, bucket) FROM (SELECT DISTINCT abs(hashtext(serial) % $2) AS bucket"
        " FROM unnest($1::text[]) AS serial ORDER BY bucket) AS buckets",
        [f"{bank_code}:{serial}" for serial in serials],
        _BUCKETS,
    )


async def book_receipt(
    tx: Transaction,
    *,
    account: BankAccount,
    bank_code: str,
    row: Row,
    credit: Line,
    now: datetime,
    business_date: date,
    prepared_by: str = SYSTEM.reference,
) -> int:
    """Dr the bank, Cr `credit`; and the book's side of the bank line. Returns the voucher."""
    voucher_id = await ledger.post_general(
        tx,
        account_set=account.account_set,
        business_key=f"receipt:{bank_code}:{row.booked_on:%Y%m%d}:{row.host_serial_no}",
        kind=VoucherKind.OTHER,
        summary=f"到账 {row.host_serial_no}",
        lines=[Line(subject=account.subject, side="D", amount=row.amount, auxiliary=account.code), credit],
        effective_on=min(row.booked_on, business_date),
        posted_on=business_date,
        now=now,
        prepared_by=prepared_by,
    )
    await record_booking(
        tx,
        account=account,
        host_serial_no=row.host_serial_no,
        booked_on=row.booked_on,
        amount=row.amount,
        voucher_id=voucher_id,
    )
    return voucher_id


async def record_booking(
    tx: Transaction,
    *,
    account: BankAccount,
    host_serial_no: str,
    booked_on: date,
    amount: Money,
    voucher_id: int,
    voucher_account_no: int = 0,
) -> None:
    """Notes which voucher stands for which line of the bank, so that the two are ticked off by themselves. `amount` is
    negative for money out."""
    await tx.execute(
        "INSERT INTO bank_booking (bank_account_code, host_serial_no, booked_on, amount_fen, voucher_account_no,"
        " account_set, voucher_id) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
        account.code,
        host_serial_no,
        booked_on,
        amount.fen,
        voucher_account_no,
        account.account_set,
        voucher_id,
    )


async def meet(tx: Transaction, *, expected: Record, receipt_id: int, voucher_id: int, now: datetime) -> None:
    """The expectation is met: its owner hears of it."""
    await expectations.mark_met(tx, expectation_id=expected["expectation_id"], receipt_id=receipt_id, now=now)
    await outbox.emit(
        tx,
        account_no=0,
        kind=RECEIPT_MATCHED,
        payload={
            "expectation_id": str(expected["expectation_id"]),
            "purpose": expected["purpose"],
            "reference_no": expected["reference_no"],
            "receipt_id": str(receipt_id),
            "voucher_id": str(voucher_id),
            "amount": Money(expected["amount_fen"]),
        },
        now=now,
    )


async def open_suspense(
    tx: Transaction,
    *,
    receipt_id: int,
    account_set: str,
    office_code: str,
    amount: Money,
    voucher_id: int,
    opened_on: date,
) -> int:
    item_id = new_id()
    await tx.execute(
        "INSERT INTO suspense_item (item_id, receipt_id, account_set, office_code, amount_fen, open_fen, opened_on,"
        " voucher_id) VALUES ($1, $2, $3, $4, $5, $5, $6, $7)",
        item_id,
        receipt_id,
        account_set,
        office_code,
        amount.fen,
        opened_on,
        voucher_id,
    )
    return item_id


async def _standing(tx: Transaction, *, bank_code: str, row: Row) -> ReceiptTaken | None:
    earlier = await tx.row(
        "SELECT receipt_id, input_hash, state, outcome, reason FROM bank_receipt"
        " WHERE bank_code = $1 AND host_serial_no = $2 AND booked_on = $3",
        bank_code,
        row.host_serial_no,
        row.booked_on,
    )
    if earlier is None:
        return None
    if not vault.current().is_blind_index(earlier["input_hash"], _told(row)):
        raise Refused(RECEIPT_CONTRADICTS(serial=row.host_serial_no))
    return ReceiptTaken(
        receipt_id=earlier["receipt_id"],
        new=False,
        held=earlier["state"] == "held",
        outcome=earlier["outcome"],
        reason=earlier["reason"],
    )


async def _judge(tx: Transaction, *, account: BankAccount | None, row: Row) -> tuple[Match, Record | None]:
    """The rules' match and the expectation it names. What cannot be booked at all is found first."""
    if account is None:
        return Match(outcome="unknown", reason="account_unknown"), None
    if not account.is_open:
        return Match(outcome="unknown", reason="account_closed"), None
    if row.amount.fen < 0:
        # Only a reversal is told to us as a receipt with a minus.
        return Match(outcome="unknown", reason="bank_reversal"), None
    facts = facts_of_row(row)
    rows = await expectations.candidates(tx, account_set=account.account_set, receipt=facts, lock=True)
    found = match(receipt=facts, expected=[expectations.facts_of(one) for one in rows])
    if found.outcome != "matched" and account.account_set not in SETS_WITH_SUSPENSE:
        return Match(outcome="unknown", reason="no_suspense"), None
    named = next((one for one in rows if one["expectation_id"] == found.expectation_id), None)
    return found, named


def facts_of_row(row: Row) -> ReceiptFacts:
    return ReceiptFacts(
        amount=row.amount,
        in_remark=text.references(row.remark),
        in_summary=text.references(row.summary),
        payer_account=text.account_indexes(row.counterparty_account),
        payer_name=text.name_indexes(row.counterparty_name),
    )


async def _insert(
    tx: Transaction,
    *,
    receipt_id: int,
    bank_code: str,
    account: BankAccount | None,
    row: Row,
    source: str,
    found: Match,
    voucher_id: int | None,
    now: datetime,
) -> bool:
    sealed = vault.current()
    facts = facts_of_row(row)
    status = await tx.execute(
        "INSERT INTO bank_receipt (receipt_id, bank_code, host_serial_no, booked_on, bank_account_code, account_number,"
        " amount_fen, reversal, payer_account_cipher, payer_account_masked, payer_account_index, payer_name_cipher,"
        " payer_name_masked, payer_name_index, payer_bank_no, remark, summary, words, input_hash, source, received_at,"
        " state, outcome, reason, matched_by, expectation_id, account_set, voucher_id, booked_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22,"
        " $23, $24, $25, $26, $27, $28, $29) ON CONFLICT DO NOTHING",
        receipt_id,
        bank_code,
        row.host_serial_no,
        row.booked_on,
        account.code if account else None,
        row.account_number,
        row.amount.fen,
        row.reversal,
        sealed.encrypt(row.counterparty_account),
        text.shown_account(row.counterparty_account),
        text.account_index(row.counterparty_account),
        sealed.encrypt(row.counterparty_name),
        text.shown_name(row.counterparty_name),
        text.name_index(row.counterparty_name),
        row.counterparty_bank_no,
        row.remark,
        row.summary,
        sorted({*facts.in_remark, *facts.in_summary}),
        sealed.blind_index(_told(row)),
        source,
        now,
        "booked" if voucher_id else "held",
        found.outcome,
        found.reason,
        found.way,
        found.expectation_id,
        account.account_set if account else None,
        voucher_id,
        now if voucher_id else None,
    )
    return status.endswith(" 1")


def _told(row: Row) -> str:
    """What must not differ between two tellings of the same money; its digest is keyed, because it holds account
    numbers."""
    told = {
        "account": row.account_number,
        "amount": row.amount,
        "payer": text.normal(row.counterparty_account),
        "reversal": row.reversal,
    }
    return canonical_json(told).decode()
