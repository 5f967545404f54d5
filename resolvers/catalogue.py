"""The service items of the caller's channel."""

from __future__ import annotations

from domain import catalogue
from domain.catalogue import ServiceItem as Item
from schema.context import Info
from schema.types.catalogue import ServiceItem


async def service_items(info: Info, open: bool | None = None) -> list[ServiceItem]:
    items = _offered(info)
    return [ServiceItem.of(item) for item in items if open is None or item.open == open]


async def service_item(info: Info, code: str) -> ServiceItem | None:
    found = [item for item in _offered(info) if code in (item.code, item.identifier)]
    return ServiceItem.of(found[0]) if found else None


def _offered(info: Info) -> tuple[Item, ...]:
    """What the channel offers; a caller without one of the catalogue's channels sees all."""
    channel = info.context.actor.channel
    return catalogue.items_for(channel=channel) if channel in catalogue.channels() else catalogue.items()
