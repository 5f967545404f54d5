"""The face of settlement offers what it names."""

from __future__ import annotations

from types import ModuleType

from domain import settlement


def test_no_name_of_the_face_is_hidden_by_a_module() -> None:
    """A module of the same name would take a function's place, depending on who imports what first."""
    hidden = [name for name in settlement.__all__ if isinstance(getattr(settlement, name), ModuleType)]
    assert hidden == []
