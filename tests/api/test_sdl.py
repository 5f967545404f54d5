"""The committed texts that clients rely on: the SDL and the catalogue of refusals."""

from __future__ import annotations

import importlib
import os
from pathlib import Path

import pytest
from graphql import build_schema

import schema as schema_folder
from domain.kernel.refusal import CATALOGUE
from ops.dev.documents import checked, files_of, folders_of_channels
from schema.contract import RELEASED, breaking, described, is_bilingual, unannounced
from schema.root import executable
from schema.sdl import COMMITTED, main, sdl

ROOT = Path(__file__).resolve().parents[2]
AREAS = ("auth", "backoffice", "channels", "domain", "notifications")
CHANGE_LOG = ROOT / "CHANGELOG.md"
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


def test_everything_is_described_in_chinese_first_and_in_english() -> None:
    """For a new argument see `schema.describing.argument`, for a member of an enum `schema.describing.member`."""
    assert [path for path, text in described(executable()) if not is_bilingual(text)] == []


def test_no_client_is_broken_unannounced() -> None:
    """A line of the coming version in CHANGELOG.md must name `Type.field`; see `./dev sdl --changes`."""
    found = breaking(executable(), released=RELEASED.read_text(encoding="utf-8"))
    assert unannounced(found, change_log=CHANGE_LOG.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("folder", folders_of_channels(), ids=lambda folder: folder.parent.name)
def test_what_is_written_for_clients_is_what_schema_and_documents_say(folder: Path) -> None:
    service, documents = checked(folder)
    outdated = [file.name for file, text in files_of(service, documents).items() if file.read_text("utf-8") != text]
    assert outdated == [], "run `./dev documents write`"


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
