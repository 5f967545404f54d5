"""The review desk in a browser without script: claiming, deciding, four eyes, locks, data in the clear."""

import asyncpg
import pytest

from domain.kernel import database
from tests.backoffice import city

pytestmark = pytest.mark.requirement("N4")


def target(case, action: str) -> str:
    return f"/backoffice/cases/{case.case_no}/{action}"


async def page_of(browser, case):
    return await browser.open(f"/backoffice/cases/{case.case_no}")


async def claimed(browser, case):
    page = await browser.submit(await page_of(browser, case), target(case, "claim"))
    assert page.status_code == 200 and "请在领取时限内审核" in page.text, page.text
    return page


async def decided(browser, case, **fields: str):
    page = await claimed(browser, case)
    return await browser.submit(page, target(case, "decision"), **fields)


async def rows_of(owner: asyncpg.Connection) -> list[tuple[object, ...]]:
    """Everything that a decision could change."""
    found = []
    for query in (
        "SELECT state, revision, decided_at, ended_at FROM service_case ORDER BY case_id",
        "SELECT case_id, seq FROM case_event ORDER BY case_id, seq",
        "SELECT state, amount_fen FROM hold ORDER BY hold_id",
        "SELECT override_reason FROM case_check ORDER BY case_id, check_no",
        "SELECT payment_id FROM payment ORDER BY payment_id",
        "SELECT event_id FROM outbox ORDER BY event_id",
    ):
        found += [tuple(row) for row in await owner.fetch(query)]
    return found


async def test_two_persons_approve_and_the_payment_is_ordered(signed_in, desk_city, clock) -> None:
    case = await city.apply("zhang", clock.now)
    first, second = await signed_in("li.min"), await signed_in("wang.fang")
    page = await decided(first, case, decision="approve")
    assert page.status_code == 200 and "已审核通过" in page.text and "待复审" in page.text
    page = await decided(second, case, decision="approve")
    assert "待支付" in page.text and "中国工商银行" in page.text
    assert await desk_city.fetchval("SELECT state FROM service_case") == "pending_payment"
    assert await desk_city.fetchval("SELECT count(*) FROM payment") == 1


async def test_the_page_says_what_money_will_move(signed_in, clock) -> None:
    case = await city.apply("zhang", clock.now)
    page = await decided(await signed_in("li.min"), case, decision="approve")
    second = await signed_in("wang.fang")
    page = await claimed(second, case)
    assert "将向申请人的银行卡支付" in page.text and case.amount.yuan_text in page.text


async def test_refusing_needs_a_reason_beside_its_field(signed_in, desk_city, clock) -> None:
    case = await city.apply("zhang", clock.now)
    browser = await signed_in("li.min")
    page = await claimed(browser, case)
    before = await rows_of(desk_city)
    page = await browser.submit(page, target(case, "decision"), decision="refuse", note="材料与登记不符")
    assert page.status_code == 422
    assert '<span class="field-bad">请选择不予办理或退回的原因，并填写说明。</span>' in page.text
    assert "材料与登记不符" in page.text, "what was typed stays"
    assert await rows_of(desk_city) == before
    page = await browser.submit(
        page,
        target(case, "decision"),
        decision="refuse",
        reason_code="identity_unclear",
        note="材料与登记不符",
    )
    assert "不予办理" in page.text
    assert await desk_city.fetchval("SELECT state FROM hold") == "voided"


async def test_without_a_choice_nothing_is_decided(signed_in, desk_city, clock) -> None:
    case = await city.apply("zhang", clock.now)
    browser = await signed_in("li.min")
    page = await claimed(browser, case)
    before = await rows_of(desk_city)
    page = await browser.submit(page, target(case, "decision"))
    assert page.status_code == 422 and "请选择审核结论后再提交。" in page.text
    page = await browser.submit(page, target(case, "decision"), decision="burn")
    assert page.status_code == 422 and "审核结论只能为" in page.text
    assert await rows_of(desk_city) == before


