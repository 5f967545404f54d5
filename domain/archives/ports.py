"""What makes a file of a paper and puts the centre's seal on it."""

from __future__ import annotations

from datetime import date
from typing import Protocol

from domain.archives.paper import Paper


class Press(Protocol):
    async def make(self, *, paper: Paper, number: str, code: str, issued_on: date) -> bytes:
        """The sealed PDF. It takes its time, so it is never called while rows are locked."""
        ...


_installed: list[Press] = []


def install(press: Press) -> None:
    """Called by `ops.wiring` at start (tests may install another)."""
    _installed[:] = [press]


def current() -> Press:
    assert _installed, "no press is installed; ops.wiring does it at start"
    return _installed[0]
