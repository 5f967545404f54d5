"""`./dev check`: every check to its end, so that one start shows all that is wrong; then the tests."""

import subprocess
import sys
import time
from pathlib import Path

from ops.dev import test
from ops.dev.failures import CommandFailure
from ops.dev.surroundings import CHECKOUT

BIN = Path(sys.executable).parent
CHECKS: dict[str, list[str]] = {
    "lint": [str(BIN / "ruff"), "check", "."],
    "format": [str(BIN / "ruff"), "format", "--check", "."],
    "types": [str(BIN / "mypy")],
    "import contracts": [str(BIN / "lint-imports")],
    "SDL": [sys.executable, "-m", "ops.dev", "sdl", "--check"],
}


def main(arguments: list[str]) -> int:
    if arguments not in ([], ["--no-tests"]):
        raise CommandFailure("usage: ./dev check [--no-tests]")
    failed = [name for name, command in CHECKS.items() if not _passes(name, command)]
    if not arguments:
        print("== tests", flush=True)
        if test.main([]):
            failed.append("tests")
    if failed:
        raise CommandFailure(f"not in order: {', '.join(failed)}")
    print("./dev check: all in order")
    return 0


def _passes(name: str, command: list[str]) -> bool:
    print(f"== {name}", flush=True)
    begun = time.monotonic()
    passes = subprocess.run(command, cwd=CHECKOUT, check=False).returncode == 0
    print(f"   {'in order' if passes else 'NOT in order'} ({time.monotonic() - begun:.1f} s)", flush=True)
    return passes
