"""申诉: the appeals that wait for an answer, what is due first on top."""

from __future__ import annotations

from starlette.responses import Response

from backoffice.components import channel_name
from backoffice.desk import Desk, DeskPage
from backoffice.pages.risk.shared import PATH, READ, show
from domain import risk


async def appeals(desk: Desk) -> Response:
    waiting = await risk.waiting_appeals()
    rows = [(one, await risk.entry_of(entry_id=one.entry_id, on=desk.business_date)) for one in waiting]
    return show(desk, "risk_appeals.html", rows=rows, channel_name=channel_name)


PAGES = (DeskPage(f"{PATH}/appeals", READ, appeals),)
