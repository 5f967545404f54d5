"""`./dev test …`: what the tests need (stores, Chromium, font), then pytest; its exit code is ours."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping

from ops.dev import browser
from ops.dev.surroundings import CHECKOUT
from ops.embedded import Throwaway

PROCESSES_MAX = 8


def main(arguments: list[str]) -> int:
    chromium = browser.ensure()
    if chromium.missing:
        print(f"./dev test: browser tests are skipped: {chromium.missing}", flush=True)
    settings = {
        "HPF_CHROMIUM": "" if chromium.missing else chromium.program or "",
        "HPF_BROWSER_MISSING": chromium.missing,
    }
    if os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL"):
        return _pytest(arguments, settings)
    servers = Throwaway.start(checkout=CHECKOUT)
    try:
        settings["HPF_TEST_SERVERS"] = str(servers.place.base)
        return _pytest(arguments, settings)
    finally:
        servers.stop()


def _pytest(arguments: list[str], settings: Mapping[str, str]) -> int:
    command = [sys.executable, "-m", "pytest", *_spread(arguments), *arguments]
    child = subprocess.Popen(command, cwd=CHECKOUT, env={**_without_settings(), **settings})
    previous = signal.signal(signal.SIGTERM, lambda number, frame: child.terminate())
    try:
        while True:
            try:
                return child.wait()
            except KeyboardInterrupt:
                # the terminal has told pytest too: let it finish its report
                continue
    finally:
        signal.signal(signal.SIGTERM, previous)


def _spread(arguments: list[str]) -> list[str]:
    """One process a core; as typed when the caller says how many, one when the debugger is wanted."""
    if any(word.startswith(("-n", "--numprocesses")) for word in arguments) or {
        "--pdb",
        "--collect-only",
    } & set(arguments):
        return []
    return ["-n", str(min(os.cpu_count() or 1, PROCESSES_MAX)), "--dist", "loadgroup"]


def _without_settings() -> dict[str, str]:
    """Tests say what they need: settings of a running system must not reach them."""
    kept = ("HPF_CHROMIUM", "HPF_SNAPSHOTS", "HPF_TEST_")
    return {name: value for name, value in os.environ.items() if not name.startswith("HPF_") or name.startswith(kept)}
