"""What the pages of 好差评 share."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from backoffice.desk import Desk
from backoffice.forms import new_request_key
from domain import cases

PATH = "/backoffice/reviews"
READ, OPERATE = "reviews.read", "reviews.operate"
TABS = (("差评整改", PATH), ("评价统计", f"{PATH}/figures"), ("登记与邀请", f"{PATH}/enter"))
TONES = {
    "pending_verification": "waiting",
    "pending_malice_check": "waiting",
    "pending_assignment": "waiting",
    "rectifying": "active",
    "pending_call_back": "active",
    "awaiting_second": "quiet",
    "closed": "good",
    "closed_malicious": "quiet",
}


def show(desk: Desk, template: str, *, status: int = 200, **values: Any) -> Response:
    return desk.page(
        template,
        status=status,
        tabs=TABS,
        tones=TONES,
        request_key=new_request_key(),
        indicator_names=cases.indicators().names,
        terminal_names=cases.TERMINAL_NAMES,
        **values,
    )
