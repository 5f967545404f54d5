"""到账通知台: how each receipt was judged, binding by hand, held ones, papers, notices that came wrong."""

from __future__ import annotations

import pytest

from domain.kernel import database
from domain.kernel.digest import sm3_hex
from tests.backoffice.funds_city import (  # noqa: F401
    BANK,
    FUNDS,
    SignedIn,
    audited,
    carry_out,
    cells,
    desks,
    expect,
    item_of,
    receipt_of,
    receive,
    said,
    suspense,
    today,
    upload,
)
from tests.backoffice.test_exports import sheet_of
from tests.city import RunningHouse
from tests.factories.snapshot import nothing_changed

pytestmark = pytest.mark.requirement("R14.3", "R14.4")

REASON = "已电话向单位财务核实"


async def test_the_desk_shows_how_each_was_judged_and_why(running: RunningHouse, desks: SignedIn) -> None:  # noqa: F811
    await expect(running, "JC2026110001", "700.00")
    await expect(running, "JC2026110002", "800.00")
    await receive(running, "700.00", remark="JC2026110001 汇缴")
    await receive(running, "801.00", remark="JC2026110002 汇缴")
    await receive(running, "5.00", remark="谢谢")
    browser = await desks("sun.cai")
    page = await browser.open(f"{FUNDS}/receipts")
    assert "全部 2 笔，合计 806.00元" in cells(page), "what is settled is not on the queue"
    assert "金额与应收不符（按备注）" in page.text and "没有找到对应的应收" in page.text
    page = await browser.open(f"{FUNDS}/receipts?unsettled=all")
    assert "全部 3 笔，合计 1,506.00元" in cells(page) and "编号、金额和付款人相符（按备注）" in page.text
    page = await browser.open(f"{FUNDS}/receipts?unsettled=all&outcome=differs")
    assert "全部 1 笔，合计 801.00元" in cells(page)
    page = await browser.open(f"{FUNDS}/receipts?unsettled=all&until=2026-01-01")
    assert "没有符合条件的到账" in page.text


async def test_the_same_notice_twice_is_one_receipt(running: RunningHouse, desks: SignedIn) -> None:  # noqa: F811
    await running.fault(simulator="bank", operation="notice", mode="answer_twice")
    await receive(running, "5.00")
    page = await (await desks("sun.cai")).open(f"{FUNDS}/receipts")
    assert "全部 1 笔，合计 5.00元" in cells(page)


@pytest.mark.parametrize(
    "query",
    ["outcome=fine", "account=999", "since=1.1.2026", "since=2026-02-01&until=2026-01-01", "unsettled=x", "pages=!"],
)
async def test_wrong_filters_are_explained(running: RunningHouse, desks: SignedIn, query: str) -> None:  # noqa: F811
    page = await (await desks("sun.cai")).open(f"{FUNDS}/receipts?{query}")
    assert page.status_code == 422 and "请" in said(page)


async def test_the_export_holds_what_was_filtered(running: RunningHouse, desks: SignedIn) -> None:  # noqa: F811
    await receive(running, "5.00", remark="甲")
    await receive(running, "7.50", remark="乙")
    browser = await desks("zhao.gang")
    page = await browser.open(f"{FUNDS}/receipts")
    rows = sheet_of(await browser.submit(page, f"{FUNDS}/receipts/export?unsettled=yes"))
    assert [row[6] for row in rows[1:-1]] == ["乙", "甲"]
    assert rows[-1] == ["合计", "2笔", "", "", "", "12.50"]
    assert await audited("receipt.exported") == 1


