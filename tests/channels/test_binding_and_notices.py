"""Binding an account by the link of a message, notices that the person accepted, and messages in the app."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import unquote

import httpx
import pytest

from channels import conversations
from channels.conversations.notices import FILE, read_notices
from domain.kernel import database
from domain.kernel.declared import DeclarationError, read
from tests.actions.test_cancel_and_evaluate import cancel
from tests.channels.conversing import (  # noqa: F401
    OPENID,
    answer,
    forgotten,
    heard,
    said,
    settle,
    take,
    the_conversation,
    view_of,
)
from tests.city import ApiClient, Enter, RunningHouse
from tests.factories import rent
from tests.factories.people import citizen, staff

pytestmark = pytest.mark.requirement("R06.5")

TEMPLATE = "TEMPLATE-CASE-PROGRESS"


@pytest.fixture
async def browser(running: RunningHouse) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=running.base_url, trust_env=False, timeout=10) as client:
        yield client


async def link_of(running: RunningHouse) -> str:
    await said(running, "绑定")
    found = re.search(r"https?://\S+", (await heard(running))[-1])
    assert found is not None
    return found[0]


async def opened(running: RunningHouse, browser: httpx.AsyncClient, link: str, *, me: str = OPENID) -> tuple[str, str]:
    """The phone of `me` opens the link and comes back: ticket and code as the page gets them."""
    async with httpx.AsyncClient(trust_env=False) as control:
        await control.post(f"{running.simulators_url}/_sim/wechat/me", json={"openid": me})
    away = await browser.get(link)
    assert away.status_code == 303 and "connect/oauth2/authorize" in away.headers["location"]
    home = await browser.get(away.headers["location"])
    back = await browser.get(home.headers["location"])
    assert back.status_code == 303, back.text
    ticket, code = back.headers["location"].removeprefix("/h5/#/bind/").split("/")
    return unquote(ticket), unquote(code)


async def bind(browser: httpx.AsyncClient, client: ApiClient | None, ticket: str, code: str) -> tuple[int, str]:
    headers = {"Authorization": f"Bearer {client.token}"} if client else {}
    answer = await browser.post("/auth/bind", json={"ticket": ticket, "code": code}, headers=headers)
    return answer.status_code, answer.json()["error"]["code"] if answer.content else ""


async def links() -> list[str]:
    rows = await database.rows("SELECT subject FROM identity_link WHERE provider = 'wechat_official'")
    return [row["subject"] for row in rows]


async def test_the_account_that_asked_is_tied_to_who_logs_in_and_once(
    running: RunningHouse, browser: httpx.AsyncClient, citizen_client: Enter
) -> None:
    zhang = await citizen_client("zhang_wei")
    ticket, code = await opened(running, browser, await link_of(running))
    assert await bind(browser, None, ticket, code) == (401, "token_missing")
    assert await bind(browser, zhang, ticket, code) == (204, "")
    await settle(running)
    assert await links() == [OPENID] and "关联成功" in (await heard(running))[-1]
    assert await bind(browser, zhang, ticket, code) == (403, "conversation.binding_over")
    await said(running, "人工")
    assert (await view_of(running))[0].person_masked == (await citizen("zhang_wei")).name


async def test_a_link_that_was_passed_on_ties_nobody(
    running: RunningHouse, browser: httpx.AsyncClient, citizen_client: Enter
) -> None:
    """Who sends a victim the link cannot tie the own account to the victim, nor the other way round."""
    victim = await citizen_client("li_na")
    ticket, code = await opened(running, browser, await link_of(running), me="oVictim000000000001")
    assert await bind(browser, victim, ticket, code) == (403, "login.identity_unexpected")
    assert await links() == []
    again = await bind(browser, victim, ticket, code)
    assert again == (403, "conversation.binding_over"), "the attempt used the link up"


async def test_another_browser_cannot_go_on_with_it(
    running: RunningHouse, browser: httpx.AsyncClient, citizen_client: Enter
) -> None:
    zhang = await citizen_client("zhang_wei")
    link = await link_of(running)
    ticket, code = await opened(running, browser, link)
    async with httpx.AsyncClient(base_url=running.base_url, trust_env=False) as other:
        assert (await other.get(link)).status_code == 400
        assert (await other.get("/auth/bind/back", params={"state": ticket, "code": code})).status_code == 400
        assert await bind(other, zhang, ticket, code) == (403, "conversation.binding_over")
    assert await links() == []
    running.clock.advance(minutes=16)
    assert (await bind(browser, await citizen_client("zhang_wei"), ticket, code))[1] == "conversation.binding_over"
    assert (await browser.get("/auth/bind/no-such-ticket")).status_code == 400


async def test_links_are_not_given_without_end(running: RunningHouse) -> None:
    for _ in range(11):
        await said(running, "绑定")
    assert await database.value("SELECT count(*) FROM binding_ticket") == 10
    outcomes = await database.rows("SELECT outcome FROM inbound_message ORDER BY received_at DESC LIMIT 1")
    assert outcomes[0]["outcome"] == "关联链接申请过多，未再发放"


async def tied(running: RunningHouse, key: str = "zhang_wei") -> None:
    person = (await citizen(key)).person_id
    await database.execute(
        "INSERT INTO identity_link (provider, subject, person_id, linked_at, last_used_at, confirmed_at)"
        " VALUES ('wechat_official', $1, $2, $3, $3, $3)",
        OPENID,
        person,
        running.clock(),
    )


async def notices(running: RunningHouse) -> list[dict[str, Any]]:
    return [one for one in await running.simulated("wechat/sent") if one["kind"] == "notice"]


async def test_an_acceptance_is_good_for_one_notice_instead_of_the_sms(running: RunningHouse) -> None:
    await tied(running)
    before = len(await notices(running))
    await said(running, accept=[TEMPLATE])
    case = await rent.apply(running, "zhang_wei")
    await running.settle()
    told = (await notices(running))[before:]
    assert [one["template"] for one in told] == [TEMPLATE]
    assert told[0]["values"]["phrase2"] == "已受理" and told[0]["values"]["thing1"] == "无房租房提取"
    await cancel(running, case)
    await running.settle()
    assert len(await notices(running)) == before + 1, "the second was not accepted"
    texts = await database.rows("SELECT template FROM sms_message")
    assert [row["template"] for row in texts] == ["withdrawal.cancelled"], "who was told needs no SMS, who was not does"


async def test_who_did_not_accept_or_took_it_back_gets_none(running: RunningHouse) -> None:
    await tied(running)
    await rent.apply(running, "zhang_wei")
    await rent.apply(running, "li_na")
    await said(running, accept=[TEMPLATE, TEMPLATE])
    await running.fault(simulator="wechat", operation="subscribe", mode="refuse", times=1, detail={"code": 43101})
    before = len(await notices(running))
    await running.settle()
    assert len(await notices(running)) == before
    assert await database.value("SELECT remaining FROM notice_permission") == 0, "what the platform refuses is over"
    texts = await database.rows("SELECT template FROM sms_message")
    assert [row["template"] for row in texts] == ["withdrawal.submitted"] * 2, "each is told by SMS then"


async def test_who_leaves_before_the_notice_is_told_by_sms(running: RunningHouse) -> None:
    await tied(running)
    await said(running, accept=[TEMPLATE])
    await running.fault(simulator="wechat", operation="subscribe", mode="refuse", times=1, detail={"code": -1})
    await rent.apply(running, "zhang_wei")
    await running.settle()
    await said(running, event="unsubscribe")
    running.clock.advance(minutes=1)
    await running.settle()
    texts = await database.rows("SELECT template FROM sms_message")
    assert [row["template"] for row in texts] == ["withdrawal.submitted"]


def test_a_notice_of_no_known_kind_does_not_start() -> None:
    declared = read(FILE)["case_progress"]
    wrong = {
        **declared,
        "page": "x",
        "fields": {"colour1": "name"},
        "events": {"a.b": "太长的状态名"},
        "instead_of_sms": ["c.d"],
    }
    with pytest.raises(DeclarationError) as problems:
        read_notices({"one": wrong})
    assert len(problems.value.problems) == 4


SEND = """
mutation Send($input: SendMessageInput!) { sendMessage(input: $input) {
  conversation { state stateName messages { side sideName text } } userErrors { code field message } } }
