"""资料维护, 定期与通知存款, 批量业务 at the desk: two persons, refusals at the field, history, export."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest

from backoffice.pages.funds.master import word
from channels.banks.deposit_book import RATES_PPM
from domain import settlement
from domain.kernel import database
from domain.kernel.actor import SYSTEM
from domain.kernel.dates import business_date_of
from domain.kernel.money import Money
from domain.settlement import BatchItem
from tests.backoffice.conftest import Browser
from tests.backoffice.funds_city import (  # noqa: F401
    FUNDS,
    SignedIn,
    audited,
    carry_out,
    cells,
    desks,
    said,
    today,
)
from tests.backoffice.test_exports import sheet_of
from tests.city import RunningHouse
from tests.factories.snapshot import nothing_changed

pytestmark = pytest.mark.requirement("R14.4")

REASON = "按受托银行协议登记"
RATE = {"bank_code": "102", "rate_ppm": "1.35", "source": "协议〔2026〕1号", "reason": REASON}


async def change(browser: Browser, subject: str, /, **fields: str) -> httpx.Response:
    page = await browser.open(f"{FUNDS}/master/{subject}")
    return await carry_out(browser, page, f"{FUNDS}/master/{subject}/propose", **fields)


async def decide(browser: Browser, subject: str, decision: str = "approve", note: str = "") -> httpx.Response:
    number = await database.value("SELECT change_id FROM master_change WHERE state = 'proposed'")
    page = await browser.open(f"{FUNDS}/master/{subject}")
    return await carry_out(browser, page, f"{FUNDS}/master/{subject}/changes/{number}", decision=decision, note=note)


def account(running: RunningHouse, kind: str, mark: str, number: str) -> dict[str, str]:
    return {
        "key": f"102-{mark}",
        "bank_code": "102",
        "account_set": "provident_fund",
        "kind": kind,
        "subject": "101",
        "number": number,
        "name": "工行新专户",
        "office_code": "00",
        "state": "open",
        "opened_on": today(running),
        "closed_on": "",
        "reason": REASON,
    }


async def test_a_rate_is_proposed_by_one_and_in_force_by_another(running: RunningHouse, desks: SignedIn) -> None:  # noqa: F811
    first, second = await desks("sun.cai"), await desks("zhao.gang")
    page = await change(first, "bank_rate", product="N7D", effective_from="2027-01-01", **RATE)
    assert "等待其他人员复核" in said(page) and "由您经办" in page.text
    assert await database.value("SELECT count(*) FROM bank_rate") == 0
    page = await decide(second, "bank_rate")
    assert "变更生效" in said(page) and "1.3500" in page.text and "102/N7D/2027-01-01" in page.text
    assert await database.value("SELECT rate_ppm FROM bank_rate") == 13_500
    page = await second.open(f"{FUNDS}/master/bank_rate?key=102/N7D/2027-01-01")
    assert "孙财" in page.text and "赵刚" in page.text and REASON in page.text, "history"


async def test_a_new_account_joins_the_others_and_can_be_changed(running: RunningHouse, desks: SignedIn) -> None:  # noqa: F811
    first, second = await desks("sun.cai"), await desks("zhao.gang")
    await change(first, "bank_account", **account(running, "fixed", "F01", "0200000109000000088"))
    await decide(second, "bank_account")
    page = await first.open(f"{FUNDS}/master/bank_account?search=F01")
    assert "全部 1 条" in cells(page)
    again = account(running, "fixed", "F01", "0200000109000000088") | {"name": "工行定期专户（一）"}
    page = await change(second, "bank_account", **again)
    assert "工行新专户 → 工行定期专户（一）" in cells(page)
    page = await decide(first, "bank_account")
    assert "工行定期专户（一）" in page.text


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"key": "105-F01"}, "编号填写有误"),
        ({"number": "12"}, "账号填写有误"),
        ({"name": ""}, "名称填写有误"),
        ({"opened_on": "2026-02-31"}, "开户日期填写有误"),
        ({"closed_on": "2026-11-01"}, "销户日期填写有误"),
        ({"subject": "999"}, "科目填写有误"),
        ({"reason": ""}, "请填写办理原因"),
        ({"number": "0200000109000000001"}, "已登记为其他专户"),
    ],
)
async def test_a_wrong_account_is_refused_at_its_field(
    running: RunningHouse,
    desks: SignedIn,  # noqa: F811
    changed: dict[str, str],
    told: str,
) -> None:
    browser = await desks("sun.cai")
    fields = account(running, "fixed", "F01", "0200000109000000088") | changed
    async with nothing_changed():
        page = await change(browser, "bank_account", **fields)
    assert page.status_code == 422 and told in page.text.split("field-bad", 1)[1], said(page)
    assert f'value="{fields["number"]}"' in page.text, "what was typed is kept"


async def test_a_rate_must_be_a_number_of_percent(running: RunningHouse, desks: SignedIn) -> None:  # noqa: F811
    browser = await desks("sun.cai")
    page = await browser.open(f"{FUNDS}/master/bank_rate")
    async with nothing_changed():
        for wrong in ("1,35", "1.35%", "", "1.23456", "-1"):
            fields = RATE | {"product": "N7D", "effective_from": "2027-01-01", "rate_ppm": wrong}
            page = await browser.submit(page, f"{FUNDS}/master/bank_rate/propose", **fields)
            assert page.status_code == 422 and "年利率应写作1.55的形式" in said(page)


async def test_no_one_approves_their_own_change_and_a_second_waits(running: RunningHouse, desks: SignedIn) -> None:  # noqa: F811
    browser = await desks("sun.cai")
    fields = RATE | {"product": "N7D", "effective_from": "2027-01-01"}
    await change(browser, "bank_rate", **fields)
    number = await database.value("SELECT change_id FROM master_change")
    async with nothing_changed():
        given = {**browser.csrf, "request_key": "own-change-1", "decision": "approve", "confirmed": "yes"}
        page = await browser.post(f"{FUNDS}/master/bank_rate/changes/{number}", given)
        assert page.status_code == 409 and "经办与复核不能为同一人" in said(page)
        page = await change(browser, "bank_rate", **fields | {"rate_ppm": "1.4"})
        assert page.status_code == 409 and "已有待复核的变更" in said(page)


async def test_union_bank_numbers_are_compared_with_the_bank(running: RunningHouse, desks: SignedIn) -> None:  # noqa: F811
    browser = await desks("sun.cai")
    page = await browser.open(f"{FUNDS}/master/union_bank")
    async with nothing_changed():
        page = await browser.submit(page, f"{FUNDS}/master/union_bank/compare", bank="102")
        assert page.status_code == 422 and "请核对后勾选确认" in said(page)
        await running.fault(simulator="bank", operation="union_banks", mode="error500")
        page = await browser.submit(page, f"{FUNDS}/master/union_bank/compare", bank="102", confirmed="yes")
        assert page.status_code == 409 and "银行暂未答复" in said(page)


async def test_the_lists_export(running: RunningHouse, desks: SignedIn) -> None:  # noqa: F811
    browser = await desks("sun.cai")
    page = await browser.open(f"{FUNDS}/master/bank_account")
    rows = sheet_of(await browser.submit(page, f"{FUNDS}/master/bank_account/export"))
    assert rows[0][0] == "专户编号" and rows[1][0] == "102" and rows[-1] == ["合计", f"{len(rows) - 2}条"]
    assert await audited("master.exported") == 1


async def ready_for_deposits(running: RunningHouse) -> None:
    day = business_date_of(running.clock())
    await database.execute(
        "INSERT INTO bank_account (code, bank_code, account_set, kind, subject, number, name, opened_on) VALUES"
        " ('102-N01', '102', 'provident_fund', 'notice', '101', '0200000109000000099', '工行通知存款专户', $1)",
        day,
    )
    for product in ("N7D", "DEMAND"):
        await database.execute(
            "INSERT INTO bank_rate VALUES ('102', $1, '2026-01-01', $2, '协议')", product, RATES_PPM[product]
        )


PLACING = {
    "product": "N7D",
    "amount": "600000.00",
    "bank_account": "102",
    "deposit_account": "102-N01",
    "rollover": "no",
    "reason": REASON,
}


async def place(browser: Browser, **changed: str) -> httpx.Response:
    page = await browser.open(f"{FUNDS}/deposits")
    return await carry_out(browser, page, f"{FUNDS}/deposits/place", **PLACING | changed)


async def test_a_deposit_is_placed_announced_and_listed(running: RunningHouse, desks: SignedIn) -> None:  # noqa: F811
    await ready_for_deposits(running)
    first, second = await desks("sun.cai"), await desks("zhao.gang")
    page = await place(first)
    assert "等待其他人员复核" in said(page) and "600,000.00" in page.text
    deposit = await database.value("SELECT deposit_id FROM bank_deposit")
    here = f"{FUNDS}/deposits/{deposit}"

    async def agree() -> None:
        order = await database.value("SELECT order_id FROM deposit_order WHERE state = 'proposed'")
        page = await second.open(here)
        page = await carry_out(second, page, f"{here}/orders/{order}", decision="approve")
        assert "指令即将发送银行" in said(page)
        await running.settle()

    await agree()
    page = await second.open(here)
    assert "存续" in page.text and word("rate_ppm", RATES_PPM["N7D"]) in page.text and "已办结" in page.text
    page = await first.open(f"{here}?do=set_notice")
    action = f"{here}/instruct"
    early = await carry_out(first, page, action, amount="600000", draw_on=today(running), reason=REASON)
    assert early.status_code == 422 and "支取日期最早为" in said(early)
    later = (business_date_of(running.clock()) + timedelta(days=7)).isoformat()
    page = await carry_out(first, page, action, amount="600000", draw_on=later, reason=REASON)
    assert "指令已提交" in said(page)
    await agree()
    page = await first.open(here)
    assert f"{later} 支取 600,000.00元" in cells(page)
    page = await first.open(f"{FUNDS}/deposits?matures=7")
    assert "全部 1 笔，余额合计 600,000.00元" in cells(page)
    page = await first.open(f"{FUNDS}/deposits?state=ended")
    assert "没有符合条件的存款" in page.text
    page = await first.open(f"{FUNDS}/deposits")
    rows = sheet_of(await first.submit(page, f"{FUNDS}/deposits/export"))
    assert rows[-1] == ["合计", "1笔", "", "", "600000.00", "600000.00"]


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"amount": "499999.99"}, "金额不得低于500,000.00元"),
        ({"product": "F03M"}, "所选专户的类型不适用于本业务"),
        ({"product": "N1D"}, "尚未登记102“一天通知”"),
        ({"reason": "好"}, "请填写办理原因"),
    ],
)
async def test_a_wrong_deposit_is_refused(
    running: RunningHouse,
    desks: SignedIn,  # noqa: F811
    changed: dict[str, str],
    told: str,
) -> None:
    await ready_for_deposits(running)
    browser = await desks("sun.cai")
    async with nothing_changed():
        page = await place(browser, **changed)
    assert page.status_code in (409, 422) and told in said(page)


async def test_whoever_proposed_a_deposit_does_not_decide_it(running: RunningHouse, desks: SignedIn) -> None:  # noqa: F811
    await ready_for_deposits(running)
    browser = await desks("sun.cai")
    await place(browser)
    row = await database.row("SELECT deposit_id, order_id FROM deposit_order")
    assert row is not None
    async with nothing_changed():
        page = await browser.post(
            f"{FUNDS}/deposits/{row['deposit_id']}/orders/{row['order_id']}",
            {**browser.csrf, "request_key": "own-deposit-1", "decision": "approve", "confirmed": "yes"},
        )
    assert page.status_code == 409 and "经办与复核不能为同一人" in said(page)


async def a_batch(running: RunningHouse) -> int:
    now = running.clock()
    items = [
        BatchItem(
            owner_reference=f"R{number}",
            account_no=0,
            bank_code="102",
            counterparty_account_no="6228480402564890075",
            counterparty_name="张伟",
            amount=Money.yuan(100 + number),
            summary="退款",
        )
        for number in range(3)
    ]
    async with database.transaction() as tx:
        return await settlement.prepare_batch(
            tx,
            actor=SYSTEM,
            direction="pay",
            purpose="test",
            business_key="batch:1",
            bank_account_code="102",
            business_type="20",
            items=items,
            business_date=business_date_of(now),
            now=now,
        )


async def test_a_batch_shows_its_results_and_is_asked_again(running: RunningHouse, desks: SignedIn) -> None:  # noqa: F811
    batch = await a_batch(running)
    browser = await desks("sun.cai")
    here = f"{FUNDS}/batches/{batch}"
    page = await browser.open(f"{FUNDS}/batches")
    assert "全部 1 批，合计 303.00元" in cells(page) and "待发送银行" in page.text
    async with nothing_changed():
        early = await browser.post(f"{here}/ask", {**browser.csrf, "confirmed": "yes"})
        assert early.status_code == 409 and "无需查询" in said(early)
    await running.fault(
        simulator="bank",
        operation="batch",
        mode="confirm_later",
        detail={"queries": 1, "items": {"2": "10003"}},
    )
    for _, step in await settlement.due_steps(
        gateway=running.house.gateway,
        funds=running.house.funds,
        now=running.clock(),
        business_date=business_date_of(running.clock()),
    ):
        await step()
    page = await browser.open(here)
    assert "银行处理中" in page.text
    for _ in range(2):
        page = await browser.open(here)
        if "/ask" in page.text:
            page = await carry_out(browser, page, f"{here}/ask")
    assert "已完成" in page.text and "成功 2 笔，202.00元" in cells(page) and "失败 1 笔，101.00元" in cells(page)
    assert await audited("batch.asked") >= 1
    page = await browser.open(f"{here}?state=rejected")
    assert "全部 1 笔，合计 101.00元" in cells(page) and "10003" in page.text
    rows = sheet_of(await browser.submit(page, f"{here}/export?state=rejected"))
    assert rows[1][1] == "R1" and rows[-1] == ["合计", "1笔", "", "", "101.00"]
    assert (await browser.open(f"{here}?state=odd")).status_code == 409
