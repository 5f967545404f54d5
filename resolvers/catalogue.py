"""The service items of the caller's channel."""

from __future__ import annotations

from typing import Annotated

from auth import kiosks
from domain import catalogue
from domain.catalogue import ServiceItem as Item
from schema.context import Info
from schema.describing import argument
from schema.types.catalogue import ServiceItem


async def service_items(
    info: Info,
    open: Annotated[bool | None, argument("是否已开通 · only items that are open, or only those that are not")] = None,
) -> list[ServiceItem]:
    items = await _offered(info)
    return [ServiceItem.of(item) for item in items if open is None or item.open == open]


async def service_item(
    info: Info, code: Annotated[str, argument("事项代码或标识 · code (C20) or identifier (rent_withdrawal)")]
) -> ServiceItem | None:
    found = [item for item in await _offered(info) if code in (item.code, item.identifier)]
    return ServiceItem.of(found[0]) if found else None


async def _offered(info: Info) -> tuple[Item, ...]:
    """What the channel offers, at a third party's kiosk what its owner was granted; a caller without one of the
    catalogue's channels sees all."""
    actor = info.context.actor
    if actor.channel not in catalogue.channels():
        return catalogue.items()
    items = catalogue.items_for(channel=actor.channel)
    granted = await kiosks.granted_at(actor=actor, now=info.context.now)
    if granted is None:
        return items
    return tuple(item for item in items if item.opening and any(map(granted.does, item.opening.mutations)))
