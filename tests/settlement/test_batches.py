"""Batches: told once, answered item by item; a file that does not add up changes nothing."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from domain import ledger, settlement
from domain.kernel import database
from domain.kernel.actor import SYSTEM
from domain.kernel.money import Money
from domain.kernel.refusal import Refused
from domain.ledger import Line, VoucherKind
from domain.settlement import BatchItem, BatchView
from tests.factories.snapshot import nothing_changed
from tests.settlement.world import (
    FINANCE,
    FUND_102,
    NOW,
    OPENING,
    REVIEWER,
    TODAY,
    Bank,
    assert_books_hold,
    events,
)

pytestmark = [pytest.mark.usefixtures("centre"), pytest.mark.requirement("R14.4")]


def item(number: int, yuan: int, account: str, name: str) -> BatchItem:
    return BatchItem(
        owner_reference=f"W{number}",
        account_no=800_000 + number,
        bank_code="102",
        counterparty_account_no=account,
        counterparty_name=name,
        amount=Money.yuan(yuan),
        summary="约定提取",
    )


ZHANG = item(1, 100, "6222020200000000015", "张三")
CLOSED = item(2, 200, "6222020200000000023", "李四")
WANG = item(3, 300, "6222020200000000031", "王五")
ITEMS = [ZHANG, CLOSED, WANG]


async def prepare(items: list[BatchItem] = ITEMS, *, direction: Any = "pay", **change: Any) -> int:
    async with database.transaction() as tx:
        return await settlement.prepare_batch(
            tx,
            **{
                "actor": SYSTEM,
                "direction": direction,
                "purpose": "arrangement",
                "business_key": "arrangement:2026-11",
                "bank_account_code": "102",
                "business_type": "02",
                "items": items,
                "business_date": TODAY,
                "now": NOW,
                **change,
            },
        )


async def view(batch_id: int) -> BatchView:
    return await settlement.batch(actor=FINANCE, batch_id=batch_id)


async def states(batch_id: int) -> dict[str, str]:
    return {one.owner_reference: one.state for one in await settlement.batch_items(actor=FINANCE, batch_id=batch_id)}


async def later(bank: Bank, *, minutes: int = 40) -> None:
    bank.clock.advance(minutes=minutes)
    await bank.step()


async def test_a_batch_is_told_once_and_answered_item_by_item(centre: str, bank: Bank) -> None:
    batch_id = await prepare()
    assert (await view(batch_id)).state_name == "待发送银行"
    await bank.step()
    assert ((await view(batch_id)).state, bank.balance()) == ("processing", OPENING)
    await later(bank)
    done = await view(batch_id)
    assert (done.state, done.confirmed_count, done.confirmed, done.rejected_count, done.rejected) == (
        "ended",
        2,
        Money.yuan(400),
        1,
        Money.yuan(200),
    )
    assert await states(batch_id) == {"W1": "confirmed", "W2": "rejected", "W3": "confirmed"}
    assert bank.balance() == OPENING - Money.yuan(400)
    told = {one["owner_reference"]: (one["state"], one["code"]) for one in await events(settlement.BATCH_ITEM_SETTLED)}
    assert told == {"W1": ("confirmed", "00000"), "W2": ("rejected", "10003"), "W3": ("confirmed", "00000")}
    rows = await database.rows(
        "SELECT account_no FROM outbox WHERE kind = $1 ORDER BY 1", settlement.BATCH_ITEM_SETTLED
    )
    assert [row["account_no"] for row in rows] == [800_001, 800_002, 800_003]
    await later(bank)
    assert (bank.faults.counts["bank.batch"], len(await events(settlement.BATCH_ITEM_SETTLED))) == (1, 3)
    await assert_books_hold()


async def test_a_collection_brings_money_in_that_is_no_receipt(centre: str, bank: Bank) -> None:
    batch_id = await prepare([ZHANG, WANG], direction="collect", purpose="loan_repayment", business_type="05")
    await bank.step()
    await later(bank)
    assert ((await view(batch_id)).direction_name, bank.balance()) == ("批量收款", OPENING + Money.yuan(400))
    imported = await settlement.fetch_statement(
        actor=FINANCE,
        bank_account_code="102",
        day=TODAY,
        gateway=bank.funds,
        now=bank.clock(),
        business_date=TODAY,
    )
    assert (imported.line_count, imported.missing_notices) == (2, ())
    # the owner posts each item and links its voucher: then both sides are ticked off
    for one in await settlement.batch_items(actor=FINANCE, batch_id=batch_id):
        async with database.transaction() as tx:
            voucher_id = await ledger.post_general(
                tx,
                account_set="provident_fund",
                business_key=f"loan:{one.owner_reference}",
                kind=VoucherKind.OTHER,
                summary="收回贷款",
                lines=[
                    Line(subject="101", side="D", amount=one.amount, auxiliary="102"),
                    Line(subject="121", side="C", amount=one.amount),
                ],
                effective_on=TODAY,
                posted_on=TODAY,
                now=NOW,
                prepared_by="system",
            )
            await settlement.link_batch_voucher(
                tx, batch_id=batch_id, item_no=one.item_no, voucher_id=voucher_id, voucher_account_no=0
            )
    bank.clock.advance(days=1)
    made = await settlement.adjust(
        actor=FINANCE, bank_account_code="102", day=TODAY, now=bank.clock(), business_date=bank.clock.today
    )
    assert (made.item_count, made.bank_received, made.balanced) == (0, Money.zero(), True)
    await assert_books_hold()


async def test_partial_results_settle_what_is_through(centre: str, bank: Bank) -> None:
    bank.fault("batch", "confirm_later", times=1, detail={"queries": 1, "first": 2})
    batch_id = await prepare()
    await bank.step()
    assert await states(batch_id) == {"W1": "waiting", "W2": "waiting", "W3": "waiting"}
    await later(bank)
    assert await states(batch_id) == {"W1": "confirmed", "W2": "rejected", "W3": "waiting"}
    assert ((await view(batch_id)).state, len(await events(settlement.BATCH_ITEM_SETTLED))) == ("processing", 2)
    await later(bank)
    assert await states(batch_id) == {"W1": "confirmed", "W2": "rejected", "W3": "confirmed"}
    assert len(await events(settlement.BATCH_ITEM_SETTLED)) == 3
    await assert_books_hold()


@pytest.mark.parametrize("spoil", ["cut", "cut_part", "missing_line", "duplicate_line", "no_tail", "item_amount",
                                   "other_batch", "short_line"])  # fmt: skip
async def test_a_result_file_that_does_not_add_up_is_refused_and_asked_for_again(
    centre: str, bank: Bank, spoil: str
) -> None:
    batch_id = await prepare()
    await bank.step()
    bank.fault("batch_file", "garbage", times=1, detail={"stage": "file", "spoil": spoil})
    await later(bank)
    refused = await view(batch_id)
    assert (refused.state, refused.files_refused) == ("processing", 1)
    assert refused.last_message is not None and refused.last_message.startswith("结果文件未采用：")
    assert set((await states(batch_id)).values()) == {"waiting"}
    assert await events(settlement.BATCH_ITEM_SETTLED) == []
    await assert_books_hold()
    await later(bank)
    assert ((await view(batch_id)).state, bank.balance()) == ("ended", OPENING - Money.yuan(400))
    await assert_books_hold()


async def test_a_later_file_that_contradicts_an_earlier_one_is_a_matter_for_people(centre: str, bank: Bank) -> None:
    bank.fault("batch", "confirm_later", times=1, detail={"queries": 1, "first": 2})
    batch_id = await prepare()
    await bank.step()
    await later(bank)
    bank.fault("batch_file", "garbage", times=1, detail={"stage": "file", "spoil": "contradict"})
    await later(bank)
    disputed = await view(batch_id)
    assert (disputed.disputed, disputed.last_message) == (True, "结果文件前后矛盾")
    assert await states(batch_id) == {"W1": "confirmed", "W2": "rejected", "W3": "rejected"}
    items = await settlement.batch_items(actor=FINANCE, batch_id=batch_id)
    assert [one.dispute for one in items] == ["银行后来的结果文件为10003", None, None]
    assert [one["owner_reference"] for one in await events(settlement.BATCH_ITEM_SETTLED)].count("W1") == 1


@pytest.mark.parametrize("mode", ["error500", "garbage", "timeout"])
async def test_a_batch_in_doubt_is_asked_after_and_never_paid_twice(centre: str, bank: Bank, mode: str) -> None:
    bank.fault("batch", mode, times=1, detail={"stage": "after"})
    batch_id = await prepare()
    assert await settlement.present_batch(batch_id=batch_id, gateway=bank.impatient, now=NOW) == "unknown"
    await later(bank)
    assert ((await view(batch_id)).state, bank.faults.counts["bank.batch"]) == ("ended", 1)
    assert bank.balance() == OPENING - Money.yuan(400)


async def test_a_batch_that_never_arrived_is_told_again_late_enough(centre: str, bank: Bank) -> None:
    bank.fault("batch", "error500", times=1)
    batch_id = await prepare()
    await bank.step()
    await later(bank, minutes=1)
    assert ((await view(batch_id)).state, bank.faults.counts["bank.batch"]) == ("unknown", 1)
    await later(bank, minutes=5)
    assert bank.faults.counts["bank.batch"] == 2
    await later(bank)
    assert ((await view(batch_id)).state, bank.balance()) == ("ended", OPENING - Money.yuan(400))


async def test_a_process_that_dies_between_writing_and_telling_pays_once(centre: str, bank: Bank) -> None:
    class Dying:
        async def submit_batch(self, **given: Any) -> None:
            await bank.funds.submit_batch(**given)
            raise asyncio.CancelledError

    batch_id = await prepare()
    with pytest.raises(asyncio.CancelledError):
        await settlement.present_batch(batch_id=batch_id, gateway=Dying(), now=NOW)  # type: ignore[arg-type]
    assert (await view(batch_id)).state == "sending"
    await later(bank)
    assert ((await view(batch_id)).state, bank.balance()) == ("ended", OPENING - Money.yuan(400))
    assert bank.faults.counts["bank.batch"] == 1


async def test_workers_at_once_pay_once(centre: str, bank: Bank) -> None:
    batch_id = await prepare()
    for _ in range(3):
        steps = (settlement.present_batch(batch_id=batch_id, gateway=bank.funds, now=bank.clock()) for _ in range(4))
        await asyncio.gather(*steps)
        bank.clock.advance(minutes=30)
    assert (await view(batch_id)).state == "ended"
    assert (bank.balance(), len(await events(settlement.BATCH_ITEM_SETTLED))) == (OPENING - Money.yuan(400), 3)
    assert bank.faults.counts["bank.batch"] == 1
    await assert_books_hold()


async def test_a_bank_that_takes_none_of_it_rejects_every_item(centre: str, bank: Bank) -> None:
    bank.fault("batch", "refuse", detail={"code": "10006"})
    batch_id = await prepare()
    await bank.step()
    refused = await view(batch_id)
    assert (refused.state_name, refused.last_message) == ("银行未受理", "付款账户不存在")
    assert set((await states(batch_id)).values()) == {"rejected"}
    assert len(await events(settlement.BATCH_ITEM_SETTLED)) == 3
    assert bank.balance() == OPENING
    await assert_books_hold()


async def test_a_bank_that_is_late_is_asked_less_and_less(centre: str, bank: Bank) -> None:
    bank.fault("batch", "confirm_later", times=1, detail={"queries": 3})
    batch_id = await prepare()
    await bank.step()
    asked = []
    for _ in range(4):
        due = await database.value("SELECT next_query_at FROM bank_batch WHERE batch_id = $1", batch_id)
        asked.append((due - bank.clock()).total_seconds())
        bank.clock.at = due
        await bank.step()
    assert (asked, (await view(batch_id)).state) == ([2, 5, 15, 30], "ended")


@pytest.mark.parametrize(
    ("items", "code", "said"),
    [
        ([], "batch_size", "1至5000笔"),
        ([replace(ZHANG, amount=Money.zero())], "batch_invalid", "第1笔金额应大于0元"),
        ([ZHANG, replace(WANG, counterparty_account_no=" ")], "batch_invalid", "第2笔缺少对方账号或户名"),
        ([ZHANG, replace(WANG, owner_reference="W1")], "batch_invalid", "第2笔与前面的业务编号重复"),
        ([replace(ZHANG, counterparty_name="张|三")], "batch_invalid", "第1笔含有竖线"),
        ([replace(ZHANG, summary="提取\n1|2")], "batch_invalid", "第1笔含有竖线、换行"),
    ],
)
async def test_a_batch_that_cannot_be_sent_is_refused(
    centre: str, items: list[BatchItem], code: str, said: str
) -> None:
    async with nothing_changed():
        with pytest.raises(Refused) as refused:
            await prepare(items)
    assert refused.value.refusals[0].code == f"settlement.{code}"
    assert said in refused.value.refusals[0].message


async def test_the_same_business_key_is_one_batch(centre: str) -> None:
    batch_id = await prepare()
    async with nothing_changed():
        assert await prepare() == batch_id
        with pytest.raises(Refused, match="batch_changed"):
            await prepare([ZHANG])
        with pytest.raises(Refused, match="bank_account_unknown"):
            await prepare(business_key="other", bank_account_code="999")
    with pytest.raises(Refused, match="not_permitted"):
        await settlement.batches(actor=REVIEWER)
    assert [one.batch_id for one in await settlement.batches(actor=FINANCE)] == [batch_id]
    assert FUND_102 not in repr(ZHANG) and "张三" not in repr(ZHANG)
