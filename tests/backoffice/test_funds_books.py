"""手动入账, 对账单 and 余额调节表 at the desk: the bank is asked first, two persons post, differences are shown."""

from __future__ import annotations

from datetime import date, timedelta

import httpx
import pytest

from domain.kernel import database
from domain.kernel.dates import business_date_of
from tests.backoffice.conftest import Browser
from tests.backoffice.funds_city import (  # noqa: F401
    BANK,
    FUNDS,
    SignedIn,
    audited,
    carry_out,
    cells,
    desks,
    item_of,
    receive,
    said,
    suspense,
    today,
    upload,
)
from tests.backoffice.test_exports import sheet_of
from tests.city import RunningHouse
from tests.factories.snapshot import nothing_changed
from tests.settlement import files

pytestmark = pytest.mark.requirement("R14.4")

REASON = "银行已确认付款结果"


async def stuck_refund(running: RunningHouse, first: Browser, second: Browser) -> tuple[int, int]:
    """A refund whose answer was lost a quarter of an hour ago: the item and the payment."""
    payer = {"payer_account_no": "6228480402564890075", "payer_name": "张伟"}
    item = await item_of(await receive(running, "900.00", **payer))
    here = f"{FUNDS}/suspense/{item}"
    page = await first.open(f"{here}?do=refund")
    await carry_out(first, page, f"{here}/claim", amount="900.00", reason="付款人来函申请退回")
    movement = await database.value("SELECT movement_id FROM suspense_movement")
    await carry_out(second, await second.open(here), f"{here}/claims/{movement}", decision="approve")
    await running.fault(simulator="bank", operation="pay", mode="error500", detail={"stage": "after"})
    await running.fault(simulator="bank", operation="query", mode="error500", times=1)
    await running.settle(rounds=1)
    payment: int = await database.value("SELECT payment_id FROM payment WHERE account_no = 0")
    await database.execute(
        "UPDATE payment SET sent_at = sent_at - interval '15 minutes' WHERE payment_id = $1", payment
    )
    return item, payment


def target(payment: int) -> str:
    return f"{FUNDS}/payments/0/{payment}"


async def test_a_stuck_payment_is_posted_by_two_after_the_bank_was_asked(
    running: RunningHouse,
    desks: SignedIn,  # noqa: F811
) -> None:
    first, second = await desks("sun.cai"), await desks("zhao.gang")
    item, payment = await stuck_refund(running, first, second)
    page = await first.open(f"{FUNDS}/payments")
    assert "无结果的付款 1 笔，合计 900.00元" in cells(page) and "尚未人工查询" in page.text
    assert f"{target(payment)}/propose" not in page.text, "first the bank is asked"
    running.forget_trouble()
    page = await first.submit(page, f"{target(payment)}/ask")
    if "结果未知" in page.text:
        page = await first.submit(page, f"{target(payment)}/ask")
    assert "已向银行查询" in said(page) and "已入账" in page.text
    async with nothing_changed():
        wrong = await carry_out(first, page, f"{target(payment)}/propose", result="payment_rejected", reason=REASON)
    assert wrong.status_code == 409 and "银行最近一次答复为“已入账”" in said(wrong)
    page = await carry_out(first, page, f"{target(payment)}/propose", result="payment_confirmed", reason=REASON)
    assert "等待其他人员复核" in said(page) and "等待复核" in page.text
    posting = await database.value("SELECT posting_id FROM hand_posting")
    action = f"{FUNDS}/payments/postings/{posting}"
    async with nothing_changed():
        own = await first.post(
            action, {**first.csrf, "request_key": "own-posting-1", "decision": "approve", "confirmed": "yes"}
        )
    assert own.status_code == 409 and "经办与复核不能为同一人" in said(own)
    page = await second.open(f"{FUNDS}/payments")
    assert "（900.00元）按银行已付款记账" in cells(page)
    page = await carry_out(second, page, action, decision="approve")
    assert "已复核同意并入账" in said(page) and "没有无结果的付款" in page.text
    assert await suspense(item) == ("0.00", "0.00") and await audited("hand_posting.approved") == 1