"""
READ = "{ conversation { state staffAnswersNow messages { at side text } } }"


async def test_messages_in_the_app_by_graphql(running: RunningHouse, citizen_client: Enter) -> None:
    zhang, li = await citizen_client("zhang_wei"), await citizen_client("li_na")
    assert (await zhang.data(READ))["conversation"] is None
    given = {"input": {"requestKey": "message-0001", "text": " 我的提取到哪一步了🏠 "}}
    said_once, said_twice = await asyncio.gather(zhang.data(SEND, given), zhang.data(SEND, given))
    assert said_once == said_twice
    messages = said_once["sendMessage"]["conversation"]["messages"]
    assert [(one["side"], one["text"][:4]) for one in messages][1:] == [("citizen", "我的提取")]
    view, _ = await view_of(running)
    assert (view.channel, view.person_masked, view.unread) == ("app", (await citizen("zhang_wei")).name, 1)
    await take(running)
    await answer(running, "正在复审，请耐心等待。")
    seen = (await zhang.data(READ))["conversation"]
    assert seen["messages"][-1]["text"] == "正在复审，请耐心等待。" and seen["state"] == "held"
    assert (await li.data(READ))["conversation"] is None, "nobody reads another's"
    assert await database.value("SELECT count(*) FROM outgoing_message") == 0
    await conversations.close(
        actor=await staff("he.jing"), conversation_id=await the_conversation(), note="", now=running.clock()
    )
    assert (await zhang.data(READ))["conversation"]["messages"][-1]["text"].startswith("本次人工服务已结束")


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"text": "  ", "requestKey": "message-0001"}, "conversation.text_length"),
        ({"text": "长" * 501, "requestKey": "message-0001"}, "conversation.text_length"),
        ({"text": "您好", "requestKey": "短"}, "request.key_malformed"),
    ],
)
async def test_what_is_no_message_is_refused_and_leaves_nothing(
    running: RunningHouse, citizen_client: Enter, given: dict[str, str], code: str
) -> None:
    refused = (await (await citizen_client("zhang_wei")).data(SEND, {"input": given}))["sendMessage"]
    assert ([one["code"] for one in refused["userErrors"]], refused["conversation"]) == ([code], None)
    assert await database.value("SELECT count(*) FROM follower") == 0
