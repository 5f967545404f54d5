"""暂收款 at the desk: two persons for every claim, amounts said before, refusals at the field, the list standard."""

from __future__ import annotations

import re

import httpx
import pytest

from domain.kernel import database
from tests.backoffice.conftest import Browser
from tests.backoffice.funds_city import (  # noqa: F401
    FUNDS,
    SignedIn,
    audited,
    carry_out,
    cells,
    desks,
    expect,
    item_of,
    receive,
    said,
    suspense,
)
from tests.backoffice.test_exports import sheet_of
from tests.city import RunningHouse
from tests.factories.snapshot import nothing_changed

pytestmark = pytest.mark.requirement("R14.3")

REASON = "单位来函说明用途"


async def open_item(browser: Browser, item: int, do: str, **query: str) -> httpx.Response:
    return await browser.open(f"{FUNDS}/suspense/{item}", params={"do": do, **query})


async def propose(browser: Browser, item: int, kind: str, **fields: str) -> httpx.Response:
    page = await open_item(browser, item, kind)
    return await carry_out(browser, page, f"{FUNDS}/suspense/{item}/claim", **{"reason": REASON, **fields})


async def decide(browser: Browser, item: int, decision: str, note: str = "") -> httpx.Response:
    """The item's one claim that waits."""
    movement = await database.value(
        "SELECT movement_id FROM suspense_movement WHERE item_id = $1 AND state = 'proposed'", item
    )
    page = await browser.open(f"{FUNDS}/suspense/{item}")
    return await carry_out(browser, page, f"{FUNDS}/suspense/{item}/claims/{movement}", decision=decision, note=note)


async def test_one_claims_and_another_approves(running: RunningHouse, desks: SignedIn) -> None:  # noqa: F811
    item = await item_of(await receive(running, "1200.00", remark="十一月"))
    first, second = await desks("sun.cai"), await desks("zhao.gang")
    page = await propose(first, item, "assign", amount="800.00", to_employer_no="100002")
    assert "等待其他人员复核" in said(page) and await suspense(item) == ("1200.00", "800.00")
    page = await second.open(f"{FUNDS}/suspense/{item}")
    assert "从暂收款转出800.00元，认领到北京和风设计事务所（100002）" in cells(page)
    page = await decide(second, item, "approve")
    assert "已复核同意并入账" in said(page) and await suspense(item) == ("400.00", "0.00")
    assert "北京和风设计事务所" in page.text and ">800.00<" in page.text
    assert await audited("suspense.claim_approved") == 1


async def test_what_will_happen_is_said_before_and_nothing_is_done_yet(running: RunningHouse, desks: SignedIn) -> None:  # noqa: F811
    item = await item_of(await receive(running, "1200.00"))
    browser = await desks("sun.cai")
    page = await open_item(browser, item, "assign")
    async with nothing_changed():
        asked = await browser.submit(
            page, f"{FUNDS}/suspense/{item}/claim", amount="800", to_employer_no="100002", reason=REASON
        )
    assert "占用800.00元，由其他人员复核" in cells(asked) and "100002 北京和风设计事务所" in cells(asked)


async def test_confirming_twice_claims_once(running: RunningHouse, desks: SignedIn) -> None:  # noqa: F811
    item = await item_of(await receive(running, "1200.00"))
    browser = await desks("sun.cai")
    action = f"{FUNDS}/suspense/{item}/claim"
    asked = await browser.submit(
        await open_item(browser, item, "assign"), action, amount="500", to_employer_no="100002", reason=REASON
    )
    for _ in range(2):
        page = await browser.submit(asked, action)
        assert page.status_code == 200 and await suspense(item) == ("1200.00", "500.00")


async def test_the_same_person_cannot_approve(running: RunningHouse, desks: SignedIn) -> None:  # noqa: F811
    item = await item_of(await receive(running, "1200.00"))
    browser = await desks("sun.cai")
    page = await propose(browser, item, "refund", amount="1200.00")
    assert "由您经办，须由其他人员复核" in page.text
    movement = await database.value("SELECT movement_id FROM suspense_movement")
    async with nothing_changed():
        page = await browser.post(
            f"{FUNDS}/suspense/{item}/claims/{movement}",
            {**browser.csrf, "request_key": "same-person-1", "decision": "approve", "confirmed": "yes"},
        )
    assert page.status_code == 409 and "经办与复核不能为同一人" in said(page)