async def test_nothing_is_posted_without_asking_and_on_an_old_answer(running: RunningHouse, desks: SignedIn) -> None:  # noqa: F811
    first, second = await desks("sun.cai"), await desks("zhao.gang")
    _, payment = await stuck_refund(running, first, second)
    given = {"result": "payment_confirmed", "reason": REASON, "confirmed": "yes"}
    async with nothing_changed():
        page = await first.post(f"{target(payment)}/propose", {**first.csrf, "request_key": "unasked-1", **given})
    assert page.status_code == 409 and "手动入账前须先向银行查询" in said(page)
    running.forget_trouble()
    for _ in range(2):
        page = await first.submit(page, f"{target(payment)}/ask")
    running.clock.advance(minutes=31)
    first = await desks("sun.cai")
    page = await first.open(f"{FUNDS}/payments")
    assert "已超过 30 分钟，须重新查询" in page.text
    async with nothing_changed():
        page = await first.post(f"{target(payment)}/propose", {**first.csrf, "request_key": "too-old-1", **given})
    assert page.status_code == 409 and "手动入账前须先向银行查询" in said(page)


async def test_the_stuck_payments_export(running: RunningHouse, desks: SignedIn) -> None:  # noqa: F811
    first, second = await desks("sun.cai"), await desks("zhao.gang")
    await stuck_refund(running, first, second)
    page = await first.open(f"{FUNDS}/payments")
    rows = sheet_of(await first.submit(page, f"{FUNDS}/payments/export"))
    assert rows[1][2] == "900.00" and rows[-1] == ["合计", "1笔", "900.00"]


def day_before(running: RunningHouse) -> date:
    return business_date_of(running.clock()) - timedelta(days=1)


async def send(browser: Browser, raw: bytes, **fields: str) -> httpx.Response:
    page = await browser.open(f"{FUNDS}/statements")
    given = {"bank_account": BANK, "confirmed": "yes"} | fields
    return await upload(browser, page, f"{FUNDS}/statements/import", name="对账单.txt", content=raw, **given)


async def test_a_file_is_imported_once_and_what_no_notice_told_is_shown(
    running: RunningHouse,
    desks: SignedIn,  # noqa: F811
) -> None:
    browser, day = await desks("sun.cai"), day_before(running)
    raw = files.statement(("H1", "500.00", "无通知到账"), ("H2", "-20.00", "手续费"), day=day).encode("gb18030")
    page = await send(browser, raw)
    assert f"102 中国工商银行住房公积金存款专户 {day} 的对账单已导入，共 2 笔" in said(page), said(page)
    assert "其中 1 笔到账银行没有发通知" in page.text
    page = await send(browser, raw)
    kept = [await database.value(f"SELECT count(*) FROM {name}") for name in ("bank_statement", "bank_receipt")]
    assert kept == [1, 1]
    assert "此前已导入，内容相同，未作变动" in said(page)
    page = await browser.open(f"{FUNDS}/statements")
    assert "全部 1 份" in cells(page) and "收入 500.00元 ，支出 20.00元" in cells(page)
    page = await browser.open(f"{FUNDS}/statements/{BANK}/{day}")
    assert "全部 2 笔，净额 480.00元" in cells(page) and "-20.00" in page.text
    rows = sheet_of(await browser.submit(page, f"{FUNDS}/statements/{BANK}/{day}/export"))
    assert [row[4] for row in rows[1:-1]] == ["500.00", "'-20.00"] and rows[-1][4] == "480.00"


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda raw: raw[:-20], "文件尾"),
        (lambda raw: raw.replace(b"|500.00|", b"|501.00|", 1), "余额应为"),
        (lambda raw: raw.replace(b"HEAD|0200000109000000001", b"HEAD|0200000109000000009"), "账号与文件头不一致"),
        (lambda raw: b"", "请选择要上传的文件"),
        (lambda raw: b"\xff\xfe\x00", "编码不是UTF-8或GBK"),
    ],
    ids=["cut", "sum", "account", "empty", "bytes"],
)
async def test_a_spoiled_file_is_refused_whole(running: RunningHouse, desks: SignedIn, spoil, told: str) -> None:  # noqa: F811
    browser = await desks("sun.cai")
    raw = files.statement(("H1", "500.00", "到账"), day=day_before(running)).encode()
    async with nothing_changed():
        page = await send(browser, spoil(raw))
    assert page.status_code == 422 and told in said(page), said(page)


async def test_an_import_must_be_confirmed_and_for_an_account_of_ours(running: RunningHouse, desks: SignedIn) -> None:  # noqa: F811
    browser = await desks("sun.cai")
    raw = files.statement(("H1", "500.00", "到账"), day=day_before(running)).encode()
    async with nothing_changed():
        page = await send(browser, raw, confirmed="")
        assert page.status_code == 422 and "请核对后勾选确认" in said(page)
        page = await send(browser, raw, bank_account="999")
        assert page.status_code == 422 and "请选择后再提交" in said(page)
        page = await send(browser, raw, bank_account="104")
        assert page.status_code == 422 and "对账单的账号不是所选专户" in said(page)


