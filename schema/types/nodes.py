"""Global ids: opaque, one for each object, readable only by us."""

from __future__ import annotations

import base64
import binascii

import strawberry

from domain.kernel.refusal import REFERENCE_MALFORMED, Refused
from schema.guards import PUBLIC, shown

_ID_LENGTH_MAX = 200
_BIGINT_MAX = 2**63 - 1


@strawberry.interface(description="有全局编号的对象 · an object with a global id")
class Node:
    id: strawberry.ID = shown(PUBLIC, "全局编号 · global id, opaque")


def global_id(kind: str, key: str | int) -> strawberry.ID:
    """`Case`, `20261123C20…` → the id that clients see."""
    return strawberry.ID(base64.urlsafe_b64encode(f"{kind}:{key}".encode()).decode().rstrip("="))


def read_global_id(id: str) -> tuple[str, str] | None:
    """(kind, key) of an id that we could have given out; None for any other text."""
    if len(id) > _ID_LENGTH_MAX:
        return None
    try:
        text = base64.b64decode(id + "=" * (-len(id) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    kind, separator, key = text.partition(":")
    # spellings that differ in unused bits name no object
    sound = separator and key.isascii() and key.replace(":", "").isalnum() and global_id(kind, key) == id
    return (kind, key) if sound else None


def key_of(id: str, *, kind: str, field: str) -> str:
    """The key of an id given in an input. Raises Refused for malformed ids and for ids of other kinds."""
    found = read_global_id(id)
    if found is None or found[0] != kind:
        raise Refused(REFERENCE_MALFORMED.on(field))
    return found[1]


def number_of(id: str, *, kind: str, field: str) -> int:
    """As `key_of`, for objects whose key is a number of ours."""
    number = read_number(key_of(id, kind=kind, field=field))
    if number is None:
        raise Refused(REFERENCE_MALFORMED.on(field))
    return number


def read_number(key: str) -> int | None:
    if not key.isdecimal() or len(key) > 19 or int(key) > _BIGINT_MAX:
        return None
    return int(key)
