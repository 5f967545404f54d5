"""Who may enter the funds desks: every page and every form with its right, and nobody without."""

from __future__ import annotations

import pytest

from backoffice.pages import funds
from domain.kernel import database
from tests.backoffice.funds_city import FUNDS, SignedIn, audited, desks, item_of, receipt_of, receive, today  # noqa: F401
from tests.city import RunningHouse
from tests.factories.snapshot import nothing_changed

pytestmark = pytest.mark.requirement("R14.3", "R14.4")

LISTS = ("", "/receipts", "/notices", "/suspense", "/payments", "/statements", "/adjustments", "/close", "/deposits")
LISTS += ("/batches", "/master/bank_account", "/master/entrusted_bank", "/master/union_bank", "/master/centre_code")
LISTS += ("/master/bank_rate",)


@pytest.mark.parametrize("login", ["sun.cai", "zhao.gang"])
async def test_finance_and_supervisors_open_every_desk(running: RunningHouse, desks: SignedIn, login: str) -> None:  # noqa: F811
    serial = await receive(running, "1200.00", remark="不知用途")
    browser = await desks(login)
    pages = [*LISTS, f"/receipts/{await receipt_of(serial)}", f"/suspense/{await item_of(serial)}"]
    pages += [f"/adjustments/102/{today(running)}"]
    for path in pages:
        page = await browser.open(f"{FUNDS}{path}")
        assert page.status_code == 200 and "资金结算 ·" in page.text, f"{path}: {page.text[:600]}"


async def test_others_are_refused_at_every_desk_and_it_is_recorded(running: RunningHouse, desks: SignedIn) -> None:  # noqa: F811
    browser = await desks("li.min")
    for path in LISTS:
        page = await browser.open(f"{FUNDS}{path}")
        assert page.status_code == 403 and "您没有查看此页面的权限" in page.text, path
    assert await audited("page.refused") == len(LISTS)


async def test_every_form_of_the_desks_is_closed_to_others(running: RunningHouse, desks: SignedIn) -> None:  # noqa: F811
    browser = await desks("wang.fang")
    targets = [page.path for page in funds.PAGES if page.method == "POST"]
    assert len(targets) == 33
    async with nothing_changed():
        for target in targets:
            path = target.replace("{account}", "102").replace("{day}", today(running)).replace("{subject}", "bank_rate")
            path = "/".join("1" if part.startswith("{") else part for part in path.split("/"))
            answer = await browser.post(path, browser.csrf)
            assert answer.status_code == 403, path


async def test_a_form_without_the_sessions_token_does_nothing(running: RunningHouse, desks: SignedIn) -> None:  # noqa: F811
    serial = await receive(running, "1200.00")
    browser = await desks("sun.cai")
    item = await item_of(serial)
    async with nothing_changed():
        answer = await browser.post(f"{FUNDS}/suspense/{item}/claim", {"kind": "refund", "confirmed": "yes"})
    assert answer.status_code == 403 and "页面已过期" in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/receipts/1",
        "/receipts/x",
        "/receipts/99999999999999999999",
        "/suspense/7",
        "/deposits/7",
        "/batches/0",
        "/statements/102/heute",
        "/statements/102/2026-01-01",
        "/master/nothing",
        "/adjustments/102/2026-02-31",
    ],
)
async def test_what_is_not_there_is_said_to_be_missing(running: RunningHouse, desks: SignedIn, path: str) -> None:  # noqa: F811
    page = await (await desks("sun.cai")).open(f"{FUNDS}{path}")
    assert page.status_code == 404 and "没有找到" in page.text


async def test_the_overview_counts_what_waits(running: RunningHouse, desks: SignedIn) -> None:  # noqa: F811
    await receive(running, "1200.00")
    await receive(running, "300.50")
    page = await (await desks("sun.cai")).open(FUNDS)
    assert page.text.count("<strong>2</strong>") == 2 and page.text.count(">1,500.50<") == 2
    assert await database.value("SELECT count(*) FROM suspense_item") == 2


async def test_staff_of_an_office_see_its_money_only(running: RunningHouse, desks: SignedIn) -> None:  # noqa: F811
    serial = await receive(running, "-1200.00", reversal=True)
    came = await receive(running, "800.00")
    receipt, item = await receipt_of(serial), await item_of(came)
    await database.execute(
        "INSERT INTO hand_posting (posting_id, subject, kind, bank_account_code, reason, state, proposed_by,"
        " proposed_by_name, proposed_at) VALUES (1, $1, 'receipt', '102', '已核对', 'proposed', 'staff:1', '甲', $2)",
        f"receipt:{receipt}",
        running.clock(),
    )
    await database.execute("UPDATE staff SET office_codes = ARRAY['0105'] WHERE login = 'sun.cai'")
    browser = await desks("sun.cai")
    for path in set(LISTS) - {"/close"}:
        page = await browser.open(f"{FUNDS}{path}")
        assert page.status_code == 200, path
        assert serial not in page.text and came not in page.text, path
    assert "其他管理部的到账" in (await browser.open(f"{FUNDS}/payments")).text
    for path in (f"/receipts/{receipt}", f"/suspense/{item}"):
        assert (await browser.open(f"{FUNDS}{path}")).status_code == 404
