"""The digits behind our own number that tell one message's receipt from another's to the same mobile."""

from __future__ import annotations


def extension_of(message_id: int, *, digits: int) -> str:
    return f"{message_id % 10**digits:0{digits}d}" if digits else ""