async def test_binding_by_hand_takes_two(running: RunningHouse, desks: SignedIn) -> None:  # noqa: F811
    number = await expect(running, "JC2026110001", "700.00", payer_name="北京和风设计事务所")
    serial = await receive(running, "700.00", remark="十一月公积金")
    receipt, item = await receipt_of(serial), await item_of(serial)
    browser = await desks("sun.cai")
    here = f"{FUNDS}/receipts/{receipt}"
    page = await browser.open(here)
    assert "JC2026110001" in page.text, "what is expected with the same amount is offered"
    page = await carry_out(browser, page, f"{here}/bind", expectation_id=str(number), reason=REASON)
    assert "等待其他人员复核" in said(page) and await suspense(item) == ("700.00", "700.00")
    second = await desks("zhao.gang")
    page = await second.open(f"{FUNDS}/suspense/{item}")
    assert "清算到应收JC2026110001（应收700.00元）" in cells(page)
    movement = await database.value("SELECT movement_id FROM suspense_movement")
    await carry_out(second, page, f"{FUNDS}/suspense/{item}/claims/{movement}", decision="approve")
    page = await browser.open(here)
    assert "人工认款" in cells(page) and "相符" in page.text and "对应应收" in page.text
    assert await suspense(item) == ("0.00", "0.00")


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"reason": REASON}, "请选择后再提交"),
        ({"expectation_id": "12", "reason": REASON}, "没有找到该记录"),
        ({"expectation_id": "abc", "reason": REASON}, "编号应为数字"),
    ],
)
async def test_binding_to_nothing_is_refused(
    running: RunningHouse,
    desks: SignedIn,  # noqa: F811
    fields: dict[str, str],
    told: str,
) -> None:
    await expect(running, "JC2026110001", "700.00", payer_name="北京和风设计事务所")
    receipt = await receipt_of(await receive(running, "700.00"))
    browser = await desks("sun.cai")
    page = await browser.open(f"{FUNDS}/receipts/{receipt}")
    async with nothing_changed():
        page = await browser.submit(page, f"{FUNDS}/receipts/{receipt}/bind", **fields)
    assert page.status_code == 422 and told in said(page)


async def test_a_larger_sum_than_came_is_refused_with_its_reason(running: RunningHouse, desks: SignedIn) -> None:  # noqa: F811
    number = await expect(running, "JC2026110009", "701.00", payer_name="北京和风设计事务所")
    receipt = await receipt_of(await receive(running, "700.00"))
    browser = await desks("sun.cai")
    here = f"{FUNDS}/receipts/{receipt}"
    page = await browser.open(f"{here}?reference=JC2026110009")
    async with nothing_changed():
        page = await carry_out(browser, page, f"{here}/bind", expectation_id=str(number), reason=REASON)
    assert page.status_code == 422 and "可认领余额仅700.00元" in said(page)


async def test_a_scan_is_filed_with_its_receipt_and_opened_again(running: RunningHouse, desks: SignedIn) -> None:  # noqa: F811
    receipt = await receipt_of(await receive(running, "5.00"))
    browser = await desks("sun.cai")
    here = f"{FUNDS}/receipts/{receipt}"
    content = b"%PDF-1.7 a letter of the employer"
    page = await browser.open(here)
    for _ in range(2):
        page = await upload(browser, page, f"{here}/scan", name="C:\\扫描\\来函.pdf", content=content, pages="2")
        assert "扫描件已归档" in said(page)
    row = await database.row("SELECT * FROM receipt_scan")
    assert row is not None
    kept = (row["digest"], row["name"], row["media_type"], row["pages"], row["added_by_name"])
    assert kept == (sm3_hex(content), "来函.pdf", "application/pdf", 2, "孙财")
    filed = await database.row("SELECT filed_id, content_cipher FROM filed_paper")
    assert filed is not None and content not in filed["content_cipher"]
    opened = await browser.open(f"/backoffice/archives/{filed['filed_id']}")
    assert (opened.content, opened.headers["content-type"]) == (content, "application/pdf")
    assert "来函" in page.text and f"/backoffice/archives/{filed['filed_id']}" in page.text


@pytest.mark.parametrize(
    ("name", "content", "pages", "status", "told"),
    [
        ("x.pdf", b"<html>", "1", 422, "只接受PDF、JPG、PNG和TIFF"),
        ("x.pdf", b"", "1", 422, "请选择要上传的文件"),
        ("x.pdf", b"%PDF-", "0", 422, "页数（1至500页）"),
        ("x.pdf", b"%PDF-", "viele", 422, "编号应为数字"),
        ("x.pdf", b"%PDF-" + b"x" * (11 * 1024 * 1024), "1", 413, "文件过大"),
    ],
    ids=["not a paper", "empty", "no pages", "pages in words", "too large"],
)
async def test_what_is_no_scan_is_refused(
    running: RunningHouse,
    desks: SignedIn,  # noqa: F811
    name: str,
    content: bytes,
    pages: str,
    status: int,
    told: str,
) -> None:
    receipt = await receipt_of(await receive(running, "5.00"))
    browser = await desks("sun.cai")
    here = f"{FUNDS}/receipts/{receipt}"
    page = await browser.open(here)
    async with nothing_changed():
        page = await upload(browser, page, f"{here}/scan", name=name, content=content, pages=pages)
    assert page.status_code == status and told in page.text