async def test_an_unanswered_check_needs_a_reason_that_the_second_reviewer_reads(signed_in, desk_city, clock) -> None:
    case = await city.apply("chen", clock.now)
    first, second = await signed_in("li.min"), await signed_in("wang.fang")
    page = await claimed(first, case)
    assert "未答复" in page.text and "不动产登记部门未答复，请人工核验住房情况。" in page.text
    before = await rows_of(desk_city)
    page = await first.submit(page, target(case, "decision"), decision="approve", override_reason="好")
    assert page.status_code == 422 and '<span class="field-bad">该办件有未核验通过的项目' in page.text
    assert await rows_of(desk_city) == before
    await first.submit(page, target(case, "decision"), decision="approve", override_reason="已电话核实无房")
    page = await claimed(second, case)
    assert "初审对未核验通过的项目说明" in page.text and "已电话核实无房" in page.text


async def test_returned_to_the_preliminary_review(signed_in, desk_city, clock) -> None:
    case = await city.apply("zhang", clock.now)
    await decided(await signed_in("li.min"), case, decision="approve")
    page = await decided(await signed_in("wang.fang"), case, decision="return", reason_code="other", note="请补充核实")
    assert "已退回上一环节" in page.text
    assert await desk_city.fetchval("SELECT state FROM service_case") == "pending_preliminary"


async def test_nobody_reviews_their_own_case(signed_in, desk_city, clock) -> None:
    case = await city.apply("ma", clock.now)
    browser = await signed_in("ma.li")
    page = await page_of(browser, case)
    assert "这是您本人的办件" in page.text and "领取审核" not in page.text
    page = await browser.post(target(case, "claim"), browser.csrf)
    assert page.status_code == 409 and "不能审核本人的办件" in page.text
    assert await desk_city.fetchval("SELECT locked_by FROM service_case") is None


async def test_the_same_person_cannot_do_both_reviews(signed_in, desk_city, clock) -> None:
    case = await city.apply("zhang", clock.now)
    browser = await signed_in("ma.li")
    await decided(browser, case, decision="approve")
    page = await page_of(browser, case)
    assert "初审由您本人办理" in page.text and "领取审核" not in page.text
    before = await rows_of(desk_city)
    page = await browser.post(target(case, "claim"), browser.csrf)
    assert page.status_code == 409 and "复审不能由初审人员本人办理" in page.text
    fields = {**browser.csrf, "decision": "approve", "request_key": "same-person-key"}
    page = await browser.post(target(case, "decision"), fields)
    assert page.status_code == 409 and "复审不能由初审人员本人办理" in page.text
    assert await rows_of(desk_city) == before


async def test_a_second_click_decides_once(signed_in, desk_city, clock) -> None:
    case = await city.apply("zhang", clock.now)
    browser = await signed_in("li.min")
    page = await claimed(browser, case)
    for _ in range(2):
        answer = await browser.submit(page, target(case, "decision"), decision="approve")
        assert answer.status_code == 200 and "已审核通过" in answer.text
    assert await desk_city.fetchval("SELECT count(*) FROM case_event WHERE action = 'preliminary_approve'") == 1


async def test_the_same_key_with_another_decision_is_refused(signed_in, desk_city, clock) -> None:
    case = await city.apply("zhang", clock.now)
    browser = await signed_in("li.min")
    page = await claimed(browser, case)
    await browser.submit(page, target(case, "decision"), decision="approve")
    before = await rows_of(desk_city)
    answer = await browser.submit(
        page, target(case, "decision"), decision="refuse", reason_code="other", note="改变主意"
    )
    assert answer.status_code == 422 and "请求编号已用于内容不同的申请" in answer.text
    assert await rows_of(desk_city) == before


