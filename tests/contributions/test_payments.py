"""Statements from drawing to every account: paid, short, over, twice, late, unknown."""

from __future__ import annotations

import pytest

from domain import cases, contributions, settlement
from domain.kernel import database
from domain.kernel.money import Money
from domain.kernel.refusal import Refused
from tests.contributions.world import (
    AGENT,
    DUE,
    EMPLOYER,
    NOW,
    OTHER,
    TODAY,
    agent,
    balance_of,
    carried_out,
    check,
    draw,
    hear,
    key,
    matched_money_arrives,
    person_with_account,
    receive,
    row,
    statement_row,
)
from tests.settlement.world import (
    FINANCE,
    SUPERVISOR,
    Bank,
    assert_books_hold,
    audited,
    balance,
    claim_and_approve,
    item_of,
)
from tests.settlement.world import receive as bank_receives

pytestmark = pytest.mark.usefixtures("employers")

MONTH = Money.yuan(2400)


async def test_a_month_is_drawn_paid_by_transfer_and_in_every_account() -> None:
    one, two = await person_with_account(1), await person_with_account(2)
    await person_with_account(3, state="02")
    await carried_out([row(4, base="20000")])
    drawn = await draw()
    shown = await statement_row(drawn)
    assert (shown["state"], shown["person_count"], shown["amount_fen"]) == ("open", 3, 960_000)
    assert shown["change_summary"] == {"came": 1, "went": 1, "changed": 0}
    assert str(shown["due_on"]) == "2026-11-15"
    taken = await bank_receives("S1", "9600.00", remark=f"汇缴 {drawn.statement_no}", payer_name="北京晨曦科技有限公司")
    assert taken.outcome == "matched"
    await matched_money_arrives()
    shown = await statement_row(drawn)
    assert (shown["state"], shown["distributed_fen"], shown["distributed_count"]) == ("distributed", 960_000, 3)
    assert await balance_of(one) == MONTH and await balance_of(two) == MONTH
    months = await database.rows("SELECT account_no, period, amount_fen FROM contribution_month ORDER BY account_no")
    assert [(m["period"], m["amount_fen"]) for m in months] == [(202611, 240_000), (202611, 240_000), (202611, 480_000)]
    assert (await contributions.standing_of(employer_no=EMPLOYER)).next_due == DUE.plus(months=1)
    assert await balance("21903", str(EMPLOYER)) == Money.zero()
    assert await balance("101", "102") == Money.yuan(9600)
    voucher = await database.row("SELECT kind, summary, debit_fen, is_batch FROM general_voucher WHERE is_batch")
    assert voucher is not None and tuple(voucher) == ("01", "2026年11月汇缴", 960_000, True)
    # heard twice, distributed once
    await matched_money_arrives()
    assert await balance_of(one) == MONTH
    await assert_books_hold()


async def test_distribution_goes_on_where_it_was_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    from domain.contributions.remittances import distributing

    monkeypatch.setattr(distributing, "CHUNK_ACCOUNTS", 2)
    accounts = [await person_with_account(number) for number in range(1, 6)]
    drawn = await draw()
    await bank_receives("S1", "12000.00", remark=drawn.statement_no)
    for payload in await hear("receipt.matched"):
        async with database.transaction() as tx:
            await contributions.money_arrived(
                tx, expectation_id=int(payload["expectation_id"]), voucher_id=int(payload["voucher_id"]), receipt_id=1,
                now=NOW, business_date=TODAY,
            )  # fmt: skip
    where = {"employer_no": EMPLOYER, "statement_id": drawn.statement_id, "now": NOW, "business_date": TODAY}
    assert await contributions.distribute_statement(**where, chunks_max=1) == "paid"
    assert [bool(await balance_of(account)) for account in accounts] == [True, True, False, False, False]
    await assert_books_hold()
    assert await contributions.distribute_statement(**where) == "distributed"
    assert await contributions.distribute_statement(**where) == "distributed"
    assert [await balance_of(account) for account in accounts] == [MONTH] * 5
    await assert_books_hold()


async def test_an_account_closed_after_drawing_sends_its_part_back_to_the_employer() -> None:
    one, gone = await person_with_account(1), await person_with_account(2)
    frozen = await person_with_account(3, state="01")
    drawn = await draw()
    await database.execute("UPDATE account SET state = '05' WHERE account_no = $1", gone)
    await database.execute("UPDATE account SET state = '06' WHERE account_no = $1", frozen)
    await bank_receives("S1", "7200.00", remark=drawn.statement_no)
    await matched_money_arrives()
    shown = await statement_row(drawn)
    assert (shown["state"], shown["distributed_fen"], shown["returned_fen"]) == ("distributed", 480_000, 240_000)
    # freezing stops what leaves, not what comes
    assert await balance_of(one) == MONTH and await balance_of(frozen) == MONTH and not await balance_of(gone)
    assert await contributions.balance_of_employer(employer_no=EMPLOYER) == MONTH
    await assert_books_hold()
    # and pays part of the next month
    await database.execute("UPDATE account SET state = '01' WHERE account_no = $1", frozen)
    with pytest.raises(Refused, match=r"payment\.balance_short"):
        await draw(DUE.plus(months=1), "suspense_balance")
    assert await contributions.balance_of_employer(employer_no=EMPLOYER) == MONTH


