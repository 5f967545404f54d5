"""Pages of a list: keyset cursors that name the last row seen, so that new rows move nothing."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar, overload

import orjson

from domain.kernel.refusal import CURSOR_MALFORMED, PAGE_SIZE, Refused

T = TypeVar("T")

FIRST_MAX = 100


class Cursors(Sequence[str]):
    """The cursors of a page's rows, written when somebody asks for one: most readers want the last one at most."""

    __slots__ = ("_keys",)

    def __init__(self, keys: list[list[int | str]]) -> None:
        self._keys = keys

    def __len__(self) -> int:
        return len(self._keys)

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[str]: ...
    def __getitem__(self, place: int | slice) -> str | Sequence[str]:
        return Cursors(self._keys[place]) if isinstance(place, slice) else encode_cursor(self._keys[place])

    def __eq__(self, other: object) -> bool:
        return self._keys == other._keys if isinstance(other, Cursors) else NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return f"Cursors({self._keys!r})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """`cursors[i]` belongs to `items[i]`; `total` counts all pages."""

    items: tuple[T, ...]
    cursors: Sequence[str]
    has_next: bool
    total: int

    @property
    def end_cursor(self) -> str | None:
        return self.cursors[-1] if self.cursors else None


def cut(*, rows: list[T], first: int, total: int, key: Callable[[T], list[int | str]]) -> Page[T]:
    """A page from up to `first + 1` rows; `key` gives the values that order the list."""
    kept = rows[:first]
    cursors = Cursors([key(row) for row in kept])
    return Page(items=tuple(kept), cursors=cursors, has_next=len(rows) > first, total=total)


def check_first(first: int) -> int:
    if not 1 <= first <= FIRST_MAX:
        raise Refused(PAGE_SIZE(most=FIRST_MAX))
    return first


def encode_cursor(values: list[int | str]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(values)).decode().rstrip("=")


def decode_cursor(cursor: str | None, *, shape: tuple[type, ...]) -> list[int | str] | None:
    """The values of a cursor, or None for the first page. Raises Refused unless they have the given types."""
    if cursor is None:
        return None
    try:
        values = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError):
        raise Refused(CURSOR_MALFORMED()) from None
    if not isinstance(values, list) or tuple(type(value) for value in values) != shape:
        raise Refused(CURSOR_MALFORMED())
    if any(isinstance(value, int) and not -(2**63) <= value < 2**63 for value in values):
        raise Refused(CURSOR_MALFORMED())
    return values
