"""财务档案: papers filed by module and collection point, found, opened, struck out with a reason."""

from __future__ import annotations

import pytest

from domain.kernel import database
from domain.kernel.digest import sm3_hex
from tests.backoffice.funds_city import BANK, SignedIn, audited, cells, desks, said, upload  # noqa: F401
from tests.city import RunningHouse
from tests.factories.snapshot import nothing_changed

pytestmark = pytest.mark.requirement("R14.5")

ARCHIVES = "/backoffice/archives"
CONTENT = b"%PDF-1.7 minutes of an opened account"


async def account_code() -> str:
    return str(await database.value("SELECT code FROM bank_account WHERE bank_code = $1 LIMIT 1", BANK))


def form(code: str, **change: str) -> dict[str, str]:
    return {"module": "account", "reference": code, "office": "00", "pages": "3", "about_on": "2026-11-02", **change}


async def test_a_paper_is_filed_found_opened_and_struck_out(running: RunningHouse, desks: SignedIn) -> None:  # noqa: F811
    code = await account_code()
    browser = await desks("sun.cai")
    page = await browser.open(ARCHIVES)
    assert "没有符合条件的档案" in page.text
    for _ in range(2):
        page = await upload(browser, page, f"{ARCHIVES}/file", name="开户资料.pdf", content=CONTENT, **form(code))
        assert "已归档" in said(page) and "共 1 件" in cells(page)
    number = await database.value("SELECT filed_id FROM filed_paper")
    opened = await browser.open(f"{ARCHIVES}/{number}")
    assert opened.content == CONTENT and "attachment" in opened.headers["content-disposition"]
    found = await browser.open(f"{ARCHIVES}?module=account&office=00&since=2026-11-02&until=2026-11-02")
    assert "共 1 件" in cells(found)
    for nowhere in ("module=voucher", "since=2026-11-03", f"reference={code}x"):
        assert "没有符合条件的档案" in (await browser.open(f"{ARCHIVES}?{nowhere}")).text, nowhere
    export = await browser.post(f"{ARCHIVES}/export?module=account", browser.csrf)
    assert "专户资料" in export.text and sm3_hex(CONTENT) in export.text
    page = await browser.post(f"{ARCHIVES}/{number}/strike", {**browser.csrf, "reason": "重复扫描"})
    assert "已作废" in page.text and "重复扫描" in page.text
    assert (await browser.open(f"{ARCHIVES}/{number}")).status_code == 409
    # what was struck out may be filed again
    page = await upload(browser, page, f"{ARCHIVES}/file", name="开户资料.pdf", content=CONTENT, **form(code))
    assert "共 1 件" in cells(page) or "共 2 件" in cells(page)
    assert await database.value("SELECT count(*) FROM filed_paper WHERE struck_at IS NULL") == 1
    kept = await database.rows("SELECT action FROM audit_event WHERE action LIKE 'archive.%' ORDER BY at, action")
    assert sorted({row["action"] for row in kept}) == [
        "archive.exported",
        "archive.filed",
        "archive.opened",
        "archive.struck",
    ]


@pytest.mark.parametrize(
    ("change", "name", "content", "told"),
    [
        ({"reference": "no-such"}, "x.pdf", CONTENT, "没有找到所属业务"),
        ({"module": "voucher", "reference": "provident_fund:202610-9999"}, "x.pdf", CONTENT, "没有找到所属业务"),
        ({"module": "voucher", "reference": "provident_fund:oct-1"}, "x.pdf", CONTENT, "没有找到所属业务"),
        ({"module": "report", "reference": "provident_fund:2026-13"}, "x.pdf", CONTENT, "没有找到所属业务"),
        ({"module": "receipt"}, "x.pdf", CONTENT, ""),
        ({"office": "99"}, "x.pdf", CONTENT, ""),
        ({"pages": "0"}, "x.pdf", CONTENT, "页数（1至500页）"),
        ({"about_on": "gestern"}, "x.pdf", CONTENT, ""),
        ({}, "x.pdf", b"<html><script>", "只接受PDF"),
        ({}, "x.pdf", b"", "请选择要上传的文件"),
    ],
)
async def test_what_cannot_be_filed(
    running: RunningHouse,
    desks: SignedIn,  # noqa: F811
    change: dict[str, str],
    name: str,
    content: bytes,
    told: str,
) -> None:
    given = form(await account_code(), **change)
    browser = await desks("sun.cai")
    page = await browser.open(ARCHIVES)
    async with nothing_changed():
        page = await upload(browser, page, f"{ARCHIVES}/file", name=name, content=content, **given)
    assert page.status_code == 422 and told in page.text


async def test_reports_and_statements_are_filed_by_what_they_are_of(
    running: RunningHouse,
    desks: SignedIn,  # noqa: F811
) -> None:
    code = await account_code()
    browser = await desks("sun.cai")
    page = await browser.open(ARCHIVES)
    for module, reference in (("report", "provident_fund:2026-10"), ("statement", f"{code}:2026-10-31")):
        given = form(code, module=module, reference=reference)
        page = await upload(browser, page, f"{ARCHIVES}/file", name="扫描.pdf", content=CONTENT, **given)
        assert "已归档" in said(page), module


async def test_who_has_no_right_or_another_office_finds_nothing(running: RunningHouse, desks: SignedIn) -> None:  # noqa: F811
    code = await account_code()
    browser = await desks("sun.cai")
    page = await browser.open(ARCHIVES)
    await upload(browser, page, f"{ARCHIVES}/file", name="开户资料.pdf", content=CONTENT, **form(code))
    number = await database.value("SELECT filed_id FROM filed_paper")
    async with nothing_changed():
        reviewer = await desks("li.min")
        for path in (ARCHIVES, f"{ARCHIVES}/{number}"):
            assert (await reviewer.open(path)).status_code == 403, path
        await database.execute("UPDATE staff SET office_codes = ARRAY['01'] WHERE login = 'zhao.gang'")
        elsewhere = await desks("zhao.gang")
        assert "没有符合条件的档案" in (await elsewhere.open(ARCHIVES)).text
        assert (await elsewhere.open(f"{ARCHIVES}/{number}")).status_code == 409
        refused = await elsewhere.post(f"{ARCHIVES}/{number}/strike", {**elsewhere.csrf, "reason": "不该在这里"})
        assert refused.status_code == 422
