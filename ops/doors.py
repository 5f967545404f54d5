"""The doors of partners that send us messages, each with its own secret, quota and bulkhead."""

from __future__ import annotations

from starlette.routing import BaseRoute

from channels.alipay.door import PATH as LIFE_ACCOUNT_PATH
from channels.banks.inbound import NOTICES_PATH
from channels.city_platform.door import PATH as CITY_PATH
from channels.exchange.messages import PATH_OF
from channels.national_transfer.door import APP as TRANSFER_APP
from channels.national_transfer.door import PATH as TRANSFER_PATH
from channels.national_transfer.door import TransferDoor
from channels.retirement_matter.door import PATH as RETIREMENT_PATH
from channels.sms_replies.door import PATH as REPLIES_PATH
from channels.sms_replies.door import ReplyDoor
from channels.wechat.door import PATH as OFFICIAL_ACCOUNT_PATH
from channels.wire import SignatureCheck
from ops import city_platform, exchange, messages, retirement
from ops.wiring import House

SMS_REPLIES_APP = "sms-carrier"
"""The carrier's name in its signature, when it hands us a reply."""

PATHS = frozenset(
    (
        CITY_PATH,
        LIFE_ACCOUNT_PATH,
        NOTICES_PATH,
        OFFICIAL_ACCOUNT_PATH,
        REPLIES_PATH,
        RETIREMENT_PATH,
        TRANSFER_PATH,
        *(f"{RETIREMENT_PATH}/{name}" for name in ("result", "notices")),
        *(f"{base}/{name}" for base in PATH_OF.values() for name in ("messages", "results", "entries")),
    )
)
"""Where partners sign what they bring, so that it is limited by quota and not by address."""


def routes(house: House) -> list[BaseRoute]:
    settings = house.settings
    replies = ReplyDoor(
        check=SignatureCheck(
            secrets_by_app={SMS_REPLIES_APP: settings.sms_key_secret.get_secret_value().encode()}, clock=house.clock
        ),
        clock=house.clock,
        traffic=house.traffic,
    )
    national = TransferDoor(
        check=SignatureCheck(
            secrets_by_app={TRANSFER_APP: settings.transfer_secret.get_secret_value().encode()}, clock=house.clock
        ),
        clock=house.clock,
        traffic=house.traffic,
    )
    return [
        *replies.routes(),
        *national.routes(),
        *city_platform.routes(house),
        *messages.routes(house),
        *exchange.routes(house),
        *retirement.routes(house),
    ]