@pytest.mark.parametrize("key", ["", "short", "with space 123", "x" * 65])
async def test_a_malformed_key_is_refused(signed_in, desk_city, clock, key: str) -> None:
    case = await city.apply("zhang", clock.now)
    browser = await signed_in("li.min")
    await claimed(browser, case)
    before = await rows_of(desk_city)
    fields = {**browser.csrf, "decision": "approve", "request_key": key}
    page = await browser.post(target(case, "decision"), fields)
    assert page.status_code == 422 and "请求编号应为" in page.text
    assert await rows_of(desk_city) == before


async def test_what_somebody_works_on_is_locked_for_others(signed_in, desk_city, clock) -> None:
    case = await city.apply("zhang", clock.now)
    first, other = await signed_in("li.min"), await signed_in("ma.li")
    await claimed(first, case)
    page = await page_of(other, case)
    assert "李敏</strong> 正在审核" in page.text and "领取审核" not in page.text
    page = await other.post(target(case, "claim"), other.csrf)
    assert page.status_code == 409 and "该办件正由李敏审核" in page.text
    fields = {**other.csrf, "decision": "approve", "request_key": "not-my-lock"}
    page = await other.post(target(case, "decision"), fields)
    assert page.status_code == 409 and "该办件正由李敏审核" in page.text
    assert await desk_city.fetchval("SELECT state FROM service_case") == "pending_preliminary"
    listed = await other.open("/backoffice/cases?locked=yes")
    assert "李敏" in listed.text


async def test_a_lock_expires_and_its_decision_with_it(signed_in, desk_city, clock) -> None:
    case = await city.apply("zhang", clock.now)
    first = await signed_in("li.min")
    page = await claimed(first, case)
    expires: object = await desk_city.fetchval("SELECT locked_until FROM service_case")
    while clock.now <= expires:
        clock.pass_(minutes=10)
        await first.open("/backoffice/catalogue")
    before = await rows_of(desk_city)
    page = await first.submit(page, target(case, "decision"), decision="approve")
    assert page.status_code == 409 and "请先领取该办件再审核" in page.text
    assert await rows_of(desk_city) == before
    await claimed(await signed_in("ma.li"), case)


async def test_a_supervisor_releases_a_lock_with_a_reason(signed_in, desk_city, clock) -> None:
    case = await city.apply("zhang", clock.now)
    await claimed(await signed_in("li.min"), case)
    supervisor, colleague = await signed_in("zhao.gang"), await signed_in("ma.li")
    page = await colleague.post(target(case, "release"), {**colleague.csrf, "reason": "我来办"})
    assert page.status_code == 409 and "只有领取人或主管可以释放" in page.text
    page = await page_of(supervisor, case)
    assert "释放他人的领取" in page.text
    page = await supervisor.submit(page, target(case, "release"), reason=" ")
    assert page.status_code == 422
    assert await desk_city.fetchval("SELECT locked_by FROM service_case") is not None
    page = await supervisor.submit(page, target(case, "release"), reason="李敏临时外出")
    assert "已释放该办件" in page.text
    assert await desk_city.fetchval("SELECT locked_by FROM service_case") is None
    kept = await desk_city.fetchval("SELECT detail FROM audit_event WHERE action = 'case.released'")
    assert "李敏临时外出" in kept


async def test_data_in_the_clear_needs_a_reason_and_is_audited(signed_in, desk_city, clock) -> None:
    case = await city.apply("zhang", clock.now)
    name, document_no, *_ = city.CITIZENS["zhang"]
    browser = await signed_in("li.min")
    page = await page_of(browser, case)
    assert name not in page.text and document_no not in page.text and "110105********1017" in page.text
    refused = await browser.submit(page, target(case, "reveal"), reason="看")
    assert refused.status_code == 422 and document_no not in refused.text
    assert '<span class="field-bad">查看完整信息须填写4至100个字的事由' in refused.text
    assert await desk_city.fetchval("SELECT count(*) FROM audit_event WHERE action = 'person.reveal'") == 0
    shown = await browser.submit(page, target(case, "reveal"), reason="核对住房登记信息")
    assert shown.status_code == 200 and name in shown.text and document_no in shown.text
    assert "reason" not in str(shown.url) and shown.headers["cache-control"] == "no-store"
    event = await desk_city.fetchrow("SELECT * FROM audit_event WHERE action = 'person.reveal'")
    assert event["subject"] == f"case:{case.case_no}" and "核对住房登记信息" in event["detail"]
    assert document_no not in (await page_of(browser, case)).text


