"""异地转入: applied for, the letter out, the other centre's word, the money by the letter's number."""

from __future__ import annotations

import pytest

from domain import transfers
from domain.kernel import database
from domain.kernel.actor import Actor
from domain.kernel.money import Money
from domain.transfers import TransferIn
from tests.contributions.world import id_card
from tests.factories.snapshot import nothing_changed
from tests.settlement.world import assert_books_hold, balance, key, receive
from tests.transfers.world import (
    CLERK,
    MONTHS,
    NOW,
    OF_CHAOYANG,
    OURS,
    REVIEWER,
    TIANJIN,
    TODAY,
    WANTED,
    account_no,
    apply,
    contributor,
    hear_info,
    hear_progress,
    info,
    issued,
    money_matched,
    now_of,
    refused,
    step,
    told,
)

pytestmark = [pytest.mark.usefixtures("employers"), pytest.mark.requirement("R06.1")]
AMOUNT = "18643.25"


async def balance_of(number: int) -> Money:
    return Money(
        await database.value("SELECT balance_fen FROM account_balance WHERE account_no = $1", account_no(number))
    )


async def test_money_comes_in_by_the_letters_number() -> None:
    citizen = await contributor(701)
    view = await apply(citizen)
    assert (view.state_name, view.letter_no) == ("待复核", None)
    assert "连续缴存8个月" in view.explanation[1]["text"]
    before = await balance_of(701)
    view = await step(REVIEWER, view, "issue")
    assert (view.state, view.letter_no) == ("01", "1100002611230001")
    [(kind, letter)] = await told()
    assert (kind, letter["ConNum"], letter["FundAccount"]) == ("letter", view.letter_no, "0200000109000000001")
    assert await hear_progress(view.letter_no, "02") == "已转为“联系函确认接收”"
    assert await hear_info(info(view.letter_no)) == "转出信息已登记，金额18,643.25元"
    assert (await now_of(view)).money_name == "待到账"
    assert (await receive("S1", AMOUNT, remark=f"公积金转移#{view.letter_no}#")).outcome == "matched"
    assert await balance("21904", "") == -Money.parse(AMOUNT)
    await assert_books_hold()
    await money_matched()
    done = await now_of(view)
    assert (done.state_name, done.money, await balance_of(701)) == ("正常办结", "posted", before + Money.parse(AMOUNT))
    assert await told() == [("out_info", {"ConNum": view.letter_no, "TxFunc": "2"})]
    assert await balance("21904", "") == Money.zero()
    await money_matched()
    assert await balance_of(701) == before + Money.parse(AMOUNT)
    [mine] = await transfers.transfers_of(actor=citizen)
    assert (mine.transfer_no, mine.state_explanation) == (
        view.transfer_no,
        "转入款项已计入您的账户，可在账户明细中查看。",
    )
    await assert_books_hold()


@pytest.mark.parametrize("sign", ["#", "＃"])
async def test_both_widths_of_the_number_sign_are_read(sign: str) -> None:
    view = await issued()
    await hear_info(info(view.letter_no))
    await receive("S1", AMOUNT, remark=f"转移接续{sign}{view.letter_no}{sign}")
    await money_matched()
    assert (await now_of(view)).state == "00"


async def test_money_that_is_there_before_the_word_is_found() -> None:
    view = await issued()
    assert (await receive("S1", AMOUNT, remark=f"#{view.letter_no}#")).outcome == "unknown"
    [stray] = await transfers.stray_receipts(actor=CLERK)
    assert (stray.letter_no, stray.known, stray.expected) == (view.letter_no, True, None)
    await hear_info(info(view.letter_no))
    await money_matched()
    assert (await now_of(view)).state == "00"
    assert await transfers.stray_receipts(actor=CLERK) == []
    await assert_books_hold()


async def test_another_amount_waits_for_negotiation_and_is_taken_when_amended() -> None:
    view = await issued()
    await hear_info(info(view.letter_no))
    assert (await receive("S1", "18600.00", remark=f"#{view.letter_no}#")).reason == "amount"
    await money_matched()
    assert (await now_of(view)).money == "expected"
    [stray] = await transfers.stray_receipts(actor=CLERK)
    assert (stray.amount, stray.expected) == (Money.parse("18600"), Money.parse(AMOUNT))
    assert await refused(step(CLERK, view, "negotiate")) == ["transfer.reason_missing"]
    view = await step(CLERK, view, "negotiate", note="到账18600元，与转移金额不符，请核对")
    await told()
    assert (await now_of(view)).state_name == "协商中"
    await hear_info(info(view.letter_no, "18600.00", function="1", reason="利息计算有误"))
    await money_matched()
    done = await now_of(view)
    assert (done.state_name, done.amount) == ("协商后办结", Money.parse("18600"))
    await assert_books_hold()


