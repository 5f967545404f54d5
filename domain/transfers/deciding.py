"""What staff do with transfers: letters out, letters received, accounts judged, negotiation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from domain import policy, settlement
from domain.cases import Flow
from domain.kernel import database, idempotency
from domain.kernel.actor import Actor
from domain.kernel.database import Executor, Record, Transaction, transaction
from domain.kernel.refusal import NOT_PERMITTED, Refused
from domain.settlement import BankAccount
from domain.transfers import bodies, money, store, telling
from domain.transfers.letters import SEQUENCE_MAX, letter_no
from domain.transfers.machine import flow_of, require_step
from domain.transfers.refusals import (
    FUND_ACCOUNT_MISSING,
    LETTERS_EXHAUSTED,
    LOAN_COUNT,
    MONEY_LEFT,
    MONEY_NOT_LEFT,
    NOT_FOUND,
    OTHER_OFFICE,
    REASON_MISSING,
)
from domain.transfers.store import REASON_LENGTH_MAX, REASON_LENGTH_MIN, TransferView, view_of

LOAN_COUNT_MAX = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of staff. The three answers about loans and fraud are for `approve` and `amend` of a transfer out: the
    centre has no loan register here yet, so staff look it up."""

    action: str
    note: str = ""
    loan_count: int = 0
    loan_open: bool = False
    fraud: bool = False


async def take_step(
    *, actor: Actor, transfer_no: str, step: Step, request_key: str, business_date: date, now: datetime
) -> TransferView:
    """Raises Refused; nothing has changed then."""
    place = await store.place_of(transfer_no=transfer_no)
    if place is None:
        raise Refused(NOT_FOUND())
    sequence = 0
    seen = await store.row_of(account_no=place[0], transfer_id=place[1])
    if step.action == "issue" and seen["state"] == "applied":
        # no number is drawn for what would be refused anyhow
        await _require(actor, seen, step)
        sequence = await _next_sequence(day=business_date)
    async with transaction() as tx:
        row = await store.locked(tx, account_no=place[0], transfer_id=place[1])
        begun = await idempotency.begin(
            tx, actor=actor, account_no=place[0], request_key=request_key, operation=f"transfer.{step.action}",
            given={"transfer_no": transfer_no, "note": step.note, "loan_count": step.loan_count,
                   "loan_open": step.loan_open, "fraud": step.fraud}, now=now,
        )  # fmt: skip
        if begun is None:
            flow = await _require(actor, row, step, using=tx)
            note = _note(step.note, required=flow.transition(step.action).reason_required)
            if row["direction"] == "in":
                row = await _step_in(tx, row=row, step=step, note=note, actor=actor, sequence=sequence,
                                     business_date=business_date, now=now)  # fmt: skip
            else:
                row = await _step_out(tx, row=row, step=step, note=note, actor=actor, business_date=business_date,
                                      now=now)  # fmt: skip
            await idempotency.finish(
                tx, actor=actor, account_no=place[0], request_key=request_key, result={"transfer_no": transfer_no}
            )
    return view_of(row)


async def _require(actor: Actor, row: Record, step: Step, *, using: Executor = database.pool) -> Flow:
    """Whether the actor may take this step of this transfer now. Raises Refused."""
    if not actor.is_staff:
        raise Refused(NOT_PERMITTED())
    if actor.office_codes and row["office_code"] not in actor.office_codes:
        raise Refused(OTHER_OFFICE())
    flow = flow_of(direction=row["direction"], version=row["flow_version"])
    if step.action not in flow.transitions:
        raise Refused(NOT_FOUND())
    doers = await store.doers_of(row=row, using=using)
    require_step(actor=actor, flow=flow, state=row["state"], action=step.action, doers=doers)
    return flow


def actions_of(*, actor: Actor, view: TransferView, doers: dict[str, str]) -> tuple[tuple[str, str], ...]:
    """Steps that this member of staff may take now, with their names."""
    found = []
    for action in view.flow.actions_from(view.state):
        if view.flow.transition(action).kind != "staff":
            continue
        try:
            require_step(actor=actor, flow=view.flow, state=view.state, action=action, doers=doers)
        except Refused:
            continue
        if action == "amend" and view.money not in ("ordered", "left"):
            continue
        if action in ("approve", "refuse", "fail") and view.money in ("ordered", "left"):
            continue
        found.append((action, view.flow.transition(action).name))
    return tuple(found)


