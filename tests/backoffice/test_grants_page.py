"""The pages of services and grants: proposed at one desk, decided at another, stopped at both."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import timedelta

import asyncpg
import httpx
import pytest
import pytest_asyncio

from auth.grants import admitting
from domain.kernel import database
from ops.dev.documents import publish_folders
from tests.backoffice import city
from tests.backoffice.conftest import Browser
from tests.factories import partners
from tests.factories.snapshot import nothing_changed

pytestmark = pytest.mark.requirement("R06.3")

Enter = Callable[..., Awaitable[Browser]]
REGISTER, REVIEW = "/backoffice/grants", "/backoffice/grants-review"


@pytest_asyncio.fixture
async def administrators(desk_city: asyncpg.Connection, database: str, clock: city.Clock) -> None:
    """The system administrator, and a security administrator beside."""
    await desk_city.execute("UPDATE staff SET roles = '{security_admin}' WHERE login = 'sun.cai'")
    await publish_folders(database, [partners.FOLDER], now=clock.now)
    admitting.forget()


async def send(browser: Browser, path: str, **fields: str) -> httpx.Response:
    return await browser.post(path, {**browser.csrf, **fields})


async def propose(browser: Browser, form: str, **fields: str) -> httpx.Response:
    return await send(
        browser,
        f"{REGISTER}/propose",
        form=form,
        request_key=partners.request_key(),
        **{"reason": "受托银行自助终端接入", **fields},
    )


async def approve_all(browser: Browser) -> httpx.Response:
    page = await browser.open(REVIEW)
    while change := re.search(r'name="approval_id" value="([0-9]+)"', page.text):
        page = await send(browser, f"{REVIEW}/decide", approval_id=change[1], decision="approve", note="")
        assert page.status_code == 200, page.text
    return page


async def test_from_registering_to_a_standing_grant(administrators: None, signed_in: Enter, clock: city.Clock) -> None:
    registrar, approver = await signed_in("zhou.xitong"), await signed_in("sun.cai")
    await propose(registrar, "service", service="bank_kiosk", name="银行自助终端", description="余额查询")
    await propose(
        registrar, "party", code="demo_bank", name="演示银行", uscc="91110000MA0DEM09XX", contact="电子银行部"
    )
    await approve_all(approver)
    await propose(registrar, "key", party="demo_bank", public_key=partners.Sm2Pair().public_pem)
    grant = {
        "party": "demo_bank",
        "service": "bank_kiosk",
        "purpose": "kiosk_balance",
        "purpose_text": "自助终端查询余额",
        "represents": "person",
        "calls_per_day": "1000",
        "points_per_day": "100000",
        "ends_on": (clock.now + timedelta(days=90)).date().isoformat(),
    }
    async with nothing_changed():
        none = await propose(registrar, "grant", **grant)
        late = await propose(registrar, "grant", **{**grant, "ends_on": "2020-01-01"}, document_KioskBalance="yes")
    assert none.status_code == late.status_code == 422
    assert "请至少选择一个文档" in none.text and "截止日期应在明天至" in late.text
    said = await propose(registrar, "grant", **grant, document_KioskBalance="yes")
    assert "等待安全管理员审批" in said.text and "Account.balance" in said.text
    await approve_all(approver)
    row = await database.row("SELECT * FROM service_grant")
    assert row is not None and (row["state"], row["documents"]) == ("approved", ["KioskBalance"])
    assert "Account.balance" in row["field_scopes"] and "Account.held" not in row["field_scopes"]

    party = await registrar.open(f"{REGISTER}/party/{row['partner_id']}")
    assert "SM2" in party.text and "近14日使用" in party.text
    assert "审批经过（3）" in party.text and party.text.count("已批准") >= 3
    target = f"grant:{row['grant_id']}"
    short = await send(approver, f"{REVIEW}/stop", target=target, to="suspended", reason="停")
    assert short.status_code == 422 and "请填写4至200个字的原因" in short.text
    await send(approver, f"{REVIEW}/stop", target=target, to="suspended", reason="发现异常调用")
    assert await database.value("SELECT state FROM service_grant") == "suspended"


async def test_each_desk_has_its_own_forms(administrators: None, signed_in: Enter) -> None:
    registrar, approver, reviewer = (
        await signed_in("zhou.xitong"),
        await signed_in("sun.cai"),
        await signed_in("li.min"),
    )
    page = await registrar.open(REGISTER)
    assert "登记第三方" in page.text and 'value="approve"' not in page.text
    async with nothing_changed():
        assert (await send(registrar, f"{REVIEW}/decide", approval_id="1", decision="approve")).status_code == 403
        for path in (REGISTER, REVIEW):
            assert (await reviewer.open(path)).status_code == 403
        malformed = await send(registrar, f"{REGISTER}/propose", form="everything", request_key="x" * 12)
        assert malformed.status_code == 400
        stray = await send(registrar, f"{REGISTER}/stop", target="staff:1", to="ended", reason="试一试看")
        assert stray.status_code == 400
        assert (await registrar.open(f"{REGISTER}/party/99")).status_code == 404
    assert (await approver.open(REGISTER)).status_code == 403
