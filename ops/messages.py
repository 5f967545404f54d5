"""互动消息 in this house: the doors of the platforms, what is done with what they bring, what is sent back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from starlette.routing import BaseRoute

from channels import conversations
from channels.alipay.door import LifeDoor
from channels.alipay.messages import said_in as said_to_life_account
from channels.conversations import Said, TemplateIds
from channels.conversations.mini_web import routes as notice_routes
from channels.conversations.web import Authorisation
from channels.conversations.web import routes as bind_routes
from channels.inbound import Message
from channels.wechat.crypto import SafeMode
from channels.wechat.door import MessageDoor
from channels.wechat.messages import said_in as said_to_official_account
from domain.kernel.database import Transaction
from notifications import sending
from ops.identities import alipay_keys
from ops.wiring import House


def routes(house: House) -> list[BaseRoute]:
    settings = house.settings
    application, platform = alipay_keys(settings)
    official = MessageDoor(
        token=settings.wechat_message_token.get_secret_value(),
        safe_mode=SafeMode(settings.wechat_official_app, settings.wechat_message_key.get_secret_value()),
        clock=house.clock,
        traffic=house.traffic,
    )
    life = LifeDoor(
        app_id=settings.alipay_app,
        private_key=application,
        alipay_public_key=platform,
        clock=house.clock,
        traffic=house.traffic,
    )
    binding = bind_routes(
        programs=house.mini_programs,
        authorisations={
            "wechat_messages": Authorisation(
                login_channel="official_account",
                url=f"{settings.wechat_open_url}/connect/oauth2/authorize",
                query={"appid": settings.wechat_official_app, "response_type": "code", "scope": "snsapi_base"},
                fragment="#wechat_redirect",
            ),
            "alipay_messages": Authorisation(
                login_channel="jingtong_alipay",
                url=f"{settings.alipay_open_url}/oauth2/publicAppAuthorize.htm",
                query={"app_id": settings.alipay_app, "scope": "auth_base"},
            ),
        },
        public_url=settings.public_url,
        cookie_secure=settings.cookie_secure,
        clock=house.clock,
    )
    choosing = notice_routes(template_ids=template_ids(house), clock=house.clock)
    return [*official.routes(), *life.routes(), *binding, *choosing]


def template_ids(house: House) -> TemplateIds:
    """The platforms' templates by channel, for the notices that a person accepted there."""
    settings = house.settings
    return {
        "wechat_messages": settings.wechat_notices,
        "alipay_messages": settings.alipay_notices,
        "jingtong_wechat": settings.wechat_mini_notices,
        "jingtong_alipay": settings.alipay_mini_notices,
        "jingtong_baidu": settings.baidu_notices,
    }


async def send_as_text(tx: Transaction, text: Mapping[str, Any], now: datetime) -> None:
    """The SMS of an event: in place of the notice that no platform took, or where there was none."""
    await sending.enqueue(tx, **text, now=now)


async def take_from_official_account(house: House, message: Message, now: datetime) -> str:
    return await _take(house, message, said_to_official_account(message.content), now)


async def take_from_life_account(house: House, message: Message, now: datetime) -> str:
    return await _take(house, message, said_to_life_account(message.content.decode()), now)


async def send(house: House) -> int:
    """One round of what waits to be sent."""
    return await conversations.send_due(
        messengers=house.messengers, notifiers=house.notifiers, otherwise=send_as_text, now=house.clock()
    )


async def _take(house: House, message: Message, said: Said, now: datetime) -> str:
    return await conversations.take_message(message=message, said=said, public_url=house.settings.public_url, now=now)


HANDLERS = {
    "wechat_messages": dict.fromkeys(("text", "other", "event", "choice", "unused"), take_from_official_account),
    "alipay_messages": dict.fromkeys(("text", "other", "event", "choice", "unused"), take_from_life_account),
}
