"""Money of transfers: out of a sealed account by a bank's batch, into an account when a receipt names the letter."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from domain import cases, contributions, ledger, policy, settlement
from domain.contributions import AccountView
from domain.kernel import audit, vault
from domain.kernel.actor import SYSTEM, Actor
from domain.kernel.database import Record, Transaction, transaction
from domain.kernel.identifiers import new_id
from domain.kernel.money import Money
from domain.kernel.refusal import NOT_PERMITTED, Refused
from domain.ledger import Line, VoucherKind
from domain.settlement import BatchItem
from domain.transfers import bodies, store, telling
from domain.transfers.letters import month_text, remark_of
from domain.transfers.refusals import FUND_ACCOUNT_MISSING, NOT_FOUND, NOT_POSTABLE, OUT_UNKNOWN
from domain.transfers.rules import OutFacts, judge_out
from domain.transfers.store import MATTER

IN_TRANSIT = "21904"
"""异地转移待入账: money of a transfer in between its arrival and the person's account."""
PURPOSE_OUT, PURPOSE_IN = "transfer_out", "transfer_in"
BUSINESS_TYPE = "07"
"""外部转出, of the settlement system."""
POSTABLE_STATES = ("01", "02")
STEADY_MONTHS = 6
"""缴至月前6个月是否连续: a field of 905."""


def is_transfer_in(purpose: str) -> bool:
    """Each amended amount is an expectation of its own; its purpose has the round behind a full stop."""
    return purpose.split(".")[0] == PURPOSE_IN


async def order_out(
    tx: Transaction,
    *,
    row: Record,
    actor: Actor,
    loan_count: int,
    loan_open: bool,
    fraud: bool,
    note: str | None,
    business_date: date,
    now: datetime,
) -> Record:
    """审核通过并划款: books the interest to yesterday, sets the whole aside, orders the payment and tells the other
    centre, all in the caller's transaction with the rows locked. Raises Refused with every reason at once."""
    if not row["account_no"]:
        raise Refused(OUT_UNKNOWN())
    account = await contributions.account_of(account_no=row["account_no"], using=tx)
    await _judge(tx, row=row, account=account, loan_open=loan_open, fraud=fraud, business_date=business_date)
    number = row["round"] + 1
    interest = await ledger.settle_for_closing(
        tx, account_no=account.account_no, reference=f"{row['letter_no']}:{number}", closing_on=business_date,
        posted_on=business_date, now=now,
    )  # fmt: skip
    amount = (await ledger.balance_of(account_no=account.account_no, using=tx)).available
    hold_id = new_id()
    await ledger.place_hold(
        tx, account_no=account.account_no, hold_id=hold_id, business_key=f"transfer_out:{row['letter_no']}:{number}",
        amount=amount, case_id=None, reason=f"异地转出 {row['letter_no']}",
        expires_on=business_date + timedelta(days=policy.on(business_date).number("transfer.hold_days")), now=now,
    )  # fmt: skip
    batch_id = await _order(
        tx, row=row, account=account, amount=amount, number=number, actor=actor, business_date=business_date, now=now
    )
    months = await contributions.months_contributed_consecutively(account_no=account.account_no, using=tx)
    info = {
        "TransAmount": str(amount),
        "Principal": str(amount - interest),
        "Interest": str(interest),
        "OpenMonth": f"{account.opened_on:%Y%m}",
        "PaidThrough": month_text(account.paid_through),
        "SixMonths": "1" if months >= STEADY_MONTHS else "0",
        "LoanTimes": str(loan_count),
        "LoanOpen": "1" if loan_open else "0",
        "Fraud": "1" if fraud else "0",
    }
    row = await store.move(
        tx, row=row, action="approve", actor=actor, note=note, now=now, info=info, amount_fen=amount.fen,
        money="ordered", hold_id=hold_id, batch_id=batch_id, round=number, counts_from=business_date, trouble=None,
    )  # fmt: skip
    body = bodies.out_info_body(row=row, function="0" if number == 1 else "1", reason=note or "")
    await telling.queue(tx, row=row, kind="out_info", body=body, now=now)
    return row


