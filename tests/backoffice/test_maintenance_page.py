"""维修资金退款 at the desk: asked for on the case, agreed to by another, listed, posted by hand."""

from __future__ import annotations

import pytest

from domain.kernel import database
from tests.backoffice.funds_city import desks  # noqa: F401
from tests.city import RunningHouse
from tests.factories import maintenance as fund
from tests.factories import rent

pytestmark = pytest.mark.requirement("R08.7")
LIST = "/backoffice/maintenance"


async def test_a_refund_is_asked_for_agreed_to_and_found(running: RunningHouse, desks) -> None:  # noqa: F811
    case = await fund.deposited(running)
    path = f"/backoffice/cases/{case.case_no}"
    clerk, second = await desks("li.min"), await desks("sun.cai")
    page = await clerk.open(path)
    assert "北京市住宅专项维修资金专户" in page.text and "可退 20,000.00元" in page.text
    for amount, told in (("20000.01", "目前可退20,000.00元"), ("两万", "金额"), ("", "大于零")):
        page = await clerk.submit(await clerk.open(path), f"{path}/refund", amount=amount, reason="购房合同解除")
        assert page.status_code == 422 and told in page.text
    page = await clerk.submit(await clerk.open(path), f"{path}/refund", amount="8000", reason="购房合同解除")
    assert "等待另一人在“复核”中同意后付款" in page.text
    assert "还没有维修资金退款" in (await clerk.open(LIST)).text
    approval_id = await database.value("SELECT approval_id FROM approval WHERE state = 'waiting'")
    page = await second.open(f"/backoffice/approvals/{approval_id}")
    assert "退回个人公积金账户" in page.text and "8,000.00元" in page.text
    await second.submit(page, "/backoffice/approvals/decide", decision="agree", note="")
    serial_no = await fund.paid_out(running, case)
    await rent.set_account_state("zhang_wei", "06")
    await fund.told(running, fund.OWN, serial_no)
    page = await clerk.open(f"{LIST}?state=arrived")
    assert "全部 <strong>1</strong> 笔，<strong>8,000.00元</strong>" in page.text and "不能入账" in page.text
    number = (await fund.refund_of(case)).refund_no
    page = await clerk.submit(await clerk.open(path), f"{path}/post-refund", refund_no=number)
    assert "退款仍不能入账" in page.text
    await rent.set_account_state("zhang_wei", "01")
    page = await clerk.submit(await clerk.open(path), f"{path}/post-refund", refund_no=number)
    assert "退款已记入个人账户" in page.text and "可退 12,000.00元" in page.text
    assert "没有符合条件的退款" in (await clerk.open(f"{LIST}?state=failed")).text
    export = await second.submit(await second.open(LIST), f"{LIST}/export")
    assert number in export.text or number.encode() in export.content
    await rent.assert_books_hold()


async def test_the_desks_of_others_refund_nothing(running: RunningHouse, desks) -> None:  # noqa: F811
    case = await fund.deposited(running)
    path = f"/backoffice/cases/{case.case_no}"
    supervisor = await desks("zhao.gang")
    page = await supervisor.open(path)
    assert "划入专户" in page.text
    admin = await desks("zhou.xitong")
    assert (await admin.open(LIST)).status_code == 403
    assert "没有符合条件" not in page.text and (await supervisor.open(f"{LIST}?state=burning")).status_code == 409