async def test_what_comes_twice_or_too_late_changes_nothing() -> None:
    view = await issued()
    await hear_info(info(view.letter_no))
    async with nothing_changed():
        assert await hear_info(info(view.letter_no)) == "与先前相同"
    assert await refused(hear_info(info(view.letter_no, "1.00", interest="0.00"))) == ["transfer.info_changed"]
    await hear_progress(view.letter_no, "02", "晚到")
    assert (await now_of(view)).state == "08"
    await receive("S1", AMOUNT, remark=f"#{view.letter_no}#")
    await money_matched()
    assert "未作变更" in await hear_info(info(view.letter_no, "5.00", interest="0.00", function="1"))
    assert "未作变更" in await hear_progress(view.letter_no, "40")
    assert (await now_of(view)).state == "00"


async def test_a_wrong_sum_and_an_unknown_letter_are_refused() -> None:
    view = await issued()
    wrong = info(view.letter_no)
    told_wrong = type(wrong)(
        letter_no=wrong.letter_no, function="0", amount=wrong.amount, principal=wrong.amount, interest=wrong.interest,
        told=wrong.told,
    )  # fmt: skip
    assert await refused(hear_info(told_wrong)) == ["transfer.info_amount"]
    with pytest.raises(transfers.TooEarly, match="尚未登记"):
        await hear_info(info("1200002611239999"))
    assert (await now_of(view)).state == "01"


async def test_the_other_centre_refuses_and_thinks_better_of_it() -> None:
    view = await issued()
    await hear_progress(view.letter_no, "13", "有未结清贷款")
    seen = await now_of(view)
    assert (seen.state_name, seen.trouble) == ("转出审核不通过", "有未结清贷款")
    await hear_info(info(view.letter_no))
    await receive("S1", AMOUNT, remark=f"#{view.letter_no}#")
    await money_matched()
    assert (await now_of(view)).state == "00"


async def test_a_failed_transfer_expects_nothing_any_more() -> None:
    view = await issued()
    await hear_info(info(view.letter_no))
    await hear_progress(view.letter_no, "40", "账户被司法冻结")
    done = await now_of(view)
    assert (done.state, done.money, done.amount) == ("40", "none", None)
    assert (await receive("S1", AMOUNT, remark=f"#{view.letter_no}#")).outcome == "unknown"
    await assert_books_hold()


async def test_an_account_that_was_frozen_meanwhile_gets_its_money_later() -> None:
    view = await issued()
    await hear_info(info(view.letter_no))
    await database.execute("UPDATE account SET state = '06' WHERE account_no = $1", view.account_no)
    await receive("S1", AMOUNT, remark=f"#{view.letter_no}#")
    await money_matched()
    seen = await now_of(view)
    assert (seen.money, seen.state) == ("arrived", "08") and "冻结" in (seen.trouble or "")
    await assert_books_hold()
    again = {"actor": CLERK, "transfer_no": view.transfer_no, "business_date": TODAY, "now": NOW}
    assert not await transfers.post_arrived(**again)  # type: ignore[arg-type]
    await database.execute("UPDATE account SET state = '01' WHERE account_no = $1", view.account_no)
    assert await transfers.post_arrived(**again)  # type: ignore[arg-type]
    assert (await now_of(view)).state == "00"
    assert await refused(transfers.post_arrived(**again)) == ["transfer.not_postable"]  # type: ignore[arg-type]
    await assert_books_hold()


async def cancel(actor: Actor, transfer_no: str) -> transfers.TransferView:
    return await transfers.cancel_transfer(actor=actor, transfer_no=transfer_no, request_key=key(), now=NOW)


async def test_it_is_taken_back_before_the_letter_at_once() -> None:
    citizen = await contributor(701)
    view = await apply(citizen)
    assert (await cancel(citizen, view.transfer_no)).state_name == "转入撤销办结"
    assert await told() == []
    assert (await apply(citizen)).state == "applied"


@pytest.mark.parametrize(("status", "code", "state"), [("accepted", "00000", "05"), ("rejected", "T0002", "01")])
async def test_after_the_letter_the_platform_decides(status: str, code: str, state: str) -> None:
    citizen = await contributor(701)
    view = await step(REVIEWER, await apply(citizen), "issue")
    await told()
    asked = await cancel(citizen, view.transfer_no)
    assert (asked.state, asked.state_explanation) == ("01", "撤销申请已提交，正在等待平台确认。")
    assert await refused(cancel(citizen, view.transfer_no)) == ["transfer.cancel_asked"]
    assert [kind for kind, _ in await told(status=status, code=code)] == ["cancel"]
    done = await now_of(view)
    assert (done.state, done.cancel_asked_at) == (state, None)
    await hear_progress(view.letter_no, "02")
    assert (await now_of(view)).state == ("02" if state == "01" else "05")


async def test_later_it_cannot_be_taken_back() -> None:
    citizen = await contributor(701)
    view = await step(REVIEWER, await apply(citizen), "issue")
    await hear_progress(view.letter_no, "02")
    async with nothing_changed():
        assert await refused(cancel(citizen, view.transfer_no)) == ["transfer.cancel_too_late"]
    stranger = await contributor(702)
    assert await refused(cancel(stranger, view.transfer_no)) == ["transfer.not_found"]


