"""业务参数 on the page: every parameter for all staff, new values by two persons, a case judged alike afterwards."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date

import asyncpg
import pytest
import pytest_asyncio

from backoffice.pages import policy as page_of_policy
from domain import policy
from domain.kernel import vault
from domain.kernel.money import Money
from domain.withdrawals.kinds import kind_of
from domain.withdrawals.rules import judge, read_back
from tests.backoffice import city
from tests.backoffice.conftest import Browser
from tests.factories.snapshot import nothing_changed

pytestmark = pytest.mark.requirement("N6")

Enter = Callable[[str], Awaitable[Browser]]
PATH, LIMIT = "/backoffice/policy", "withdrawal.rent_no_home.monthly_limit"
ONE = f"{PATH}/{LIMIT}"
SOUND = {
    "value": "2500.00",
    "valid_from": "2027-01-01",
    "source": "京房公积金发〔2026〕9号",
    "reason": "管委会决议调整限额",
}


@pytest_asyncio.fixture(autouse=True)
async def as_declared(desk_city: asyncpg.Connection) -> AsyncIterator[None]:
    yield
    policy.install(())


async def agreed(browser: Browser, owner: asyncpg.Connection) -> str:
    approval = await owner.fetchval("SELECT approval_id FROM approval WHERE state = 'waiting'")
    page = await browser.open(f"/backoffice/approvals/{approval}")
    return (await browser.submit(page, "/backoffice/approvals/decide", decision="agree")).text


def test_every_area_has_a_name() -> None:
    assert {page_of_policy.area_of(one) for one in policy.parameters().values()} == set(page_of_policy.AREAS)


async def test_all_staff_see_every_parameter_and_what_it_rests_on(signed_in: Enter) -> None:
    browser = await signed_in("li.min")
    page = await browser.open(PATH)
    assert f"共 <strong>{len(policy.parameters())}</strong> 个参数" in page.text and "2000.00元" in page.text
    page = await browser.open(f"{PATH}?area=contribution&words=上限")
    assert "contribution.base_ceiling" in page.text and LIMIT not in page.text
    assert "没有符合条件的参数" in (await browser.open(f"{PATH}?state=none&area=interest")).text
    page = await browser.open(ONE)
    assert "1500.00元" in page.text and "已结束" in page.text and "执行中" in page.text and "随系统版本" in page.text
    assert "提出新值" not in page.text
    exported = await browser.post(f"{PATH}/export?words=monthly_limit", browser.csrf)
    assert exported.text.count(LIMIT) == 2 and "合计,2个值" in exported.text


@pytest.mark.parametrize("query", ["area=nothing", "state=burning", "words=%00", f"words={'长' * 81}"])
async def test_wrong_filters_are_explained(signed_in: Enter, query: str) -> None:
    browser = await signed_in("li.min")
    assert (await browser.open(f"{PATH}?{query}")).status_code == 422
    assert (await browser.post(f"{PATH}/export?{query}", browser.csrf)).status_code != 200


async def test_a_value_is_proposed_here_and_agreed_to_at_the_review(
    signed_in: Enter, desk_city: asyncpg.Connection
) -> None:
    admin, supervisor = await signed_in("zhou.xitong"), await signed_in("zhao.gang")
    page = await admin.open(ONE)
    async with nothing_changed():
        for name, wrong, said in (
            ("value", "2,500", "应为0.00至100000.00元的金额"),
            ("valid_from", "2026-11-23", "已经生效的参数不能改写"),
            ("valid_from", "", "生效日期应在2026-11-24至"),
            ("valid_from", "23.11.2027", "日期应写作"),
            ("source", "无", "依据文号"),
            ("reason", "短", "请填写4至500个字的理由"),
        ):
            answer = await admin.submit(page, f"{ONE}/propose", **{**SOUND, name: wrong})
            assert answer.status_code == 422 and said in answer.text, name
    said = await admin.submit(page, f"{ONE}/propose", **SOUND)
    assert "等待业务主管复核" in said.text and "由2000.00元改为2500.00元" in said.text
    twice = await admin.submit(page, f"{ONE}/propose", **SOUND)
    assert twice.status_code == 422 and "已有待复核的申请" in twice.text
    assert "待复核的变更（1）" in (await supervisor.open(PATH)).text
    assert "申请的操作已经执行" in await agreed(supervisor, desk_city)
    page = await admin.open(ONE)
    assert "周系统申请，赵刚同意" in page.text and "待生效" in page.text
    assert "<strong>1</strong>" in (await admin.open(f"{PATH}?state=coming&words={LIMIT}")).text

    value_id = str(await desk_city.fetchval("SELECT value_id FROM policy_value"))
    async with nothing_changed():
        for wrong in ({"value_id": value_id, "reason": "短"}, {"value_id": "x", "reason": "文号有误须撤回"}):
            assert (await admin.post(f"{ONE}/withdraw", {**admin.csrf, **wrong})).status_code == 422
    await admin.post(f"{ONE}/withdraw", {**admin.csrf, "value_id": value_id, "reason": "文号有误须撤回"})
    await agreed(supervisor, desk_city)
    page = await admin.open(ONE)
    assert "生效前撤回的值" in page.text and "待生效" not in page.text


@pytest.mark.parametrize("login", ["li.min", "zhao.gang", "wu.anquan"])
async def test_only_the_system_administrator_proposes(signed_in: Enter, login: str) -> None:
    browser = await signed_in(login)
    async with nothing_changed():
        for act in ("propose", "withdraw"):
            assert (await browser.post(f"{ONE}/{act}", {**browser.csrf, **SOUND})).status_code == 403
    assert (await browser.open(f"{PATH}/no.such")).status_code == 404


async def test_a_case_of_today_is_judged_alike_after_the_value_has_changed(
    signed_in: Enter, desk_city: asyncpg.Connection, clock: city.Clock
) -> None:
    case = await city.apply("zhang", clock.now)
    admin, supervisor = await signed_in("zhou.xitong"), await signed_in("zhao.gang")
    await admin.post(f"{ONE}/propose", {**admin.csrf, **SOUND, "value": "100.00", "valid_from": "2026-11-24"})
    await agreed(supervisor, desk_city)
    assert policy.on(date(2026, 11, 24)).money(LIMIT) == Money.yuan(100)
    clock.pass_(days=1)
    sealed = await desk_city.fetchval("SELECT facts_cipher FROM withdrawal_facts WHERE case_id = $1", case.case_id)
    facts, declared = read_back(json.loads(vault.current().decrypt(sealed)))
    day = case.business_date
    again = judge(
        kind=kind_of("rent_no_home"), facts=facts, application=declared, policy=policy.on(day), business_date=day
    )
    assert (again.amount, again.explanation) == (case.amount, case.explanation)
    tomorrow = await city.apply("li", clock.now)
    assert tomorrow.amount < case.amount and tomorrow.policy_snapshot[LIMIT]["value"] == "100.00"
