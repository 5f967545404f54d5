"""Data declared in YAML beside the code: parameters, items, flows, matrices, decision tables.

Read strictly, because people other than programmers write these files: a key given twice would silently win
over the first, and an unquoted 0.1 would become a float. Both are refused with the line where they stand.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml


class DeclarationError(ValueError):
    """A declared file is malformed. Carries every problem found, one a line."""

    def __init__(self, *, file: str, problems: list[str]) -> None:
        assert problems, "an error without a problem"
        super().__init__(f"{file}:\n  " + "\n  ".join(problems))
        self.problems = tuple(problems)


# The C loader reads the same language about ten times faster; some platforms come without it.
_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _StrictLoader(_Base):
    pass


def _mapping(loader: Any, node: Any) -> dict[Any, Any]:
    seen: dict[Any, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if key in seen:
            raise DeclarationError(
                file=node.start_mark.name,
                problems=[f"line {key_node.start_mark.line + 1}: key {key!r} is given twice"],
            )
        seen[key] = loader.construct_object(value_node, deep=True)
    return seen


def _no_float(loader: Any, node: Any) -> Any:
    raise DeclarationError(
        file=node.start_mark.name,
        problems=[f"line {node.start_mark.line + 1}: {node.value} must be quoted, floats are not read"],
    )


_StrictLoader.add_constructor("tag:yaml.org,2002:map", _mapping)
_StrictLoader.add_constructor("tag:yaml.org,2002:float", _no_float)


def read_text(text: str, *, name: str = "<text>") -> Any:
    """The data of a YAML text. Raises DeclarationError for duplicate keys, floats and malformed YAML."""
    try:
        loader = _StrictLoader(text)
        try:
            return loader.get_single_data()
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        raise DeclarationError(file=name, problems=[str(error)]) from error
    except DeclarationError as error:
        raise DeclarationError(file=name, problems=list(error.problems)) from None


def read(path: Path) -> Any:
    """The data of one YAML file."""
    return read_text(path.read_text(encoding="utf-8"), name=path.name)
