"""`./dev sdl`: the SDL of the one schema; prints it, writes the committed copy, or compares with it."""

import difflib
import sys

from ops.dev import parts
from ops.dev.failures import CommandFailure
from ops.dev.surroundings import CHECKOUT

COMMITTED = CHECKOUT / "schema" / "schema.graphql"


def main(arguments: list[str]) -> int:
    if arguments not in ([], ["--write"], ["--check"]):
        raise CommandFailure("usage: ./dev sdl [--write | --check]")
    root = parts.load("schema.root", wanted="this version has no schema yet (schema/root.py)")
    text = root.schema.as_str().rstrip() + "\n"
    if arguments == ["--write"]:
        COMMITTED.write_text(text)
        print(f"written: {COMMITTED.relative_to(CHECKOUT)}")
        return 0
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
