"""互动消息 in the running house: what citizens say at the doors, what staff answer, what is sent and what is not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from channels import conversations, inbound
from channels.alipay.life_simulator import LifePlatform
from channels.alipay.simulator import AlipaySimulator
from channels.conversations import ConversationView
from channels.wechat.crypto import SafeMode, signature_of
from channels.wechat.platform_simulator import PublicPlatform, message_of
from channels.wechat.simulator import WechatSimulator
from domain import cases
from domain.kernel import database
from domain.kernel.refusal import Refused
from ops import messages, partners
from ops.identities import simulated_alipay_key
from tests.city import RunningHouse
from tests.factories.people import staff
from tests.factories.rent import new_key

pytestmark = pytest.mark.requirement("R06.5")

OPENID, USER = "oX6Jk5conversation01", "2088000000000001"


@pytest.fixture
def phone(running: RunningHouse) -> PublicPlatform:
    """The public platform's side that talks to the house; what the house sends arrives at the house's own simulator."""
    settings = running.settings
    return PublicPlatform(
        app_id=settings.wechat_official_app,
        app_secret="",
        token=settings.wechat_message_token.get_secret_value(),
        safe_mode=SafeMode(settings.wechat_official_app, settings.wechat_message_key.get_secret_value()),
        logins=WechatSimulator(apps={}, clock=running.clock),
        url=running.base_url,
        clock=running.clock,
    )


@pytest.fixture
def alipay(running: RunningHouse) -> LifePlatform:
    key = simulated_alipay_key(running.settings)
    gateway = AlipaySimulator(
        app_id=running.settings.alipay_app, app_public_key=key.public_key(), private_key=key, clock=running.clock
    )
    return LifePlatform(gateway=gateway, url=running.base_url, clock=running.clock)


@pytest.fixture(autouse=True)
async def forgotten(running: RunningHouse) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        await client.delete(f"{running.simulators_url}/_sim/wechat/sent")
    for messenger in running.house.messengers.values():
        messenger.wire._breakers.clear()  # type: ignore[attr-defined]


async def said(running: RunningHouse, text: str = "", **given: Any) -> None:
    """The simulated platform says it to the house, which works on it and sends what follows."""
    async with httpx.AsyncClient(trust_env=False, timeout=10) as client:
        answer = await client.post(
            f"{running.simulators_url}/_sim/wechat/say", json={"openid": OPENID, "text": text, **given}
        )
    assert answer.json() == {"status": 200, "answer": "success"}
    await settle(running)


async def settle(running: RunningHouse) -> None:
    for _ in range(20):
        if not await partners.work_all(running.house) + await messages.send(running.house):
            return


async def heard(running: RunningHouse) -> list[str]:
    """What the account on the platform got, oldest first."""
    return [one["text"] for one in await running.simulated("wechat/sent") if one["kind"] == "text"]


async def the_conversation() -> int:
    number: int = await database.value("SELECT conversation_id FROM conversation ORDER BY opened_at DESC LIMIT 1")
    return number


async def view_of(running: RunningHouse, login: str = "he.jing") -> tuple[ConversationView, list[conversations.Line]]:
    return await conversations.conversation_of(
        actor=await staff(login), conversation_id=await the_conversation(), now=running.clock()
    )


async def refused(work: Awaitable[object]) -> list[str]:
    with pytest.raises(Refused) as found:
        await work
    return [one.code for one in found.value.refusals]


async def take(running: RunningHouse, login: str = "he.jing") -> None:
    await conversations.take(actor=await staff(login), conversation_id=await the_conversation(), now=running.clock())


async def answer(running: RunningHouse, text: str, *, login: str = "he.jing", key: str | None = None) -> None:
    await conversations.answer(
        actor=await staff(login), conversation_id=await the_conversation(), text=text, request_key=key or new_key(),
        now=running.clock(),
    )  # fmt: skip
    await settle(running)


async def inbound_rows() -> list[tuple[str, str, str | None]]:
    rows = await database.rows("SELECT kind, state, fault FROM inbound_message ORDER BY received_at, message_id")
    return [(row["kind"], row["state"], row["fault"]) for row in rows]


async def test_the_address_is_proved_and_a_wrong_token_is_not_answered(running: RunningHouse) -> None:
    stamp = str(int(running.clock().timestamp()))
    token = running.settings.wechat_message_token.get_secret_value()
    async with httpx.AsyncClient(base_url=running.base_url, trust_env=False) as client:
        asked = {"timestamp": stamp, "nonce": "n1", "echostr": "5837234"}
        right = await client.get("/wechat/messages", params={**asked, "signature": signature_of(token, stamp, "n1")})
        wrong = await client.get("/wechat/messages", params={**asked, "signature": signature_of("x", stamp, "n1")})
        stale = await client.get(
            "/wechat/messages",
            params={"timestamp": "1500000000", "nonce": "n", "echostr": "1",
                    "signature": signature_of(token, "1500000000", "n")},
        )  # fmt: skip
    assert (right.status_code, right.text) == (200, "5837234")
    assert (wrong.status_code, stale.status_code) == (401, 401) and "5837234" not in wrong.text


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


async def test_told_again_it_is_one_line_and_a_replay_has_no_effect(
    running: RunningHouse, phone: PublicPlatform
) -> None:
    await said(running, "人工")
    told = message_of(OPENID, "同一条消息", at=running.clock(), message_id="23456789012345678")
    same = [await phone.deliver(told, at=running.clock(), nonce=nonce) for nonce in ("7", "7", "8")]
    assert same == [(200, "success")] * 3
    event = message_of(OPENID, event="CLICK", key="rent", at=running.clock())
    for _ in range(2):
        await phone.deliver(event, at=running.clock())
    await settle(running)
    _, lines = await view_of(running)
    assert [line.text for line in lines] == ["人工", "同一条消息", "［转人工］"][:2]
    assert await database.value("SELECT max(told) FROM inbound_message") == 3
    other = message_of(OPENID, "同一编号的另一条", at=running.clock(), message_id="23456789012345678")
    assert (await phone.deliver(other, at=running.clock())) == (200, "success")
    await settle(running)
    assert len((await view_of(running))[1]) == 2
    assert (await inbound_rows())[-1][1] == "quarantined"


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><xml><Encrypt>&b;</Encrypt></xml>'
OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><xml><FromUserName>&a;</FromUserName></xml>'


async def test_what_is_not_from_the_platform_is_refused_and_leaves_nothing(
    running: RunningHouse, phone: PublicPlatform
) -> None:
    now, told = running.clock(), message_of(OPENID, "人工", at=running.clock())
    wrong_token = "f" * 40
    for outcome in (
        await phone.deliver(told, at=now, signature=wrong_token),
        await phone.deliver(told, at=now, msg_signature=wrong_token),
        await phone.deliver(told, at=now - timedelta(minutes=6)),
        await phone.deliver(told, at=now + timedelta(minutes=6)),
        await phone.deliver(message_of(OPENID, "长" * 40_000, at=now), at=now),
    ):
        assert outcome[0] == 401, outcome
    assert await inbound_rows() == []


async def test_what_cannot_be_read_is_kept_for_people_and_acknowledged(
    running: RunningHouse, phone: PublicPlatform
) -> None:
    now = running.clock()
    other_key = SafeMode(phone.app_id, "Z" * 43)
    other_app = SafeMode("wx-somebody-else", running.settings.wechat_message_key.get_secret_value())
    sent = [
        await phone.deliver("<xml/>", at=now, safe_mode=other_key),
        await phone.deliver(message_of(OPENID, "人工", at=now), at=now, safe_mode=other_app),
        await phone.deliver(OUTSIDE, at=now),
        await phone.deliver(BOMB, at=now),
        await phone.deliver("不是XML", at=now),
        await phone.deliver("<xml><FromUserName>x y</FromUserName></xml>", at=now),
        await phone.deliver(message_of(OPENID, "字" * 5_000, at=now), at=now),
    ]
    assert sent == [(200, "success")] * 7
    assert {state for _, state, _ in await inbound_rows()} == {"quarantined"}
    assert [fault for _, _, fault in await inbound_rows()] == [
        (await inbound_rows())[0][2],
        "解密后的应用编号不是本公众号",
        "报文含有不允许的XML实体或DTD",
        "报文含有不允许的XML实体或DTD",
        "报文不是XML",
        "字段FromUserName缺失或格式不符",
        "字段Content过长",
    ]
    await settle(running)
    assert await database.value("SELECT count(*) FROM follower") == 0


async def test_unknown_events_and_other_kinds_harm_nothing(running: RunningHouse, phone: PublicPlatform) -> None:
    await said(running, event="VIEW", key="/h5/")
    now = running.clock()
    await phone.deliver(message_of(OPENID, event="TEMPLATESENDJOBFINISH", key="1", at=now), at=now)
    image = message_of(OPENID, "x", at=now).replace("<MsgType>text</MsgType>", "<MsgType>image</MsgType>")
    await phone.deliver(image, at=now)
    before = len(await heard(running))
    await settle(running)
    assert {state for _, state, _ in await inbound_rows()} == {"done"}
    assert [text[:8] for text in (await heard(running))[before:]] == ["暂时只能处理文字"]
    await said(running, "人工")
    await phone.deliver(image.replace("<MsgId>", "<MsgId>9"), at=now)
    await settle(running)
    assert (await view_of(running))[1][-1].text == "［图片］"


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


async def test_the_life_account_speaks_its_own_protocol(running: RunningHouse, alipay: LifePlatform) -> None:
    status, proof = await alipay.verify()
    assert status == 200 and "<success>true</success>" in proof and "<sign_type>RSA2</sign_type>" in proof
    assert (await alipay.say(USER, "人工"))[1].count("<MsgType><![CDATA[ack]]></MsgType>") == 1
    assert (await alipay.deliver("<XML><MsgType>text</MsgType></XML>", sign="bm8="))[0] == 401
    gbk = (
        f"<?xml version='1.0' encoding='gbk'?><XML><FromUserId>{USER}</FromUserId><CreateTime>1</CreateTime>"
        "<MsgType>text</MsgType><Text><Content>生活号您好</Content></Text><MsgId>gbk-1</MsgId></XML>"
    )
    assert (await alipay.deliver(gbk, charset="GBK"))[0] == 200
    assert (await alipay.deliver(OUTSIDE.replace("xml", "XML")))[0] == 200
    foreign = "<XML><AppId>2021999999999999</AppId><FromUserId>2088000000000001</FromUserId></XML>"
    assert (await alipay.deliver(foreign))[0] == 200
    await settle(running)
    view, lines = await view_of(running)
    assert (view.channel, [line.text for line in lines]) == ("alipay_messages", ["人工", "生活号您好"])
    faults = [fault for _, state, fault in await inbound_rows() if state == "quarantined"]
    assert faults == ["报文含有不允许的XML实体或DTD", "报文的应用编号不是本生活号"]


async def test_a_flood_after_an_outage_is_taken_within_the_quota_and_worked_on_once(
    running: RunningHouse, phone: PublicPlatform
) -> None:
    now = running.clock()
    sent = [message_of(f"oFlood{n % 5:012d}", "热线", at=now, message_id=str(10**6 + n)) for n in range(40)]
    answers = await asyncio.gather(*(phone.deliver(one, at=now) for one in [*sent, *sent]))
    assert set(answers) == {(200, "success")}
    for _ in range(30):
        if not await partners.work_all(running.house):
            break
    assert await database.value("SELECT count(*) FROM inbound_message WHERE state = 'done'") == 40
    assert await database.value("SELECT count(*) FROM outgoing_message") == 40


async def test_staff_replay_what_was_quarantined_by_a_mistake_of_ours(
    running: RunningHouse, phone: PublicPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(messages.HANDLERS["wechat_messages"], "text", _fails)
    await phone.say(OPENID, "人工")
    for _ in range(9):
        await settle(running)
        running.clock.advance(minutes=10)
    number, state = tuple(await database.row("SELECT message_id, state FROM inbound_message") or ())
    assert state == "quarantined"
    monkeypatch.undo()
    await inbound.replay(
        actor=await staff("tang.yue"), message_id=number, reason="程序已修复，重新处理", now=running.clock()
    )
    await settle(running)
    assert (await view_of(running))[0].state == "waiting"


async def _fails(house: object, message: object, now: object) -> str:
    raise RuntimeError("a bug")
