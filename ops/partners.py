"""What the house does with messages that partners send: one table, channel by channel, kind by kind."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

import orjson

from channels import inbound
from channels.inbound import Message
from domain import cases
from ops import city_platform, exchange, messages, retirement, transfers
from ops.wiring import House

HouseHandler = Callable[[House, Message, datetime], Awaitable[str]]


async def take_sms_reply(house: House, message: Message, now: datetime) -> str:
    """A citizen's answer to the invitation to evaluate. What is no evaluation is kept and changes nothing."""
    said = orjson.loads(message.content)
    number = await cases.evaluate_by_sms(mobile=str(said["mobile"]), text=str(said["text"]), now=now)
    return f"已登记评价{number}" if number else "不是评价回复，未作处理"


HANDLERS: Mapping[str, Mapping[str, HouseHandler]] = {
    "sms_reply": {"reply": take_sms_reply},
    "national_transfer": transfers.HANDLERS,
    "city_platform": city_platform.HANDLERS,
    **exchange.HANDLERS,
    **messages.HANDLERS,
    **retirement.HANDLERS,
}


def worker_of(house: House, channel: str) -> Callable[[], Awaitable[int]]:
    """One round of a channel's messages."""
    handlers = {kind: _bound(house, handler) for kind, handler in HANDLERS[channel].items()}

    async def round_of_work() -> int:
        # messages of a channel that is switched off are kept, and worked on once it is on again
        if await cases.is_off(channel=channel):
            return 0
        return await inbound.work(channel=channel, handlers=handlers, clock=house.clock)

    return round_of_work


async def work_all(house: House) -> int:
    """A round of every channel, for tests and for commands."""
    return sum([await worker_of(house, channel)() for channel in HANDLERS])


def _bound(house: House, handler: HouseHandler) -> inbound.Handler:
    async def handle(message: Message, now: datetime) -> str:
        return await handler(house, message, now)

    return handle