@pytest.mark.parametrize(
    ("kind", "fields", "told"),
    [
        ("assign", {"amount": "1200.01", "to_employer_no": "100002"}, "可认领余额仅1,200.00元"),
        ("assign", {"amount": "0.00", "to_employer_no": "100002"}, "金额应大于0元"),
        ("assign", {"amount": "-5", "to_employer_no": "100002"}, "金额应大于0元"),
        ("assign", {"amount": "5", "to_employer_no": "999999"}, "没有找到该缴存单位"),
        ("assign", {"amount": "5"}, "转入单位"),
        ("assign", {"amount": "5", "to_employer_no": "100002", "reason": "短"}, "请填写办理原因"),
        ("move", {"amount": "5", "from_employer_no": "100002", "to_employer_no": "100002"}, "转入单位与转出单位相同"),
        ("transfer", {"to_office_code": "00"}, "已在所选管理部"),
        ("clear", {"amount": "5", "expectation_id": "12"}, "没有找到该记录"),
    ],
)
async def test_what_the_domain_refuses_is_told_and_nothing_changes(
    running: RunningHouse,
    desks: SignedIn,  # noqa: F811
    kind: str,
    fields: dict[str, str],
    told: str,
) -> None:
    item = await item_of(await receive(running, "1200.00"))
    browser = await desks("sun.cai")
    given = {**browser.csrf, "request_key": "refused-key-1", "kind": kind, "reason": REASON, "confirmed": "yes"}
    async with nothing_changed():
        page = await browser.post(f"{FUNDS}/suspense/{item}/claim", given | fields)
    assert page.status_code in (409, 422) and told in said(page), said(page)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"amount": "1,200.00"}, "金额应写作1234.56的形式"),
        ({"amount": "12.345"}, "金额应写作1234.56的形式"),
        ({"amount": ""}, "请填写金额"),
        ({"amount": "5", "to_employer_no": "十万"}, "编号应为数字"),
        ({"amount": "5", "kind": "steal"}, "请选择后再提交"),
        ({"amount": "5", "reason": "来函\x07说明用途"}, "无法识别的字符"),
    ],
)
async def test_what_cannot_be_read_is_told_at_the_field(
    running: RunningHouse,
    desks: SignedIn,  # noqa: F811
    fields: dict[str, str],
    told: str,
) -> None:
    item = await item_of(await receive(running, "1200.00"))
    browser = await desks("sun.cai")
    page = await open_item(browser, item, "assign")
    async with nothing_changed():
        page = await browser.submit(page, f"{FUNDS}/suspense/{item}/claim", **{"reason": REASON, **fields})
    beside = " ".join(re.findall(r'class="field-bad">(.*?)</span>', page.text))
    assert page.status_code == 422 and told in beside, said(page)


async def test_a_decided_claim_is_not_decided_again(running: RunningHouse, desks: SignedIn) -> None:  # noqa: F811
    item = await item_of(await receive(running, "1200.00"))
    first, second = await desks("sun.cai"), await desks("zhao.gang")
    await propose(first, item, "assign", amount="100", to_employer_no="100002")
    movement = await database.value("SELECT movement_id FROM suspense_movement")
    stale = await second.open(f"{FUNDS}/suspense/{item}")
    page = await decide(second, item, "reject", "单位未盖章")
    assert "所占用的金额已恢复" in said(page) and await suspense(item) == ("1200.00", "0.00")
    action = f"{FUNDS}/suspense/{item}/claims/{movement}"
    async with nothing_changed():
        page = await second.submit(stale, action, decision="approve")
        assert page.status_code == 409 and "已有复核结果" in said(page)
        page = await second.submit(stale, action, decision="approve", confirmed="yes")
        assert page.status_code == 409 and "已有复核结果" in said(page)


async def test_sending_back_needs_a_reason(running: RunningHouse, desks: SignedIn) -> None:  # noqa: F811
    item = await item_of(await receive(running, "1200.00"))
    await propose(await desks("sun.cai"), item, "assign", amount="100", to_employer_no="100002")
    second = await desks("zhao.gang")
    async with nothing_changed():
        page = await decide(second, item, "reject")
    assert page.status_code == 422 and "请填写办理原因" in said(page)


async def test_clearing_looks_up_what_is_expected(running: RunningHouse, desks: SignedIn) -> None:  # noqa: F811
    item = await item_of(await receive(running, "900.00"))
    await expect(running, "JC2026110001", "700.00")
    first, second = await desks("sun.cai"), await desks("zhao.gang")
    page = await open_item(first, item, "clear", reference="jc2026110001")
    assert "JC2026110001" in page.text and "700.00元" in page.text
    number = str(await database.value("SELECT expectation_id FROM expected_receipt"))
    wrong = {"amount": "900.00", "expectation_id": number, "reason": REASON}
    asked = await first.submit(page, f"{FUNDS}/suspense/{item}/claim", **wrong)
    page = await first.submit(asked, f"{FUNDS}/suspense/{item}/claim")
    assert page.status_code == 422 and "认领金额须等于应收金额700.00元" in said(page)
    page = await carry_out(
        first, page, f"{FUNDS}/suspense/{item}/claim", amount="700.00", expectation_id=number, reason=REASON
    )
    page = await decide(second, item, "approve")
    assert await suspense(item) == ("200.00", "0.00")
    assert await database.value("SELECT state FROM expected_receipt") == "met"


