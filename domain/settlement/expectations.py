"""应收: what other areas wait for. An area registers what it expects, and hears `receipt.matched` when it is there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from domain.kernel import audit, database, vault
from domain.kernel.actor import Actor
from domain.kernel.database import Executor, Record, Transaction
from domain.kernel.digest import canonical_json
from domain.kernel.identifiers import new_id
from domain.kernel.money import Money
from domain.kernel.refusal import Refused
from domain.settlement import text
from domain.settlement.accounts import CENTRE_OFFICE
from domain.settlement.desk import checked_reason
from domain.settlement.matching import ExpectedFacts, ReceiptFacts
from domain.settlement.refusals import (
    AMOUNT_INVALID,
    EXPECTATION_CHANGED,
    EXPECTATION_CLAIMED,
    EXPECTATION_NOT_OPEN,
    NOT_FOUND,
    REFERENCE_MALFORMED,
)

PENDING_DISTRIBUTION = "21903"
"""待分配缴存款: where an employer's matched money stands until its owner distributes it; auxiliary is the employer."""

STATE_NAMES: dict[str, str] = {"open": "待到账", "met": "已到账", "cancelled": "已取消"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectationView:
    expectation_id: int
    purpose: str
    reference_no: str
    account_set: str
    office_code: str
    employer_no: int | None
    personal_account_no: int | None
    amount: Money
    payer_account_masked: str | None
    payer_name_masked: str | None
    credit_subject: str
    credit_auxiliary: str
    due_on: date | None
    state: str
    state_name: str
    receipt_id: int | None
    registered_at: datetime


async def expect_receipt(
    tx: Transaction,
    *,
    actor: Actor,
    purpose: str,
    reference_no: str,
    amount: Money,
    now: datetime,
    account_set: str = "provident_fund",
    office_code: str = CENTRE_OFFICE,
    employer_no: int | None = None,
    personal_account_no: int | None = None,
    payer_account_no: str | None = None,
    payer_name: str | None = None,
    credit_subject: str = PENDING_DISTRIBUTION,
    credit_auxiliary: str | None = None,
    due_on: date | None = None,
) -> int:
    """Registers what is expected, in its owner's transaction; returns the number. The same purpose and reference with
    the same content answers as before. Rights are the owner's to check.

    `reference_no` is what payers are told to write (a remittance's or contact letter's number). Matched money is
    credited to `credit_subject` with `credit_auxiliary` (the employer unless given). Whoever registers calls
    `meet_waiting` afterwards in the same transaction: the money may be there before the paper. Raises Refused."""
    reference = text.normal(reference_no)
    if text.REFERENCE.fullmatch(reference) is None:
        raise Refused(REFERENCE_MALFORMED())
    if amount.fen <= 0:
        raise Refused(AMOUNT_INVALID())
    auxiliary = credit_auxiliary if credit_auxiliary is not None else str(employer_no or "")
    given = {
        "account_set": account_set,
        "office_code": office_code,
        "employer_no": employer_no,
        "personal_account_no": personal_account_no,
        "amount": amount,
        "payer_account_no": payer_account_no,
        "payer_name": payer_name,
        "credit_subject": credit_subject,
        "credit_auxiliary": auxiliary,
        "due_on": due_on,
    }
    await _check_credit(tx, account_set=account_set, subject=credit_subject, auxiliary=auxiliary)
    told, sealed = canonical_json(given).decode(), vault.current()
    expectation_id = new_id()
    inserted = await tx.execute(
        "INSERT INTO expected_receipt (expectation_id, purpose, reference_no, account_set, office_code, employer_no,"
        " personal_account_no, amount_fen, payer_account_index, payer_account_masked, payer_name_index,"
        " payer_name_masked, credit_subject, credit_auxiliary, input_hash, due_on, state, registered_at,"
        " payer_account_cipher, payer_name_cipher)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, 'open', $17, $18, $19)"
        " ON CONFLICT (purpose, reference_no) DO NOTHING",
        expectation_id,
        purpose,
        reference,
        account_set,
        office_code,
        employer_no,
        personal_account_no,
        amount.fen,
        text.account_index(payer_account_no or ""),
        text.shown_account(payer_account_no) if payer_account_no else None,
        text.name_index(payer_name or ""),
        text.shown_name(payer_name) if payer_name else None,
        credit_subject,
        auxiliary,
        sealed.blind_index(told),
        due_on,
        now,
        sealed.encrypt(payer_account_no) if payer_account_no else None,
        sealed.encrypt(payer_name) if payer_name else None,
    )
    if inserted.endswith(" 0"):
        return await _earlier(tx, purpose=purpose, reference=reference, told=told)
    await audit.record(
        tx,
        actor=actor,
        action="expectation.registered",
        subject=f"expectation:{expectation_id}",
        now=now,
        detail={"purpose": purpose, "reference_no": reference, "amount": amount},
    )
    return expectation_id


async def _check_credit(tx: Transaction, *, account_set: str, subject: str, auxiliary: str) -> None:
    """Where the money goes is the owner's program, not a person's choice: what cannot be booked would stop the receipt
    when it comes."""
    fits = await tx.value(
        "SELECT postable AND NOT personal AND (auxiliary_kind = '' OR $3 <> '') FROM account_subject"
        " WHERE account_set = $1 AND code = $2",
        account_set,
        subject,
        auxiliary,
    )
    assert fits, f"nothing can be credited to {account_set}/{subject} with auxiliary {auxiliary!r}"


async def _earlier(tx: Transaction, *, purpose: str, reference: str, told: str) -> int:
    row = await tx.row(
        "SELECT expectation_id, input_hash, state FROM expected_receipt WHERE purpose = $1 AND reference_no = $2",
        purpose,
        reference,
    )
    assert row is not None, "an expectation vanished"
    if not vault.current().is_blind_index(row["input_hash"], told) or row["state"] == "cancelled":
        raise Refused(EXPECTATION_CHANGED())
    return int(row["expectation_id"])


async def cancel_expected(tx: Transaction, *, actor: Actor, expectation_id: int, reason: str, now: datetime) -> bool:
    """Nobody waits for it any more. False when it was cancelled already; Refused when the money is there or a claim
    on it waits for its second person."""
    reason = checked_reason(reason)
    row = await lock_expectation(tx, expectation_id=expectation_id)
    if row["state"] == "cancelled":
        return False
    if row["state"] != "open":
        raise Refused(EXPECTATION_NOT_OPEN())
    if await is_claimed(tx, expectation_id=expectation_id):
        raise Refused(EXPECTATION_CLAIMED())
    await tx.execute(
        "UPDATE expected_receipt SET state = 'cancelled', ended_at = $2, end_reason = $3 WHERE expectation_id = $1",
        expectation_id,
        now,
        reason,
    )
    await audit.record(
        tx,
        actor=actor,
        action="expectation.cancelled",
        subject=f"expectation:{expectation_id}",
        now=now,
        detail={"reason": reason},
    )
    return True


async def lock_expectation(tx: Transaction, *, expectation_id: int) -> Record:
    row = await tx.row("SELECT * FROM expected_receipt WHERE expectation_id = $1 FOR UPDATE", expectation_id)
    if row is None:
        raise Refused(NOT_FOUND.on("expectationId"))
    return row


async def is_claimed(tx: Transaction, *, expectation_id: int) -> bool:
    """Whether a claim on it waits for its second person."""
    return bool(
        await tx.value(
            "SELECT EXISTS (SELECT FROM suspense_movement WHERE expectation_id = $1 AND state = 'proposed')",
            expectation_id,
        )
    )


async def mark_met(tx: Transaction, *, expectation_id: int, receipt_id: int, now: datetime) -> None:
    """Called with the row locked and open."""
    await tx.execute(
        "UPDATE expected_receipt SET state = 'met', receipt_id = $2, ended_at = $3 WHERE expectation_id = $1",
        expectation_id,
        receipt_id,
        now,
    )


async def candidates(tx: Transaction, *, account_set: str, receipt: ReceiptFacts, lock: bool = False) -> list[Record]:
    """Open expectations of an account set that a receipt could be meant for and no claim waits for; with `lock` they
    are locked in the order of their numbers."""
    rows = await tx.rows(
        "SELECT e.* FROM expected_receipt e WHERE e.state = 'open' AND e.account_set = $1"
        " AND (e.reference_no = ANY ($2) OR e.payer_account_index = ANY ($3)"
        "      OR (e.payer_account_index IS NULL AND e.payer_name_index = ANY ($4)))"
        f" ORDER BY e.expectation_id{' FOR UPDATE' if lock else ''}",
        account_set,
        [*receipt.in_remark, *receipt.in_summary],
        list(receipt.payer_account),
        list(receipt.payer_name),
    )
    return [row for row in rows if not await is_claimed(tx, expectation_id=row["expectation_id"])]


def facts_of(row: Record) -> ExpectedFacts:
    return ExpectedFacts(
        expectation_id=row["expectation_id"],
        reference_no=row["reference_no"],
        amount=Money(row["amount_fen"]),
        payer_account=row["payer_account_index"],
        payer_name=row["payer_name_index"],
    )


def payer_of(row: Record) -> tuple[frozenset[bytes], frozenset[bytes]]:
    """Every blind index of the account and of the name that a row tells: of the payer of a receipt or an expectation,
    kept sealed beside the index. Of an older expectation without the sealed value, the index as it is kept."""
    sealed = vault.current()
    account, name = row["payer_account_cipher"], row["payer_name_cipher"]
    return (
        text.account_indexes(sealed.decrypt(account)) if account else _kept(row["payer_account_index"]),
        text.name_indexes(sealed.decrypt(name)) if name else _kept(row["payer_name_index"]),
    )


def _kept(index: bytes | None) -> frozenset[bytes]:
    return frozenset() if index is None else frozenset({index})


async def expectation(*, expectation_id: int, using: Executor = database.pool) -> ExpectationView:
    row = await using.row("SELECT * FROM expected_receipt WHERE expectation_id = $1", expectation_id)
    if row is None:
        raise Refused(NOT_FOUND.on("expectationId"))
    return expectation_view(row)


async def open_expectations(
    *, reference_no: str | None = None, employer_no: int | None = None, most: int = 50
) -> list[ExpectationView]:
    """For the desk that claims: open ones, by reference or employer, oldest first."""
    rows = await database.rows(
        "SELECT * FROM expected_receipt WHERE state = 'open' AND ($1::text IS NULL OR reference_no = $1)"
        " AND ($2::bigint IS NULL OR employer_no = $2) ORDER BY registered_at, expectation_id LIMIT $3",
        text.normal(reference_no) if reference_no else None,
        employer_no,
        most,
    )
    return [expectation_view(row) for row in rows]


def expectation_view(row: Record) -> ExpectationView:
    return ExpectationView(
        expectation_id=row["expectation_id"],
        purpose=row["purpose"],
        reference_no=row["reference_no"],
        account_set=row["account_set"],
        office_code=row["office_code"],
        employer_no=row["employer_no"],
        personal_account_no=row["personal_account_no"],
        amount=Money(row["amount_fen"]),
        payer_account_masked=row["payer_account_masked"],
        payer_name_masked=row["payer_name_masked"],
        credit_subject=row["credit_subject"],
        credit_auxiliary=row["credit_auxiliary"],
        due_on=row["due_on"],
        state=row["state"],
        state_name=STATE_NAMES[row["state"]],
        receipt_id=row["receipt_id"],
        registered_at=row["registered_at"],
    )
