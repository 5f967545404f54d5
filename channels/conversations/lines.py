"""The lines of a conversation, each written once."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from domain.kernel import database, vault
from domain.kernel.database import Transaction
from domain.kernel.identifiers import new_id

Side = Literal["citizen", "staff", "house"]
STATE_NAMES = {
    "queued": "待发送",
    "sending": "发送中",
    "sent": "已发送",
    "refused": "未发送",
    "unknown": "结果不明",
}
"""Of what goes out."""
CODE_NAMES = {
    "window_over": "超过平台答复时限",
    "left": "对方已取消关注",
    "45015": "超过平台答复时限",
    "45047": "超过平台连续答复条数",
    "43004": "对方未关注",
    "43101": "对方未订阅",
    "40003": "平台账号无效",
    "interrupted": "发送中断",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """`state` is of what goes out, empty for what came in."""

    at: datetime
    side: Side
    author: str
    text: str = field(repr=False)
    flagged: bool
    state: str
    code: str

    @property
    def state_name(self) -> str:
        return STATE_NAMES.get(self.state, "")

    @property
    def code_name(self) -> str:
        return CODE_NAMES.get(self.code, self.code)


async def add_line(
    tx: Transaction,
    *,
    conversation_id: int,
    side: Side,
    author: str,
    text: str,
    key: str,
    now: datetime,
    flagged: bool = False,
    message_id: int | None = None,
) -> bool:
    """False when a line with this key is there already."""
    added = await tx.value(
        "INSERT INTO conversation_line (conversation_id, line_id, at, side, author, text_cipher, flagged, line_key,"
        " message_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (conversation_id, line_key) DO NOTHING"
        " RETURNING line_id",
        conversation_id,
        new_id(),
        now,
        side,
        author,
        # what no database can hold is no character that somebody typed
        vault.current().encrypt(text.replace("\x00", "")),
        flagged,
        key,
        message_id,
    )
    if added is None:
        return False
    await tx.execute(
        "UPDATE conversation SET changed_at = $2, unread = CASE WHEN $3 THEN unread + 1 ELSE 0 END,"
        " flagged = flagged OR $4 WHERE conversation_id = $1",
        conversation_id,
        now,
        side == "citizen",
        flagged,
    )
    return True


async def lines_of(*, conversation_id: int, most: int = 500) -> list[Line]:
    """The latest, oldest first."""
    rows = await database.rows(
        "SELECT l.*, coalesce(m.state, '') AS message_state, coalesce(m.code, '') AS message_code"
        " FROM conversation_line l LEFT JOIN outgoing_message m ON m.message_id = l.message_id"
        " WHERE l.conversation_id = $1 ORDER BY l.at DESC, l.line_id DESC LIMIT $2",
        conversation_id,
        most,
    )
    return [
        Line(
            at=row["at"],
            side=row["side"],
            author=row["author"],
            text=vault.current().decrypt(row["text_cipher"]),
            flagged=row["flagged"],
            state=row["message_state"],
            code=row["message_code"],
        )
        for row in reversed(rows)
    ]
