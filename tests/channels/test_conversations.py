"""互动消息 in the running house: what citizens say, what staff answer, what is sent and what is not."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import httpx
import pytest

from channels import conversations
from domain import cases
from domain.kernel import database
from domain.kernel.refusal import Refused
from tests.channels.conversing import (  # noqa: F401
    answer,
    forgotten,
    heard,
    refused,
    said,
    settle,
    take,
    the_conversation,
    view_of,
)
from tests.city import RunningHouse
from tests.factories.people import staff

pytestmark = pytest.mark.requirement("R06.5")


async def test_welcome_keywords_and_the_menu_are_answered_by_the_house(running: RunningHouse) -> None:
    before = len(await heard(running))
    await said(running, event="subscribe", key="qrscene_hall-0101")
    await said(running, " 热 线 ")
    await said(running, event="CLICK", key="rent")
    await said(running, event="CLICK", key="key-of-an-old-menu")
    await said(running, event="VIEW", key="/h5/")
    told = (await heard(running))[before:]
    assert [text[:6] for text in told] == ["欢迎关注北京", "服务热线12", "租房提取：进", "没有理解您的"]
    assert await database.value("SELECT scene FROM follower") == "hall-0101"
    assert await database.value("SELECT count(*) FROM conversation") == 0


async def test_a_conversation_from_the_first_word_to_the_last(running: RunningHouse) -> None:
    before = len(await heard(running))
    await said(running, "人工")
    await said(running, "我的提取什么时候到账👋🏻 <b>&amp;")
    view, lines = await view_of(running)
    assert (view.state, view.unread, view.person_masked) == ("waiting", 2, "")
    assert [line.text for line in lines] == ["人工", "我的提取什么时候到账👋🏻 <b>&amp;"]
    assert await refused(answer(running, "您好")) == ["conversation.not_yours"]
    await take(running)
    assert await refused(take(running, "zhao.gang")) == ["conversation.taken"]
    await answer(running, "审核通过后三个工作日内到账𠮷", key="answer-key-1")
    await answer(running, "审核通过后三个工作日内到账𠮷", key="answer-key-1")
    supervisor = await staff("zhao.gang")
    number = await the_conversation()
    assert await refused(
        conversations.hand_over(actor=supervisor, conversation_id=number, login="li.min", now=running.clock())
    ) == ["conversation.hand_over_to"], "who may not answer is handed nothing"
    await conversations.hand_over(actor=supervisor, conversation_id=number, login="zhao.gang", now=running.clock())
    assert await refused(answer(running, "再答复")) == ["conversation.not_yours"]
    await conversations.close(actor=supervisor, conversation_id=number, note="已解答", now=running.clock())
    await settle(running)
    assert await refused(answer(running, "再答复", login="zhao.gang")) == ["conversation.closed"]
    told = (await heard(running))[before:]
    assert [text[:5] for text in told[1:]] == ["审核通过后", "本次人工服"]
    view, lines = await view_of(running)
    assert (view.state, view.unread, [line.state for line in lines][2:]) == ("closed", 0, ["sent", "sent"])
    await said(running, "还有一个问题")
    assert await database.value("SELECT count(*) FROM conversation") == 1, (
        "who asks for nobody is answered by the house"
    )
    actions = await database.rows("SELECT action FROM audit_event WHERE action LIKE 'conversation.%' ORDER BY at")
    assert [row["action"] for row in actions if row["action"] != "conversation.read"] == [
        "conversation.taken", "conversation.answered", "conversation.handed_over", "conversation.closed",
    ]  # fmt: skip
    sealed = await database.value("SELECT text_cipher FROM conversation_line LIMIT 1")
    assert "人工".encode() not in sealed


async def test_two_who_take_it_at_once_are_one(running: RunningHouse) -> None:
    await said(running, "人工")
    outcomes = await asyncio.gather(take(running, "he.jing"), take(running, "zhao.gang"), return_exceptions=True)
    assert sum(isinstance(one, Refused) for one in outcomes) == 1


async def test_who_has_no_right_reads_and_answers_nothing(running: RunningHouse) -> None:
    await said(running, "人工")
    for login in ("li.min", "zhou.xitong"):
        assert await refused(view_of(running, login)) == ["access.not_permitted"]
        assert await refused(take(running, login)) == ["access.not_permitted"]
    clerk, now = await staff("he.jing"), running.clock()
    assert await refused(conversations.add_word(actor=clerk, word="骗子", now=now)) == ["access.not_permitted"]
    assert await refused(conversations.add_reply(actor=clerk, title="甲", reply="乙", now=now)) == [
        "access.not_permitted"
    ]
    assert (await view_of(running))[0].state == "waiting"


async def test_sensitive_words_flag_what_comes_and_stop_what_goes(running: RunningHouse) -> None:
    supervisor, now = await staff("tang.yue"), running.clock()
    await conversations.add_word(actor=supervisor, word=" 代办 提取 ", now=now)
    assert await refused(conversations.add_word(actor=supervisor, word="代办提取", now=now)) == [
        "conversation.word_known"
    ]
    assert await refused(conversations.add_word(actor=supervisor, word=" ", now=now)) == ["conversation.word_length"]
    await said(running, "人工")
    await said(running, "有人找我代 办提取，可信吗")
    view, lines = await view_of(running)
    assert view.flagged and [line.flagged for line in lines] == [False, True]
    await take(running)
    assert await refused(answer(running, "不要找人代 办 提取")) == ["conversation.sensitive"]
    assert await database.value("SELECT count(*) FROM conversation_line WHERE side = 'staff'") == 0
    await conversations.remove_word(actor=supervisor, word="代办提取", now=now)
    await answer(running, "不要找人代 办 提取")


@pytest.mark.parametrize("text", ["", "   ", "长" * 501])
async def test_an_answer_of_no_or_too_many_words_is_not_sent(running: RunningHouse, text: str) -> None:
    await said(running, "人工")
    await take(running)
    assert await refused(answer(running, text)) == ["conversation.answer_length"]
    assert await database.value("SELECT count(*) FROM conversation_line WHERE side = 'staff'") == 0


async def test_hours_of_staff_and_the_platforms_window(running: RunningHouse) -> None:
    while conversations.staffed_at(running.clock()):
        running.clock.advance(hours=1)
    before = len(await heard(running))
    await said(running, "人工")
    assert (await heard(running))[before].startswith("现在不是人工服务时间（工作日09:00至17:00）")
    await take(running)
    running.clock.advance(hours=49)
    assert await refused(answer(running, "让您久等")) == ["conversation.window_over"]
    while not conversations.staffed_at(running.clock()):
        running.clock.advance(hours=1)
    await said(running, "还在吗")
    await answer(running, "在的")
    assert (await heard(running))[-1] == "在的"


async def test_who_left_is_sent_nothing_more(running: RunningHouse) -> None:
    await said(running, "人工")
    await take(running)
    await running.fault(simulator="wechat", operation="custom", mode="refuse", detail={"code": -1})
    await answer(running, "稍等")
    await said(running, event="unsubscribe")
    states = await database.rows("SELECT state, code FROM outgoing_message ORDER BY created_at DESC LIMIT 1")
    assert [tuple(row) for row in states] == [("refused", "left")]
    assert await refused(answer(running, "您好")) == ["conversation.window_over"]


async def test_a_platform_that_is_down_gets_it_later_in_order_and_once(running: RunningHouse) -> None:
    await said(running, "人工")
    await take(running)
    before = len(await heard(running))
    await running.fault(simulator="wechat", operation="custom", mode="refuse", detail={"code": -1})
    for number in range(3):
        await answer(running, f"答复{number}")
    for _ in range(5):
        running.clock.advance(minutes=20)
        await settle(running)
    assert len(await heard(running)) == before
    async with httpx.AsyncClient(trust_env=False) as client:
        await client.delete(f"{running.simulators_url}/_sim/faults")
    running.clock.advance(minutes=20)
    await settle(running)
    assert (await heard(running))[before:] == ["答复0", "答复1", "答复2"]


async def test_without_a_clear_answer_it_is_shown_and_never_sent_twice(running: RunningHouse) -> None:
    await said(running, "人工")
    await take(running)
    before = len(await heard(running))
    await running.fault(simulator="wechat", operation="custom", mode="garbage", times=1, detail={"stage": "before"})
    await answer(running, "只说一遍")
    running.clock.advance(hours=1)
    await settle(running)
    _, lines = await view_of(running)
    assert (lines[-1].state_name, len(await heard(running)) - before) == ("结果不明", 0)
    await database.execute("UPDATE outgoing_message SET state = 'sending', ended_at = NULL, due_at = $1",
                           running.clock() - timedelta(seconds=1))  # fmt: skip
    await settle(running)
    assert (await view_of(running))[1][-1].code_name == "发送中断", "a process that died while it sent"
    assert len(await heard(running)) == before


async def test_off_means_kept_and_answered_when_it_is_on_again(running: RunningHouse) -> None:
    supervisor = await staff("tang.yue")

    async def switch(*, on: bool) -> None:
        await cases.switch(
            actor=supervisor, channel="wechat_messages", on=on, reason="平台接口升级", now=running.clock()
        )

    before = len(await heard(running))
    await switch(on=False)
    await said(running, event="subscribe")
    assert len(await heard(running)) == before
    await switch(on=True)
    await settle(running)
    assert len(await heard(running)) == before + 1