async def test_paid_over_stays_with_the_employer_and_pays_the_next_month_or_goes_back(bank: Bank) -> None:
    account = await person_with_account(1)
    drawn = await draw()
    taken = await bank_receives(
        "S1",
        "7300.00",
        remark=drawn.statement_no,
        payer_name="北京晨曦科技有限公司",
        payer_account="0200001009000000001",
    )
    assert taken.outcome == "differs"
    assert (await statement_row(drawn))["state"] == "open" and not await balance_of(account)
    item_id = await item_of(taken)
    await claim_and_approve(
        settlement.Claim(
            item_id=item_id, kind="assign", amount=Money.yuan(7300), reason="多缴，认领到单位", to_employer_no=EMPLOYER
        )
    )
    assert await contributions.balance_of_employer(employer_no=EMPLOYER) == Money.yuan(7300)
    state = await contributions.change_payment_of_statement(
        actor=AGENT, employer_no=EMPLOYER, statement_no=drawn.statement_no, method="suspense_balance",
        request_key=key(), now=NOW, business_date=TODAY,
    )  # fmt: skip
    assert state == "paid"
    await matched_money_arrives()
    assert await balance_of(account) == MONTH
    await draw(DUE.plus(months=1), "suspense_balance")
    await matched_money_arrives()
    assert await balance_of(account) == MONTH + MONTH
    assert await contributions.balance_of_employer(employer_no=EMPLOYER) == Money.yuan(2500)
    await assert_books_hold()
    with pytest.raises(Refused, match=r"settlement\.suspense_not_covered|suspense"):
        await settlement.propose_claim(
            actor=FINANCE,
            claim=settlement.Claim(
                item_id=item_id,
                kind="refund",
                amount=Money.yuan(2501),
                reason="多缴退款申请",
                from_employer_no=EMPLOYER,
            ),
            request_key=key(),
            now=NOW,
        )
    _, state = await claim_and_approve(
        settlement.Claim(
            item_id=item_id, kind="refund", amount=Money.yuan(2500), reason="多缴退款申请", from_employer_no=EMPLOYER
        ),
        by=SUPERVISOR,
        second=FINANCE,
    )
    assert state == "paying"
    assert not await contributions.balance_of_employer(employer_no=EMPLOYER)
    for _ in range(3):
        bank.clock.advance(minutes=10)
        await bank.step()
    assert await balance("21903", str(EMPLOYER)) == Money.zero()
    assert await database.value("SELECT open_fen FROM suspense_share") == 0
    assert await audited("suspense.refunded") == 1
    await assert_books_hold()


async def test_an_item_that_is_off_on_the_portal_draws_no_statement_there() -> None:
    await person_with_account(1)

    async def switch(*, on: bool) -> None:
        await cases.switch(
            actor=SUPERVISOR, channel="employer_portal", item="remittance", on=on, reason="门户升级停办", now=NOW
        )

    await switch(on=False)
    with pytest.raises(Refused) as refused:
        await draw()
    assert [one.code for one in refused.value.refusals] == ["channel.switched_off"]
    assert await database.value("SELECT count(*) FROM remittance_statement") == 0
    await switch(on=True)
    await draw()
    assert await database.value("SELECT count(*) FROM remittance_statement") == 1


async def test_paid_short_waits_until_the_rest_is_there() -> None:
    account = await person_with_account(1)
    drawn = await draw()
    first = await bank_receives("S1", "2399.99", remark=drawn.statement_no)
    assert first.outcome == "differs"
    await matched_money_arrives()
    assert not await balance_of(account)
    second = await bank_receives("S2", "0.01", remark="补足")
    for taken, amount in ((first, "2399.99"), (second, "0.01")):
        await claim_and_approve(
            settlement.Claim(
                item_id=await item_of(taken), kind="assign", amount=Money.parse(amount), reason="单位少缴后补足",
                to_employer_no=EMPLOYER,
            )
        )  # fmt: skip
    await contributions.change_payment_of_statement(
        actor=AGENT, employer_no=EMPLOYER, statement_no=drawn.statement_no, method="suspense_balance",
        request_key=key(), now=NOW, business_date=TODAY,
    )  # fmt: skip
    await matched_money_arrives()
    assert await balance_of(account) == MONTH
    await assert_books_hold()