async def test_a_form_that_is_no_upload_is_refused(running: RunningHouse, desks: SignedIn) -> None:  # noqa: F811
    browser = await desks("sun.cai")
    async with nothing_changed():
        page = await browser.post(f"{FUNDS}/statements/import", {**browser.csrf, "bank_account": BANK})
    assert page.status_code == 400 and "无法识别或过长" in page.text


async def test_a_silent_bank_is_told_and_changes_nothing(running: RunningHouse, desks: SignedIn) -> None:  # noqa: F811
    await running.fault(simulator="bank", operation="statement", mode="error500")
    browser = await desks("sun.cai")
    page = await browser.open(f"{FUNDS}/statements")
    async with nothing_changed():
        page = await browser.submit(
            page, f"{FUNDS}/statements/fetch", bank_account=BANK, day=str(day_before(running)), confirmed="yes"
        )
    assert page.status_code == 409 and "银行暂未答复" in said(page)


async def test_an_adjustment_shows_its_items_and_lines_are_ticked_by_hand(
    running: RunningHouse,
    desks: SignedIn,  # noqa: F811
) -> None:
    browser, day = await desks("sun.cai"), day_before(running)
    raw = files.statement(("H1", "500.00", "到账"), ("H2", "-20.00", "手续费"), day=day).encode()
    await send(browser, raw)
    page = await browser.open(f"{FUNDS}/adjustments")
    page = await browser.submit(page, f"{FUNDS}/adjustments/make", bank_account=BANK, day=str(day), confirmed="yes")
    assert "余额调节表已编制" in said(page) and "银行已付、中心未付（1 笔）" in page.text and "H2" in page.text
    page = await browser.open(f"{FUNDS}/adjustments?state=unequal")
    assert page.status_code == 200
    page = await browser.open(f"{FUNDS}/adjustments")
    assert "全部 1 份" in cells(page)
    rows = sheet_of(await browser.submit(page, f"{FUNDS}/adjustments/export"))
    assert rows[1][1] == str(day) and rows[-1][:2] == ["合计", "1份"]


@pytest.mark.parametrize(
    ("ahead", "account", "told"), [(0, BANK, "尚未结束"), (-1, "104", "没有对账单"), (-1, "", "请选择后再提交")]
)
async def test_what_cannot_be_adjusted_yet_is_refused(
    running: RunningHouse,
    desks: SignedIn,  # noqa: F811
    ahead: int,
    account: str,
    told: str,
) -> None:
    browser = await desks("sun.cai")
    day = business_date_of(running.clock()) + timedelta(days=ahead)
    page = await browser.open(f"{FUNDS}/adjustments")
    async with nothing_changed():
        page = await browser.submit(
            page, f"{FUNDS}/adjustments/make", bank_account=account, day=str(day), confirmed="yes"
        )
    assert page.status_code == 422 and told in said(page)


async def test_ticking_different_amounts_is_refused(running: RunningHouse, desks: SignedIn) -> None:  # noqa: F811
    browser, day = await desks("sun.cai"), day_before(running)
    await send(browser, files.statement(("H2", "-20.00", "手续费"), day=day).encode())
    await database.execute("UPDATE bank_account SET opened_on = $1", day - timedelta(days=30))
    page = await browser.open(f"{FUNDS}/adjustments")
    page = await browser.submit(page, f"{FUNDS}/adjustments/make", bank_account=BANK, day=str(day), confirmed="yes")
    here = f"{FUNDS}/adjustments/{BANK}/{day}"
    async with nothing_changed():
        page = await browser.post(f"{here}/tick", {**browser.csrf, "bank_item": "1", "book_item": "77"})
    assert page.status_code == 422 and "请选择后再提交" in said(page)


async def test_the_month_says_what_it_waits_for(running: RunningHouse, desks: SignedIn) -> None:  # noqa: F811
    await receive(running, "-300.00", reversal=True)
    browser = await desks("zhao.gang")
    page = await browser.open(f"{FUNDS}/close")
    assert "四相等自检" in page.text and "尚未入账，请在手动入账台处理" in page.text and "尚未结束" in page.text
    page = await browser.open(f"{FUNDS}/close?period=2026-13")
    assert page.status_code == 422 and "月份应写作2026-11的形式" in said(page)
