"""The doors of the platforms: what is from them and readable becomes a line once, and nothing else harms."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import httpx
import pytest

from channels import inbound
from channels.alipay.life_simulator import LifePlatform
from channels.wechat.crypto import SafeMode, signature_of
from channels.wechat.platform_simulator import PublicPlatform, message_of
from domain.kernel import database
from ops import messages, partners
from tests.channels.conversing import (  # noqa: F401
    OPENID,
    USER,
    forgotten,
    heard,
    inbound_rows,
    said,
    settle,
    view_of,
)
from tests.city import RunningHouse
from tests.factories.people import staff

pytestmark = pytest.mark.requirement("R06.5")


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