@pytest.mark.requirement("R02.1")
@pytest.mark.parametrize(
    ("given", "codes"),
    [
        ({"months": MONTHS[-5:]}, ["transfer.months_short"]),
        ({"state": "02"}, ["transfer.account_state"]),
        ({"state": "06", "months": ()}, ["transfer.account_state", "transfer.months_short"]),
    ],
)
async def test_who_may_not_transfer_in(given: dict[str, object], codes: list[str]) -> None:
    citizen = await contributor(701, **given)  # type: ignore[arg-type]
    async with nothing_changed():
        assert await refused(apply(citizen)) == codes


@pytest.mark.requirement("R02.1")
@pytest.mark.parametrize(
    ("wanted", "codes"),
    [
        (TransferIn(other_centre="999900000000000", other_account="120100880001"), ["transfer.centre_unknown"]),
        (TransferIn(other_centre=OURS, other_account="120100880001"), ["transfer.centre_own"]),
        (TransferIn(other_centre=TIANJIN, other_account="12'; --"), ["transfer.other_account_malformed"]),
        (TransferIn(other_centre=TIANJIN, other_account="120100880001", account_no=1), ["transfer.account_unknown"]),
    ],
)
async def test_what_may_not_be_transferred(wanted: TransferIn, codes: list[str]) -> None:
    citizen = await contributor(701)
    async with nothing_changed():
        assert await refused(apply(citizen, wanted=wanted)) == codes


async def test_a_second_one_waits_for_the_first_and_a_key_is_good_once() -> None:
    citizen = await contributor(701)
    request_key = key()
    view = await apply(citizen, request_key=request_key)
    assert (await apply(citizen, request_key=request_key)).transfer_no == view.transfer_no
    async with nothing_changed():
        assert await refused(apply(citizen)) == ["case.blocked_by_running"]
        other = TransferIn(other_centre=TIANJIN, other_account="120100880099")
        assert await refused(apply(citizen, wanted=other, request_key=request_key)) == ["request.key_reused"]


async def test_a_rehearsal_leaves_nothing() -> None:
    citizen = await contributor(701)
    async with nothing_changed():
        assert (
            await transfers.apply_for_transfer_in(
                actor=citizen, wanted=WANTED, request_key=key(), business_date=TODAY, now=NOW, dry_run=True
            )
            is None
        )


async def test_two_persons_of_the_office_take_the_steps() -> None:
    view = await apply(await contributor(701))
    async with nothing_changed():
        assert await refused(step(OF_CHAOYANG, view, "issue")) == ["transfer.other_office"]
        assert await refused(step(CLERK, view, "cancelled")) == ["transfer.step_not_possible"]
        assert await refused(step(CLERK, view, "negotiate", note="金额有误请核对")) == ["transfer.step_not_possible"]
        assert await refused(step(CLERK, view, "no_such")) == ["transfer.not_found"]
        assert await refused(step(CLERK, view, "decline", note="短")) == ["transfer.reason_missing"]


async def test_who_accepted_it_at_the_counter_does_not_review_it() -> None:
    await contributor(701)
    given = {"wanted": WANTED, "business_date": TODAY, "now": NOW}
    unknown = transfers.apply_at_counter(actor=REVIEWER, document_no="x", request_key=key(), **given)  # type: ignore[arg-type]
    assert await refused(unknown) == ["transfer.person_unknown"]
    view = await transfers.apply_at_counter(
        actor=REVIEWER,
        document_no=id_card(701),
        request_key=key(),
        **given,  # type: ignore[arg-type]
    )
    assert await refused(step(REVIEWER, view, "issue")) == ["transfer.same_person"]
    assert (await step(CLERK, view, "issue")).state == "01"


async def test_a_message_that_is_not_answered_is_told_again_and_a_rejected_one_waits_for_people() -> None:
    view = await issued()
    assert len(await told(status="unknown", code="timeout")) == 1
    assert await transfers.claim_due(now=NOW, most=5) == []
    await database.execute("UPDATE transfer_message SET due_at = $1", NOW)
    await told(status="rejected", code="T0003")
    seen = await now_of(view)
    assert "平台拒收联系函" in (seen.trouble or "")
    [message] = await transfers.messages_of(account_no=view.account_no, transfer_id=view.transfer_id)
    assert (message.state_name, message.last_code) == ("平台拒收", "T0003")
    await transfers.send_again(actor=CLERK, account_no=view.account_no, message_id=message.message_id, now=NOW)
    assert [kind for kind, _ in await told()] == ["letter"]
    again = transfers.send_again(actor=CLERK, account_no=view.account_no, message_id=message.message_id, now=NOW)
    assert await refused(again) == ["transfer.step_not_possible"]
    assert (await now_of(view)).trouble is None
