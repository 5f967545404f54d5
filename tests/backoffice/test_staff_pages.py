"""The pages of staff accounts and approvals: two administrators and a new member, each in a browser of their own."""

from __future__ import annotations

import re
from collections.abc import Callable

import asyncpg
import pyotp

from tests.backoffice import city
from tests.backoffice.conftest import Browser

NewBrowser = Callable[[], Browser]
PASSWORD = "Bridge-over-water-8"


async def test_from_a_new_account_to_its_rights(
    new_browser: NewBrowser, clock: city.Clock, owner: asyncpg.Connection
) -> None:
    manager, security, member = new_browser(), new_browser(), new_browser()
    await manager.sign_in("zhou.xitong")
    page = await manager.open("/backoffice/staff/new")
    wrong = await manager.submit(page, "/backoffice/staff/new", login="X", name="", document_no="1")
    assert wrong.status_code == 422 and wrong.text.count("field-bad") == 3
    made = await manager.submit(
        page, "/backoffice/staff/new", login="he.xin", name="何新", document_no="110101199003070118"
    )
    code = re.search(r"([A-Z2-9]{4}-){3}[A-Z2-9]{4}", made.text)
    assert code is not None and "待登记" in made.text and "110101199003070118" not in made.text
    assert made.headers["cache-control"] == "no-store"

    page = await member.open("/backoffice/enrol")
    factors = await member.submit(
        page, "/backoffice/enrol", login="he.xin", enrolment=code[0], password=PASSWORD, again=PASSWORD
    )
    secret = re.search(r'<p class="mono">([A-Z2-7 ]+)</p>', factors.text)
    assert secret is not None, factors.text
    wanted = pyotp.TOTP(secret[1].replace(" ", ""))
    again = await member.submit(factors, "/backoffice/enrol/confirm", code="000000")
    assert again.status_code == 422 and secret[1] in again.text
    done = await member.submit(again, "/backoffice/enrol/confirm", code=wanted.at(clock()))
    assert "登录要素已登记" in done.text

    await security.sign_in("wu.anquan")
    page = await security.open("/backoffice/staff-rights/of/he.xin")
    refused = await security.submit(page, "/backoffice/staff-rights/roles", role_finance="yes", role_system_admin="yes")
    assert refused.status_code == 422 and "不得兼任业务角色" in refused.text
    page = await security.submit(page, "/backoffice/staff-rights/roles", role_finance="yes")
    page = await security.submit(page, "/backoffice/staff-rights/offices", office_0105="yes")
    assert "朝阳管理部" in page.text
    row = await owner.fetchrow("SELECT roles, office_codes FROM staff WHERE login = 'he.xin'")
    assert (row["roles"], row["office_codes"]) == (["finance"], ["0105"])

    clock.pass_(seconds=60)
    page = await member.open("/backoffice/login")
    entered = await member.submit(page, "/backoffice/login", login="he.xin", password=PASSWORD, code=wanted.at(clock()))
    assert "工作台" in entered.text and "人员管理" not in entered.text
    assert (await member.open("/backoffice/staff")).status_code == 403

    page = await manager.open("/backoffice/staff/of/he.xin")
    await manager.submit(page, "/backoffice/staff/deactivate")
    assert (
        "登录" in (await member.open("/backoffice/")).text and "工作台" not in (await member.open("/backoffice/")).text
    )


async def test_new_factors_wait_for_the_security_administrator(new_browser: NewBrowser) -> None:
    manager, security = new_browser(), new_browser()
    await manager.sign_in("zhou.xitong")
    page = await manager.open("/backoffice/staff/of/li.min")
    assert "/backoffice/staff/code" not in page.text
    short = await manager.submit(page, "/backoffice/staff/renewal", reason="短")
    assert short.status_code == 422
    page = await manager.submit(page, "/backoffice/staff/renewal", reason="手机遗失")
    assert "等待安全管理员复核" in page.text
    twice = await manager.submit(page, "/backoffice/staff/renewal", reason="手机遗失")
    assert twice.status_code == 409
    own = await manager.open("/backoffice/approvals")
    assert "手机遗失" in own.text
    link = re.search(r"/backoffice/approvals/(\d+)", own.text)
    assert link is not None
    mine = await manager.open(link[0])
    assert "同意并执行" not in mine.text and "撤回申请" in mine.text
    forced = await manager.post(
        "/backoffice/approvals/decide", {**manager.csrf, "approval_id": link[1], "decision": "agree"}
    )
    assert forced.status_code == 403

    await security.sign_in("wu.anquan")
    page = await security.open(link[0])
    page = await security.submit(page, "/backoffice/approvals/decide", decision="agree")
    assert "已同意" in page.text
    page = await manager.open("/backoffice/staff/of/li.min")
    page = await manager.submit(page, "/backoffice/staff/code")
    assert re.search(r"([A-Z2-9]{4}-){3}[A-Z2-9]{4}", page.text)


async def test_who_finds_no_such_page(new_browser: NewBrowser) -> None:
    manager, reviewer = new_browser(), new_browser()
    await manager.sign_in("zhou.xitong")
    for path in ("/backoffice/staff/of/nobody", "/backoffice/approvals/1", "/backoffice/approvals/x"):
        assert (await manager.open(path)).status_code == 404
    assert (await manager.open("/backoffice/staff-rights")).status_code == 403
    await reviewer.sign_in("li.min")
    for path in ("/backoffice/staff", "/backoffice/staff-rights"):
        assert (await reviewer.open(path)).status_code == 403
    # the desk of second persons is open to all, and shows each only what they ask for or decide on
    assert (await reviewer.open("/backoffice/approvals/1")).status_code == 404
    without = await reviewer.post("/backoffice/enrol", {"login": "li.min", "enrolment": "x", "password": "x"})
    assert without.status_code == 422 and "页面已过期" in without.text
