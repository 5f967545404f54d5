"""互动消息 at the desk: a conversation by the pages alone, without script, and how it looks."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Browser as Chromium

from backoffice.services import SESSION_COOKIE
from channels import conversations
from domain.kernel import database
from tests.backoffice.funds_city import SignedIn, desks, said  # noqa: F401
from tests.backoffice.test_browser import chromium, fits  # noqa: F401
from tests.channels.conversing import forgotten, heard, settle  # noqa: F401
from tests.channels.conversing import said as says
from tests.city import RunningHouse, staff_sign_in
from tests.factories.people import staff

pytestmark = pytest.mark.requirement("R06.5")

PATH = "/backoffice/messages"


async def test_a_conversation_by_the_pages(running: RunningHouse, desks: SignedIn) -> None:  # noqa: F811
    supervisor = await desks("tang.yue")
    words = await supervisor.open(f"{PATH}/words")
    kept = await supervisor.submit(words, f"{PATH}/words", do="add_reply", title="到账时间", reply="三个工作日内到账。")
    assert said(kept) == "已添加。" and "三个工作日内到账。" in kept.text
    await supervisor.submit(words, f"{PATH}/words", do="add_word", word="代办")
    await says(running, "人工")
    await says(running, "<script>alert(1)</script> 代 办靠谱吗🏠")
    clerk = await desks("he.jing")
    listed = await clerk.open(PATH)
    assert "待接入 <strong>1</strong>" in listed.text and "含敏感词" in listed.text
    number = await database.value("SELECT conversation_id FROM conversation")
    one = await clerk.open(f"{PATH}/{number}")
    assert "&lt;script&gt;alert(1)" in one.text and "<script>alert" not in one.text and "🏠" in one.text
    step = f"{PATH}/{number}/step"
    taken = await clerk.submit(one, step, do="take")
    assert said(taken) == "已接入，请尽快答复。"
    reply = await database.value("SELECT reply_id FROM quick_reply")
    chosen = await clerk.open(f"{PATH}/{number}?reply={reply}")
    assert "三个工作日内到账。</textarea>" in chosen.text
    wrong = await clerk.submit(chosen, step, do="answer", text="请找代办")
    assert wrong.status_code == 422 and "敏感词“代办”" in said(wrong) and "请找代办</textarea>" in wrong.text
    sent = await clerk.submit(chosen, step, do="answer", text="三个工作日内到账。")
    assert "已提交发送" in said(sent)
    await settle(running)
    assert (await heard(running))[-1] == "三个工作日内到账。" and "已发送" in (
        await clerk.open(f"{PATH}/{number}")
    ).text
    handed = await clerk.submit(sent, step, do="hand_over", login="nobody")
    assert "没有可以接待的工作人员" in said(handed)
    closed = await clerk.submit(handed, step, do="close", note="已解答")
    assert said(closed) == "会话已结束。" and "结束说明：已解答" in closed.text
    again = await clerk.post(step, {**clerk.csrf, "do": "take"})
    assert again.status_code == 409 and "该会话已结束" in said(again)


async def test_who_may_not_sees_nothing_and_wrong_numbers_are_not_found(
    running: RunningHouse,
    desks: SignedIn,  # noqa: F811
) -> None:
    assert (await (await desks("li.min")).open(PATH)).status_code == 403
    clerk = await desks("he.jing")
    for number in ("1", "x", "9" * 30, "%00"):
        assert (await clerk.open(f"{PATH}/{number}")).status_code == 404, number
    assert (await clerk.open(f"{PATH}?scope=nothing")).status_code == 422
    assert (await clerk.post(f"{PATH}/words", {**clerk.csrf, "do": "add_word", "word": "词"})).status_code == 403
    assert await database.value("SELECT count(*) FROM sensitive_word") == 0


async def test_the_menu_goes_to_the_platform_and_a_refusal_is_told(
    running: RunningHouse,
    desks: SignedIn,  # noqa: F811
) -> None:
    supervisor = await desks("tang.yue")
    page = await supervisor.open(f"{PATH}/words")
    await running.fault(simulator="wechat", operation="menu", mode="refuse", times=1, detail={"code": 48001})
    given = {**supervisor.csrf, "do": "menu", "channel": "wechat_messages"}
    assert "代码48001" in said(await supervisor.post(f"{PATH}/words", given))
    assert "菜单已发布" in said(await supervisor.post(f"{PATH}/words", given)) and "关联账户" in page.text


@pytest.mark.browser
async def test_how_the_pages_look(running: RunningHouse, chromium: Chromium, tmp_path: Path) -> None:  # noqa: F811
    actor, now = await staff("tang.yue"), running.clock()
    await conversations.add_reply(actor=actor, title="到账时间", reply="审核通过后三个工作日内到账。", now=now)
    await conversations.add_word(actor=actor, word="代办提取", now=now)
    await says(running, "人工")
    await says(running, "我的租房提取上周就审核通过了，什么时候能到账？👋🏻 申请编号我记不清了，只记得是上周三提交的。")
    await says(running, "听说有人可以代办提取，是真的吗")
    clerk = await staff("he.jing")
    number = await database.value("SELECT conversation_id FROM conversation")
    await conversations.take(actor=clerk, conversation_id=number, now=now)
    text = "您好，审核通过后三个工作日内到账，请留意短信。请勿相信任何代办。"
    await conversations.answer(
        actor=clerk, conversation_id=number, text=text, request_key="look-0001", now=running.clock()
    )
    await settle(running)
    signed = await staff_sign_in("he.jing", now=running.clock())
    context = await chromium.new_context(base_url=running.base_url)
    await context.add_cookies([{"name": SESSION_COOKIE, "value": signed.cookie, "url": running.base_url}])
    page = await context.new_page()
    for name, path in (("messages", f"{PATH}?scope=all"), ("message", f"{PATH}/{number}"), ("words", f"{PATH}/words")):
        await page.goto(path)
        await fits(page, tmp_path, name)
    await context.close()
