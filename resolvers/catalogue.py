"""The service items of the caller's channel."""

from __future__ import annotations

from typing import Annotated

from domain import catalogue
from domain.catalogue import ServiceItem as Item
from schema.context import Info
from schema.describing import argument
from schema.types.catalogue import ServiceItem


async def service_items(
    info: Info,
    open: Annotated[bool | None, argument("是否已开通 · only items that are open, or only those that are not")] = None,
) -> list[ServiceItem]:
    items = _offered(info)
    return [ServiceItem.of(item) for item in items if open is None or item.open == open]


async def service_item(
    info: Info, code: Annotated[str, argument("事项代码或标识 · code (C20) or identifier (rent_withdrawal)")]
) -> ServiceItem | None:
    found = [item for item in _offered(info) if code in (item.code, item.identifier)]
    return ServiceItem.of(found[0]) if found else None


def _offered(info: Info) -> tuple[Item, ...]:
    """What the channel offers; a caller without one of the catalogue's channels sees all."""
    channel = info.context.actor.channel
    return catalogue.items_for(channel=channel) if channel in catalogue.channels() else catalogue.items()
