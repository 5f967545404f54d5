"""The source that serves, and the rules that its SQL and its use of the ORM must keep."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ops.scale.schema import ACCOUNT, REFERENCE, VOLATILE, Schema, listed

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("auth", "backoffice", "channels", "domain", "notifications", "ops", "resolvers", "schema")
# Tools of development and measurement run beside the system, not in it.
NOT_SERVING = ("ops/bench/", "ops/demo/", "ops/dev/", "ops/embedded/")


@dataclass(frozen=True, slots=True)
class Source:
    """One module: its path below the checkout and its text."""

    path: str
    text: str


def sources() -> list[Source]:
    """The code that serves."""
    found = []
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            if not name.startswith(NOT_SERVING):
                found.append(Source(name, path.read_text(encoding="utf-8")))
    return found


def rule_7_conflicts(sources: Iterable[Source]) -> Iterator[str]:
    for source, line, sql in _statements(sources):
        if re.search(r"\bINSERT\s+INTO\s+request_record\b", sql, re.I) and not re.search(
            r"ON\s+CONFLICT\s+DO\s+NOTHING", sql, re.I
        ):
            yield f"{source.path}:{line}: a request is recorded without ON CONFLICT DO NOTHING"


def rule_8_joins(schema: Schema, sources: Iterable[Source]) -> Iterator[tuple[str, str, str]]:
    """(path, lookup, message) of each statement that joins a lookup with a table outside the reference data."""
    for source, line, sql in _statements(sources):
        named = set(re.findall(r"\b(?:FROM|JOIN|USING)\s+([a-z_]+)\b", sql, re.I))
        placed = {table: place for table in named if (place := schema.place(table)) is not None}
        for table, place in placed.items():
            others = sorted(name for name, other in placed.items() if name != table and other != REFERENCE)
            if place.kind == "lookup" and others:
                yield source.path, table, f"{source.path}:{line}: {table} is joined with {listed(others)}"


def rule_1_moves(schema: Schema, sources: Iterable[Source]) -> Iterator[str]:
    for where, table, changed in _updates(schema, sources):
        place = schema.place(table)
        if place is not None and place.key and re.search(rf"(?<![.\w]){place.key}\s*=(?!=)", changed):
            yield f"{where}: {table}.{place.key} is updated"


def rule_13_updates(schema: Schema, sources: Iterable[Source]) -> Iterator[str]:
    for where, table, changed in _updates(schema, sources):
        place = schema.place(table)
        if place is not None and place.key and (found := VOLATILE.search(changed)):
            yield f"{where}: {table} is updated with {found[0]}"


_SAVERS = {"save", "refresh_from_db", "update_or_create", "get_or_create", "bulk_update", "in_bulk"}
_ONE_ROW = {"get", "get_or_none", "update", "delete"}


def rule_12_models(schema: Schema, sources: Iterable[Source]) -> Iterator[str]:
    trees = [(source, ast.parse(source.text)) for source in sources]
    models = {name for _, tree in trees for name, table in _models(tree) if schema.place(table) == ACCOUNT}
    for source, tree in trees:
        for call in ast.walk(tree):
            if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)):
                continue
            where, act = f"{source.path}:{call.lineno}", call.func.attr
            root, arguments = _chain(call)
            if act == "save" or (act in _SAVERS and root in models):
                yield f"{where}: {root or 'a row'}.{act}() knows one key column only"
            elif act in _ONE_ROW and root in models and not arguments & {"account_no", "account_no__in"}:
                yield f"{where}: {root}…{act}() does not name account_no"


def _models(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Classes of the ORM and the tables that their Meta names."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.ClassDef):
            continue
        for meta in node.body:
            if isinstance(meta, ast.ClassDef) and meta.name == "Meta":
                for line in meta.body:
                    if isinstance(line, ast.Assign) and ast.unparse(line.targets[0]) == "table":
                        yield node.name, str(ast.literal_eval(line.value))


def _chain(call: ast.Call) -> tuple[str, set[str]]:
    """`Model.filter(a=1).update(b=2)` → ("Model", {"a"}): where a chain begins and what it selects by."""
    node: ast.expr = call
    arguments: set[str] = set()
    while isinstance(node, ast.Call | ast.Attribute):
        if isinstance(node, ast.Call):
            if not (isinstance(node.func, ast.Attribute) and node.func.attr == "update"):
                arguments |= {keyword.arg for keyword in node.keywords if keyword.arg}
            node = node.func
        else:
            node = node.value
    return (node.id if isinstance(node, ast.Name) else ""), arguments


_UPDATE = re.compile(r"\bUPDATE\s+([a-z_]+)\s+SET\b(.*?)(?=\bWHERE\b|\bFROM\b|;|$)", re.IGNORECASE | re.DOTALL)


def _statements(sources: Iterable[Source]) -> Iterator[tuple[Source, int, str]]:
    """String constants of the source that look like SQL; what is interpolated reads `?`."""
    for source in sources:
        tree = ast.parse(source.text)
        parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr):
                text = "".join(str(part.value) if isinstance(part, ast.Constant) else "?" for part in node.values)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts:
                text = node.value
            else:
                continue
            if re.search(r"\b(SELECT|INSERT|UPDATE|DELETE|JOIN|FROM)\b", text):
                yield source, node.lineno, text


def _updates(schema: Schema, sources: Iterable[Source]) -> Iterator[tuple[str, str, str]]:
    """(where, table, what is set) of every UPDATE, in functions and in the source."""
    bodies = [(row["name"], row["body"]) for row in schema.functions]
    bodies += [(f"{source.path}:{line}", sql) for source, line, sql in _statements(sources)]
    for where, sql in bodies:
        for table, changed in _UPDATE.findall(sql):
            yield where, table, changed
