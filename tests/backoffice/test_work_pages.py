"""The desk's work by department, payments reviewed many at a time, deputies, and signatures on the case page."""

from __future__ import annotations

import pytest

from domain.kernel import database
from tests.backoffice import city
from tests.backoffice.test_review import claimed, decided, page_of, target
from tests.backoffice.test_risk_pages import PERSON, agreed, proposed

pytestmark = pytest.mark.requirement("D10")
PATH = "/backoffice/work"


async def test_a_watched_persons_case_from_the_list_to_the_payment(signed_in, desk_city, clock) -> None:
    first, second, third = await signed_in("li.min"), await signed_in("wang.fang"), await signed_in("sun.cai")
    assert (await proposed(first, list="key_review.reported")).status_code == 200, PERSON
    await agreed(second)
    case = await city.apply("zhang", clock.now)
    page = await decided(first, case, decision="approve", override_reason="已从严核对材料")
    assert "待复审" in page.text
    page = await claimed(second, case)
    assert "2席中须2席通过" in page.text and "还须1席签署通过" in page.text and "重点审核会签" in page.text
    page = await second.submit(page, target(case, "decision"), decision="approve")
    assert "已签署意见，等待其他席位签署" in page.text and "待签署" in page.text
    await desk_city.execute("UPDATE staff SET roles = '{supervisor}' WHERE login = 'zhao.gang'")
    supervisor = await signed_in("zhao.gang")
    page = await supervisor.open(PATH)
    assert "东城管理部" in page.text and "您可签署 <strong>1</strong> 件" in page.text
    page = await decided(supervisor, case, decision="approve")
    assert "待付款复核" in page.text
    page = await third.open(f"{PATH}/payments")
    assert case.case_no in page.text and "待付款复核 <strong>1</strong> 件" in page.text
    assert "核验通过 2 项" in page.text and "李敏说明：已从严核对材料" in page.text
    await desk_city.execute(
        "UPDATE case_check SET outcome = 'unanswered', summary = '未答复', override_reason = '已核对原件'"
        " WHERE kind = 'property'"
    )
    page = await third.open(f"{PATH}/payments")
    assert "核验未全部通过" in page.text and "未答复（放行原因：已核对原件）" in page.text
    none = await third.submit(page, f"{PATH}/payments", decision="approve")
    assert none.status_code == 422 and "请选择1至30件业务" in none.text
    page = await third.submit(page, f"{PATH}/payments", decision="approve", **{f"case_{case.case_no}": "yes"})
    assert "办成 <strong>1</strong> 件" in page.text and "目前没有等待付款复核的业务" in page.text
    assert await desk_city.fetchval("SELECT count(*) FROM payment") == 1


async def test_returned_for_correction_and_taken_back_on_the_case_page(signed_in, desk_city, clock) -> None:
    case = await city.apply("zhang", clock.now)
    first = await signed_in("li.min")
    page = await decided(first, case, decision="approve")
    assert "撤回审核意见" in page.text
    page = await first.submit(page, target(case, "take-back"), reason="看错材料")
    assert "已撤回审核意见" in page.text
    page = await decided(first, case, decision="correct", reason_code="materials_insufficient", note="请说明租住情况")
    assert "已退回申请人补正" in page.text and "请说明租住情况" in page.text and "尚未补正" in page.text
    wrong = await first.post(target(case, "take-back"), {**first.csrf, "what": "burn"})
    assert wrong.status_code == 400
    assert await desk_city.fetchval("SELECT state FROM service_case") == "pending_correction"


async def test_a_supervisor_appoints_a_deputy_and_others_only_read(signed_in, desk_city, clock) -> None:
    browser = await signed_in("zhao.gang")
    page = await browser.open(f"{PATH}/deputies")
    day = clock.now.date().isoformat()
    given = {"absent": "li.min", "deputy": "wang.fang", "from_on": day, "until_on": day, "reason": "出差"}
    bad = await browser.submit(page, f"{PATH}/deputies", **{**given, "until_on": "明天"})
    assert bad.status_code == 422 and await desk_city.fetchval("SELECT count(*) FROM review_deputy") == 0
    page = await browser.submit(page, f"{PATH}/deputies", **given)
    assert "已指定代理人" in page.text and "代理中" in page.text
    reader = await signed_in("wang.fang")
    page = await reader.open(f"{PATH}/deputies")
    assert "李敏" in page.text and "指定代理人" not in page.text
    assert (await reader.post(f"{PATH}/deputies", {**reader.csrf, **given})).status_code == 403
    case = await city.apply("zhang", clock.now)
    page = await page_of(reader, case)
    assert "领取审核" in page.text, "the deputy may take what the absent reviewer could"
    page = await browser.submit(await browser.open(f"{PATH}/deputies"), f"{PATH}/deputies/end")
    assert "代理已结束" in page.text
    assert await database.value("SELECT ended_at FROM review_deputy") is not None


async def test_who_signs_nothing_has_no_work_here(signed_in) -> None:
    browser = await signed_in("zhou.xitong")
    for path in (PATH, f"{PATH}/payments", f"{PATH}/deputies"):
        assert (await browser.open(path)).status_code == 403
