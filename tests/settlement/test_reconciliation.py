"""The adjustment of book and bank: what is ticked off, the four groups, and what it finds."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from domain import ledger, settlement
from domain.kernel import database
from domain.kernel.dates import YearMonth
from domain.kernel.money import Money
from domain.kernel.refusal import Refused
from domain.ledger import Line, VoucherKind
from domain.settlement import Adjustment
from tests.factories.snapshot import nothing_changed
from tests.settlement import files
from tests.settlement.world import (
    FINANCE,
    NOW,
    REVIEWER,
    SUPERVISOR,
    TODAY,
    Bank,
    assert_books_hold,
    audited,
    claim_and_approve,
    item_of,
    key,
    receive,
)

pytestmark = pytest.mark.usefixtures("centre")

TOMORROW = TODAY + timedelta(days=1)


async def bring(text: str, *, on: date = TODAY) -> None:
    await settlement.import_statement(
        actor=FINANCE, bank_account_code="102", raw=text.encode(), request_key=key(), now=NOW, business_date=on
    )


async def adjusted(day: date = TODAY, *, actor: Any = FINANCE) -> Adjustment:
    return await settlement.adjust(
        actor=actor, bank_account_code="102", day=day, now=NOW, business_date=day + timedelta(days=1)
    )


async def items(day: date = TODAY) -> list[tuple[str, str, str]]:
    found = await settlement.adjustment_items(actor=FINANCE, bank_account_code="102", day=day)
    return [(one.category, str(one.amount), one.host_serial_no or "book") for one in found]


async def book(side: str, amount: str, *, posted_on: date = TODAY) -> int:
    """A line on the bank account that no statement knows of."""
    other = "C" if side == "D" else "D"
    async with database.transaction() as tx:
        return await ledger.post_general(
            tx,
            account_set="provident_fund",
            business_key=f"test:{key()}",
            kind=VoucherKind.OTHER,
            summary="手工凭证",
            lines=[
                Line(subject="101", side=side, amount=Money.parse(amount), auxiliary="102"),  # type: ignore[arg-type]
                Line(subject="21909", side=other, amount=Money.parse(amount)),  # type: ignore[arg-type]
            ],
            effective_on=posted_on,
            posted_on=posted_on,
            now=NOW,
            prepared_by="staff:1",
        )


async def test_receipts_tick_off_by_themselves(centre: str) -> None:
    await receive("S1", "500.00")
    await bring(files.statement(("S1", "500.00", ""), ("S2", "7.00", ""), opening="0.00"))
    made = await adjusted()
    assert (made.book, made.bank, made.adjusted_book, made.adjusted_bank) == (Money.yuan(507),) * 4
    assert (made.clean, made.item_count, made.opening_difference) == (True, 0, Money.zero())
    lines = await database.rows("SELECT host_serial_no, made_by FROM bank_tick ORDER BY 1")
    assert [tuple(line) for line in lines] == [("S1", "system"), ("S2", "system")]
    await assert_books_hold()


@pytest.mark.requirement("R14.4")
async def test_the_four_groups_and_the_equation(centre: str) -> None:
    await receive("S1", "500.00")
    await bring(
        files.statement(("S1", "500.00", ""), ("S2", "-30.00", "手续费"), ("S3", "-5.00", ""), opening="100.00")
    )
    # held: the bank has it, the books have not
    await database.execute("UPDATE bank_account SET state = 'closed', closed_on = $1 WHERE code = '102'", TODAY)
    await receive("S4", "60.00")
    await database.execute("UPDATE bank_account SET state = 'open', closed_on = NULL WHERE code = '102'")
    await bring(
        files.statement(
            ("S1", "500.00", ""), ("S2", "-30.00", "手续费"), ("S3", "-5.00", ""), ("S4", "60.00", ""), opening="100.00"
        )
    )
    await book("D", "11.00")
    await book("C", "2.50")
    await book("C", "900.00", posted_on=TOMORROW)
    made = await adjusted()
    assert await items() == [
        ("bank_paid", "30.00", "S2"),
        ("bank_paid", "5.00", "S3"),
        ("bank_received", "60.00", "S4"),
        ("book_received", "11.00", "book"),
        ("book_paid", "2.50", "book"),
    ]
    assert (made.bank_received, made.bank_paid) == (Money.yuan(60), Money.yuan(35))
    assert (made.book_received, made.book_paid) == (Money.yuan(11), Money.parse("2.50"))
    assert (made.book, made.bank) == (Money.parse("508.50"), Money.yuan(625))
    # what the bank had before the first statement stands by itself
    assert made.opening_difference == Money.yuan(100)
    assert (made.adjusted_book, made.adjusted_bank) == (Money.parse("633.50"),) * 2
    assert (made.balanced, made.clean) == (True, False)
    await assert_books_hold()


async def test_a_line_that_is_booked_later_is_outstanding_until_then(centre: str) -> None:
    await bring(files.statement(("S1", "-30.00", "手续费"), opening="100.00"))
    assert await _outstanding_paid(TODAY) == Money.yuan(30)
    await bring(files.statement(opening="70.00", day=TOMORROW), on=TOMORROW)
    voucher_id = await book("C", "30.00", posted_on=TOMORROW)
    await tick(voucher_id)
    assert await _outstanding_paid(TODAY) == Money.yuan(30)
    assert await _outstanding_paid(TOMORROW) == Money.zero()
    assert (await adjusted(TOMORROW)).item_count == 0


async def _outstanding_paid(day: date) -> Money:
    return (await adjusted(day)).bank_paid


async def tick(voucher_id: int, *, serial: str = "S1", actor: Any = FINANCE, **change: Any) -> None:
    wanted: dict[str, Any] = {
        "bank_account_code": "102",
        "booked_on": TODAY,
        "host_serial_no": serial,
        "voucher_account_no": 0,
        "voucher_id": voucher_id,
        "line_no": 1,
        "reason": "手续费回单核对",
        **change,
    }
    await settlement.tick_by_hand(actor=actor, request_key=key(), now=NOW, **wanted)


async def test_ticking_by_hand(centre: str) -> None:
    await bring(files.statement(("S1", "-30.00", "手续费"), ("S2", "-30.00", ""), opening="100.00"))
    voucher_id, other = await book("C", "30.00"), await book("D", "30.00")
    async with nothing_changed():
        for wrong, said in (
            ({"serial": "S9"}, "不是该专户的记录"),
            ({"line_no": 2}, "不是该专户的记录"),
            ({"voucher_account_no": 7}, "不是该专户的记录"),
            ({"reason": " "}, "reason_missing"),
        ):
            with pytest.raises(Refused, match=said):
                await tick(voucher_id, **wrong)
        with pytest.raises(Refused, match="金额或收付方向不同"):
            await tick(other)
        with pytest.raises(Refused, match="not_permitted"):
            await tick(voucher_id, actor=REVIEWER)
    await tick(voucher_id)
    with pytest.raises(Refused, match="已与其他记录勾对"):
        await tick(voucher_id, serial="S2")
    assert await audited("bank_line.ticked") == 1
    assert [one[2] for one in (await adjusted(), await items())[1]] == ["S2", "book"]
    await assert_books_hold()


async def test_an_adjustment_made_again_takes_the_earlier_one_s_place(centre: str) -> None:
    await bring(files.statement(("S1", "-30.00", "手续费"), opening="100.00"))
    assert (await adjusted()).item_count == 1
    await tick(await book("C", "30.00"))
    assert (await adjusted(actor=SUPERVISOR)).item_count == 0
    assert await database.value("SELECT count(*) FROM bank_reconciliation_item") == 0
    assert len(await settlement.adjustments(actor=FINANCE, since=TODAY, until=TODAY)) == 1


async def test_a_day_that_is_not_over_or_has_no_statement_is_refused(centre: str) -> None:
    async with nothing_changed():
        with pytest.raises(Refused, match="no_statement"):
            await adjusted()
        with pytest.raises(Refused, match="day_not_over"):
            await settlement.adjust(actor=FINANCE, bank_account_code="102", day=TODAY, now=NOW, business_date=TODAY)
        with pytest.raises(Refused, match="not_permitted"):
            await adjusted(actor=REVIEWER)


async def test_a_missing_day_is_found(centre: str) -> None:
    await bring(files.statement(opening="100.00", day=TODAY - timedelta(days=3)))
    await bring(files.statement(("S1", "-1.00", ""), opening="140.00"))
    made = await adjusted()
    assert made.missing_days == (TODAY - timedelta(days=2), TODAY - timedelta(days=1))
    assert (made.balanced, made.adjusted_bank - made.adjusted_book) == (False, Money.yuan(40))
    await assert_books_hold()


async def test_refunds_tick_off_with_the_bank_s_line(centre: str, bank: Bank) -> None:
    serial = bank.receive("1000.00", payer_account_no="6222020200000000015", payer_name="张三")
    await settlement.fetch_statement(
        actor=FINANCE, bank_account_code="102", day=TODAY, gateway=bank.funds, now=NOW, business_date=TODAY
    )
    receipt_id = await database.value("SELECT receipt_id FROM bank_receipt WHERE host_serial_no = $1", serial)
    item_id = await database.value("SELECT item_id FROM suspense_item WHERE receipt_id = $1", receipt_id)
    refund = settlement.Claim(item_id=item_id, kind="refund", amount=Money.yuan(1000), reason="付款人申请退回")
    await claim_and_approve(refund)
    await bank.step()
    bank.clock.advance(days=1)
    await settlement.fetch_statement(
        actor=FINANCE, bank_account_code="102", day=TODAY, gateway=bank.funds, now=bank.clock(), business_date=TOMORROW
    )
    made = await adjusted()
    assert (made.item_count, made.balanced) == (0, True)
    assert await database.value("SELECT count(*) FROM bank_tick") == 2
    results = await settlement.adjust_all(day=TODAY, now=NOW, business_date=TOMORROW)
    assert [(code, made is not None) for code, made, _ in results] == [
        ("102", True),
        ("102-F01", False),
        ("102-N01", False),
        ("105", False),
    ]


# --- the month's closing

NOVEMBER = YearMonth(2026, 11)


async def blockers(period: YearMonth = NOVEMBER) -> dict[str, int]:
    found: dict[str, int] = {}
    for one in await settlement.close_blockers(period=period):
        assert one.message.endswith(("。",)) and one.reference
        found[one.kind] = found.get(one.kind, 0) + 1
    return found


async def only_account_102() -> None:
    await database.execute("UPDATE bank_account SET opened_on = '2027-01-01' WHERE code <> '102'")


async def whole_month(**closing_day: Any) -> None:
    """Statements of every day from the 23rd on."""
    for day in range(23, 31):
        lines = closing_day.get("lines", ()) if day == 30 else ()
        await settlement.import_statement(
            actor=FINANCE,
            bank_account_code="102",
            raw=files.statement(*lines, opening="0.00", day=date(2026, 11, day)).encode(),
            request_key=key(),
            now=NOW,
            business_date=date(2026, 12, 1),
        )


async def test_a_month_with_nothing_open_may_close(centre: str) -> None:
    await only_account_102()
    await whole_month()
    await adjusted(date(2026, 11, 30))
    assert await blockers() == {}
    assert [one.holds for one in await settlement.four_equalities(day=date(2026, 11, 30))] == [True] * 4


async def test_what_keeps_a_month_open(centre: str) -> None:
    await only_account_102()
    assert await blockers() == {"statement_missing": 1, "adjustment_missing": 1}
    await whole_month(lines=[("S1", "-3.00", "手续费")])
    await adjusted(date(2026, 11, 30))
    assert await blockers() == {"bank_lines_unbooked": 1}
    item_id = await item_of(await receive("S7", "9.00"))
    await receive("S8", "9.00", number="0200000109999999999")
    claim = settlement.Claim(
        item_id=item_id, kind="assign", amount=Money.yuan(9), reason="单位来函说明", to_employer_no=100001
    )
    await settlement.propose_claim(actor=FINANCE, claim=claim, request_key=key(), now=NOW)
    await settlement.take_notice(
        bank_code="102", lines=["?"], digest="d" * 64, bytes_count=1, now=NOW, business_date=TODAY
    )
    assert await blockers() == {
        "bank_lines_unbooked": 1,
        "receipt_held": 1,
        "claim_undecided": 1,
        "notice_quarantined": 1,
    }


async def test_the_self_test_sees_a_book_that_is_wrong(centre: str, database: str) -> None:
    """Each equality is broken by the owner of the tables, which nobody else can do."""
    import asyncpg

    await receive("S1", "5.00")
    owner = await asyncpg.connect(database)
    try:
        await owner.execute("SET session_replication_role = replica")
        await owner.execute("UPDATE suspense_item SET open_fen = open_fen - 1, amount_fen = amount_fen")
        broken = {one.name: one.detail for one in await settlement.four_equalities(day=TODAY) if not one.holds}
        assert broken["suspense"] == "总账500，明细499（分）"
        await owner.execute("UPDATE suspense_item SET open_fen = open_fen + 1")
        await owner.execute("UPDATE general_line SET auxiliary = '102-X' WHERE subject = '101'")
        broken = {one.name: one.detail for one in await settlement.four_equalities(day=TODAY) if not one.holds}
        assert set(broken) == {"bank_subjects", "bank_equals_book"}
        await owner.execute("UPDATE general_line SET auxiliary = '102' WHERE subject = '101'")
        await owner.execute("UPDATE general_line SET subject = '201' WHERE subject = '21901'")
        broken = {one.name: one.detail for one in await settlement.four_equalities(day=TODAY) if not one.holds}
        assert set(broken) == {"personal_accounts", "suspense", "bank_equals_book"}
        assert (await blockers())["equality"] == 2
    finally:
        await owner.close()
