"""手动入账 (D06): what is stuck is posted by two persons, and only by what the bank says.

A payment that waits for its result is ended by hand when the bank, asked within the last minutes, gave a clear answer
that the machine could not use (it was asked and nobody was there to hear, or people had to look first). A receipt that
is held is booked when a statement that was downloaded within the same time has its line.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Literal, Protocol

from domain.kernel import audit
from domain.kernel.actor import Actor
from domain.kernel.database import Record, Transaction, transaction
from domain.kernel.identifiers import new_id
from domain.kernel.money import Money
from domain.kernel.refusal import Refused
from domain.settlement.accounts import open_bank_account
from domain.settlement.centre_payments import settle_centre_payment
from domain.settlement.desk import begun, checked_reason, finished, require_funds, require_office, require_second
from domain.settlement.held_receipts import book_held
from domain.settlement.payments import CENTRE, ENDED, REPRESENT_AFTER, PaymentView
from domain.settlement.ports import PaymentOutcome, SettlementGateway
from domain.settlement.refusals import (
    BANK_NOT_ASKED,
    BANK_SAYS_OTHERWISE,
    DECIDED_ALREADY,
    HAND_POSTING_PENDING,
    NOT_FOUND,
    NOT_ON_STATEMENT,
    NOT_STUCK,
    REVERSAL_FORM,
)

ANSWER_VALID = timedelta(minutes=30)
"""How old the bank's answer may be when somebody posts by it: our own setting, no rule says so."""

_ANSWER_NAMES = {
    "confirmed": "已入账",
    "rejected": "已退回",
    "processing": "处理中",
    "unknown": "结果未知",
    "not_found": "无此交易",
}
PaymentResult = Literal["payment_confirmed", "payment_rejected"]


class PaymentSettler(Protocol):
    """The owner of a payment: keeps the outcome (`record_outcome`) and books what it means, in the transaction given.
    For payments of personal accounts; settlement settles the centre's own."""

    async def __call__(
        self,
        tx: Transaction,
        *,
        account_no: int,
        payment_id: int,
        outcome: PaymentOutcome,
        now: datetime,
        business_date: date,
    ) -> PaymentView: ...


async def ask_bank(
    *, actor: Actor, account_no: int, payment_id: int, gateway: SettlementGateway, now: datetime
) -> PaymentOutcome:
    """Asks what became of a payment (110) and keeps the answer, for whoever posts by hand afterwards. Changes nothing
    else. Raises Refused for a payment that was never told or has ended."""
    require_funds(actor)
    async with transaction() as tx:
        row = await _payment(tx, account_no=account_no, payment_id=payment_id)
    outcome = await gateway.query(
        serial_no=row["serial_no"], bank_code=row["bank_code"], business_date=row["business_date"], now=now
    )
    async with transaction() as tx:
        answer_id = new_id()
        await tx.execute(
            "INSERT INTO bank_answer (answer_id, subject, status, code, message, bank_serial_no, amount_fen,"
            " raw_digest, asked_by, asked_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            answer_id,
            _subject(account_no, payment_id),
            outcome.status,
            outcome.code,
            outcome.message,
            outcome.bank_serial_no,
            outcome.amount.fen if outcome.amount is not None else None,
            outcome.raw_digest,
            actor.reference,
            now,
        )
        await audit.record(
            tx,
            actor=actor,
            action="bank.asked",
            subject=_subject(account_no, payment_id),
            now=now,
            detail={"status": outcome.status, "code": outcome.code, "digest": outcome.raw_digest},
        )
    return outcome


async def propose_payment_result(
    *,
    actor: Actor,
    account_no: int,
    payment_id: int,
    result: PaymentResult,
    reason: str,
    request_key: str,
    now: datetime,
) -> int:
    """Returns the number of the proposal. Raises Refused unless the bank's last answer is fresh and says the same."""
    require_funds(actor)
    reason = checked_reason(reason)
    subject = _subject(account_no, payment_id)
    async with transaction() as tx:
        given = {"subject": subject, "result": result, "reason": reason}
        earlier = await begun(
            tx, actor=actor, operation="propose_payment_result", request_key=request_key, given=given, now=now
        )
        if earlier is not None:
            return earlier
        row = await _payment(tx, account_no=account_no, payment_id=payment_id)
        answer = await _answer(tx, subject=subject, now=now)
        _check_answer(answer, payment=row, result=result, now=now)
        posting_id = await _insert(
            tx, actor=actor, subject=subject, kind=result, reason=reason, now=now, answer_id=answer["answer_id"]
        )
        await finished(tx, actor=actor, request_key=request_key, number=posting_id)
        return posting_id


