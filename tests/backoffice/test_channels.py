"""渠道运行: switches that hold, health that tells, messages that staff see to; one partner's trouble stays its own."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser as Chromium
from starlette.requests import Request
from starlette.responses import PlainTextResponse

from backoffice.services import SESSION_COOKIE
from channels import inbound
from channels.inbound import Door, Parsed
from channels.operation import operations
from channels.registered import CHANNELS, read_registry
from channels.traffic import Traffic
from domain import cases, catalogue
from domain.kernel import database
from domain.kernel.declared import DeclarationError
from ops import partners, reviews, traffic
from tests.actions.test_evaluation_channels import by_page, ended, reply
from tests.api.operations import APPLY, HOME
from tests.backoffice.funds_city import SignedIn, desks, said  # noqa: F401
from tests.backoffice.test_browser import chromium, fits  # noqa: F401
from tests.backoffice.test_exports import sheet_of
from tests.city import Enter, RunningHouse, staff_sign_in
from tests.factories import rent
from tests.factories.people import citizen, staff

PATH = "/backoffice/channels"


async def switch(running: RunningHouse, channel: str, item: str = "", *, on: bool = False) -> bool:
    return await cases.switch(
        actor=await staff("tang.yue"),
        channel=channel,
        item=item,
        on=on,
        reason="外部接口升级，暂停受理",
        now=running.clock(),
    )


async def test_an_item_that_is_off_takes_no_new_case_there_and_others_go_on(running: RunningHouse) -> None:
    standing = await rent.apply(running, "li_na")
    assert await switch(running, "jingtong_h5", "rent_withdrawal")
    assert not await switch(running, "jingtong_h5", "rent_withdrawal")
    assert await rent.refused(rent.apply(running, "zhang_wei")) == [("channel.switched_off", None)]
    assert (await rent.review(running, standing, "li.min")).state == "pending_final", "what is there goes on"
    assert await switch(running, "jingtong_h5", "rent_withdrawal", on=True)
    assert await switch(running, "kiosk")
    assert (await rent.apply(running, "zhang_wei")).state == "pending_preliminary"
    actions = await database.rows("SELECT action FROM audit_event WHERE action LIKE 'channel.%' ORDER BY at")
    assert [row["action"] for row in actions] == [
        "channel.switched_off",
        "channel.switched_on",
        "channel.switched_off",
    ]


async def test_traffic_of_graphql_is_counted_by_channel_and_a_switch_is_told_in_words(
    running: RunningHouse, citizen_client: Enter
) -> None:
    client = await citizen_client("zhang_wei")
    await traffic.flush(running.house)
    before = (await channels_of(running))["jingtong_h5"].calls
    await client.data(HOME)
    await switch(running, "jingtong_h5", "rent_withdrawal")
    given = {"requestKey": "switch-off-1", "frequency": "MONTHLY", "autoRenewal": False, "commitment": True}
    cards = (await client.data("{ accounts { cards { id } } }"))["accounts"][0]["cards"]
    answer = await client.data(APPLY, {"input": {**given, "cardId": cards[0]["id"]}})
    refused = answer["applyForRentWithdrawal"]
    assert [one["code"] for one in refused["userErrors"]] == ["channel.switched_off"] and refused["case"] is None
    assert "errors" in await client.run("{ reviewQueue(first: 1) { totalCount } }"), (
        "what is forbidden counts as failed"
    )
    await traffic.flush(running.house)
    seen = (await channels_of(running))["jingtong_h5"]
    assert (seen.calls - before, seen.failed) == (4, 1)
    assert (await channels_of(running))["app"].calls == 0, "its neighbours were not called"
    assert await database.value("SELECT count(*) FROM service_case") == 0


async def test_who_may_not_or_says_not_why_switches_nothing(running: RunningHouse) -> None:
    async def work(login: str, **given: Any) -> bool:
        asked = {"channel": "kiosk", "item": "", "on": False, "reason": "接口升级暂停", **given}
        return await cases.switch(actor=await staff(login), now=running.clock(), **asked)

    assert await rent.refused(work("li.min")) == [("access.not_permitted", None)]
    assert await rent.refused(work("tang.yue", reason="停")) == [("channel.reason_length", "reason")]
    assert await rent.refused(work("tang.yue", item="no_such")) == [("channel.item_unknown", "item")]


async def test_a_partner_that_is_off_is_left_alone_and_loses_nothing(running: RunningHouse) -> None:
    case = await ended(running)
    await running.settle()
    await switch(running, "evaluation")
    await switch(running, "sms_reply")
    await by_page(running, case)
    body = {"messageId": "MO-9", "mobile": "13900009999", "text": "5", "receivedAt": "2026-11-25 10:00:00"}
    assert await reply(running, body) == (200, "0")
    assert (await reviews.push_due(running.house), await partners.work_all(running.house)) == (0, 0)
    await switch(running, "evaluation", on=True)
    await switch(running, "sms_reply", on=True)
    assert (await reviews.push_due(running.house), await partners.work_all(running.house)) == (1, 1)


async def test_traffic_and_an_open_breaker_are_told_and_the_rest_go_on(running: RunningHouse) -> None:
    case = await ended(running)
    await running.settle()
    await by_page(running, case)
    await running.fault(simulator="evaluation", mode="error500")
    for _ in range(6):
        await reviews.push_due(running.house)
        running.clock.advance(minutes=6)
    await traffic.flush(running.house)
    seen = await channels_of(running)
    assert seen["evaluation"].health == "broken" and seen["evaluation"].failed >= 5
    assert seen["evaluation"].open_paths == ("/evaluation/push",)
    assert seen["registries"].health == "well" and seen["registries"].calls >= 1, "its neighbours are well"
    assert (await rent.apply(running, "li_na")).state == "pending_preliminary"
    running.forget_trouble()
    await traffic.flush(running.house)
    assert (await channels_of(running))["evaluation"].open_paths == ()


async def channels_of(running: RunningHouse) -> dict[str, Any]:
    seen = await operations(actor=await staff("tang.yue"), now=running.clock())
    return {one.channel.code: one for one in seen.channels}


async def test_a_flood_on_one_door_is_answered_later_and_keeps_no_other_waiting(running: RunningHouse) -> None:
    """Quota and bulkhead: what is over is not taken, and not lost, because the partner is told so."""
    entered = asyncio.Event()
    gone_on = asyncio.Event()

    async def read(request: Request) -> tuple[bytes, str]:
        entered.set()
        await gone_on.wait()
        return b"{}", "app"

    door = Door(channel="city_platform", clock=running.clock, traffic=Traffic(process="test"), at_once=1, quota=2)

    async def come(number: int) -> str:
        answer = await door.take(
            Request({"type": "http", "method": "POST", "headers": []}),
            read=read,
            parse=lambda content: Parsed(kind="apply", key=f"A{number}"),
            answer=lambda kept, parsed: PlainTextResponse(kept.state),
            busy=lambda: PlainTextResponse("later"),
        )
        return bytes(answer.body).decode()

    first = asyncio.create_task(come(1))
    await entered.wait()
    assert await come(2) == "later", "one at once"
    gone_on.set()
    assert await first == "received"
    assert [await come(3), await come(4)] == ["received", "later"], "two a minute"
    assert await database.value("SELECT count(*) FROM inbound_message") == 2


async def test_the_desk_sees_and_settles_what_is_in_quarantine(running: RunningHouse, desks: SignedIn) -> None:  # noqa: F811
    await inbound.quarantine(
        channel="sms_reply", kind="reply", content=b"<script>x</script>", fault="报文不是JSON", now=running.clock()
    )
    number = await database.value("SELECT message_id FROM inbound_message")
    browser = await desks("tang.yue")
    page = await browser.open(f"{PATH}/messages?state=quarantined")
    assert "报文不是JSON" in page.text and "上行短信" in page.text
    target = f"{PATH}/messages/{number}"
    assert (await browser.submit(page, target, do="show", reason="")).status_code == 422
    shown = await browser.submit(page, target, do="show", reason="核对异常来报")
    assert "&lt;script&gt;" in shown.text and "<script>x" not in shown.text
    assert "重新排入处理" in said(await browser.submit(page, target, do="replay", reason="对方已更正"))
    await partners.work_all(running.house)
    page = await browser.open(f"{PATH}/messages")
    sheet = sheet_of(await browser.submit(page, f"{PATH}/messages/export"))
    assert (sheet[1][0], sheet[1][5], sheet[1][9]) == ("上行短信", "待处理", "处理出错（JSONDecodeError）")
    assert await database.value("SELECT count(*) FROM audit_event WHERE action = 'inbound.read'") == 1
    clerk = await desks("li.min")
    assert (await clerk.open(PATH)).status_code == 403


@pytest.mark.browser
async def test_the_pages_fit(
    running: RunningHouse,
    desks: SignedIn,  # noqa: F811
    chromium: Chromium,  # noqa: F811
    tmp_path: Path,
) -> None:
    await rent.apply(running, "zhang_wei")
    await inbound.quarantine(channel="sms_reply", kind="reply", content=b"x", fault="报文不是JSON", now=running.clock())
    await traffic.flush(running.house)
    browser = await desks("tang.yue")
    page = await browser.open(PATH)
    done = await browser.submit(
        page, f"{PATH}/switch", channel="kiosk", item="rent_withdrawal", reason="终端系统升级维护", to="off"
    )
    assert "已停用" in said(done)
    wrong = await browser.submit(page, f"{PATH}/switch", channel="fax", reason="终端系统升级维护", to="off")
    assert wrong.status_code == 422
    signed = await staff_sign_in("tang.yue", now=running.clock())
    context = await chromium.new_context(base_url=running.base_url, java_script_enabled=False)
    await context.add_cookies([{"name": SESSION_COOKIE, "value": signed.cookie, "url": running.base_url}])
    window = await context.new_page()
    for name, path in (("channels", PATH), ("messages", f"{PATH}/messages")):
        await window.goto(path)
        await fits(window, tmp_path, name)


def test_every_channel_of_the_catalogue_and_every_partner_is_registered() -> None:
    assert set(catalogue.channels()) <= set(CHANNELS)
    assert set(partners.HANDLERS) <= set(CHANNELS)
    assert not CHANNELS["evaluation"].public, "what is our own assumption is said"


@pytest.mark.parametrize(
    "wrong",
    [{"name": "甲"}, {"name": "甲", "kind": "fax", "protocol": "x", "version": "1", "public": True}, {"speed": 1}],
    ids=str,
)
def test_a_malformed_registry_does_not_start(wrong: dict[str, Any]) -> None:
    with pytest.raises(DeclarationError):
        read_registry({"channels": {"a": wrong}})


async def test_the_citizen_reads_why(running: RunningHouse) -> None:
    await switch(running, "jingtong_h5", "rent_withdrawal")
    actor = await citizen("zhang_wei")
    assert actor.channel == "jingtong_h5"
    assert await rent.refused(rent.apply(running, "zhang_wei")) == [("channel.switched_off", None)]
