"""银行收回款项: a payment that the bank takes back is undone out of the accounts, or becomes the employer's debt."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from auth import account_care, approvals
from domain import contributions, settlement
from domain.kernel import database
from domain.kernel.actor import Role
from domain.kernel.dates import YearMonth
from domain.kernel.money import Money
from domain.kernel.refusal import Refused
from tests.contributions.world import (
    AGENT,
    COUNTER,
    DUE,
    EMPLOYER,
    NOW,
    OF_OTHER_OFFICE,
    TODAY,
    balance_of,
    draw,
    hear,
    key,
    matched_money_arrives,
    person_with_account,
    standing,
)
from tests.settlement.world import SUPERVISOR, assert_books_hold, audited, balance, events, staff
from tests.settlement.world import receive as bank_receives

pytestmark = pytest.mark.usefixtures("employers")

MONTH = Money.yuan(2400)
ONE, TWO = 801_000_000_001, 801_000_000_002
REVERSED = "RVS00000001"


async def _paid(*numbers: int, serial: str = "SERIAL00001", month: YearMonth = DUE) -> str:
    for number in numbers:
        await person_with_account(number)
    return await _pay_month(serial=serial, month=month, people=len(numbers))


async def _pay_month(*, serial: str, month: YearMonth, people: int) -> str:
    drawn = await draw(month)
    await bank_receives(serial, f"{2400 * people}.00", remark=drawn.statement_no)
    await matched_money_arrives()
    return drawn.statement_no


async def _bank_takes(amount: str, remark: str, *, serial: str = REVERSED, **given: Any) -> int:
    taken = await bank_receives(serial, f"-{amount}", remark=remark, reversal="1", **given)
    return taken.receipt_id


async def worked() -> None:
    """What the worker does about money that was taken back."""
    for payload in await hear("receipt.taken_back"):
        async with database.transaction() as tx:
            await contributions.take_back(tx, receipt_id=int(payload["receipt_id"]), now=NOW)
    for employer_no, receipt_id in await contributions.taken_back_due():
        await contributions.undo_distribution(
            employer_no=employer_no, receipt_id=receipt_id, now=NOW, business_date=TODAY
        )


async def withdrawn(account_no: int, amount: Money) -> None:
    """Money is set aside for a withdrawal, as `withdrawals` does it before a bank pays."""
    from domain import ledger
    from domain.kernel.identifiers import new_id

    async with database.transaction() as tx:
        await ledger.place_hold(
            tx, account_no=account_no, hold_id=new_id(), business_key=key(), amount=amount, case_id=None,
            reason="提取", expires_on=TODAY, now=NOW,
        )  # fmt: skip


async def _matter(receipt_id: int) -> database.Record:
    row = await database.row("SELECT * FROM payment_taken_back WHERE receipt_id = $1", receipt_id)
    assert row is not None
    return row


async def _statement(statement_no: str) -> database.Record:
    row = await database.row("SELECT * FROM remittance_statement WHERE statement_no = $1", statement_no)
    assert row is not None
    return row


async def _accept(receipt_id: int) -> None:
    async with database.transaction() as tx:
        await contributions.accept_shortfall(
            tx, actor=SUPERVISOR, employer_no=EMPLOYER, receipt_id=receipt_id, now=NOW, business_date=TODAY
        )


async def test_a_payment_goes_out_of_every_account_and_the_month_is_open_again() -> None:
    statement_no = await _paid(1, 2)
    receipt_id = await _bank_takes("4800.00", f"退票 {statement_no}")
    await worked()
    assert (await _matter(receipt_id))["state"] == "done"
    assert await balance_of(ONE) == await balance_of(TWO) == Money.zero()
    assert await balance("21903", str(EMPLOYER)) == Money.zero() and await balance("101", "102") == Money.zero()
    shown = await _statement(statement_no)
    assert (shown["state"], shown["distributed_fen"], shown["paid_on"], shown["reopened"]) == ("open", 0, None, 1)
    assert (await standing()).next_due == DUE
    assert (await contributions.account_of(account_no=ONE)).paid_through is None
    voucher = await database.row(
        "SELECT kind, summary, debit_fen FROM general_voucher WHERE business_key LIKE 'taken_back:%'"
    )
    assert voucher is not None and tuple(voucher) == ("01", "冲正：2026年11月汇缴（银行收回款项）", 480_000)
    told = await events("statement.taken_back")
    assert [(one["statement_no"], one["reference_no"], one["what"]) for one in told] == [
        (statement_no, f"{statement_no}-1", "reopened")
    ]
    await assert_books_hold()
    # paid again under the new reference, every account has its month once
    await bank_receives("SERIAL00002", "4800.00", remark=f"{statement_no}-1")
    await matched_money_arrives()
    assert await balance_of(ONE) == MONTH and (await standing()).paid_through == DUE
    assert await contributions.months_contributed_consecutively(account_no=ONE) == 1
    await assert_books_hold()


async def test_interest_goes_with_what_is_taken_back() -> None:
    statement_no = await _paid(1)
    before = await database.row("SELECT interest_offset FROM account_balance WHERE account_no = $1", ONE)
    await _bank_takes("2400.00", statement_no)
    await worked()
    after = await database.row("SELECT interest_offset FROM account_balance WHERE account_no = $1", ONE)
    assert before is not None and after is not None
    assert before["interest_offset"] > 0 and after["interest_offset"] == 0


async def test_a_notice_twice_undoes_it_once() -> None:
    statement_no = await _paid(1)
    first = await _bank_takes("2400.00", statement_no)
    again = await _bank_takes("2400.00", statement_no)
    await worked()
    await worked()
    assert first == again and await balance_of(ONE) == Money.zero()
    assert await audited("payment.taken_back") == 1 and len(await events("statement.taken_back")) == 1
    await assert_books_hold()


async def test_money_that_was_withdrawn_waits_for_two_persons_and_is_the_employers_debt() -> None:
    statement_no = await _paid(1, 2)
    await withdrawn(ONE, Money.yuan(1000))
    receipt_id = await _bank_takes("4800.00", statement_no)
    await worked()
    matter = await _matter(receipt_id)
    assert (matter["state"], matter["account_count"], matter["short_count"]) == ("short", 1, 1)
    assert Money(matter["short_fen"]) == MONTH
    assert await balance_of(TWO) == Money.zero() and await balance_of(ONE) == MONTH
    assert (await _statement(statement_no))["state"] == "taking_back"
    await assert_books_hold()
    await database.execute(
        "INSERT INTO staff (staff_id, login, name, document_index, password_hash, password_changed_at, totp_cipher,"
        " roles, office_codes) SELECT n, 'login' || n, '职员' || n, ('\\x0' || n)::bytea, '', $1, '', '{}', '{}'"
        " FROM generate_series(2, 5) AS n",
        NOW,
    )
    first, second = staff(4, Role.SUPERVISOR), staff(5, Role.FINAL_REVIEWER)
    asked = await account_care.ask_shortfall(
        actor=first, employer_no=EMPLOYER, receipt_id=receipt_id, reason="职工已申请提取", now=NOW
    )
    with pytest.raises(Refused, match=r"approval\."):
        await approvals.decide(actor=first, approval_id=asked.approval_id, agree=True, note="", now=NOW)
    await approvals.decide(actor=second, approval_id=asked.approval_id, agree=True, note="同意", now=NOW)
    await worked()
    assert (await _matter(receipt_id))["state"] == "done"
    assert await balance("11901", str(EMPLOYER)) == MONTH and await balance_of(ONE) == MONTH
    assert (await contributions.account_of(account_no=ONE)).paid_through == DUE, "the person keeps the month"
    await assert_books_hold()
    # the debt is a part of the statement: it cannot be left out, and is settled with it
    with pytest.raises(Refused, match=r"statement\.owes"):
        await contributions.cancel_statement(
            actor=AGENT, employer_no=EMPLOYER, statement_no=statement_no, reason="不再缴款", request_key=key(), now=NOW
        )
    await bank_receives("SERIAL00002", "4800.00", remark=f"{statement_no}-1")
    await matched_money_arrives()
    assert await balance("11901", str(EMPLOYER)) == Money.zero()
    assert await balance_of(ONE) == await balance_of(TWO) == MONTH
    shown = await _statement(statement_no)
    assert (shown["state"], shown["distributed_count"]) == ("distributed", 2)
    await assert_books_hold()


@pytest.mark.parametrize("pieces", [0, 1])
async def test_it_is_taken_back_during_and_before_the_distribution(pieces: int, monkeypatch: Any) -> None:
    from domain.contributions.remittances import distributing

    monkeypatch.setattr(distributing, "CHUNK_ACCOUNTS", 1)
    for number in (1, 2):
        await person_with_account(number)
    drawn = await draw()
    await bank_receives("SERIAL00001", "4800.00", remark=drawn.statement_no)
    for payload in await hear("receipt.matched") if pieces else ():
        async with database.transaction() as tx:
            await contributions.money_arrived(
                tx, expectation_id=int(payload["expectation_id"]), voucher_id=int(payload["voucher_id"]),
                receipt_id=int(payload["receipt_id"]), now=NOW, business_date=TODAY,
            )  # fmt: skip
        await contributions.distribute_statement(
            employer_no=EMPLOYER, statement_id=drawn.statement_id, now=NOW, business_date=TODAY, chunks_max=1
        )
    await _bank_takes("4800.00", drawn.statement_no)
    await worked()
    # the payment's own events come late
    await matched_money_arrives()
    assert (await _statement(drawn.statement_no))["state"] == "open"
    assert await balance_of(ONE) == await balance_of(TWO) == Money.zero()
    assert await balance("21903", str(EMPLOYER)) == Money.zero()
    await assert_books_hold()


async def test_distribution_and_taking_back_at_once_come_to_one_end() -> None:
    for number in (1, 2):
        await person_with_account(number)
    drawn = await draw()
    await bank_receives("SERIAL00001", "4800.00", remark=drawn.statement_no)
    await _bank_takes("4800.00", drawn.statement_no)
    await asyncio.gather(matched_money_arrives(), worked())
    await worked()
    assert (await _statement(drawn.statement_no))["state"] == "open"
    assert await balance_of(ONE) == Money.zero() and await balance("101", "102") == Money.zero()
    await assert_books_hold()


async def test_a_part_is_nobodys_month_but_the_employers_debt_with_a_reference_of_its_own() -> None:
    statement_no = await _paid(1, 2)
    receipt_id = await _bank_takes("100.50", statement_no)
    await worked()
    assert (await _matter(receipt_id))["state"] == "partial"
    assert await balance_of(ONE) == MONTH and (await _statement(statement_no))["state"] == "distributed"
    await _accept(receipt_id)
    assert await balance("11901", str(EMPLOYER)) == Money.parse("100.50")
    await assert_books_hold()
    with pytest.raises(Refused, match=r"taken_back\.not_short"):
        await _accept(receipt_id)
    (told,) = await events("statement.taken_back")
    assert told["what"] == "owed"
    await bank_receives("SERIAL00002", "100.50", remark=told["reference_no"])
    await assert_books_hold()
    for payload in await hear("receipt.matched"):
        async with database.transaction() as tx:
            await contributions.debt_paid(tx, expectation_id=int(payload["expectation_id"]), now=NOW)
    assert (await _matter(receipt_id))["state"] == "done"
    assert await balance("11901", str(EMPLOYER)) == Money.zero()
    await assert_books_hold()


@pytest.mark.parametrize("remark", ["", "SERIAL00001"])
async def test_it_is_known_by_serial_number_or_payer(remark: str) -> None:
    statement_no = await _paid(1)
    receipt_id = await _bank_takes("2400.00", remark)
    await worked()
    assert (await _matter(receipt_id))["identified_by"] == ("serial" if remark else "payer")
    assert (await _statement(statement_no))["state"] == "open"
    await assert_books_hold()


async def test_an_unknown_one_waits_for_staff_who_say_whose_it_was() -> None:
    statement_no = await _paid(1)
    receipt_id = await _bank_takes("2400.00", "HJ202611300000000000", payer_account="9999999999")
    await worked()
    assert [one.receipt_id for one in await settlement.unclaimed_reversals()] == [receipt_id]
    assert await balance_of(ONE) == MONTH

    async def bind(number: str, actor: Any = COUNTER) -> None:
        await contributions.bind_taken_back(
            actor=actor, receipt_id=receipt_id, statement_no=number, request_key=key(), now=NOW
        )

    for number, actor, code in (
        ("HJ000", COUNTER, r"statement\.not_found"),
        (statement_no, OF_OTHER_OFFICE, r"employer\.other_office"),
        (statement_no, AGENT, r"taken_back\.|access\.not_permitted"),
    ):
        with pytest.raises(Refused, match=code):
            await bind(number, actor)
    await bind(statement_no)
    await worked()
    assert await balance_of(ONE) == Money.zero()
    # booked by its owner, it is no business of the hand-posting desk
    with pytest.raises(Refused, match=r"settlement\.not_stuck"):
        await bind(statement_no)
    await assert_books_hold()


async def test_more_than_was_paid_and_what_no_bank_paid_is_refused() -> None:
    statement_no = await _paid(1)
    over = await _bank_takes("2400.01", statement_no)
    await worked()
    assert await database.value("SELECT count(*) FROM payment_taken_back") == 0
    for receipt_id, number, code in (
        (over, statement_no, r"taken_back\.over"),
        (over, (await draw(DUE.plus(months=1))).statement_no, r"taken_back\.not_paid"),
        (1, statement_no, r"settlement\.not_found"),
    ):
        with pytest.raises(Refused, match=code):
            await contributions.bind_taken_back(
                actor=COUNTER, receipt_id=receipt_id, statement_no=number, request_key=key(), now=NOW
            )
    await assert_books_hold()


async def test_a_month_paid_after_it_counts_again_when_it_is_paid() -> None:
    statement_no = await _paid(1)
    await _pay_month(serial="SERIAL00002", month=DUE.plus(months=1), people=1)
    await _bank_takes("2400.00", statement_no)
    await worked()
    assert (await standing()).next_due == DUE
    with pytest.raises(Refused, match=r"statement\.(drawn|month)"):
        await draw(DUE.plus(months=2))
    await bank_receives("SERIAL00003", "2400.00", remark=f"{statement_no}-1")
    await matched_money_arrives()
    assert (await standing()).next_due == DUE.plus(months=2)
    await assert_books_hold()


async def test_what_had_come_back_to_the_employer_goes_out_of_its_balance_or_is_its_debt() -> None:
    statement_no = await _paid(1, 2)
    async with database.transaction() as tx:
        await contributions.reverse_contribution(
            tx, actor=SUPERVISOR, account_no=ONE, month=DUE, reason="单位误缴", now=NOW, business_date=TODAY
        )
    assert await contributions.balance_of_employer(employer_no=EMPLOYER) == MONTH
    await _bank_takes("4800.00", statement_no)
    await worked()
    assert await contributions.balance_of_employer(employer_no=EMPLOYER) == Money.zero()
    shown = await _statement(statement_no)
    assert (shown["state"], shown["person_count"], Money(shown["amount_fen"])) == ("open", 1, MONTH)
    await assert_books_hold()


async def test_cut_off_between_two_vouchers_it_goes_on(monkeypatch: Any) -> None:
    from domain.contributions.remittances import distributing

    monkeypatch.setattr(distributing, "CHUNK_ACCOUNTS", 1)
    statement_no = await _paid(1, 2)
    receipt_id = await _bank_takes("4800.00", statement_no)
    async with database.transaction() as tx:
        await contributions.take_back(tx, receipt_id=receipt_id, now=NOW)
    state = await contributions.undo_distribution(
        employer_no=EMPLOYER, receipt_id=receipt_id, now=NOW, business_date=TODAY, pieces_max=1
    )
    assert state == "working" and await balance_of(ONE) == Money.zero() and await balance_of(TWO) == MONTH
    await assert_books_hold()
    await asyncio.gather(worked(), worked())
    assert await balance_of(TWO) == Money.zero() and (await _matter(receipt_id))["account_count"] == 2
    await assert_books_hold()
