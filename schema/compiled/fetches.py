"""What an operation will read, seen before it runs: fetches that one read can serve are announced to the loaders, and
the fields that the read serves are known, so that nothing of them waits afterwards.

Only queries announce: within a mutation a field must see what the one before it wrote.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import IntValueNode, NullValueNode, ValueNode, VariableNode

from schema.compiled.shape import FieldShape, ObjectShape
from schema.loaders import ExpectedHome

_PERSON, _ACCOUNTS, _ENTRIES = ("Viewer", "person"), ("Query", "accounts"), ("Account", "entries")
_FIRST_MAX = 100


@dataclass(frozen=True, slots=True)
class HomeRead:
    """The home page. `first` entries of each account: a number, the name of the variable that has it, or None for no
    entries."""

    first: int | str | None

    def expected(self, values: Mapping[str, Any]) -> ExpectedHome | None:
        """None when the number is none that can be read: then the field itself shall say so."""
        first = values.get(self.first) if isinstance(self.first, str) else self.first
        if first is None:
            return None if isinstance(self.first, str) else ExpectedHome(None)
        return ExpectedHome(first) if isinstance(first, int) and 1 <= first <= _FIRST_MAX else None


def home_read(root: ObjectShape) -> HomeRead | None:
    """The home page, when at least two of person, accounts and entries are asked for at their usual places."""
    persons = [each for each in _reached(root) if (each.parent.name, each.name) == _PERSON]
    accounts = [each for each in root.fields if (each.parent.name, each.name) == _ACCOUNTS]
    if not accounts:
        return None
    firsts = {first for each in _entries(accounts) if (first := _first_of(each)) is not None}
    # two numbers would be two reads
    first = firsts.pop() if len(firsts) == 1 else None
    return HomeRead(first) if persons or first is not None else None


def serve(root: ObjectShape, read: HomeRead) -> None:
    """Marks the fields of a shape that the read serves."""
    for each in _reached(root):
        if (each.parent.name, each.name) in (_PERSON, _ACCOUNTS):
            each.served = True
    accounts = [each for each in root.fields if each.served]
    for each in _entries(accounts):
        each.served = read.first is not None and _first_of(each) == read.first


def _entries(accounts: list[FieldShape]) -> Iterator[FieldShape]:
    for each in accounts:
        for target in each.targets.values():
            yield from (below for below in target.fields if (below.parent.name, below.name) == _ENTRIES)


def _first_of(entries: FieldShape) -> int | str | None:
    """How many newest entries are asked for; None when it is not said here or the page is another."""
    given: dict[str, ValueNode] = {each.name.value: each.value for each in entries.details[0].node.arguments or ()}
    if not isinstance(given.get("after", NullValueNode()), NullValueNode):
        return None
    first = given.get("first")
    if isinstance(first, VariableNode):
        return first.name.value
    if isinstance(first, IntValueNode) and len(first.value) <= 3 and 1 <= int(first.value) <= _FIRST_MAX:
        return int(first.value)
    return None


def _reached(shape: ObjectShape) -> Iterator[FieldShape]:
    for each in shape.fields:
        yield each
        for target in each.targets.values():
            yield from _reached(target)
