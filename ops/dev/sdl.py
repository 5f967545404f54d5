"""`./dev sdl`: the SDL of the one schema; prints it, writes the committed copy, or compares with it.

--changes   what it breaks for clients of the released SDL, and whether CHANGELOG.md names it
--reference prints the API reference, one HTML page
--release   makes today's SDL the released one; part of a release
"""

import difflib
import sys

from graphql import GraphQLSchema

from ops.dev import parts
from ops.dev.failures import CommandFailure
from ops.dev.surroundings import CHECKOUT
from schema.contract import breaking, unannounced
from schema.reference import written_page

RELEASED = CHECKOUT / "schema" / "released.graphql"
COMMITTED = CHECKOUT / "schema" / "schema.graphql"


def main(arguments: list[str]) -> int:
    if arguments not in ([], ["--write"], ["--check"], ["--changes"], ["--reference"], ["--release"]):
        raise CommandFailure("usage: ./dev sdl [--write | --check | --changes | --reference | --release]")
    root = parts.load("schema.root", wanted="this version has no schema yet (schema/root.py)")
    text = root.schema.as_str().rstrip() + "\n"
    if arguments == ["--write"]:
        COMMITTED.write_text(text)
        print(f"written: {COMMITTED.relative_to(CHECKOUT)}")
        return 0
    if arguments == ["--release"]:
        RELEASED.write_text(text)
        print(f"written: {RELEASED.relative_to(CHECKOUT)}")
        return 0
    if arguments == ["--reference"]:
        print(written_page(root.executable()))
        return 0
    if arguments == ["--changes"]:
        return _changes(root.executable())
    if not arguments:
        print(text, end="")
        return 0
    committed = COMMITTED.read_text() if COMMITTED.exists() else ""
    if committed == text:
        return 0
    difference = difflib.unified_diff(
        committed.splitlines(), text.splitlines(), "schema/schema.graphql", "schema/root.py", lineterm=""
    )
    print("\n".join(list(difference)[:60]), file=sys.stderr)
    raise CommandFailure(
        "schema/schema.graphql is not what schema/root.py says: look at the change, then `./dev sdl --write`"
    )


def _changes(schema: GraphQLSchema) -> int:
    found = breaking(schema, released=RELEASED.read_text())
    missing = unannounced(found, change_log=(CHECKOUT / "CHANGELOG.md").read_text())
    for _, told in found:
        print(f"{'NOT IN THE CHANGE LOG' if told in missing else 'announced'}: {told}")
    if not found:
        print("no client of the released SDL is broken")
    return 1 if missing else 0
