"""WeChat, Alipay and Baidu of the demonstration: logins by code, and the platforms that people write to us from."""

from __future__ import annotations

from starlette.routing import BaseRoute

from channels.alipay.life_simulator import LifePlatform
from channels.alipay.mini import ContentKey
from channels.alipay.mini_simulator import AlipayMiniPlatform
from channels.alipay.simulator import AlipaySimulator
from channels.baidu.simulator import BaiduSimulator
from channels.simulation import Faults
from channels.wechat.crypto import SafeMode
from channels.wechat.mini_simulator import MiniPlatform
from channels.wechat.platform_simulator import PublicPlatform
from channels.wechat.simulator import WechatSimulator
from ops.identities import simulated_alipay_key
from ops.settings import Settings
from ops.wiring import Clock


def simulated_platforms(settings: Settings, *, clock: Clock, faults: Faults) -> list[BaseRoute]:
    wechat = WechatSimulator(
        apps={
            settings.wechat_app: settings.wechat_secret.get_secret_value(),
            settings.wechat_official_app: settings.wechat_official_secret.get_secret_value(),
        },
        clock=clock,
        faults=faults,
    )
    mini = MiniPlatform(
        app_id=settings.wechat_app,
        app_secret=settings.wechat_secret.get_secret_value(),
        clock=clock,
        faults=faults,
    )
    public = PublicPlatform(
        mini=mini,
        app_id=settings.wechat_official_app,
        app_secret=settings.wechat_official_secret.get_secret_value(),
        token=settings.wechat_message_token.get_secret_value(),
        safe_mode=SafeMode(settings.wechat_official_app, settings.wechat_message_key.get_secret_value()),
        logins=wechat,
        url=settings.public_url,
        clock=clock,
        faults=faults,
    )
    alipay_key = simulated_alipay_key(settings)
    alipay = AlipaySimulator(
        app_id=settings.alipay_app,
        app_public_key=alipay_key.public_key(),
        private_key=alipay_key,
        clock=clock,
        faults=faults,
    )
    life = LifePlatform(gateway=alipay, url=settings.public_url, clock=clock)
    alipay_mini = AlipayMiniPlatform(
        gateway=alipay, content_key=ContentKey.of_base64(settings.alipay_content_key.get_secret_value())
    )
    baidu = BaiduSimulator(
        app_key=settings.baidu_app,
        app_secret=settings.baidu_secret.get_secret_value(),
        clock=clock,
        faults=faults,
    )
    return [
        *wechat.routes(),
        *public.routes(),
        *mini.routes(),
        *alipay.routes(),
        *life.routes(),
        *alipay_mini.routes(),
        *baidu.routes(),
    ]
