"""退休一件事 at work: pushes of social security taken, and what waits tried again."""

from __future__ import annotations

from datetime import datetime

from starlette.routing import BaseRoute

from channels.inbound import Message
from channels.retirement_matter import door
from channels.retirement_matter.door import RetirementDoor
from channels.wire import SignatureCheck
from domain import cases, withdrawals
from domain.kernel.dates import business_date_of
from ops.wiring import House


def routes(house: House) -> list[BaseRoute]:
    """The same partner and secret as its other doors, with a quota and a bulkhead of its own."""
    settings = house.settings
    secret = settings.social_security_secret.get_secret_value().encode()
    retirements = RetirementDoor(
        check=SignatureCheck(secrets_by_app={settings.social_security_app: secret}, clock=house.clock),
        clock=house.clock,
        traffic=house.traffic,
    )
    return [*retirements.routes()]


async def take_push(house: House, message: Message, now: datetime) -> str:
    result = await withdrawals.take_retirement(
        push=door.push_of(message.content),
        registries=house.registries,
        now=now,
        business_date=business_date_of(now),
    )
    return f"{result.state_name}{'：' + result.reason if result.reason else ''}"


HANDLERS = {door.CHANNEL: {door.PUSHED: take_push}}


async def try_again(house: House, now: datetime) -> int:
    """What waits for a card or another matter, unless the channel is switched off."""
    if await cases.is_off(channel=door.CHANNEL):
        return 0
    return await withdrawals.try_retirements(registries=house.registries, now=now, business_date=business_date_of(now))
