"""网点资料 at the desk: from a proposal to what is in force, the list by its filters, what is wrong at its field."""

from __future__ import annotations

import re

import asyncpg

from domain.kernel.dates import business_date_of
from tests.backoffice import city
from tests.backoffice.test_exports import sheet_of
from tests.backoffice.test_staff_pages import NewBrowser
from tests.factories.snapshot import nothing_changed

HERE = "/backoffice/outlets"
CHANGED = {"name": "东城区管理部", "reason": "机构更名文件"}


def today(clock: city.Clock) -> str:
    return business_date_of(clock.now).isoformat()


async def test_a_change_is_asked_for_agreed_to_and_seen(
    new_browser: NewBrowser, clock: city.Clock, owner: asyncpg.Connection
) -> None:
    manager, security = new_browser(), new_browser()
    await manager.sign_in("zhou.xitong")
    await security.sign_in("wu.anquan")
    page = await manager.open(f"{HERE}/of/management/0101")
    page = await manager.submit(page, f"{HERE}/propose", effective_on=today(clock), **CHANGED)
    assert "等待安全管理员" in page.text
    waiting = await security.open("/backoffice/approvals")
    assert "网点资料变更" in waiting.text
    path = re.findall(r'href="(/backoffice/approvals/[0-9]+)"', waiting.text)[0]
    asked = await security.open(path)
    assert "东城区管理部" in asked.text
    await security.submit(asked, "/backoffice/approvals/decide", decision="agree")
    assert await owner.fetchval("SELECT name FROM management_office WHERE code = '0101'") == "东城区管理部"
    page = await manager.open(f"{HERE}/of/management/0101")
    assert "已生效" in page.text and "机构更名文件" in page.text
    assert (await security.open(HERE)).status_code == 403


async def test_the_list_its_filters_and_its_export(new_browser: NewBrowser) -> None:
    manager = new_browser()
    await manager.sign_in("zhou.xitong")
    page = await manager.open(f"{HERE}?kind=management&search=0101")
    assert "符合 <strong>1</strong> 个" in page.text and "没有部门的业务人员" in page.text
    rows = sheet_of(await manager.submit(page, f"{HERE}/export?kind=management&search=0101"))
    assert rows[1][:2] == ["管理部", "0101"] and rows[-1][0] == "合计"
    assert "没有符合条件的网点" in (await manager.open(f"{HERE}?kind=branch&search=xyz")).text
    assert (await manager.open(f"{HERE}?kind=ministry")).status_code == 422


async def test_what_is_wrong_is_said_at_its_field(new_browser: NewBrowser, clock: city.Clock) -> None:
    manager = new_browser()
    await manager.sign_in("zhou.xitong")
    page = await manager.open(f"{HERE}/new?kind=window")
    async with nothing_changed():
        answer = await manager.submit(page, f"{HERE}/propose", code="x", name="厅", address="", reason="短")
        assert answer.status_code == 422 and answer.text.count('class="field-bad"') >= 4
        answer = await manager.submit(page, f"{HERE}/propose", code="W-0101", effective_on="31.12.2026")
        assert answer.status_code == 422 and "日期应写作" in answer.text
        page = await manager.open(f"{HERE}/of/management/0101")
        answer = await manager.submit(
            page, f"{HERE}/propose", open="no", effective_on=today(clock), reason="撤销管理部"
        )
        assert answer.status_code == 422 and "请先移交完毕再停用" in answer.text
        for path in ("of/management/9999", "of/window/0101", "of/ministry/0101", "new?kind=ministry"):
            assert (await manager.open(f"{HERE}/{path}")).status_code == 404, path
