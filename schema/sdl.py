"""`python -m schema.sdl` writes `schema/schema.graphql`; `--check` compares and fails on a difference."""

from __future__ import annotations

import sys
from pathlib import Path

from schema.root import schema

COMMITTED = Path(__file__).with_name("schema.graphql")


def sdl() -> str:
    return schema.as_str().rstrip() + "\n"


def main(arguments: list[str]) -> int:
    if arguments == ["--check"]:
        same = COMMITTED.exists() and COMMITTED.read_text(encoding="utf-8") == sdl()
        if not same:
            print("schema/schema.graphql is out of date: python -m schema.sdl", file=sys.stderr)
        return 0 if same else 1
    COMMITTED.write_text(sdl(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
