"""One exchange record: what was pushed, what it came to row by row, and what the partner was told."""

from __future__ import annotations

from starlette.responses import Response

from backoffice.desk import Desk, DeskPage
from backoffice.directory import office_names
from backoffice.pages.exchange.shared import NO_OFFICE, PATH, READ, TABS, TONES
from backoffice.refusals import PAGE_NOT_FOUND
from domain import exchange
from domain.kernel.refusal import Refused

ACTION_NAMES = {
    "open": "新开户",
    "unseal": "启封",
    "transfer_in": "转入",
    "seal": "封存",
    "change_base": "基数核定",
}
DETERMINED = {"declared": "按申报", "ceiling": "按上限核定", "floor": "按下限核定", "": ""}
ROW_STATES = {**exchange.STATE_NAMES, "waiting": "未办理"}
ROWS_SHOWN = 500


async def shown(desk: Desk) -> Response:
    given = str(desk.request.path_params["record_id"])
    if not (given.isascii() and given.isdigit() and len(given) <= 18):
        raise Refused(PAGE_NOT_FOUND)
    view, rows = await exchange.exchange_record(actor=desk.actor, record_id=int(given), now=desk.now)
    offices = await office_names()
    return desk.page(
        "exchange_record.html",
        tabs=[(name, target, False) for name, target in TABS],
        one=view,
        rows=rows[:ROWS_SHOWN],
        count=len(rows),
        office=offices.get(view.office_code, NO_OFFICE),
        tones=TONES,
        actions=ACTION_NAMES,
        determined=DETERMINED,
        row_states=ROW_STATES,
    )


PAGES = (DeskPage(f"{PATH}/{{record_id}}", READ, shown),)
