"""The house behind a second door, as production opens it: only registered documents run."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware

from ops import asgi, doors
from ops.gate import GRAPHQL_PATHS
from ops.limits import AddressLimits
from tests.city import RunningHouse
from tests.loopback import serve


@asynccontextmanager
async def closed_door(running: RunningHouse, *, still: bool = False, **settings: Any) -> AsyncIterator[str]:
    """The address of the real application on the same stores, with these settings changed; `still` stops its clock."""
    changed = {"trusted_documents_only": True, "graphql_ide": False, **settings}
    house = replace(running.house, settings=running.settings.model_copy(update=changed))
    if still:
        now = running.clock()
        house = replace(house, clock=lambda: now)
    app = Starlette(routes=asgi.routes(house), middleware=[Middleware(asgi.Observed)])
    app.state.limits = AddressLimits(
        redis=house.redis,
        prefix=house.settings.redis_prefix,
        requests_max=house.settings.requests_per_minute_max,
        logins_max=house.settings.logins_per_minute_max,
        trusted_proxies=(),
        counted_by_gate=GRAPHQL_PATHS,
        partner_paths=doors.PATHS,
    )
    app.state.doors = asgi.doors_of(app.routes)
    async with serve(app, ws="websockets-sansio") as base_url:
        yield base_url
