"""`node(id:)`: any object by its global id, if the caller may see it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import strawberry

from resolvers import arrangements, cases, catalogue, transfers, viewer
from schema.context import Info
from schema.types.nodes import Node, read_global_id

_READERS: dict[str, Callable[[Info, str], Awaitable[Node | None]]] = {
    "Account": viewer.account_node,
    "Arrangement": arrangements.arrangement_node,
    "Card": viewer.card_node,
    "Case": cases.case_node,
    "Entry": viewer.entry_node,
    "RentArrangement": arrangements.rent_arrangement_node,
    "ServiceItem": catalogue.service_item,
    "Transfer": transfers.transfer_node,
}


async def node(info: Info, id: strawberry.ID) -> Node | None:
    """None for what does not exist, is not the caller's, or was never one of our ids."""
    kind, key = read_global_id(id) or ("", "")
    reader = _READERS.get(kind)
    return None if reader is None else await reader(info, key)