async def test_finance_sees_the_case_but_no_data_in_the_clear(signed_in, desk_city, clock) -> None:
    case = await city.apply("zhang", clock.now)
    browser = await signed_in("sun.cai")
    page = await page_of(browser, case)
    assert page.status_code == 200 and "查看完整信息" not in page.text and "领取审核" not in page.text
    page = await browser.post(target(case, "reveal"), {**browser.csrf, "reason": "核对收款账户"})
    assert page.status_code == 403 and city.CITIZENS["zhang"][1] not in page.text
    assert await desk_city.fetchval("SELECT count(*) FROM audit_event WHERE action = 'page.refused'") == 1


async def test_a_case_of_another_office_does_not_exist(signed_in, clock) -> None:
    case = await city.apply("li", clock.now)
    browser = await signed_in("dong.cheng")
    elsewhere, nowhere = (
        await page_of(browser, case),
        await browser.open("/backoffice/cases/20261123C200000000000"),
    )
    assert elsewhere.status_code == nowhere.status_code == 404
    assert "没有找到该办件" in elsewhere.text and "没有找到该办件" in nowhere.text
    page = await browser.post(target(case, "claim"), browser.csrf)
    assert page.status_code == 404
    assert await database.value("SELECT locked_by FROM service_case") is None


async def test_getting_a_form_target_changes_nothing(signed_in, desk_city, clock) -> None:
    case = await city.apply("zhang", clock.now)
    browser = await signed_in("li.min")
    for action in ("claim", "release", "decision", "reveal"):
        assert (await browser.open(target(case, action))).status_code in (404, 405)
    assert await desk_city.fetchval("SELECT locked_by FROM service_case") is None


async def test_another_running_case_of_the_account_is_named_with_its_office(signed_in, desk_city, clock) -> None:
    case = await city.apply("zhang", clock.now)
    columns = ", ".join(
        row["column_name"]
        for row in await desk_city.fetch(
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_schema = 'public' AND table_name = 'service_case'"
            " AND column_name NOT IN ('case_id', 'case_no', 'item', 'item_code')"
        )
    )
    await desk_city.execute(
        f"INSERT INTO service_case (case_id, case_no, item, item_code, {columns})"
        f" SELECT case_id + 1, '20261123C240000000001', 'closure_withdrawal', 'C24', {columns} FROM service_case"
    )
    page = await page_of(await signed_in("li.min"), case)
    assert "同一账户的在途办件" in page.text and "20261123C240000000001" in page.text
    assert "东城管理部" in page.text and "账户即将销户、转出或合并，与提取不能同时办理" in page.text


@pytest.mark.requirement("R02.1")
async def test_the_holder_asks_an_agency_from_the_page(signed_in, desk_city, clock) -> None:
    case = await city.apply("zhang", clock.now)
    first = await signed_in("li.min")
    assert "核验对象" not in (await page_of(first, case)).text, "who has not claimed it cannot ask"
    page = await claimed(first, case)
    assert "核验对象" in page.text and "发票" not in page.text.split("ask_question")[1].split("</select>")[0]
    page = await first.submit(page, target(case, "ask"), about="applicant", question="property")
    assert "已取得核验结果" in page.text and "（申请人）<span" in page.text and "审核人员发起" in page.text
    before = await rows_of(desk_city)
    page = await first.submit(page, target(case, "ask"), about="spouse", question="property")
    assert page.status_code == 422 and "该办件没有此人的信息" in page.text
    assert await rows_of(desk_city) == before
