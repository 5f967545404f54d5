"""Our accounts on WeChat and Alipay: one contract for sending, and what each has of its own; the message crypto is held
against an independent library."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from starlette.applications import Starlette
from wechatpy.crypto import WeChatCrypto
from wechatpy.exceptions import InvalidAppIdException, InvalidSignatureException

from channels.alipay import AlipaySettings
from channels.alipay.life_simulator import LifePlatform
from channels.alipay.service import LifeAccount
from channels.alipay.simulator import AlipaySimulator
from channels.conversations import ANSWERS, Entry, Messenger, Notice, Sent, read_answers
from channels.conversations.answers import FILE
from channels.wechat.crypto import SafeMode, Undecryptable, signature_of
from channels.wechat.platform_simulator import PublicPlatform
from channels.wechat.service import OfficialAccount, OfficialAccountSettings
from channels.wechat.simulator import WechatSimulator
from domain.kernel.declared import DeclarationError, read
from tests.contracts.identity_world import Clock
from tests.loopback import serve, unused_url

pytestmark = pytest.mark.requirement("R06.5")

TOKEN, KEY, APP = "token", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", "wx0123456789abcdef"
APP_KEY, PLATFORM_KEY = generate_private_key(65537, 2048), generate_private_key(65537, 2048)
OPENID = "oX6Jk5demo0000000001"
SAFE = SafeMode(APP, KEY)
EMOJI = "您好👋🏻，𠮷祥🏠 <&> ]]>"


@dataclass(kw_only=True)
class World:
    messenger: Messenger
    simulator: Any
    operation: str
    clock: Clock = field(default_factory=Clock)
    again: dict[str, Any] = field(default_factory=dict)
    """What the platform answers when it is busy."""

    async def say(self, text: str = "您好", *, subject: str = OPENID) -> Sent:
        return await self.messenger.send_text(subject=subject, text=text, now=self.clock.now)


def official(clock: Clock) -> tuple[PublicPlatform, Any, str, dict[str, Any]]:
    platform = PublicPlatform(
        app_id=APP, app_secret="s", token=TOKEN, safe_mode=SAFE, url="http://127.0.0.1:9", clock=clock,
        logins=WechatSimulator(apps={}, clock=clock),
    )  # fmt: skip

    def at(url: str) -> OfficialAccount:
        settings = OfficialAccountSettings(
            app_id=APP, app_secret="s", public_url="https://gjj.example", base_url=url, timeout_seconds=0.5
        )
        return OfficialAccount(settings=settings)

    platform._following.add(OPENID)
    platform._heard[OPENID] = clock.now
    return platform, at, "custom", {"code": 45011}


def life(clock: Clock) -> tuple[LifePlatform, Any, str, dict[str, Any]]:
    gateway = AlipaySimulator(
        app_id="2021000000000001", app_public_key=APP_KEY.public_key(), private_key=PLATFORM_KEY, clock=clock
    )
    platform = LifePlatform(gateway=gateway, url="http://127.0.0.1:9", clock=clock)

    def at(url: str) -> LifeAccount:
        settings = AlipaySettings(
            app_id="2021000000000001", private_key=APP_KEY, alipay_public_key=PLATFORM_KEY.public_key(), base_url=url,
            timeout_seconds=0.5,
        )  # fmt: skip
        return LifeAccount(settings=settings, public_url="https://gjj.example")

    platform._heard[OPENID] = clock.now
    return platform, at, "alipay.open.public.message.custom.send", {"code": "20000", "sub_code": "isp.unknow-error"}


@asynccontextmanager
async def opened(made: Any) -> AsyncIterator[World]:
    clock = Clock()
    simulator, at, operation, again = made(clock)
    routes = [*simulator.routes(), *(simulator.gateway.routes() if made is life else ())]
    async with serve(Starlette(routes=routes)) as url:
        account = at(url)
        yield World(messenger=account, simulator=simulator, operation=operation, clock=clock, again=again)
        await account.aclose()


@pytest.fixture(params=[official, life], ids=["wechat", "alipay"])
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    async with opened(request.param) as made:
        yield made


def faults_of(world: World) -> Any:
    return world.simulator.gateway.faults if isinstance(world.simulator, LifePlatform) else world.simulator.faults


def name_of(world: World) -> str:
    return "alipay" if isinstance(world.simulator, LifePlatform) else "wechat"


async def test_a_text_arrives_as_it_was_written(world: World) -> None:
    assert await world.say(EMOJI) == Sent(status="sent")
    assert [one["text"] for one in world.simulator.sent] == [EMOJI]


async def test_who_said_nothing_for_48_hours_or_does_not_follow_is_refused(world: World) -> None:
    assert (await world.say(subject="oNobody00000000000")).status == "refused"
    world.clock.now += timedelta(hours=48, seconds=1)
    refused = await world.say()
    assert refused.status == "refused" and refused.code in ("45015", "PUB.OVER_48_HOURS")
    assert world.simulator.sent == []


async def test_busy_is_tried_later_and_silence_is_unknown(world: World) -> None:
    faults = faults_of(world)
    faults.add(simulator=name_of(world), operation=world.operation, mode="refuse", times=1, detail=world.again)
    assert (await world.say()).status == "later"
    for mode, detail in (("timeout", {}), ("garbage", {}), ("error500", {})):
        faults.add(simulator=name_of(world), operation=world.operation, mode=mode, times=1, detail=detail)
        assert (await world.say()).status == "unknown", mode
    assert (await world.say()).status == "sent", "four troubles do not open the breaker"


@pytest.mark.parametrize("made", [official, life])
async def test_nobody_there_is_surely_not_sent_and_is_left_alone_after_a_while(made: Any) -> None:
    clock = Clock()
    account = made(clock)[1](unused_url())
    said = [await account.send_text(subject=OPENID, text="您好", now=clock.now) for _ in range(6)]
    assert {one.status for one in said} == {"later"}
    assert [one.code for one in said][-1] == "paused" and account.wire.open_paths
    await account.aclose()


async def test_the_menu_is_put_up(world: World) -> None:
    sent = await world.messenger.set_menu(menu=ANSWERS.menu, public_url="https://gjj.example", now=world.clock.now)
    assert sent.status == "sent" and [one["name"] for one in world.simulator.menu] == ["办理", "咨询", "关联账户"]
    assert "https://gjj.example/h5/" in str(world.simulator.menu[0])


async def test_a_token_that_was_ended_is_fetched_anew_and_the_message_sent_once() -> None:
    async with opened(official) as world:
        await world.say()
        world.simulator.expire_tokens()
        assert (await world.say("第二条")).status == "sent"
        world.clock.now += timedelta(hours=2)
        world.simulator._heard[OPENID] = world.clock.now
        assert (await world.say("第三条")).status == "sent"
        assert [one["text"] for one in world.simulator.sent] == ["您好", "第二条", "第三条"]
        assert world.simulator.faults.counts["wechat.token"] == 3


async def test_without_a_token_nothing_was_sent() -> None:
    async with opened(official) as world:
        world.simulator.faults.add(simulator="wechat", operation="token", mode="error500", times=1)
        assert await world.say() == Sent(status="later", code="status")
        world.simulator.faults.add(simulator="wechat", operation="custom", mode="refuse", detail={"code": 40001})
        assert await world.say() == Sent(status="later", code="40001")
        assert world.simulator.sent == []


async def test_a_notice_goes_as_often_as_it_was_accepted() -> None:
    async with opened(official) as world:
        world.simulator._accepted[(OPENID, "T1")] = 1
        notice = Notice(template="T1", values={"thing1": "租房提取"}, page="/h5/#/cases")
        tell = world.messenger.send_notice
        assert (await tell(subject=OPENID, notice=notice, now=world.clock.now)).status == "sent"
        assert await tell(subject=OPENID, notice=notice, now=world.clock.now) == Sent(status="refused", code="43101")


async def test_a_yes_that_the_platform_did_not_sign_is_no_answer() -> None:
    async with opened(life) as world:
        faults_of(world).add(simulator="alipay", operation=world.operation, mode="normal", detail={"forge": True})
        assert await world.say() == Sent(status="unknown", code="signature_wrong")


@pytest.mark.parametrize("text", ["<xml><a>1</a></xml>", EMOJI, "长" * 5_000, ""])
def test_what_we_seal_another_library_opens_and_the_other_way_round(text: str) -> None:
    other = WeChatCrypto(TOKEN, KEY, APP)
    sealed = SAFE.seal(text)
    signature = signature_of(TOKEN, "1700000000", "nonce", sealed)
    assert other.decrypt_message({"Encrypt": sealed}, signature, "1700000000", "nonce") == text
    theirs = other.encrypt_message(text or " ", "nonce", "1700000000")
    inner = theirs.split("<![CDATA[")[1].split("]]>")[0]
    assert SAFE.open(inner) == (text or " ")
    assert f"<![CDATA[{signature_of(TOKEN, '1700000000', 'nonce', inner)}]]>" in theirs


def test_both_refuse_the_same() -> None:
    other = WeChatCrypto(TOKEN, KEY, APP)
    foreign = SAFE.seal("<xml/>", app_id="wx9999999999999999")
    with pytest.raises(InvalidAppIdException):
        other.decrypt_message({"Encrypt": foreign}, signature_of(TOKEN, "1", "n", foreign), "1", "n")
    with pytest.raises(InvalidSignatureException):
        other.decrypt_message({"Encrypt": foreign}, signature_of("wrong", "1", "n", foreign), "1", "n")
    for sealed in (foreign, "not base64!", "YWJj", SAFE.seal("x")[:-24], SafeMode(APP, KEY[::-1]).seal("x"), ""):
        with pytest.raises(Undecryptable):
            SAFE.open(sealed)


def broken_answers(**changes: Any) -> list[str]:
    with pytest.raises(DeclarationError) as wrong:
        read_answers({**read(FILE), **changes})
    return list(wrong.value.problems)


def test_a_menu_that_the_platform_would_not_take_does_not_start() -> None:
    assert Entry(name="x") != Entry(name="y")
    long = {"name": "名称超过十六个字节的栏目", "click": "rent"}
    assert broken_answers(menu=[long]) == ["名称超过十六个字节的栏目 is longer than 16 bytes"]
    assert broken_answers(menu=[{"name": "甲", "click": "nothing"}]) == ["甲: key nothing has no answer"]
    assert broken_answers(menu=[{"name": "甲", "view": "https://elsewhere"}])[0].endswith("is no page of ours")
    assert broken_answers(menu=[{"name": str(n), "click": "rent"} for n in range(4)]) == [
        "the menu has more than 3 columns"
    ]
    assert broken_answers(keywords={"rent": ["租 房"], "hotline": ["租房"]}) == ["keyword 租房 is given twice"]