async def propose_held_receipt(
    *,
    actor: Actor,
    receipt_id: int,
    bank_account_code: str,
    item_id: int | None = None,
    reason: str,
    request_key: str,
    now: datetime,
) -> int:
    """Booking a held receipt: money that came goes into suspense of `bank_account_code`; money that the bank took back
    comes out of the suspense item of the receipt it reverses (`item_id`). Returns the proposal's number. Raises
    Refused unless a statement downloaded within ANSWER_VALID has the line."""
    require_funds(actor)
    reason = checked_reason(reason)
    async with transaction() as tx:
        given = {"receipt_id": receipt_id, "account": bank_account_code, "item_id": item_id, "reason": reason}
        earlier = await begun(
            tx, actor=actor, operation="propose_held_receipt", request_key=request_key, given=given, now=now
        )
        if earlier is not None:
            return earlier
        receipt = await _receipt(tx, receipt_id=receipt_id)
        account = await open_bank_account(code=bank_account_code, using=tx)
        require_office(actor, office_code=account.office_code)
        if (receipt["amount_fen"] < 0) != (item_id is not None):
            raise Refused(REVERSAL_FORM(problem="银行收回的款项须指明原到账的暂收款，其他款项不须指明"))
        await _check_on_statement(tx, receipt=receipt, bank_account_code=account.code, now=now)
        posting_id = await _insert(
            tx,
            actor=actor,
            subject=f"receipt:{receipt_id}",
            kind="receipt",
            reason=reason,
            now=now,
            bank_account_code=account.code,
            item_id=item_id,
        )
        await finished(tx, actor=actor, request_key=request_key, number=posting_id)
        return posting_id


async def decide_hand_posting(
    *,
    actor: Actor,
    posting_id: int,
    approve: bool,
    note: str = "",
    settler: PaymentSettler,
    request_key: str,
    now: datetime,
    business_date: date,
) -> None:
    """The second person's word; what they approve is booked here. The bank's answer must still be fresh and still the
    last one. Raises Refused."""
    require_funds(actor)
    note = note.strip() if approve else checked_reason(note, field="note")
    async with transaction() as tx:
        given = {"posting_id": posting_id, "approve": approve, "note": note}
        operation = "decide_hand_posting"
        if await begun(tx, actor=actor, operation=operation, request_key=request_key, given=given, now=now):
            return
        posting = await tx.row("SELECT * FROM hand_posting WHERE posting_id = $1 FOR UPDATE", posting_id)
        if posting is None:
            raise Refused(NOT_FOUND.on("postingId"))
        require_second(actor, first=posting["proposed_by"])
        if posting["state"] != "proposed":
            raise Refused(DECIDED_ALREADY())
        if approve and posting["kind"] == "receipt":
            await _post_receipt(tx, posting=posting, now=now, business_date=business_date)
        elif approve:
            await _post_payment(tx, posting=posting, settler=settler, now=now, business_date=business_date)
        await tx.execute(
            "UPDATE hand_posting SET state = $2, decided_by = $3, decided_by_name = $4, decided_at = $5,"
            " decision_note = $6 WHERE posting_id = $1",
            posting_id,
            "approved" if approve else "rejected",
            actor.reference,
            actor.name,
            now,
            note,
        )
        await audit.record(
            tx,
            actor=actor,
            action=f"hand_posting.{'approved' if approve else 'rejected'}",
            subject=posting["subject"],
            now=now,
            detail={"posting_id": str(posting_id), "kind": posting["kind"], "note": note},
        )
        await finished(tx, actor=actor, request_key=request_key, number=posting_id)


async def _post_payment(
    tx: Transaction, *, posting: Record, settler: PaymentSettler, now: datetime, business_date: date
) -> None:
    _, account_no, payment_id = posting["subject"].split(":")
    row = await _payment(tx, account_no=int(account_no), payment_id=int(payment_id))
    answer = await _answer(tx, subject=posting["subject"], now=now)
    _check_answer(answer, payment=row, result=posting["kind"], now=now)
    confirmed = posting["kind"] == "payment_confirmed"
    outcome = PaymentOutcome(
        status="confirmed" if confirmed else "rejected",
        code=answer["code"],
        message=answer["message"],
        bank_serial_no=answer["bank_serial_no"],
        amount=Money(answer["amount_fen"]) if answer["amount_fen"] is not None else None,
        raw_digest=answer["raw_digest"],
    )
    if int(account_no) == CENTRE:
        await settle_centre_payment(
            tx, payment_id=int(payment_id), outcome=outcome, now=now, business_date=business_date
        )
    else:
        await settler(
            tx,
            account_no=int(account_no),
            payment_id=int(payment_id),
            outcome=outcome,
            now=now,
            business_date=business_date,
        )