async def test_money_moves_between_employers_and_offices(running: RunningHouse, desks: SignedIn) -> None:  # noqa: F811
    item = await item_of(await receive(running, "900.00"))
    first, second = await desks("sun.cai"), await desks("zhao.gang")
    await propose(first, item, "transfer", to_office_code="0105")
    await decide(second, item, "approve")
    assert await database.value("SELECT office_code FROM suspense_item") == "0105"
    await propose(second, item, "assign", amount="900", to_employer_no="100001")
    await decide(first, item, "approve")
    await propose(first, item, "move", amount="300", from_employer_no="100001", to_employer_no="100003")
    await decide(second, item, "approve")
    rows = await database.rows("SELECT employer_no, open_fen FROM suspense_share ORDER BY employer_no")
    assert [tuple(row.values()) for row in rows] == [(100001, 60_000), (100003, 30_000)]
    page = await first.open(f"{FUNDS}/suspense/{item}")
    assert "北京长河物流有限公司" in page.text and page.text.count("已办结") == 3


async def test_a_refund_goes_back_by_the_bank(running: RunningHouse, desks: SignedIn) -> None:  # noqa: F811
    item = await item_of(await receive(running, "900.00"))
    first, second = await desks("sun.cai"), await desks("zhao.gang")
    await propose(first, item, "refund", amount="900")
    page = await decide(second, item, "approve")
    assert "退款将发送银行" in said(page) and "银行付款中" in page.text
    assert await suspense(item) == ("900.00", "900.00")


async def test_the_list_counts_filters_and_pages(running: RunningHouse, desks: SignedIn) -> None:  # noqa: F811
    for number in range(23):
        await receive(running, f"{100 + number}.00", remark=f"第{number}笔")
    browser = await desks("sun.cai")
    page = await browser.open(f"{FUNDS}/suspense")
    assert "全部 23 笔，余额合计 2,553.00元" in cells(page) and "本页 20 笔，余额合计 2,190.00元" in cells(page)
    link = page.text.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    page = await browser.open(link)
    assert "第 2 页" in page.text and "本页 3 笔，余额合计 363.00元" in cells(page)
    page = await browser.open(f"{FUNDS}/suspense?amount_from=110&amount_to=112")
    assert "全部 3 笔，余额合计 333.00元" in cells(page)
    page = await browser.open(f"{FUNDS}/suspense?age=3")
    assert "没有符合条件的暂收款" in page.text
    page = await browser.open(f"{FUNDS}/suspense?office=0101")
    assert "全部 0 笔" in cells(page)


@pytest.mark.parametrize(
    "query", ["office=9999", "age=9", "cleared=never", "amount_from=abc", "amount_from=9&amount_to=3", "pages=x"]
)
async def test_wrong_filters_are_explained(running: RunningHouse, desks: SignedIn, query: str) -> None:  # noqa: F811
    page = await (await desks("sun.cai")).open(f"{FUNDS}/suspense?{query}")
    assert page.status_code == 422 and "请" in said(page)


async def test_totals_by_district_and_age(running: RunningHouse, desks: SignedIn) -> None:  # noqa: F811
    first, second = await desks("sun.cai"), await desks("zhao.gang")
    item = await item_of(await receive(running, "100.00"))
    await receive(running, "250.00")
    await propose(first, item, "transfer", to_office_code="0105")
    await decide(second, item, "approve")
    await database.execute("UPDATE suspense_item SET opened_on = opened_on - 100 WHERE item_id = $1", item)
    page = cells(await first.open(f"{FUNDS}/suspense"))
    assert "中心本级 住房公积金 1 250.00 250.00 0.00 0.00 0.00" in page
    assert "朝阳管理部 住房公积金 1 100.00 0.00 0.00 100.00 0.00" in page
    assert "合计 2 350.00 250.00 0.00 100.00 0.00" in page and "100 天" in page


async def test_the_export_holds_all_filtered_rows(running: RunningHouse, desks: SignedIn) -> None:  # noqa: F811
    for number in range(22):
        await receive(running, f"{10 + number}.00", remark="=1+1")
    browser = await desks("sun.cai")
    page = await browser.open(f"{FUNDS}/suspense?amount_to=30")
    rows = sheet_of(await browser.submit(page, f"{FUNDS}/suspense/export?cleared=open&amount_to=30"))
    assert rows[0][0] == "暂收编号" and len(rows) == 23
    assert rows[-1][:2] == ["合计", "21笔"] and rows[-1][10:] == ["420.00", "420.00", "0.00"]
    assert rows[1][7] == "'=1+1", "no cell is a formula"
    detail = await database.value("SELECT detail ->> 'rows' FROM audit_event WHERE action = 'suspense.exported'")
    assert detail == "21"
