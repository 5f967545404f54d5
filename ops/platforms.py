"""Our accounts on the platforms behind the port of conversations, named by settings alone."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass

from channels.alipay import AlipaySettings
from channels.alipay.service import LifeAccount
from channels.conversations import Messengers
from channels.platform_wire import PlatformWire
from channels.traffic import Traffic
from channels.wechat.service import OfficialAccount, OfficialAccountSettings
from ops.identities import alipay_keys
from ops.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    messengers: Messengers
    wires: tuple[PlatformWire, ...]


def accounts(settings: Settings, *, traffic: Traffic, stack: AsyncExitStack) -> Accounts:
    """Our official account and our life account."""
    official = OfficialAccount(
        settings=OfficialAccountSettings(
            app_id=settings.wechat_official_app,
            app_secret=settings.wechat_official_secret.get_secret_value(),
            public_url=settings.public_url,
            base_url=settings.wechat_url,
        ),
        traffic=traffic,
    )
    application, platform = alipay_keys(settings)
    life = LifeAccount(
        settings=AlipaySettings(
            app_id=settings.alipay_app,
            private_key=application,
            alipay_public_key=platform,
            base_url=settings.alipay_url,
        ),
        public_url=settings.public_url,
        traffic=traffic,
    )
    for account in (official, life):
        stack.push_async_callback(account.aclose)
    return Accounts(messengers={"wechat_messages": official, "alipay_messages": life}, wires=(official.wire, life.wire))
