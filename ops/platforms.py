"""Our accounts on the platforms behind the port of conversations, named by settings alone."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass

from auth.mini_ports import PhoneSource
from channels.alipay import AlipaySettings
from channels.alipay.mini import AlipayMini, ContentKey
from channels.alipay.service import LifeAccount
from channels.baidu import BaiduLogin, BaiduSettings
from channels.baidu.mini import BaiduMini
from channels.conversations import Messengers, Notifiers
from channels.platform_wire import PlatformWire
from channels.traffic import Traffic
from channels.wechat.mini import MiniSettings, WechatMini
from channels.wechat.service import OfficialAccount, OfficialAccountSettings
from ops.identities import alipay_keys
from ops.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    messengers: Messengers
    notifiers: Notifiers
    phones: Mapping[str, PhoneSource]
    wires: tuple[PlatformWire, ...]


def accounts(settings: Settings, *, traffic: Traffic, stack: AsyncExitStack) -> Accounts:
    """Our official account, our life account and our mini-programs."""
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
    wechat = WechatMini(
        settings=MiniSettings(
            app_id=settings.wechat_app,
            app_secret=settings.wechat_secret.get_secret_value(),
            base_url=settings.wechat_url,
        ),
        traffic=traffic,
    )
    alipay = AlipayMini(
        settings=AlipaySettings(
            app_id=settings.alipay_app,
            private_key=application,
            alipay_public_key=platform,
            base_url=settings.alipay_url,
        ),
        content_key=ContentKey.of_base64(settings.alipay_content_key.get_secret_value()),
        traffic=traffic,
    )
    of_baidu = BaiduSettings(
        app_key=settings.baidu_app, app_secret=settings.baidu_secret.get_secret_value(), base_url=settings.baidu_url
    )
    token = BaiduLogin(settings=of_baidu)
    baidu = BaiduMini(settings=of_baidu, login=token, traffic=traffic)
    for account in (official, life, wechat, alipay, baidu, token):
        stack.push_async_callback(account.aclose)
    return Accounts(
        messengers={"wechat_messages": official, "alipay_messages": life},
        notifiers={"jingtong_wechat": wechat, "jingtong_alipay": alipay, "jingtong_baidu": baidu},
        phones={"jingtong_wechat": wechat, "jingtong_alipay": alipay},
        wires=tuple(one.wire for one in (official, life, wechat, alipay, baidu)),
    )
