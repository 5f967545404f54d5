"""Root fields of 我的通知."""

from __future__ import annotations

import strawberry

from resolvers import messages as of_messages
from schema.guards import CITIZEN_SELF, answered
from schema.types.connections import Connection
from schema.types.messages import MarkNoticesReadPayload, PersonalNotice


@strawberry.type
class NoticeQueries:
    notices: Connection[PersonalNotice] = answered(
        of_messages.notices,
        CITIZEN_SELF,
        "我的通知 · what the centre sent to the caller, the newest first; `first` at most 100",
    )
    unread_notices: int = answered(
        of_messages.unread_notices, CITIZEN_SELF, "未读通知 · how many notices the caller has not read"
    )


@strawberry.type
class NoticeMutations:
    mark_notices_read: MarkNoticesReadPayload = answered(
        of_messages.mark_notices_read, CITIZEN_SELF, "标记通知已读 · everything up to a notice is read"
    )
