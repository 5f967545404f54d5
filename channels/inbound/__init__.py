"""来报: everything that partners send us, kept, de-duplicated, quarantined and replayable."""

from channels.inbound.desk import (
    InboundFilters,
    InboundView,
    close_message,
    inbound_counts,
    inbound_messages,
    message_content,
    replay,
)
from channels.inbound.doors import Door, Parsed, TooMany, Unreadable
from channels.inbound.journal import Kept, Message, NotYet, finish, is_quarantined, keep, quarantine
from channels.inbound.signed import SignedDoor
from channels.inbound.working import Handler, Handlers, work

__all__ = [
    "Door",
    "Handler",
    "Handlers",
    "InboundFilters",
    "InboundView",
    "Kept",
    "Message",
    "NotYet",
    "Parsed",
    "SignedDoor",
    "TooMany",
    "Unreadable",
    "close_message",
    "finish",
    "inbound_counts",
    "inbound_messages",
    "is_quarantined",
    "keep",
    "message_content",
    "quarantine",
    "replay",
    "work",
]