async def item_settled(
    tx: Transaction, *, batch_id: int, item_no: int, reference: str, business_date: date, now: datetime
) -> None:
    """A bank has answered for the money of one letter. Paid: posted and the account closed (外部转出销户); refused:
    given back, and a matter to be negotiated."""
    place = await store.place_of(letter_no=reference, using=tx)
    assert place is not None, f"letter {reference} is unknown"
    row = await store.locked(tx, account_no=place[0], transfer_id=place[1])
    if row["money"] != "ordered" or row["batch_id"] != batch_id:
        return
    settled = await settlement.settled_item(tx, batch_id=batch_id, item_no=item_no)
    if settled.state != "confirmed":
        await _not_paid(tx, row=row, code=settled.code, now=now)
        return
    account_no = row["account_no"]
    # What the bank has paid is booked however long it took to say so.
    await ledger.extend_hold(tx, account_no=account_no, hold_id=row["hold_id"], expires_on=business_date)
    voucher_id = await ledger.post(
        tx,
        account_no=account_no,
        business_key=f"transfer_out:{row['letter_no']}",
        kind=VoucherKind.TRANSFER_OUT,
        summary=f"异地转出 {row['letter_no']}",
        lines=ledger.withdrawal_lines(amount=settled.amount, bank_code=settled.bank_account_code),
        effective_on=row["counts_from"],
        posted_on=business_date,
        now=now,
        hold_id=row["hold_id"],
    )
    await settlement.link_batch_voucher(
        tx, batch_id=batch_id, item_no=item_no, voucher_id=voucher_id, voucher_account_no=account_no
    )
    row = await store.note_event(
        tx, row=row, action="paid_out", actor=SYSTEM, note=f"划往转入地{settled.amount.yuan_text}", now=now
    )
    row = await store.change(tx, row=row, money="left", voucher_id=voucher_id)
    await _close(tx, row=row, business_date=business_date, now=now)


async def expect(tx: Transaction, *, row: Record, amount: Money, business_date: date, now: datetime) -> Record:
    """The other centre has said how much comes: registers it by the letter's number, and takes what is there already.
    An amended amount takes the place of the earlier one."""
    if row["expectation_id"] is not None:
        await settlement.cancel_expected(
            tx, actor=SYSTEM, expectation_id=row["expectation_id"], reason="转出地协商修改金额", now=now
        )
    number = row["round"] + 1
    expectation_id = await settlement.expect_receipt(
        tx,
        actor=SYSTEM,
        purpose=PURPOSE_IN if number == 1 else f"{PURPOSE_IN}.{number}",
        reference_no=row["letter_no"],
        amount=amount,
        now=now,
        office_code=row["office_code"],
        personal_account_no=row["account_no"],
        credit_subject=IN_TRANSIT,
        credit_auxiliary="",
    )
    row = await store.change(
        tx, row=row, expectation_id=expectation_id, round=number, amount_fen=amount.fen, money="expected"
    )
    await settlement.meet_waiting(tx, expectation_id=expectation_id, now=now, business_date=business_date)
    return row


async def forget_expected(tx: Transaction, *, row: Record, now: datetime) -> None:
    """The other centre pays nothing after all. Raises Refused when the money is there."""
    await settlement.cancel_expected(
        tx, actor=SYSTEM, expectation_id=row["expectation_id"], reason="转出地不再划款", now=now
    )


async def money_arrived(
    tx: Transaction, *, letter_no: str, expectation_id: int, receipt_id: int, business_date: date, now: datetime
) -> None:
    """The receipt of a letter was matched: the money goes to the account, or waits with a reason for people."""
    place = await store.place_of(letter_no=letter_no, using=tx)
    assert place is not None, f"letter {letter_no} is unknown"
    row = await store.locked(tx, account_no=place[0], transfer_id=place[1])
    if row["expectation_id"] != expectation_id or row["money"] != "expected":
        return
    counts_from = min(await settlement.receipt_day(tx, receipt_id=receipt_id), business_date)
    row = await store.note_event(
        tx, row=row, action="money_arrived", actor=SYSTEM, note=Money(row["amount_fen"]).yuan_text, now=now
    )
    row = await store.change(tx, row=row, money="arrived", counts_from=counts_from)
    await _post_in(tx, row=row, actor=SYSTEM, business_date=business_date, now=now)


async def post_arrived(*, actor: Actor, transfer_no: str, business_date: date, now: datetime) -> bool:
    """By staff, once what stood against it is gone. False when it still stands. Raises Refused."""
    if not actor.is_staff:
        raise Refused(NOT_PERMITTED())
    place = await store.place_of(transfer_no=transfer_no)
    if place is None:
        raise Refused(NOT_FOUND())
    async with transaction() as tx:
        row = await store.locked(tx, account_no=place[0], transfer_id=place[1])
        if row["money"] != "arrived":
            raise Refused(NOT_POSTABLE())
        return await _post_in(tx, row=row, actor=actor, business_date=business_date, now=now)