async def test_money_taken_back_is_held_and_posted_by_two(running: RunningHouse, desks: SignedIn) -> None:  # noqa: F811
    came = await receive(running, "300.00")
    taken = await receive(running, "-300.00", reversal=True)
    receipt, item = await receipt_of(taken), await item_of(came)
    first, second = await desks("sun.cai"), await desks("zhao.gang")
    here = f"{FUNDS}/receipts/{receipt}"
    page = await first.open(here)
    assert "待人工入账" in page.text and "银行冲正，款项被银行收回" in page.text
    fields = {"bank_account": BANK, "item_id": str(item), "reason": REASON}
    async with nothing_changed():
        page = await carry_out(first, page, f"{here}/post", **fields)
    assert page.status_code == 409 and "最近下载的对账单中没有该笔流水" in said(page)

    fetched = await first.open(f"{FUNDS}/statements")
    fetched = await first.submit(
        fetched, f"{FUNDS}/statements/fetch", bank_account=BANK, day=today(running), confirmed="yes"
    )
    assert "的对账单已导入" in said(fetched), said(fetched)
    page = await carry_out(first, page, f"{here}/post", **fields)
    assert "手动入账申请已提交" in said(page)
    posting = await database.value("SELECT posting_id FROM hand_posting")
    page = await first.open(f"{FUNDS}/payments")
    assert "由您经办，须由其他人员复核" in page.text
    page = await second.open(f"{FUNDS}/payments")
    page = await carry_out(second, page, f"{FUNDS}/payments/postings/{posting}", decision="approve")
    assert "已复核同意并入账" in said(page)
    assert await suspense(item) == ("0.00", "0.00")


async def test_a_notice_that_cannot_be_read_waits_until_somebody_saw_to_it(
    running: RunningHouse,
    desks: SignedIn,  # noqa: F811
) -> None:
    await running.fault(simulator="bank", operation="notice", mode="garbage", detail={"stage": "rows"})
    await receive(running, "5.00")
    notice = await database.value("SELECT notice_id FROM bank_notice WHERE state = 'quarantined'")
    browser = await desks("sun.cai")
    page = await browser.open(f"{FUNDS}/notices")
    assert "应有23个栏目" in page.text
    action = f"{FUNDS}/notices/{notice}/clear"
    async with nothing_changed():
        refused = await carry_out(browser, page, action, note="好")
    assert refused.status_code == 422 and "请填写办理原因" in said(refused)
    page = await carry_out(browser, page, action, note="银行已重发该通知")
    assert "已标记为处理完毕" in said(page) and "没有无法识别的通知" in page.text
    assert await audited("notice.cleared") == 1


async def test_a_notice_that_never_came_is_found_by_the_statement(running: RunningHouse, desks: SignedIn) -> None:  # noqa: F811
    await running.fault(simulator="bank", operation="notice", mode="refuse")
    # the simulated bank remembers what other tests brought: this account is only used here
    other = {"bank_code": "104", "account_no": "3220000109000000002"}
    serial = await receive(running, "66.00", remark="没有通知", **other)
    browser = await desks("sun.cai")
    page = await browser.open(f"{FUNDS}/statements")
    page = await browser.submit(
        page, f"{FUNDS}/statements/fetch", bank_account="104", day=today(running), confirmed="yes"
    )
    assert "其中 1 笔到账银行没有发通知" in page.text and serial in page.text, said(page)
    page = await browser.open(f"{FUNDS}/notices")
    assert "银行没有通知的到账 1 笔，合计 66.00元" in cells(page)
    page = await browser.open(f"{FUNDS}/receipts?source=statement")
    assert "全部 1 笔，合计 66.00元" in cells(page) and "缺通知" in page.text
