"""Python source in the making: lines, indented as they are nested, and the objects that they name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast


class Writer:
    """The lines of one function."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._depth = 0

    def add(self, line: str) -> None:
        self._lines.append("    " * self._depth + line)

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        self.add(head)
        self._depth += 1
        yield
        self._depth -= 1

    def text(self) -> str:
        return "\n".join(self._lines) + "\n"


class Names:
    """Objects that the source names, each once. They are kept, so that no other object can take a known identity."""

    def __init__(self, given: dict[str, object]) -> None:
        self.space: dict[str, object] = dict(given)
        self._tables: list[dict[str, str]] = []
        self._known: dict[tuple[str, int], str] = {}
        self._count = 0

    def of(self, prefix: str, value: object) -> str:
        """The name of an object; the same for the same object."""
        key = (prefix, id(value))
        if key not in self._known:
            self._known[key] = name = self.fresh(prefix)
            self.space[name] = value
        return self._known[key]

    def fresh(self, prefix: str) -> str:
        self._count += 1
        return f"{prefix}{self._count}"

    def table(self, functions: dict[str, str]) -> str:
        """A table of functions by their names, which `fill` puts in once they exist."""
        name = self.fresh("M")
        self._tables.append(functions)
        self.space[name] = functions
        return name

    def fill(self) -> None:
        for table in self._tables:
            found: dict[str, object] = {key: self.space[function] for key, function in table.items()}
            cast(dict[str, object], table).update(found)
