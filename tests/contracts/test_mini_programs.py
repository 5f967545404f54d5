"""One contract for the logins of WeChat, Alipay and Baidu: a code is good once and for a while, and a refusal is no
outage. What each has of its own follows below."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from starlette.applications import Starlette

from auth.mini_ports import MiniProgram, PlatformAccount
from auth.ports import IdentityRejected
from channels.alipay import AlipayLogin, AlipaySettings
from channels.alipay.signing import node_text, sign, signed_text, verifies
from channels.alipay.simulator import AlipaySimulator
from channels.baidu import BaiduLogin, BaiduSettings
from channels.baidu.simulator import BaiduSimulator
from channels.wechat import WechatLogin, WechatSettings
from channels.wechat.simulator import WechatSimulator
from domain.kernel.failures import PartnerFailure
from tests.contracts.identity_world import Clock
from tests.loopback import serve, unused_url

OPENID = "oX6Jk5demo0000000001"
APP_KEY, ALIPAY_KEY = generate_private_key(65537, 2048), generate_private_key(65537, 2048)


@dataclass(frozen=True, kw_only=True)
class World:
    provider: str
    login: MiniProgram
    new_code: Callable[[], str]
    at: Callable[[str], Any]
    simulator: Any
    operation: str
    clock: Clock = field(default_factory=Clock)

    async def account(self, code: str) -> PlatformAccount:
        return await self.login.account_of(code=code, now=self.clock.now)

    async def rejected(self, code: str) -> str:
        with pytest.raises(IdentityRejected) as rejected:
            await self.account(code)
        return rejected.value.code


def wechat(
    clock: Clock, *, kind: Any = "mini_program"
) -> tuple[Any, Callable[[str], WechatLogin], Callable[[], str], str]:
    simulator = WechatSimulator(apps={"wx1": "secret", "wx2": "secret"}, clock=clock)

    def at(url: str) -> WechatLogin:
        return WechatLogin(
            settings=WechatSettings(app_id="wx1", app_secret="secret", base_url=url, kind=kind, timeout_seconds=2.0)
        )

    operation = "jscode2session" if kind == "mini_program" else "oauth2"
    return simulator, at, lambda: simulator.code_for(openid=OPENID, app_id="wx1", unionid="union-1"), operation


def alipay(clock: Clock) -> tuple[Any, Callable[[str], AlipayLogin], Callable[[], str], str]:
    simulator = AlipaySimulator(
        app_id="2021001", app_public_key=APP_KEY.public_key(), private_key=ALIPAY_KEY, clock=clock
    )

    def at(url: str) -> AlipayLogin:
        return AlipayLogin(
            settings=AlipaySettings(
                app_id="2021001",
                private_key=APP_KEY,
                alipay_public_key=ALIPAY_KEY.public_key(),
                base_url=url,
                timeout_seconds=2.0,
            )
        )

    return simulator, at, lambda: simulator.code_for(open_id=OPENID), "oauth_token"


def baidu(clock: Clock) -> tuple[Any, Callable[[str], BaiduLogin], Callable[[], str], str]:
    simulator = BaiduSimulator(app_key="key", app_secret="secret", clock=clock)

    def at(url: str) -> BaiduLogin:
        return BaiduLogin(settings=BaiduSettings(app_key="key", app_secret="secret", base_url=url, timeout_seconds=2.0))

    return simulator, at, lambda: simulator.code_for(open_id=OPENID), "getsessionkey"


PLATFORMS: dict[str, Any] = {
    "wechat": wechat,
    "wechat_official": lambda clock: wechat(clock, kind="official_account"),
    "alipay": alipay,
    "baidu": baidu,
}


@asynccontextmanager
async def at_work(name: str) -> AsyncIterator[World]:
    clock = Clock()
    simulator, at, new_code, operation = PLATFORMS[name](clock)
    async with serve(Starlette(routes=simulator.routes())) as url:
        login = at(url)
        try:
            yield World(
                provider=name,
                login=login,
                new_code=new_code,
                at=at,
                simulator=simulator,
                operation=operation,
                clock=clock,
            )
        finally:
            await login.aclose()


@pytest.fixture(params=list(PLATFORMS))
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    async with at_work(request.param) as world:
        yield world


async def test_a_code_gives_the_account_once(world: World) -> None:
    code = world.new_code()
    account = await world.account(code)
    assert (account.provider, account.subject) == (world.provider, OPENID)
    assert await world.rejected(code) == "code_rejected"


async def test_a_code_grows_old(world: World) -> None:
    code = world.new_code()
    world.clock.pass_by(minutes=5)
    assert await world.rejected(code) == "code_rejected"


@pytest.mark.parametrize("code", ["", "guessed", "x" * 500, "a b", "a&secret=b", "\x00"])
async def test_what_is_no_code_is_rejected(world: World, code: str) -> None:
    assert await world.rejected(code) == "code_rejected"


@pytest.mark.parametrize("mode", ["error500", "garbage", "refuse", "timeout"])
async def test_trouble_is_a_failure_and_no_rejection(world: World, mode: Any) -> None:
    world.simulator.faults.add(operation=world.operation, mode=mode)
    with pytest.raises(PartnerFailure):
        await world.account(world.new_code())


async def test_nobody_there_is_a_failure(world: World) -> None:
    nowhere = world.at(unused_url())
    with pytest.raises(PartnerFailure):
        await nowhere.account_of(code="code", now=world.clock.now)
    await nowhere.aclose()


async def test_no_secret_is_logged(world: World, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        await world.account(world.new_code())
    assert "secret" not in "".join(record.getMessage() for record in caplog.records if record.name == "httpx")


# What each has of its own


async def test_wechat_s_union_joins_its_applications() -> None:
    async with at_work("wechat") as mini, at_work("wechat_official") as official:
        one, other = await mini.account(mini.new_code()), await official.account(official.new_code())
    assert one.provider != other.provider and one.union_subject == other.union_subject == "wechat:union-1"


async def test_a_code_of_another_wechat_application_is_rejected() -> None:
    async with at_work("wechat") as world:
        assert await world.rejected(world.simulator.code_for(openid=OPENID, app_id="wx2")) == "code_rejected"


async def test_somebody_whom_wechat_has_blocked_is_refused() -> None:
    async with at_work("wechat") as world:
        world.simulator.faults.add(operation="jscode2session", mode="refuse", detail={"code": 40226})
        assert await world.rejected(world.new_code()) == "access_denied"


async def test_alipay_s_answer_must_be_signed_by_alipay() -> None:
    async with at_work("alipay") as world:
        world.simulator.faults.add(operation="oauth_token", mode="normal", detail={"forge": True})
        assert await world.rejected(world.new_code()) == "token_forged"


async def test_alipay_refuses_what_we_did_not_sign() -> None:
    async with at_work("alipay") as world:
        world.login._settings = AlipaySettings(  # type: ignore[attr-defined]
            app_id="2021001",
            private_key=ALIPAY_KEY,
            alipay_public_key=ALIPAY_KEY.public_key(),
            base_url="",
        )
        with pytest.raises(PartnerFailure) as failure:
            await world.account(world.new_code())
        assert not failure.value.retryable


def test_what_alipay_signs() -> None:
    parameters = {"b": "2", "a": "1", "sign": "x", "empty": "", "c": "中"}
    assert signed_text(parameters) == "a=1&b=2&c=中".encode()
    text = '{"alipay_system_oauth_token_response": {"user_id":"1","note":"}\\""},"sign":"s"}'
    assert node_text(text, "alipay_system_oauth_token_response") == '{"user_id":"1","note":"}\\""}'
    assert node_text(text, "other") is None and node_text('{"a":', "a") is None
    signature = sign(APP_KEY, b"text")
    assert verifies(APP_KEY.public_key(), b"text", signature)
    assert not verifies(APP_KEY.public_key(), b"texT", signature) and not verifies(APP_KEY.public_key(), b"text", "?")


async def test_baidu_s_token_is_kept_and_renewed_when_it_was_withdrawn() -> None:
    async with at_work("baidu") as world:
        await world.account(world.new_code())
        await world.account(world.new_code())
        assert world.simulator.faults.counts["baidu.token"] == 1
        world.simulator.withdraw_tokens()
        await world.account(world.new_code())
        assert world.simulator.faults.counts["baidu.token"] == 2
