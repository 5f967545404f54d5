"""The committed texts that clients rely on: the SDL and the catalogue of refusals."""

from __future__ import annotations

import importlib
import os
from pathlib import Path

from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLInterfaceType, GraphQLObjectType, build_schema

import schema as schema_folder
from domain.kernel.refusal import CATALOGUE
from schema.root import executable
from schema.sdl import COMMITTED, main, sdl

ROOT = Path(__file__).resolve().parents[2]
AREAS = ("auth", "backoffice", "channels", "domain", "notifications")
REFUSALS = Path(__file__).with_name("refusals.snapshot")
# `HPF_SNAPSHOTS=write` writes them anew; look at the difference before committing it.
WRITE = os.environ.get("HPF_SNAPSHOTS") == "write"


def test_the_committed_sdl_is_the_schema() -> None:
    assert COMMITTED.read_text(encoding="utf-8") == sdl(), "run `python -m schema.sdl`"
    assert main(["--check"]) == 0
    assert build_schema(sdl()).query_type is not None


def test_schema_is_our_folder() -> None:
    assert schema_folder.__file__ is not None
    assert Path(schema_folder.__file__).resolve().parents[1] == ROOT


def test_everything_is_described_in_chinese_first() -> None:
    bare: list[str] = []
    for name, kind in executable().type_map.items():
        if name.startswith("__") or not isinstance(
            kind, GraphQLObjectType | GraphQLInputObjectType | GraphQLInterfaceType | GraphQLEnumType
        ):
            continue
        described = {name: kind.description}
        if not isinstance(kind, GraphQLEnumType):
            described |= {f"{name}.{field}": value.description for field, value in kind.fields.items()}
        bare += [path for path, text in described.items() if not text or not "\u4e00" <= text[0] <= "\u9fff"]
    assert bare == []


def test_refusals_are_the_ones_that_clients_know() -> None:
    for path in sorted(ROOT.glob("*/**/*.py")):
        if path.parts[len(ROOT.parts)] in AREAS and " = refusal_kind(" in path.read_text(encoding="utf-8"):
            importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    lines = [
        f"{code}\t{kind.field or '-'}\t{'retryable' if kind.retryable else '-'}\t{kind.template}\n"
        for code, kind in sorted(CATALOGUE.items())
    ]
    if WRITE:
        REFUSALS.write_text("".join(lines), encoding="utf-8")
    assert REFUSALS.read_text(encoding="utf-8").splitlines(keepends=True) == lines


def test_refusals_tell_what_to_do_next() -> None:
    for code, kind in CATALOGUE.items():
        assert kind.template.endswith("。"), f"{code} is not a sentence"
