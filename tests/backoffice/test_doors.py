"""Requests that no page of ours sends."""

import pytest

from tests.backoffice import city


@pytest.mark.parametrize("path", ["/backoffice/cases/%00", "/backoffice/cases/x%00/decision", "/backoffice/%00"])
@pytest.mark.parametrize("login", ["li.min", "zheng.shenji"])
async def test_a_path_that_cannot_be_stored_is_a_page_that_nobody_finds(signed_in, desk_city, login, path) -> None:
    browser = await signed_in(login)
    before = await desk_city.fetchval("SELECT count(*) FROM audit_event")
    for page in (await browser.open(path), await browser.post(path, browser.csrf)):
        assert page.status_code in (404, 405), page.text
    assert await desk_city.fetchval("SELECT count(*) FROM audit_event") == before


async def test_a_reason_nobody_would_write_reveals_nothing(signed_in, desk_city, clock) -> None:
    case = await city.apply("zhang", clock.now)
    browser = await signed_in("li.min")
    page = await browser.post(f"/backoffice/cases/{case.case_no}/reveal", {**browser.csrf, "reason": "核" * 2000})
    assert page.status_code == 422 and "完整信息只显示这一次" not in page.text
    assert not await desk_city.fetchval("SELECT count(*) FROM audit_event WHERE action = 'person.reveal'")
