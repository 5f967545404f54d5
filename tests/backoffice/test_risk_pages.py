"""The lists in a browser without script: proposed by one, agreed to by another, searched, appealed against."""

from __future__ import annotations

import asyncpg
import pytest

from domain.kernel import database
from tests.backoffice import city

pytestmark = pytest.mark.requirement("R02.3")
PATH = "/backoffice/risk"
NUMBER = city.CITIZENS["zhang"][1]
PERSON = {
    "list": "bad_record.forged_contract",
    "document_type": "01",
    "document_no": NUMBER,
    "name": "张伟",
    "reason": "以虚假租赁合同提取",
    "evidence": "京房公积金查〔2026〕12号",
    "from_on": "2026-11-23",
    "asked_because": "专项治理查实",
}


async def proposed(browser, **changes: str):
    page = await browser.open(f"{PATH}/new")
    return await browser.submit(page, f"{PATH}/new", **{**PERSON, **changes})


async def agreed(browser):
    page = await browser.open("/backoffice/approvals")
    approval_id = await database.value("SELECT approval_id FROM approval WHERE state = 'waiting'")
    page = await browser.open(f"/backoffice/approvals/{approval_id}")
    assert NUMBER not in page.text
    return await browser.submit(page, "/backoffice/approvals/decide", decision="agree", note="")


async def test_a_person_is_listed_by_two_and_found_by_document(signed_in, desk_city: asyncpg.Connection) -> None:
    first, second = await signed_in("li.min"), await signed_in("wang.fang")
    page = await proposed(first)
    assert "等待另一人在“复核”中同意后生效" in page.text
    assert await desk_city.fetchval("SELECT count(*) FROM risk_entry") == 0
    await agreed(second)
    page = await first.open(PATH)
    assert "以虚假租赁合同提取" in page.text and NUMBER not in page.text
    page = await first.submit(page, f"{PATH}/search", document_type="01", document_no=NUMBER)
    assert "该证件共 <strong>1</strong> 条记录" in page.text
    assert await desk_city.fetchval("SELECT count(*) FROM audit_event WHERE action = 'risk.searched'") == 1
    assert NUMBER not in str(await desk_city.fetch("SELECT detail FROM audit_event"))
    page = await first.submit(page, f"{PATH}/search", document_type="01", document_no="110101198605140131")
    assert "该证件不在任何名单中" in page.text


async def test_what_is_wrong_stands_beside_its_field_and_lists_nobody(signed_in, desk_city) -> None:
    browser = await signed_in("li.min")
    page = await proposed(browser, document_no="110105199103151018", reason="假")
    assert page.status_code == 422
    assert '<span class="field-bad">证件类型或号码不符合规则' in page.text
    assert '<span class="field-bad">请填写4至200个字的事由' in page.text
    assert 'value="张伟"' in page.text, "what was typed stays"
    page = await proposed(browser, until_on="2099-01-01")
    assert page.status_code == 422 and "有效期应从今天或以前开始" in page.text
    assert await desk_city.fetchval("SELECT count(*) FROM approval") == 0


async def test_an_appeal_is_taken_and_answered_at_the_desk(signed_in, desk_city) -> None:
    own = await signed_in("li.min")
    await proposed(own)
    await agreed(await signed_in("wang.fang"))
    entry_id = await desk_city.fetchval("SELECT entry_id FROM risk_entry")
    here, browser = f"{PATH}/entries/{entry_id}", await signed_in("zhao.gang")
    page = await browser.open(here)
    key = await browser.post(here, {**browser.csrf, "act": "appeal", "statement": "冤枉", "request_key": "a" * 12})
    assert key.status_code == 422 and "请填写10至1000个字的申诉理由" in key.text
    page = await browser.post(
        here, {**browser.csrf, "act": "appeal", "statement": "合同上的签名不是本人所签。", "request_key": "b" * 12}
    )
    assert "已登记申诉" in page.text and "答复申诉" in page.text
    page = await browser.open(f"{PATH}/appeals")
    assert "待答复 <strong>1</strong> 件" in page.text
    appeal_id = str(await desk_city.fetchval("SELECT appeal_id FROM risk_appeal"))
    answer = {"act": "answer", "appeal_id": appeal_id, "grant": "yes", "answer": "经核对成立。", "reason": "核对完毕"}
    refused = await own.post(here, {**own.csrf, **answer})
    assert refused.status_code == 422 and "登记或复核该记录的人员不能处理" in refused.text
    page = await browser.post(here, {**browser.csrf, **answer})
    assert "等待另一人" in page.text
    assert await desk_city.fetchval("SELECT state FROM risk_appeal") == "waiting"


async def test_a_file_shows_a_result_for_each_row(signed_in, desk_city) -> None:
    browser = await signed_in("li.min")
    heading = "证件类型,证件号码,姓名,原因代码,事由,依据,截止日期\r\n"
    content = (
        heading + f"01,{NUMBER},张伟,audit,审计发现疑点,审计报告3号,\r\n01,1234567,某人,audit,疑点线索,报告3号,\r\n"
    ).encode("gb18030")
    page = await browser.open(f"{PATH}/file")
    sent = {**browser.csrf, "list": "key_review", "asked_because": "审计移交", "step": "check"}
    page = await browser.client.post(f"{PATH}/file", data=sent, files={"file": ("名单.csv", content)})
    assert "共 <strong>2</strong> 行，可登记 <strong>1</strong> 行，有问题 <strong>1</strong> 行" in page.text
    assert await desk_city.fetchval("SELECT count(*) FROM approval") == 0
    sent["step"] = "ask"
    page = await browser.client.post(f"{PATH}/file", data=sent, files={"file": ("名单.csv", content)})
    assert "有问题的行没有提交" in page.text
    assert await desk_city.fetchval("SELECT count(*) FROM approval WHERE kind = 'risk.file'") == 1
    page = await browser.client.post(f"{PATH}/file", data=sent, files={"file": ("x.csv", b"\x00\x01")})
    assert page.status_code == 422 and "名单文件应为CSV" in page.text


@pytest.mark.parametrize("login", ["sun.cai", "zhou.xitong", "zheng.shenji"])
async def test_who_has_no_right_reaches_none_of_it(signed_in, login: str) -> None:
    browser = await signed_in(login)
    assert "风险名单" not in (await browser.open("/backoffice/")).text
    for path in (PATH, f"{PATH}/new", f"{PATH}/appeals", f"{PATH}/entries/1"):
        assert (await browser.open(path)).status_code == 403


async def test_an_entry_that_is_none_is_a_page_that_is_none(signed_in) -> None:
    browser = await signed_in("li.min")
    for number in ("1", "x", "9" * 30):
        assert (await browser.open(f"{PATH}/entries/{number}")).status_code == 404
