"""Statements from drawing to every account: paid, short, over, twice, late, unknown, collected and refused."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain import cases, contributions, settlement
from domain.kernel import database
from domain.kernel.dates import YearMonth
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
    id_card,
    key,
    matched_money_arrives,
    name_of,
    person_with_account,
    problems,
    receive,
    row,
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


async def _statement(drawn: contributions.Drawn) -> database.Record:
    found = await database.row("SELECT * FROM remittance_statement WHERE statement_id = $1", drawn.statement_id)
    assert found is not None
    return found


async def _settle(bank: Bank) -> None:
    """The bank answers, and what collection hears of it."""
    for _ in range(4):
        bank.clock.advance(minutes=10)
        await bank.step()
    for payload in await hear("batch.item_settled"):
        async with database.transaction() as tx:
            await contributions.item_settled(
                tx,
                batch_id=int(payload["batch_id"]),
                item_no=int(payload["item_no"]),
                reference=str(payload["owner_reference"]),
                now=NOW,
                business_date=TODAY,
            )
    await matched_money_arrives()


async def open_collection(account_no: str = "0200001009000000001") -> None:
    from domain.kernel import vault

    sealed = vault.current()
    await database.execute(
        "UPDATE employer_account SET collection_bank_code = '102', collection_account_cipher = $2,"
        " collection_name_cipher = $3, collection_account_masked = '0200 **** **** 0001', collection_day = 10,"
        " collection_agreed_at = $4, collection_agreed_by = 'agent', collection_notice = 'v1'"
        " WHERE employer_no = $1",
        EMPLOYER,
        sealed.encrypt(account_no),
        sealed.encrypt("北京晨曦科技有限公司"),
        NOW,
    )


async def test_a_month_is_drawn_paid_by_transfer_and_in_every_account() -> None:
    one, two = await person_with_account(1), await person_with_account(2)
    await person_with_account(3, state="02")
    await carried_out([row(4, base="20000")])
    drawn = await draw()
    shown = await _statement(drawn)
    assert (shown["state"], shown["person_count"], shown["amount_fen"]) == ("open", 3, 960_000)
    assert shown["change_summary"] == {"came": 1, "went": 1, "changed": 0}
    assert str(shown["due_on"]) == "2026-11-15"
    taken = await bank_receives("S1", "9600.00", remark=f"汇缴 {drawn.statement_no}", payer_name="北京晨曦科技有限公司")
    assert taken.outcome == "matched"
    await matched_money_arrives()
    shown = await _statement(drawn)
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
    shown = await _statement(drawn)
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
    assert (await _statement(drawn))["state"] == "open" and not await balance_of(account)
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
    assert not await balance_of(account) and (await _statement(drawn))["state"] == "open"
    await assert_books_hold()


async def test_money_that_was_there_before_the_statement_meets_it() -> None:
    account = await person_with_account(1)
    await bank_receives("S1", "2400.00", remark="11月公积金", payer_name="北京晨曦科技有限公司")
    drawn = await draw()
    await matched_money_arrives()
    assert (await _statement(drawn))["state"] == "distributed" and await balance_of(account) == MONTH


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
    shown = await _statement(again)
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


async def test_entrusted_collection_from_the_bank_to_the_accounts(bank: Bank) -> None:
    account = await person_with_account(1)
    await open_collection()
    drawn = await draw(method="entrusted_collection")
    assert await contributions.collect_due(now=NOW, business_date=TODAY) == 1
    assert await contributions.collect_due(now=NOW, business_date=TODAY) == 0
    assert (await _statement(drawn))["state"] == "collecting"
    with pytest.raises(Refused, match=r"statement\.state"):
        await contributions.cancel_statement(
            actor=AGENT, employer_no=EMPLOYER, statement_no=drawn.statement_no, reason="不想缴了", request_key=key(),
            now=NOW,
        )  # fmt: skip
    await _settle(bank)
    shown = await _statement(drawn)
    assert (shown["state"], shown["paid_from"]) == ("distributed", f"collection:{drawn.statement_no}-1")
    assert await balance_of(account) == MONTH
    assert await balance("101", "102") == MONTH
    await assert_books_hold()


async def test_a_collection_that_fails_says_why_and_is_presented_again(bank: Bank) -> None:
    account = await person_with_account(1)
    await open_collection("9999999999999999")
    drawn = await draw(method="entrusted_collection")
    assert await contributions.collect_due(now=NOW, business_date=TODAY) == 1
    await _settle(bank)
    failed = await contributions.failed_collections()
    assert [(one.statement_no, one.attempt_no, one.amount) for one in failed] == [(drawn.statement_no, 1, MONTH)]
    assert "账" in failed[0].message and not await balance_of(account)
    assert (await _statement(drawn))["state"] == "open"
    await assert_books_hold()
    # not again on the same day by itself; the employer may at once
    assert await contributions.collect_due(now=NOW, business_date=TODAY) == 0
    await open_collection()
    await contributions.collect_now(
        actor=AGENT, employer_no=EMPLOYER, statement_no=drawn.statement_no, request_key=key(), now=NOW,
        business_date=TODAY,
    )  # fmt: skip
    assert await contributions.failed_collections() == []
    await _settle(bank)
    assert (await _statement(drawn))["state"] == "distributed" and await balance_of(account) == MONTH
    await assert_books_hold()


async def test_after_so_many_failures_it_is_paid_otherwise(bank: Bank) -> None:
    await person_with_account(1)
    await open_collection("9999999999999999")
    drawn = await draw(method="entrusted_collection")
    for day in range(3):
        later = NOW + timedelta(days=day)
        bank.clock.at = later
        assert await contributions.collect_due(now=later, business_date=TODAY + timedelta(days=day)) == 1
        await _settle(bank)
    later, on = NOW + timedelta(days=5), TODAY + timedelta(days=5)
    assert await contributions.collect_due(now=later, business_date=on) == 0
    with pytest.raises(Refused, match=r"collection\.again"):
        await contributions.collect_now(
            actor=AGENT, employer_no=EMPLOYER, statement_no=drawn.statement_no, request_key=key(), now=later,
            business_date=on,
        )  # fmt: skip
    state = await contributions.change_payment_of_statement(
        actor=AGENT, employer_no=EMPLOYER, statement_no=drawn.statement_no, method="bank_transfer", request_key=key(),
        now=later, business_date=on,
    )  # fmt: skip
    assert state == "open"
    with pytest.raises(Refused, match=r"matter\.reason"):
        await contributions.dismiss_failure(
            actor=AGENT, employer_no=EMPLOYER, statement_no=drawn.statement_no, how="otherwise", note="x",
            request_key=key(), now=later,
        )  # fmt: skip


def _back(number: int, month: str, base: str = "10000", reason: str = "漏缴", **given: str) -> dict[str, str]:
    return {
        "document_no": id_card(number),
        "name": name_of(number),
        "month": month,
        "base": base,
        "reason": reason,
        **given,
    }


async def test_back_payments_by_person_and_month() -> None:
    account = await person_with_account(1, months=[YearMonth(2026, 8)])
    opened = await receive(
        [
            _back(1, "2026-09"),
            _back(1, "202610"),
            _back(1, "2026-08", "500", "少缴"),
            _back(1, "2026-08"),  # 5: paid already
            _back(1, "2026-09"),  # 6: the same month twice
            _back(1, "2026-07", "500", "少缴"),  # 7: nothing was paid short, nothing was paid
            _back(1, "2026-11"),  # 8: not past yet
            _back(1, "2025-12"),  # 9: before the employer's first month
            _back(1, "2026年13月"),  # 10
            _back(2, "2026-09"),  # 11: nobody
            _back(1, "2026-06", "100"),  # 12: below the floor
        ],
        kind="back_payment",
    )
    assert await check(opened) == "checked"
    assert {number: [code for _, code in said] for number, said in (await problems(opened)).items()} == {
        5: ["row.twice", "row.month_paid"],
        6: ["row.twice"],
        7: ["row.month_not_paid"],
        8: ["row.month_future"],
        9: ["row.month_early"],
        10: ["row.month"],
        11: ["row.person_unknown"],
        12: ["row.base_low"],
    }
    with pytest.raises(Refused, match=r"list\.has_refused"):
        await _draw_back(opened, accepted_only=False)
    drawn = await _draw_back(opened, accepted_only=True)
    shown = await _statement(drawn)
    assert (shown["person_count"], shown["amount_fen"]) == (1, 240_000 * 2 + 12_000)
    # the same months again, while the first wait for their money
    again = await receive([_back(1, "2026-09")], kind="back_payment")
    assert await check(again) == "checked"
    assert await problems(again) == {2: [("补缴年月", "row.month_paid")]}
    before = await balance_of(account)
    await bank_receives("S1", "4920.00", remark=drawn.statement_no)
    await matched_money_arrives()
    assert await balance_of(account) == before + Money.yuan(4920)
    months = await database.rows(
        "SELECT period, sum(amount_fen)::bigint AS fen FROM contribution_month GROUP BY period ORDER BY period"
    )
    assert [tuple(one) for one in months] == [(202608, 252_000), (202609, 240_000), (202610, 240_000)]
    assert (await contributions.standing_of(employer_no=EMPLOYER)).next_due == DUE
    await assert_books_hold()


async def _draw_back(opened: contributions.ListOpened, *, accepted_only: bool) -> contributions.Drawn:
    return await contributions.draw_back_payment(
        actor=AGENT, employer_no=EMPLOYER, list_no=opened.list_no, accepted_only=accepted_only, method="bank_transfer",
        request_key=key(), now=NOW, business_date=TODAY,
    )  # fmt: skip


async def test_money_that_the_bank_takes_back_is_held_and_moves_nothing() -> None:
    """Cancelled at the bank after it was distributed: staff see it among the held receipts and reverse by hand."""
    account = await person_with_account(1)
    drawn = await draw()
    await bank_receives("S1", "2400.00", remark=drawn.statement_no)
    await matched_money_arrives()
    before = await balance("21903", str(EMPLOYER))
    taken = await bank_receives("S2", "-2400.00", remark=drawn.statement_no, reversal="1")
    assert (taken.held, taken.reason) == (True, "bank_reversal")
    await matched_money_arrives()
    state = "SELECT state FROM remittance_statement WHERE statement_no = $1"
    assert await database.value(state, drawn.statement_no) == "distributed"
    assert await balance_of(account) == MONTH and await balance("21903", str(EMPLOYER)) == before
    await assert_books_hold()


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