async def _post_in(tx: Transaction, *, row: Record, actor: Actor, business_date: date, now: datetime) -> bool:
    account = await contributions.account_of(account_no=row["account_no"], using=tx)
    action = "finish_negotiated" if row["negotiated"] or row["state"] == "06" else "finish"
    against = None
    if account.state not in POSTABLE_STATES:
        against = f"账户状态为“{account.state_name}”，不能入账"
    elif row["state"] not in ("06", "08"):
        against = f"转移申请为“{store.view_of(row).state_name}”，须先协商"
    if against is not None:
        row = await store.note_event(tx, row=row, action="money_unposted", actor=actor, note=against, now=now)
        await store.change(tx, row=row, trouble=f"款项已到账：{against}")
        return False
    amount = Money(row["amount_fen"])
    voucher_id = await ledger.post(
        tx,
        account_no=account.account_no,
        business_key=f"transfer_in:{row['letter_no']}",
        kind=VoucherKind.TRANSFER_IN,
        summary=f"异地转入 {row['letter_no']}",
        lines=[
            Line(subject=IN_TRANSIT, side="D", amount=amount),
            Line(subject=ledger.PROVIDENT_FUND, side="C", amount=amount),
        ],
        effective_on=row["counts_from"],
        posted_on=business_date,
        now=now,
    )
    row = await store.move(
        tx, row=row, action=action, actor=SYSTEM, now=now, money="posted", voucher_id=voucher_id, trouble=None
    )
    await telling.queue(tx, row=row, kind="out_info", body=bodies.out_info_body(row=row, function="2"), now=now)
    await audit.record(
        tx,
        actor=actor,
        action="transfer.posted",
        subject=f"transfer:{row['transfer_no']}",
        now=now,
        detail={"amount": amount, "letter_no": row["letter_no"]},
    )
    return True


async def _judge(
    tx: Transaction, *, row: Record, account: AccountView, loan_open: bool, fraud: bool, business_date: date
) -> None:
    person = await contributions.clear_person(person_id=account.person_id, using=tx)
    judged = judge_out(
        facts=OutFacts(
            account_state=account.state,
            account_state_name=account.state_name,
            balance=account.balance,
            held=account.held,
            same_name=person.name == vault.current().decrypt(row["name_cipher"]),
            loan_open=loan_open,
            fraud=fraud,
        ),
        policy=policy.on(business_date),
    )
    conflicts = await cases.conflicts_of(
        account_no=account.account_no, item=MATTER, besides=row["transfer_no"], using=tx
    )
    if found := [*judged.refusals, *conflicts]:
        raise Refused(*found)


async def _order(
    tx: Transaction,
    *,
    row: Record,
    account: AccountView,
    amount: Money,
    number: int,
    actor: Actor,
    business_date: date,
    now: datetime,
) -> int:
    ours = [
        one
        for one in await settlement.bank_accounts(using=tx)
        if one.account_set == "provident_fund" and one.kind == "demand"
    ]
    if not ours:
        raise Refused(FUND_ACCOUNT_MISSING())
    # at the bank of the other centre when we have an account there: the money is there at once
    payer = next((one for one in ours if one.bank_code == row["fund_bank_code"]), ours[0])
    return await settlement.prepare_batch(
        tx,
        actor=actor,
        direction="pay",
        purpose=PURPOSE_OUT,
        business_key=f"transfer_out:{row['letter_no']}:{number}",
        bank_account_code=payer.code,
        business_type=BUSINESS_TYPE,
        items=[
            BatchItem(
                owner_reference=row["letter_no"],
                account_no=account.account_no,
                bank_code=row["fund_bank_code"],
                counterparty_account_no=vault.current().decrypt(row["fund_account_cipher"]),
                counterparty_name=row["fund_account_name"],
                amount=amount,
                summary=remark_of(row["letter_no"]),
            )
        ],
        business_date=business_date,
        now=now,
    )


async def _not_paid(tx: Transaction, *, row: Record, code: str, now: datetime) -> None:
    await ledger.void_hold(tx, account_no=row["account_no"], hold_id=row["hold_id"], now=now)
    said = f"银行未能付款（{code}），请核对转入地资金账号、户名"
    row = await store.move(
        tx, row=row, action="not_paid", actor=SYSTEM, note=said, now=now, money="returned", negotiated=True,
        trouble=said,
    )  # fmt: skip
    body = bodies.progress_body(letter_no=row["letter_no"], state="06", reason=said)
    await telling.queue(tx, row=row, kind="progress", body=body, now=now)


async def _close(tx: Transaction, *, row: Record, business_date: date, now: datetime) -> None:
    """外部转出销户 once nothing is left in the account; what came in meanwhile keeps it open, for people."""
    balance = await ledger.balance_of(account_no=row["account_no"], using=tx)
    if balance.balance:
        await store.change(tx, row=row, trouble=f"划款后账户又有入账{balance.balance.yuan_text}，账户未销户")
        return
    await tx.execute(
        "UPDATE account SET state = '04', closed_on = $2 WHERE account_no = $1", row["account_no"], business_date
    )
    await audit.record(
        tx,
        actor=SYSTEM,
        action="account.closed",
        subject=f"account:{row['account_no']}",
        now=now,
        detail={"kind": "transfer_out", "letter_no": row["letter_no"]},
    )
