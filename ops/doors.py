"""The doors of partners that send us messages, each with its own secret, quota and bulkhead."""

from __future__ import annotations

from starlette.routing import BaseRoute

from channels.national_transfer.door import APP as TRANSFER_APP
from channels.national_transfer.door import TransferDoor
from channels.sms_replies.door import ReplyDoor
from channels.wire import SignatureCheck
from ops import city_platform, exchange, messages, retirement
from ops.wiring import House

SMS_REPLIES_APP = "sms-carrier"
"""The carrier's name in its signature, when it hands us a reply."""


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
