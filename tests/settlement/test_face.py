"""The face of settlement offers what it names."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

from domain import settlement


def test_no_name_of_the_face_is_hidden_by_a_module() -> None:
    """A module of the same name would take a function's place, depending on who imports what first."""
    named = re.findall(
        r"^(?:from \S+ import \S+ as )?([A-Za-z]\w*)(?: = .*)?$", Path(settlement.__file__).read_text(), re.M
    )
    assert len(named) > 150
    hidden = [name for name in named if isinstance(getattr(settlement, name), ModuleType)]
    assert hidden == []
