"""The platforms' sides that talk to the house."""

from __future__ import annotations

import pytest

from channels.alipay.life_simulator import LifePlatform
from channels.alipay.simulator import AlipaySimulator
from channels.wechat.crypto import SafeMode
from channels.wechat.platform_simulator import PublicPlatform
from channels.wechat.simulator import WechatSimulator
from ops.identities import simulated_alipay_key
from tests.city import RunningHouse


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
