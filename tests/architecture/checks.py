"""Checks about the code itself. Each takes source text, so that a test can show it failing before it is trusted."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("auth", "backoffice", "channels", "domain", "notifications", "ops", "resolvers", "schema")
LINES_MAX = 400

AREAS = tuple(
    sorted(path.name for path in (ROOT / "domain").iterdir() if path.is_dir() and (path / "__init__.py").exists())
)
# Ports, events and refusals are part of an area's face where another layer implements or declares against them.
OPEN_MODULES = frozenset({"ports", "evaluation_port", "models", "refusals"})


@dataclass(frozen=True)
class Source:
    """A module: its dotted name and its text."""

    module: str
    text: str

    @property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)


def sources(*packages: str) -> Iterator[Source]:
    for package in packages or PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            yield Source(".".join(part for part in parts if part != "__init__"), path.read_text(encoding="utf-8"))


def imported(source: Source) -> Iterator[tuple[str, int]]:
    """Every module that a source imports, `from a import b` as both `a` and `a.b`."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module, node.lineno
            for alias in node.names:
                yield f"{node.module}.{alias.name}", node.lineno


def inner_doors(source: Source) -> list[str]:
    """Imports that enter an area of the domain by something else than its face."""
    own = ".".join(source.module.split(".")[:2])
    found = []
    for module, line in imported(source):
        parts = module.split(".")
        if len(parts) < 3 or parts[0] != "domain" or parts[1] == "kernel" or ".".join(parts[:2]) == own:
            continue
        if parts[1] in AREAS and parts[2] not in OPEN_MODULES and is_module(parts[:3]):
            found.append(f"{source.module}:{line} imports {'.'.join(parts[:3])}")
    return sorted(set(found))


def is_module(parts: list[str]) -> bool:
    base = ROOT.joinpath(*parts)
    return base.with_suffix(".py").exists() or (base / "__init__.py").exists()


_CLOCKS = {("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today"), ("time", "time")}


def clocks(source: Source) -> list[str]:
    """Calls that read the clock: time is a parameter outside `ops`."""
    return [
        f"{source.module}:{node.lineno} reads the clock"
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and (node.func.value.id, node.func.attr) in _CLOCKS
    ]


def floats(source: Source) -> list[str]:
    """Float literals, the name `float`, and true division: none of them near money."""
    found = []
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, float):
            found.append(f"{source.module}:{node.lineno} has the float {node.value}")
        elif isinstance(node, ast.Name) and node.id == "float":
            found.append(f"{source.module}:{node.lineno} names float")
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and not _is_path(node):
            found.append(f"{source.module}:{node.lineno} divides")
    return found


def _is_path(node: ast.BinOp) -> bool:
    sides = (node.left, node.right)
    return any(isinstance(side, ast.Constant) and isinstance(side.value, str) for side in sides) or any(
        isinstance(side, ast.Name) and side.id in ("directory", "folder", "HERE", "FOLDER") for side in sides
    )


def settings_read(source: Source) -> list[str]:
    """Settings or the environment read outside `ops`."""
    found = [
        f"{source.module}:{line} imports {module}"
        for module, line in imported(source)
        if module.split(".")[0] in ("ops", "pydantic_settings")
    ]
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv"):
            found.append(f"{source.module}:{node.lineno} reads the environment")
    return found


def too_long(source: Source, *, most: int = LINES_MAX) -> list[str]:
    lines = source.text.count("\n")
    return [f"{source.module} has {lines} lines"] if lines > most else []


def positional(source: Source) -> list[str]:
    """Public functions of an area's face modules that take more than an executor or a value by position."""
    found = []
    for node in source.tree.body:
        if isinstance(node, ast.AsyncFunctionDef) and not node.name.startswith("_"):
            names = [argument.arg for argument in node.args.args]
            if [name for name in names if name not in ("tx", "executor", "using", "actor", "house")]:
                found.append(f"{source.module}.{node.name} takes {names} by position")
    return found


def network_in_transaction(source: Source) -> list[str]:
    """Calls of a port inside `async with transaction()`: none may wait for a partner while rows are locked."""
    found = []
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.AsyncWith):
            continue
        opened = [item.context_expr for item in node.items]
        if not any(isinstance(call, ast.Call) and _called(call) in ("transaction", "rehearsal") for call in opened):
            continue
        for inner in ast.walk(node):
            asked = inner.value.func if isinstance(inner, ast.Await) and isinstance(inner.value, ast.Call) else None
            whom = asked.value if isinstance(asked, ast.Attribute) else None
            if isinstance(whom, ast.Name) and whom.id in ("gateway", "registries", "carrier", "platform"):
                found.append(f"{source.module}:{inner.lineno} asks {whom.id} inside a transaction")
    return found


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
