"""What the pages of 互动消息 share."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from backoffice.desk import Desk
from channels.registered import CHANNELS

PATH = "/backoffice/messages"
READ, OPERATE, MANAGE = "messages.read", "messages.operate", "messages.manage"
TABS = (("会话", PATH), ("快捷回复、敏感词与菜单", f"{PATH}/words"))
TONES = {"waiting": "waiting", "held": "active", "closed": "quiet"}
SENT_TONES = {"queued": "waiting", "sending": "waiting", "sent": "good", "refused": "bad", "unknown": "bad"}


def show(desk: Desk, template: str, *, status: int = 200, **values: Any) -> Response:
    return desk.page(
        template,
        status=status,
        tabs=TABS,
        tones=TONES,
        sent_tones=SENT_TONES,
        channel_names={code: one.name for code, one in CHANNELS.items()},
        may_operate=desk.may(OPERATE),
        may_manage=desk.may(MANAGE),
        **values,
    )