async def _post_receipt(tx: Transaction, *, posting: Record, now: datetime, business_date: date) -> None:
    receipt_id = int(posting["subject"].partition(":")[2])
    receipt = await _receipt(tx, receipt_id=receipt_id)
    await _check_on_statement(tx, receipt=receipt, bank_account_code=posting["bank_account_code"], now=now)
    account = await open_bank_account(code=posting["bank_account_code"], using=tx)
    await book_held(
        tx,
        receipt=receipt,
        account=account,
        item_id=posting["item_id"],
        posting_id=posting["posting_id"],
        reason=posting["reason"],
        prepared_by=posting["proposed_by"],
        prepared_by_name=posting["proposed_by_name"],
        now=now,
        business_date=business_date,
    )


def _subject(account_no: int, payment_id: int) -> str:
    return f"payment:{account_no}:{payment_id}"


async def _payment(tx: Transaction, *, account_no: int, payment_id: int) -> Record:
    """A payment that the bank may have and that has no result. Its lock is its owner's to take."""
    row = await tx.row("SELECT * FROM payment WHERE account_no = $1 AND payment_id = $2", account_no, payment_id)
    if row is None:
        raise Refused(NOT_FOUND.on("paymentId"))
    if row["state"] in ENDED or row["state"] == "prepared":
        raise Refused(NOT_STUCK())
    return row


async def _answer(tx: Transaction, *, subject: str, now: datetime) -> Record:
    row = await tx.row(
        "SELECT * FROM bank_answer WHERE subject = $1 ORDER BY asked_at DESC, answer_id DESC LIMIT 1", subject
    )
    if row is None or now - row["asked_at"] > ANSWER_VALID:
        raise Refused(BANK_NOT_ASKED(minutes=ANSWER_VALID // timedelta(minutes=1)))
    return row


def _check_answer(answer: Record, *, payment: Record, result: str, now: datetime) -> None:
    """`confirmed` for the ordered amount; `rejected`, or `not_found` long enough after it was told."""
    if result == "payment_confirmed":
        agrees = answer["status"] == "confirmed" and answer["amount_fen"] == payment["amount_fen"]
    else:
        late = answer["asked_at"] >= payment["sent_at"] + REPRESENT_AFTER
        agrees = answer["status"] == "rejected" or (answer["status"] == "not_found" and late)
    if not agrees:
        raise Refused(BANK_SAYS_OTHERWISE(answer=_ANSWER_NAMES[answer["status"]]))


async def _receipt(tx: Transaction, *, receipt_id: int) -> Record:
    row = await tx.row("SELECT * FROM bank_receipt WHERE receipt_id = $1 FOR UPDATE", receipt_id)
    if row is None:
        raise Refused(NOT_FOUND.on("receiptId"))
    # a reversal whose payment is known is booked by the payment's owner
    if row["state"] != "held" or row["outcome"] == "matched":
        raise Refused(NOT_STUCK())
    return row


async def _check_on_statement(tx: Transaction, *, receipt: Record, bank_account_code: str, now: datetime) -> None:
    found = await tx.value(
        "SELECT EXISTS (SELECT FROM bank_statement_line l JOIN bank_statement s USING (statement_id)"
        " WHERE s.bank_account_code = $1 AND s.state = 'current' AND s.imported_at >= $2"
        " AND l.host_serial_no = $3 AND l.booked_on = $4 AND l.amount_fen = $5)",
        bank_account_code,
        now - ANSWER_VALID,
        receipt["host_serial_no"],
        receipt["booked_on"],
        receipt["amount_fen"],
    )
    if not found:
        raise Refused(NOT_ON_STATEMENT())


async def _insert(
    tx: Transaction,
    *,
    actor: Actor,
    subject: str,
    kind: str,
    reason: str,
    now: datetime,
    answer_id: int | None = None,
    bank_account_code: str | None = None,
    item_id: int | None = None,
) -> int:
    posting_id = new_id()
    status = await tx.execute(
        "INSERT INTO hand_posting (posting_id, subject, kind, answer_id, bank_account_code, item_id, reason, state,"
        " proposed_by, proposed_by_name, proposed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, 'proposed', $8, $9, $10)"
        " ON CONFLICT (subject) WHERE state = 'proposed' DO NOTHING",
        posting_id,
        subject,
        kind,
        answer_id,
        bank_account_code,
        item_id,
        reason,
        actor.reference,
        actor.name,
        now,
    )
    if status.endswith(" 0"):
        raise Refused(HAND_POSTING_PENDING())
    await audit.record(
        tx,
        actor=actor,
        action="hand_posting.proposed",
        subject=subject,
        now=now,
        detail={"posting_id": str(posting_id), "kind": kind, "reason": reason},
    )
    return posting_id
