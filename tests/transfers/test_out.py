"""异地转出: a letter comes, the account is judged, the bank pays with the letter's number, the account is closed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain import transfers
from domain.kernel import database
from domain.kernel.money import Money
from tests.factories.snapshot import nothing_changed
from tests.settlement.world import Bank, assert_books_hold
from tests.transfers.world import (
    CLERK,
    NOW,
    OF_CHAOYANG,
    REVIEWER,
    TODAY,
    bank_answers,
    by_letter,
    confirmed_by_other,
    contributor,
    hear_cancel,
    hear_letter,
    hear_progress,
    letter,
    now_of,
    ordered,
    refused,
    sealed,
    step,
    told,
)

pytestmark = [pytest.mark.usefixtures("employers"), pytest.mark.requirement("R06.1")]


async def paid_by(bank: Bank) -> None:
    """The bank takes the batch and answers, and the worker posts what it says."""
    await bank.step()
    bank.clock.advance(minutes=40)
    await bank.step()
    await bank_answers(now=bank.clock())


async def account_state(account_no: int) -> tuple[str, int, int]:
    row = await database.row(
        "SELECT a.state, b.balance_fen, b.held_fen FROM account a JOIN account_balance b USING (account_no)"
        " WHERE account_no = $1",
        account_no,
    )
    assert row is not None
    return row["state"], row["balance_fen"], row["held_fen"]


async def test_the_whole_with_its_interest_leaves_and_the_account_is_closed(bank: Bank) -> None:
    number = await sealed(711)
    view = await hear_letter(letter(711))
    assert (view.state_name, view.direction_name, view.account_no) == ("联系函复核通过", "转出", number)
    later = TODAY + timedelta(days=20)
    view = await step(CLERK, view, "confirm")
    view = await step(REVIEWER, view, "approve", loan_count=1, business_date=later, now=NOW + timedelta(days=20))
    assert view.amount is not None and view.info is not None
    assert (view.state, view.money_name) == ("08", "划款中")
    interest = Money.parse(view.info["Interest"])
    assert view.amount == Money.yuan(2400) * 8 + interest and interest.fen > 0
    assert (view.info["SixMonths"], view.info["LoanTimes"], view.info["PaidThrough"]) == ("1", "1", "202610")
    assert await account_state(number) == ("02", view.amount.fen, view.amount.fen)
    assert [kind for kind, _ in await told()] == ["progress", "out_info"]
    await assert_books_hold()
    bank.clock.advance(days=20)
    await paid_by(bank)
    left = await now_of(view)
    assert (left.state, left.money_name, left.trouble) == ("08", "已划出", None)
    assert await account_state(number) == ("04", 0, 0)
    item = await database.row("SELECT summary, amount_fen FROM bank_batch_item")
    assert item is not None and (item["summary"], item["amount_fen"]) == (f"#{view.letter_no}#", view.amount.fen)
    await bank_answers(now=bank.clock())
    assert view.letter_no is not None
    assert await confirmed_by_other(view.letter_no) == "已办结（正常办结）"
    assert await confirmed_by_other(view.letter_no) == "先前已办结（正常办结）"
    await assert_books_hold()


async def test_a_letter_twice_is_one_and_with_other_content_refused() -> None:
    await sealed(711)
    one = letter(711)
    await hear_letter(one)
    async with nothing_changed():
        await hear_letter(one)
        assert await refused(hear_letter(letter(711, fund_account="9999999999"))) == ["transfer.letter_changed"]


@pytest.mark.parametrize("changes", [{"document_no": "110105199103151017"}, {"out_account": "801000000999"}])
async def test_a_letter_about_nobody_here_is_answered_and_kept(changes: dict[str, str]) -> None:
    await sealed(711)
    view = await hear_letter(letter(711, **changes))
    assert (view.state, view.account_no, view.person_id) == ("13", 0, None)
    [(kind, body)] = await told()
    assert (kind, body["TranStatus"]) == ("progress", "13")
    assert await refused(step(REVIEWER, view, "approve")) == ["transfer.out_unknown"]
    assert (await step(REVIEWER, view, "fail", note="查无此人，请核对证件")).state == "40"


@pytest.mark.parametrize(
    ("spoil", "answers", "codes"),
    [
        ("UPDATE account SET state = '01' WHERE account_no = $1", {}, ["transfer.out_state"]),
        ("UPDATE account SET state = '06' WHERE account_no = $1", {}, ["transfer.out_state"]),
        ("", {"loan_open": True, "loan_count": 1}, ["transfer.out_loan"]),
        ("", {"fraud": True}, ["transfer.out_fraud"]),
        ("", {"loan_count": 21}, ["transfer.loan_count"]),
    ],
)
async def test_what_may_not_leave(spoil: str, answers: dict[str, object], codes: list[str]) -> None:
    number = await sealed(711)
    view = await step(CLERK, await hear_letter(letter(711)), "confirm")
    if spoil:
        await database.execute(spoil, number)
    assert await refused(step(REVIEWER, view, "approve", **answers)) == codes
    assert (await account_state(number))[2] == 0 and (await now_of(view)).state == "02"
    view = await step(REVIEWER, view, "refuse", note="不符合转出条件，请核对")
    assert [body["TranStatus"] for _, body in await told()] == ["02", "13"]


async def test_another_name_is_refused_and_two_persons_take_the_steps() -> None:
    await sealed(711)
    view = await hear_letter(letter(711, name="另一人"))
    assert await refused(step(OF_CHAOYANG, view, "confirm")) == ["transfer.other_office"]
    assert await refused(step(REVIEWER, view, "confirm")) == ["transfer.step_not_yours"]
    view = await step(CLERK, view, "confirm")
    assert await refused(step(CLERK, view, "approve")) == ["transfer.step_not_yours"]
    assert await refused(step(REVIEWER, view, "approve")) == ["transfer.out_name"]
    assert await refused(step(REVIEWER, view, "amend", note="姓名已核对")) == ["transfer.step_not_possible"]


async def test_a_bank_that_does_not_pay_gives_everything_back(bank: Bank) -> None:
    view = await ordered(711, fund_account="6222020200000000023", fund_account_name="李四")
    await told()
    await paid_by(bank)
    seen = await now_of(view)
    assert (seen.state_name, seen.money_name) == ("协商中", "银行退回")
    assert "银行未能付款（10003）" in (seen.trouble or "")
    assert await account_state(view.account_no) == ("02", view.amount.fen if view.amount else 0, 0)
    assert [body["TranStatus"] for _, body in await told()] == ["06"]
    await assert_books_hold()
    again = await step(REVIEWER, seen, "approve", note="对方已更正账户")
    assert (again.state, again.money_name) == ("08", "划款中")
    assert [body["TxFunc"] for _, body in await told()] == ["1"]
    await assert_books_hold()


async def test_taken_back_in_time_and_too_late(bank: Bank) -> None:
    await sealed(712)
    early = await hear_letter(letter(712, sequence=2))
    assert early.letter_no is not None
    assert await hear_cancel(early.letter_no) == "已撤销"
    assert await hear_cancel(early.letter_no) == "先前已撤销"
    assert (await account_state(early.account_no))[0] == "02"
    late = await ordered(711)
    assert late.letter_no is not None
    assert await hear_cancel(late.letter_no) == "撤销到达时款项已划出，不能撤销"
    await paid_by(bank)
    seen = await now_of(late)
    assert (seen.state, seen.money) == ("08", "left") and "要求撤销" in (seen.trouble or "")
    with pytest.raises(transfers.TooEarly):
        await hear_cancel("1200002611239998")
    await assert_books_hold()


async def test_the_other_centre_is_done_before_our_bank_says_so(bank: Bank) -> None:
    view = await ordered(711)
    assert view.letter_no is not None
    with pytest.raises(transfers.TooEarly, match="银行尚未确认"):
        await confirmed_by_other(view.letter_no)
    await paid_by(bank)
    assert await confirmed_by_other(view.letter_no) == "已办结（正常办结）"


async def test_a_difference_is_negotiated_after_the_money_left(bank: Bank) -> None:
    view = await ordered(711)
    assert view.letter_no is not None
    await paid_by(bank)
    await hear_progress(view.letter_no, "06", "缴至年月与我方记录不符")
    seen = await now_of(view)
    assert (seen.state, seen.trouble) == ("06", "缴至年月与我方记录不符")
    for action in ("approve", "refuse", "fail"):
        assert await refused(step(REVIEWER, seen, action, note="款项已经划出了")) == ["transfer.money_left"]
    names = {
        name for name, _ in transfers.actions_of(actor=REVIEWER, view=seen, doers=await transfers.doers(view=seen))
    }
    assert names == {"amend"}
    seen = await step(REVIEWER, seen, "amend", note="已核对，缴至2026年10月")
    assert [body.get("TxFunc") for _, body in await told()] == [None, "0", "1"]
    assert await confirmed_by_other(view.letter_no) == "已办结（协商后办结）"
    assert (await by_letter(view.letter_no)).trouble is None


async def test_what_excludes_each_other() -> None:
    """A transfer that runs blocks others of the account, and names itself."""
    from domain import cases

    await sealed(711)
    view = await hear_letter(letter(711))
    [blocked] = await cases.conflicts_of(account_no=view.account_no, item="closure_withdrawal")
    assert blocked.code == "case.blocked_by_running" and view.transfer_no in blocked.message
    await step(REVIEWER, view, "refuse", note="职工要求停止转出")
    await step(REVIEWER, await now_of(view), "fail", note="职工要求停止转出")
    assert await cases.conflicts_of(account_no=view.account_no, item="closure_withdrawal") == []


async def test_who_may_read() -> None:
    citizen = await contributor(701)
    await sealed(711)
    view = await hear_letter(letter(711))
    assert await refused(transfers.transfer_by_no(actor=citizen, transfer_no=view.transfer_no)) == [
        "transfer.not_found"
    ]
    filters = transfers.TransferFilters()
    assert await refused(transfers.transfers(actor=citizen, filters=filters, first=10, after=None)) == [
        "access.not_permitted"
    ]
    page = await transfers.transfers(actor=CLERK, filters=filters, first=10, after=None)
    assert [one.transfer_no for one in page.items] == [view.transfer_no]
    assert (await transfers.transfers(actor=OF_CHAOYANG, filters=filters, first=10, after=None)).total == 0
    assert await refused(transfers.transfers(actor=CLERK, filters=filters, first=101, after=None)) == [
        "request.page_size"
    ]
