"""单位暂存款 and 扣款 at the desk: from a district's total down to the voucher, two persons, said before it is done."""

from __future__ import annotations

import pytest

from domain import settlement
from domain.kernel import database
from domain.kernel.actor import Actor
from domain.kernel.dates import business_date_of
from domain.kernel.money import Money
from tests.backoffice.funds_city import (  # noqa: F401
    FUNDS,
    READER,
    SignedIn,
    audited,
    carry_out,
    cells,
    desks,
    expect,
    item_of,
    receive,
    said,
)
from tests.backoffice.test_exports import sheet_of
from tests.city import RunningHouse
from tests.factories.snapshot import nothing_changed

pytestmark = pytest.mark.requirement("R14.3")

HERE = f"{FUNDS}/employer-suspense"
SECOND = Actor(kind="staff", channel="backoffice", name="复核人", staff_id=2, roles=READER.roles, assurance="password")


async def has(running: RunningHouse, yuan: int) -> int:
    """Money assigned to employer 100001; returns the item."""
    item_id = await item_of(await receive(running, f"{yuan}.00", remark="来款"))
    claim = settlement.Claim(
        item_id=item_id, kind="assign", amount=Money.yuan(yuan), reason="单位来函说明", to_employer_no=100001
    )
    now = running.clock()
    number = await settlement.propose_claim(actor=READER, claim=claim, request_key=f"claim-{item_id}", now=now)
    await settlement.decide_claim(
        actor=SECOND,
        movement_id=number,
        approve=True,
        request_key=f"claim-{item_id}",
        now=now,
        business_date=business_date_of(now),
    )
    return item_id


async def test_from_the_district_to_the_voucher(running: RunningHouse, desks: SignedIn) -> None:  # noqa: F811
    item_id = await has(running, 300)
    await has(running, 500)
    await expect(running, "BJ2026110001", "450.00", credit_subject="21909", credit_auxiliary="")
    first, second = await desks("sun.cai"), await desks("zhao.gang")
    page = await first.open(HERE)
    assert "中心本级 1 800.00 0.00" in cells(page) and "全部 1 行，余额合计 800.00元" in cells(page)
    page = await first.open(f"{HERE}/100001")
    assert f"{FUNDS}/suspense/{item_id}" in page.text and "BJ2026110001 450.00元" in cells(page)
    debt = await database.value("SELECT expectation_id FROM expected_receipt WHERE reference_no = 'BJ2026110001'")
    async with nothing_changed():
        asked = await first.submit(page, f"{HERE}/100001/deduct", expectation_id=str(debt), reason="单位书面同意扣款")
    assert "占用450.00元，由其他人员复核" in cells(asked)
    page = await first.submit(asked, f"{HERE}/100001/deduct")
    assert "等待其他人员复核" in said(page) and "由您经办，须由其他人员复核" in page.text
    assert f"{HERE}/100001" in (await second.open(f"{FUNDS}/suspense")).text, "a part leads to the whole"
    assert "去复核" in (await second.open(HERE)).text
    [one] = await settlement.deductions(actor=READER)
    page = await second.open(f"{HERE}/100001")
    assert "从该单位2笔暂存款共扣450.00元" in cells(page)
    page = await carry_out(second, page, f"{HERE}/100001/deductions/{one.deduction_id}", decision="approve")
    assert "扣款已记账" in said(page) and "单位暂存款扣款 BJ2026110001" in cells(page)
    assert "350.00" in cells(page) and await audited("suspense.deduction_approved") == 1


async def test_what_is_wrong_is_said_at_its_field_and_nothing_is_set_aside(
    running: RunningHouse,
    desks: SignedIn,  # noqa: F811
) -> None:
    await has(running, 300)
    debt = await expect(running, "BJ2026110001", "300.01", credit_subject="21909", credit_auxiliary="")
    browser = await desks("sun.cai")
    page = await browser.open(f"{HERE}/100001")
    assert "可用余额不足" in page.text
    async with nothing_changed():
        answer = await browser.submit(page, f"{HERE}/100001/deduct", reason="单位书面同意扣款")
        assert answer.status_code == 422 and "请选择后再提交" in said(answer)
        asked = await browser.submit(page, f"{HERE}/100001/deduct", expectation_id=str(debt), reason="同意扣款")
        answer = await browser.submit(asked, f"{HERE}/100001/deduct")
        assert answer.status_code == 422 and "可扣的暂存款仅300.00元" in said(answer)
        for address in (f"{HERE}/999999", f"{HERE}/x"):
            assert (await browser.open(address)).status_code == 404
        answer = await browser.open(f"{HERE}?office=9999")
        assert answer.status_code == 422
    assert (await (await desks("li.min")).open(HERE)).status_code == 403


async def test_the_export_has_every_employer_and_the_sums(running: RunningHouse, desks: SignedIn) -> None:  # noqa: F811
    await has(running, 300)
    browser = await desks("sun.cai")
    rows = sheet_of(await browser.submit(await browser.open(HERE), f"{HERE}/export"))
    assert rows[1][:3] == ["中心本级", "100001", "北京晨曦科技有限公司"] and rows[-1][5:] == [
        "300.00",
        "0.00",
        "300.00",
    ]
