"""Receipts are booked once, whoever tells of them and however often; notices that cannot be read change nothing."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta

import pytest

from domain import ledger, settlement
from domain.kernel import database
from domain.kernel.actor import SYSTEM
from domain.kernel.money import Money
from domain.kernel.refusal import Refused
from domain.settlement import NoticeTaken
from tests.factories.snapshot import nothing_changed
from tests.settlement import files
from tests.settlement.world import (
    FINANCE,
    NOW,
    OF_CHAOYANG,
    REVIEWER,
    SUPERVISOR,
    TODAY,
    assert_books_hold,
    audited,
    balance,
    events,
    expect,
    key,
    receive,
)

pytestmark = pytest.mark.usefixtures("centre")


async def notice(*lines: str, digest: str = "", bank_code: str = "102") -> NoticeTaken:
    return await settlement.take_notice(
        bank_code=bank_code,
        lines=lines,
        digest=digest or key(),
        bytes_count=200,
        now=NOW,
        business_date=TODAY,
    )


@pytest.mark.requirement("R14.3")
async def test_a_matched_receipt_waits_for_its_employer(centre: str) -> None:
    number = await expect("HJ2026110001", "1200.00", payer_account_no="0200001009000000001")
    taken = await receive("S1", "1200.00", remark="汇缴HJ2026110001")
    assert (taken.new, taken.held, taken.outcome, taken.reason) == (True, False, "matched", "exact")
    assert (await balance("101", "102"), await balance("21903", "100001")) == (Money.yuan(1200), -Money.yuan(1200))
    met = await settlement.expectation(expectation_id=number)
    assert (met.state, met.receipt_id) == ("met", taken.receipt_id)
    view = await settlement.receipt(actor=FINANCE, receipt_id=taken.receipt_id)
    assert (view.outcome_name, settlement.reason_name(view)) == ("相符", "编号、金额和付款人相符（按备注）")
    assert (view.item_id, view.office_code) == (None, "0101")
    assert await events(settlement.RECEIPT_MATCHED) == [
        {
            "expectation_id": str(number),
            "purpose": "remittance",
            "reference_no": "HJ2026110001",
            "receipt_id": str(taken.receipt_id),
            "voucher_id": str(view.voucher_id),
            "amount": "1200.00",
        }
    ]
    await assert_books_hold()


async def test_an_expectation_says_where_its_money_goes(centre: str) -> None:
    await expect("LXH20261123000001", "350.00", purpose="transfer_in", employer_no=None, credit_subject="21909")
    taken = await receive("S1", "350.00", remark="异地转入＃LXH20261123000001＃")
    assert taken.outcome == "matched"
    assert await balance("21909", "") == -Money.yuan(350)


@pytest.mark.requirement("R14.3")
@pytest.mark.parametrize(
    ("amount", "remark", "outcome", "reason"),
    [("1200.01", "HJ2026110001", "differs", "amount"), ("7.00", "公积金", "unknown", "nothing")],
)
async def test_what_does_not_match_stands_in_suspense_of_the_account_s_office(
    centre: str, amount: str, remark: str, outcome: str, reason: str
) -> None:
    number = await expect("HJ2026110001", "1200.00", employer_no=100002)
    taken = await receive("S1", amount, bank_code="105", remark=remark)
    assert (taken.outcome, taken.reason) == (outcome, reason)
    assert await balance("21901", "0105") == -Money.parse(amount)
    view = await settlement.receipt(actor=FINANCE, receipt_id=taken.receipt_id)
    assert (view.open, view.office_code) == (Money.parse(amount), "0105")
    assert view.expectation_id == (number if outcome == "differs" else None)
    assert (await settlement.expectation(expectation_id=number)).state == "open"
    assert await events(settlement.RECEIPT_MATCHED) == []
    await assert_books_hold()


@pytest.mark.requirement("R14.4")
async def test_a_receipt_told_again_changes_nothing_whoever_tells_it(centre: str) -> None:
    first = await receive("S1", "500.00")
    async with nothing_changed():
        for source in ("notice", "statement", "notice"):
            again = await receive("S1", "500.00", source=source, remark="写法不同的备注")
            assert (again.receipt_id, again.new) == (first.receipt_id, False)
    assert await audited("receipt.booked") == 1


@pytest.mark.parametrize(
    "told",
    [{"amount": "500.01"}, {"payer_account": "9999999999"}, {"reversal": "1"}, {"number": "0200000109000000088"}],
)
async def test_a_bank_that_contradicts_itself_is_refused(centre: str, told: dict[str, str]) -> None:
    await receive("S1", "500.00")
    async with nothing_changed():
        with pytest.raises(Refused) as refused:
            await receive("S1", told.pop("amount", "500.00"), **told)
    assert refused.value.refusals[0].code == "settlement.receipt_contradicts"


async def test_the_same_serial_number_of_another_day_or_bank_is_other_money(centre: str) -> None:
    await receive("S1", "500.00")
    assert (await receive("S1", "500.00", day="20261122")).new
    assert (await receive("S1", "500.00", bank_code="105")).new
    assert await database.value("SELECT count(*) FROM bank_receipt") == 3


@pytest.mark.requirement("R14.4")
async def test_ten_that_tell_of_the_same_money_at_once_book_it_once(centre: str) -> None:
    await expect("HJ2026110001", "500.00")
    taken = await asyncio.gather(*(receive("S1", "500.00", remark="HJ2026110001") for _ in range(10)))
    assert sum(one.new for one in taken) == 1
    assert len({one.receipt_id for one in taken}) == 1
    assert await balance("101", "102") == Money.yuan(500)
    assert len(await events(settlement.RECEIPT_MATCHED)) == 1


async def test_two_receipts_for_one_expectation_meet_it_once(centre: str) -> None:
    await expect("HJ2026110001", "500.00")
    taken = await asyncio.gather(*(receive(f"S{number}", "500.00", remark="HJ2026110001") for number in range(6)))
    assert sorted(one.outcome for one in taken) == ["matched", *["unknown"] * 5]
    assert (await balance("21901", "00"), await balance("21903", "100001")) == (-Money.yuan(2500), -Money.yuan(500))
    await assert_books_hold()


async def test_what_nobody_knows_the_account_of_is_held_and_not_booked(centre: str) -> None:
    taken = await receive("S1", "500.00", number="0200000109999999999")
    assert (taken.held, taken.reason) == (True, "account_unknown")
    await database.execute("UPDATE bank_account SET state = 'closed', closed_on = $1 WHERE code = '102'", TODAY)
    assert (await receive("S2", "500.00")).reason == "account_closed"
    await database.execute("UPDATE bank_account SET state = 'open', closed_on = NULL WHERE code = '102'")
    taken_back = await receive("S3", "-500.00", reversal="1")
    assert (taken_back.held, taken_back.reason) == (True, "bank_reversal")
    assert await database.value("SELECT count(*) FROM general_voucher") == 0
    assert await audited("receipt.held") == 3
    await assert_books_hold()


async def test_a_set_without_a_suspense_subject_takes_what_is_expected_and_holds_the_rest(centre: str) -> None:
    await database.execute(
        "INSERT INTO bank_account (code, bank_code, account_set, kind, subject, number, name, opened_on) VALUES"
        " ('102-M01', '102', 'maintenance_fund', 'demand', '1001', '0200000109000000444', '维修资金专户', '2026-01-01')"
    )
    await expect("WX2026110001", "80.00", account_set="maintenance_fund", credit_subject="400101", credit_auxiliary="")
    met = await receive("S1", "80.00", number="0200000109000000444", remark="WX2026110001")
    unknown = await receive("S2", "81.00", number="0200000109000000444")
    assert (met.outcome, unknown.held, unknown.reason) == ("matched", True, "no_suspense")
    assert await balance("1001", "102-M01", account_set="maintenance_fund") == Money.yuan(80)
    await assert_books_hold()


@pytest.mark.parametrize(
    "wrong",
    [{"employer_no": None}, {"credit_subject": "201"}, {"credit_subject": "219"}, {"credit_subject": "9"}],
)
async def test_an_owner_that_expects_what_cannot_be_booked_has_a_bug(centre: str, wrong: dict[str, object]) -> None:
    async with nothing_changed():
        with pytest.raises(AssertionError, match="nothing can be credited"):
            await expect("HJ2026110001", "5.00", **wrong)


async def test_notices_and_a_statement_of_the_same_money_do_not_block_each_other(centre: str) -> None:
    """Several receipts of one payer, told one by one and all together, in opposite orders."""
    for number in range(8):
        await expect(f"HJ202611000{number}", "5.00", payer_account_no="0200001009000000001")
    told = [(f"S{number}", "5.00", f"HJ202611000{7 - number}") for number in range(8)]
    statement = settlement.import_statement(
        actor=FINANCE,
        bank_account_code="102",
        raw=files.statement(*told, opening="0.00").encode(),
        request_key=key(),
        now=NOW,
        business_date=TODAY,
    )
    notices = (receive(serial, amount, remark=remark) for serial, amount, remark in reversed(told))
    several = notice(*(files.row(1, serial, "5.00", "0.00", remark=remark) for serial, _, remark in reversed(told)))
    await asyncio.gather(statement, several, *notices)
    assert await balance("21903", "100001") == -Money.yuan(40)
    assert len(await events(settlement.RECEIPT_MATCHED)) == 8
    await assert_books_hold()


# --- what is expected


async def test_an_expectation_registered_again_is_the_same_and_with_other_content_refused(centre: str) -> None:
    number = await expect("HJ2026110001", "1200.00", payer_name="北京晨曦科技有限公司")
    async with nothing_changed():
        # written in full width, it is the same number
        again = await expect("ｈｊ２０２６１１０００１", "1200.00", payer_name="北京晨曦科技有限公司")
        assert again == number
        for change in ({"payer_name": "别家公司"}, {"credit_subject": "21909"}, {"due_on": TODAY}):
            with pytest.raises(Refused) as refused:
                await expect("HJ2026110001", "1200.00", **{"payer_name": "北京晨曦科技有限公司", **change})
            assert refused.value.refusals[0].code == "settlement.expectation_changed"
    assert await audited("expectation.registered") == 1


@pytest.mark.parametrize("reference_no", ["HJ1", "汇缴2026110001", "-HJ2026110001", "H" * 33, ""])
async def test_a_reference_that_nobody_could_find_is_refused(centre: str, reference_no: str) -> None:
    async with nothing_changed():
        with pytest.raises(Refused) as refused:
            await expect(reference_no, "1200.00")
    assert refused.value.refusals[0].code == "settlement.reference_malformed"


async def test_a_cancelled_expectation_meets_nothing(centre: str) -> None:
    number = await expect("HJ2026110001", "1200.00")
    for expected in (True, False):
        async with database.transaction() as tx:
            cancelled = await settlement.cancel_expected(
                tx, actor=SYSTEM, expectation_id=number, reason="单位撤回汇缴书", now=NOW
            )
        assert cancelled is expected
    assert (await receive("S1", "1200.00", remark="HJ2026110001")).outcome == "unknown"


async def test_what_is_there_cannot_be_cancelled(centre: str) -> None:
    number = await expect("HJ2026110001", "1200.00")
    await receive("S1", "1200.00", remark="HJ2026110001")
    async with nothing_changed():
        with pytest.raises(Refused) as refused:
            async with database.transaction() as tx:
                await settlement.cancel_expected(
                    tx, actor=SYSTEM, expectation_id=number, reason="单位撤回汇缴书", now=NOW
                )
    assert refused.value.refusals[0].code == "settlement.expectation_not_open"


@pytest.mark.requirement("R14.3")
async def test_money_that_comes_before_its_paper_is_met_when_the_paper_comes(centre: str) -> None:
    taken = await receive("S1", "1200.00", remark="HJ2026110001")
    assert taken.outcome == "unknown"
    number = await expect("HJ2026110001", "1200.00")
    assert (await settlement.expectation(expectation_id=number)).state == "met"
    assert (await balance("21901", "00"), await balance("21903", "100001")) == (Money.zero(), -Money.yuan(1200))
    view = await settlement.receipt(actor=FINANCE, receipt_id=taken.receipt_id)
    assert (view.outcome, view.matched_by, view.open) == ("matched", "remark", Money.zero())
    assert len(await events(settlement.RECEIPT_MATCHED)) == 1
    await assert_books_hold()


async def test_a_paper_does_not_take_money_that_could_be_another_s(centre: str) -> None:
    await receive("S1", "1200.00")
    await receive("S2", "1200.00")
    number = await expect("HJ2026110001", "1200.00", payer_account_no="0200001009000000001")
    assert (await settlement.expectation(expectation_id=number)).state == "open"
    assert await balance("21901", "00") == -Money.yuan(2400)


async def test_paper_and_money_that_cross_are_matched_by_the_sweep(centre: str) -> None:
    registered = asyncio.Event()

    async def money_comes() -> str:
        await registered.wait()
        return (await receive("S1", "1200.00", remark="HJ2026110001")).outcome

    money = asyncio.create_task(money_comes())
    async with database.transaction() as tx:
        number = await settlement.expect_receipt(
            tx,
            actor=SYSTEM,
            purpose="remittance",
            reference_no="HJ2026110001",
            amount=Money.yuan(1200),
            employer_no=100001,
            now=NOW,
        )
        # the receipt's transaction does not see the paper, which is not committed
        registered.set()
        assert await money == "unknown"
    assert await settlement.match_what_crossed(now=NOW, business_date=TODAY) == 1
    assert (await settlement.expectation(expectation_id=number)).state == "met"
    assert await settlement.match_what_crossed(now=NOW, business_date=TODAY) == 0


# --- notices


@pytest.mark.requirement("R14.4")
async def test_a_notice_books_what_came_in_and_passes_over_what_went_out(centre: str) -> None:
    taken = await notice(files.row(1, "S1", "500.00", "1.00"), files.row(2, "S2", "-20.00", "1.00"))
    assert (taken.state, len(taken.receipts)) == ("accepted", 1)
    assert await balance("101", "102") == Money.yuan(500)


async def test_the_same_bytes_again_are_counted_and_book_nothing(centre: str) -> None:
    first = await notice(files.row(1, "S1", "500.00", "1.00"), digest="d" * 64)
    again = await notice(files.row(1, "S1", "500.00", "1.00"), digest="d" * 64)
    assert (first.repeated, again.repeated, again.receipts) == (False, True, first.receipts)
    assert await database.value("SELECT told FROM bank_notice") == 2
    assert await balance("101", "102") == Money.yuan(500)


@pytest.mark.requirement("R14.4")
@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        ([], "通知应有1至1000行，实有0行"),
        (["1|2|3"], "第1行应有23个栏目，实有3个"),
        ([files.row(1, "S1", "500.00", "1.00"), files.row(2, "S2", "5,00", "1.00")], "第2行金额不是两位小数的金额"),
    ],
)
async def test_a_notice_that_cannot_be_read_is_put_aside_whole(centre: str, lines: list[str], fault: str) -> None:
    for _ in range(2):
        taken = await notice(*lines, digest="d" * 64)
        assert (taken.state, taken.fault, taken.receipts) == ("quarantined", fault, ())
    assert await database.value("SELECT count(*) FROM bank_receipt") == 0
    assert await audited("notice.quarantined") == 1
    [kept] = await settlement.quarantined_notices(actor=FINANCE)
    assert (kept.digest, kept.fault, kept.bank_code, kept.told) == ("d" * 64, fault, "102", 2)


async def test_a_notice_with_one_contradiction_books_none_of_its_rows(centre: str) -> None:
    await receive("S2", "20.00")
    taken = await notice(files.row(1, "S1", "500.00", "1.00"), files.row(2, "S2", "21.00", "1.00"))
    assert taken.state == "quarantined" and taken.fault is not None and "S2" in taken.fault
    assert await balance("101", "102") == Money.yuan(20)


async def test_a_quarantined_notice_is_cleared_once_with_a_note(centre: str) -> None:
    await notice("1|2|3")
    [kept] = await settlement.quarantined_notices(actor=FINANCE)
    async with nothing_changed():
        with pytest.raises(Refused, match="reason_missing"):
            await settlement.clear_notice(
                actor=FINANCE, notice_id=kept.notice_id, note=" 好 ", request_key=key(), now=NOW
            )
        with pytest.raises(Refused, match="not_permitted"):
            await settlement.clear_notice(
                actor=REVIEWER, notice_id=kept.notice_id, note="银行已重发", request_key=key(), now=NOW
            )
    request_key = key()
    for _ in range(2):
        await settlement.clear_notice(
            actor=FINANCE, notice_id=kept.notice_id, note="银行已重发", request_key=request_key, now=NOW
        )
    assert await settlement.quarantined_notices(actor=FINANCE) == []
    with pytest.raises(Refused, match="notice_not_quarantined"):
        await settlement.clear_notice(
            actor=FINANCE, notice_id=kept.notice_id, note="银行已重发", request_key=key(), now=NOW
        )


# --- the desk


@pytest.mark.requirement("R14.4")
async def test_the_list_of_receipts_by_filter_and_page(centre: str) -> None:
    await expect("HJ2026110001", "1.00")
    await receive("S1", "1.00", remark="HJ2026110001")
    for number in range(2, 6):
        await receive(f"S{number}", f"{number}.00", source="statement" if number == 5 else "notice")
    await receive("S6", "6.00", bank_code="105")

    async def listed(**filters: object) -> list[str]:
        page = await settlement.receipts(actor=FINANCE, filters=settlement.ReceiptFilters(**filters))  # type: ignore[arg-type]
        return sorted(one.host_serial_no for one in page.items)

    assert await listed() == ["S1", "S2", "S3", "S4", "S5", "S6"]
    assert await listed(outcome="matched") == ["S1"]
    assert await listed(source="statement") == ["S5"]
    assert await listed(bank_account_code="105") == ["S6"]
    assert await listed(unsettled=True) == ["S2", "S3", "S4", "S5", "S6"]
    assert await listed(since=date(2026, 11, 24)) == []
    assert await listed(host_serial_no="S4") == ["S4"]
    first = await settlement.receipts(actor=FINANCE, filters=settlement.ReceiptFilters(), first=4)
    rest = await settlement.receipts(
        actor=FINANCE, filters=settlement.ReceiptFilters(), first=4, after=first.end_cursor
    )
    assert (len(first.items), first.has_next, len(rest.items), rest.has_next) == (4, True, 2, False)
    assert (first.total, first.amount_total) == (6, Money.yuan(21))
    assert {one.receipt_id for one in first.items}.isdisjoint(one.receipt_id for one in rest.items)
    missing = await settlement.missing_notices(actor=FINANCE, since=TODAY, until=TODAY)
    assert [one.host_serial_no for one in missing.items] == ["S5"]


async def test_staff_of_an_office_see_its_receipts_only(centre: str) -> None:
    ours = await receive("S1", "1.00", bank_code="105")
    others = await receive("S2", "1.00")
    page = await settlement.receipts(actor=OF_CHAOYANG, filters=settlement.ReceiptFilters())
    assert [one.receipt_id for one in page.items] == [ours.receipt_id]
    with pytest.raises(Refused, match="not_found"):
        await settlement.receipt(actor=OF_CHAOYANG, receipt_id=others.receipt_id)
    with pytest.raises(Refused, match="not_permitted"):
        await settlement.receipts(actor=REVIEWER, filters=settlement.ReceiptFilters())


@pytest.mark.parametrize("after", ["!!", "WyJ4IiwgMV0", "WzEsIDJd"])
async def test_a_made_up_cursor_is_refused(centre: str, after: str) -> None:
    with pytest.raises(Refused, match="cursor_malformed"):
        await settlement.receipts(actor=FINANCE, filters=settlement.ReceiptFilters(), after=after)


async def attach(receipt_id: int, **change: object) -> None:
    paper = {"content": b"%PDF-1.7 a slip", "name": "进账单.pdf", "pages": 2, **change}
    await settlement.attach_scan(
        actor=SUPERVISOR,
        receipt_id=receipt_id,
        request_key=key(),
        now=NOW,
        **paper,  # type: ignore[arg-type]
    )


@pytest.mark.requirement("R14.5")
async def test_a_paper_is_attached_once(centre: str) -> None:
    taken = await receive("S1", "1.00")
    for _ in range(2):
        await attach(taken.receipt_id)
    [scan] = await settlement.scans_of(actor=FINANCE, receipt_id=taken.receipt_id)
    assert (scan.name, scan.pages, scan.added_by_name) == ("进账单.pdf", 2, "职员2")
    async with nothing_changed():
        with pytest.raises(Refused, match="scan_changed"):
            await attach(taken.receipt_id, pages=3)
        for change, code in (
            ({"name": " "}, "malformed"),
            ({"pages": 0}, "malformed"),
            ({"content": b"<html>"}, "file_kind"),
            ({"content": b""}, "empty"),
        ):
            with pytest.raises(Refused, match=f"archive.{code}"):
                await attach(taken.receipt_id, **change)


async def test_money_told_after_the_day_closed_is_posted_on_the_next(centre: str) -> None:
    await ledger.close_day(business_date=TODAY, now=NOW + timedelta(days=1))
    taken = await receive("S1", "5.00")
    posted = await database.value(
        "SELECT posted_on FROM general_voucher v JOIN bank_receipt r USING (voucher_id) WHERE r.receipt_id = $1",
        taken.receipt_id,
    )
    assert posted == date(2026, 11, 24)
    assert [result for result in await ledger.prove(invariants=settlement.INVARIANTS) if not result.holds] == []