async def _step_in(
    tx: Transaction,
    *,
    row: Record,
    step: Step,
    note: str | None,
    actor: Actor,
    sequence: int,
    business_date: date,
    now: datetime,
) -> Record:
    match step.action:
        case "issue":
            return await _issue(tx, row=row, actor=actor, sequence=sequence, business_date=business_date, now=now)
        case "negotiate":
            row = await store.move(tx, row=row, action="negotiate", actor=actor, note=note, now=now, negotiated=True)
            body = bodies.progress_body(letter_no=row["letter_no"], state="06", reason=note or "")
            await telling.queue(tx, row=row, kind="progress", body=body, now=now)
            return row
    return await store.move(tx, row=row, action=step.action, actor=actor, note=note, now=now)


async def _issue(
    tx: Transaction, *, row: Record, actor: Actor, sequence: int, business_date: date, now: datetime
) -> Record:
    """The letter is numbered and queued; from here on the platform knows the transfer."""
    dated = policy.on(business_date)
    number = letter_no(centre_code=dated.text("transfer.centre_code"), day=business_date, sequence=sequence)
    account = await _fund_account(tx)
    await tx.execute(
        "INSERT INTO transfer_letter (letter_no, account_no, transfer_id) VALUES ($1, $2, $3)",
        number,
        row["account_no"],
        row["transfer_id"],
    )
    row = await store.move(
        tx, row=row, action="issue", actor=actor, now=now, letter_no=number, fund_bank_code=account.bank_code,
        fund_account_name=account.name,
    )  # fmt: skip
    our_name = dated.text("transfer.centre_name")
    body = bodies.letter_body(row=row, letter_no=number, account=account, our_name=our_name, day=business_date)
    await telling.queue(tx, row=row, kind="letter", body=body, now=now)
    return row


async def _step_out(
    tx: Transaction, *, row: Record, step: Step, note: str | None, actor: Actor, business_date: date, now: datetime
) -> Record:
    moved_out = row["money"] in ("ordered", "left")
    match step.action:
        case "confirm":
            row = await store.move(tx, row=row, action="confirm", actor=actor, note=note, now=now)
            return await _tell_progress(tx, row=row, reason="", now=now)
        case "approve":
            if moved_out:
                raise Refused(MONEY_LEFT())
            _check_loans(step)
            return await money.order_out(
                tx, row=row, actor=actor, loan_count=step.loan_count, loan_open=step.loan_open, fraud=step.fraud,
                note=note, business_date=business_date, now=now,
            )  # fmt: skip
        case "amend":
            if not moved_out:
                raise Refused(MONEY_NOT_LEFT())
            _check_loans(step)
            info = {**(row["info"] or {}), "LoanTimes": str(step.loan_count),
                    "LoanOpen": "1" if step.loan_open else "0", "Fraud": "1" if step.fraud else "0"}  # fmt: skip
            row = await store.move(tx, row=row, action="amend", actor=actor, note=note, now=now, info=info)
            body = bodies.out_info_body(row=row, function="1", reason=note or "")
            await telling.queue(tx, row=row, kind="out_info", body=body, now=now)
            return row
    if moved_out:
        raise Refused(MONEY_LEFT())
    row = await store.move(tx, row=row, action=step.action, actor=actor, note=note, now=now)
    return await _tell_progress(tx, row=row, reason=note or "", now=now)


async def _tell_progress(tx: Transaction, *, row: Record, reason: str, now: datetime) -> Record:
    body = bodies.progress_body(letter_no=row["letter_no"], state=row["state"], reason=reason)
    await telling.queue(tx, row=row, kind="progress", body=body, now=now)
    return row


async def _fund_account(tx: Transaction) -> BankAccount:
    """Where transfers in arrive: the first open demand account of the set. Raises Refused when there is none."""
    for account in await settlement.bank_accounts(using=tx):
        if account.account_set == "provident_fund" and account.kind == "demand":
            return account
    raise Refused(FUND_ACCOUNT_MISSING())


async def _next_sequence(*, day: date) -> int:
    """In a transaction of its own, so that nobody waits for what is done with it; a number not used is a gap."""
    async with transaction() as tx:
        following: int = await tx.value(
            "INSERT INTO number_series (name, next_no) VALUES ($1, 2) ON CONFLICT (name)"
            " DO UPDATE SET next_no = number_series.next_no + 1 RETURNING next_no",
            f"transfer_letter:{day:%Y%m%d}",
        )
    if following - 1 > SEQUENCE_MAX:
        raise Refused(LETTERS_EXHAUSTED())
    return following - 1


def _check_loans(step: Step) -> None:
    if not 0 <= step.loan_count <= LOAN_COUNT_MAX:
        raise Refused(LOAN_COUNT())


def _note(note: str, *, required: bool) -> str | None:
    said = note.strip()
    if not said and not required:
        return None
    if not REASON_LENGTH_MIN <= len(said) <= REASON_LENGTH_MAX or "|" in said:
        raise Refused(REASON_MISSING())
    return said
