"""What the pages of 异地转移接续 share."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from backoffice.desk import Desk
from backoffice.forms import new_request_key

PATH = "/backoffice/transfers"
READ, OPERATE, EXPORT = "transfers.read", "transfers.operate", "transfers.export"
TABS = (("转移列表", PATH), ("转入申请", f"{PATH}/apply"))
TONES = {
    "applied": "waiting",
    "01": "active",
    "02": "active",
    "08": "active",
    "06": "waiting",
    "13": "bad",
    "00": "good",
    "20": "good",
    "05": "quiet",
    "40": "bad",
    "declined": "bad",
}
MONEY_TONES = {
    "none": "quiet",
    "expected": "waiting",
    "arrived": "bad",
    "posted": "good",
    "ordered": "active",
    "left": "good",
    "returned": "bad",
}


def show(desk: Desk, template: str, *, status: int = 200, **values: Any) -> Response:
    return desk.page(
        template,
        status=status,
        tabs=TABS,
        tones=TONES,
        money_tones=MONEY_TONES,
        request_key=new_request_key(),
        may_operate=desk.may(OPERATE),
        **values,
    )