async def test_paid_twice_stays_in_suspense_the_second_time() -> None:
    account = await person_with_account(1)
    drawn = await draw()
    first = await bank_receives("S1", "2400.00", remark=drawn.statement_no)
    second = await bank_receives("S2", "2400.00", remark=drawn.statement_no)
    assert (first.outcome, second.outcome) == ("matched", "unknown")
    await matched_money_arrives()
    assert await balance_of(account) == MONTH
    assert await balance("21901", "00") == -MONTH
    await assert_books_hold()


async def test_money_from_an_unknown_payer_is_not_taken_for_the_employers() -> None:
    account = await person_with_account(1)
    drawn = await draw()
    taken = await bank_receives("S1", "2400.00", remark=drawn.statement_no, payer_name="某某个人商行")
    assert taken.outcome == "differs"
    await matched_money_arrives()
    assert not await balance_of(account) and (await statement_row(drawn))["state"] == "open"
    await assert_books_hold()


async def test_money_that_was_there_before_the_statement_meets_it() -> None:
    account = await person_with_account(1)
    await bank_receives("S1", "2400.00", remark="11月公积金", payer_name="北京晨曦科技有限公司")
    drawn = await draw()
    await matched_money_arrives()
    assert (await statement_row(drawn))["state"] == "distributed" and await balance_of(account) == MONTH


@pytest.mark.parametrize(("method", "detail"), [("cheque", "12345678"), ("cash", "")])
async def test_cheque_and_cash_are_matched_by_number(method: str, detail: str) -> None:
    account = await person_with_account(1)
    drawn = await draw(method=method, detail=detail)
    await bank_receives("S1", "2400.00", remark=drawn.statement_no)
    await matched_money_arrives()
    assert await balance_of(account) == MONTH
    await assert_books_hold()


async def test_months_are_not_skipped_nor_drawn_twice() -> None:
    await person_with_account(1)
    with pytest.raises(Refused, match=r"statement\.month"):
        await draw(DUE.plus(months=1))
    with pytest.raises(Refused, match=r"statement\.month"):
        await draw(DUE.minus(months=1))
    drawn = await draw()
    with pytest.raises(Refused, match=r"statement\.drawn"):
        await draw(DUE.plus(months=1))
    with pytest.raises(Refused, match=r"list\.month_drawn"):
        await receive([row(2)])
    await contributions.cancel_statement(
        actor=AGENT,
        employer_no=EMPLOYER,
        statement_no=drawn.statement_no,
        reason="人数有误",
        request_key=key(),
        now=NOW,
    )
    await carried_out([row(2)])
    again = await draw()
    shown = await statement_row(again)
    assert (shown["version"], shown["person_count"]) == (2, 2)
    # what is paid for the old one is nobody's by rule
    taken = await bank_receives("S1", "2400.00", remark=drawn.statement_no)
    assert taken.outcome in ("unknown", "differs")
    await assert_books_hold()


async def test_a_list_in_transit_comes_before_the_statement() -> None:
    await person_with_account(1)
    opened = await receive([row(2)])
    assert await check(opened) == "checked"
    with pytest.raises(Refused, match=r"statement\.list_open"):
        await draw()


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"actor": agent(OTHER)}, r"employer\.other"),
        ({"actor": agent(EMPLOYER, "lists")}, r"access\.not_permitted"),
        ({"method": "barter"}, r"payment\.method_unknown"),
        ({"method": "cheque", "detail": "x"}, r"payment\.cheque_no"),
        ({"method": "entrusted_collection"}, r"collection\.not_open"),
        ({"method": "suspense_balance"}, r"payment\.balance_short"),
    ],
)
async def test_statements_that_are_refused_leave_nothing(given: dict[str, object], code: str) -> None:
    await person_with_account(1)
    with pytest.raises(Refused, match=code):
        await draw(**given)  # type: ignore[arg-type]
    assert await database.value("SELECT count(*) FROM remittance_statement") == 0
    assert await database.value("SELECT count(*) FROM expected_receipt") == 0


async def test_nobody_to_contribute_for() -> None:
    with pytest.raises(Refused, match=r"statement\.nobody"):
        await draw()


async def test_money_that_comes_late_is_taken_and_the_month_is_paid() -> None:
    account = await person_with_account(1)
    drawn = await draw()
    due_on = await database.value("SELECT due_on FROM remittance_statement WHERE statement_no = $1", drawn.statement_no)
    assert due_on < TODAY, "its day is over"
    await bank_receives("S1", "2400.00", remark=drawn.statement_no)
    await matched_money_arrives()
    assert await balance_of(account) == MONTH
    assert (await contributions.standing_of(employer_no=EMPLOYER)).paid_through == DUE
    await assert_books_hold()
