"""Servers under measurement: started, awaited, their processor time and memory read, stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

from ops.bench.rig.stores import CHECKOUT, Stores
from ops.embedded.process import free_port, last_lines

READY_SECONDS = 60.0
_OURS = ("HPF_", "DATABASE_URL", "REDIS_URL")
_PROC = Path("/proc")


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    port: int
    pid: int
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def wait_ready(self, *, path: str) -> None:
        """Raises RuntimeError with the end of the server's log when it does not answer in time."""
        deadline = time.monotonic() + READY_SECONDS
        with httpx.Client(trust_env=False, timeout=2) as client:
            while time.monotonic() < deadline:
                with suppress(httpx.HTTPError):
                    if client.get(self.url + path).status_code == 200:
                        return
                time.sleep(0.05)
        raise RuntimeError(f"{self.url} does not answer:\n{last_lines(self.log)}")


def environment(values: Mapping[str, str]) -> dict[str, str]:
    """The caller's environment without anything meant for the platform, then `values`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    return {**kept, **values}


def granian(*, app: str, workers: int, port: int) -> list[str]:
    """The command of the production web server for an ASGI application."""
    command = [sys.executable, "-m", "granian", "--interface", "asgi", "--host", "127.0.0.1", "--port", str(port)]
    return [*command, "--workers", str(workers), "--loop", "uvloop", "--workers-kill-timeout", "5", app]


def a_free_port() -> int:
    return free_port()


@contextmanager
def serving(*, command: list[str], port: int, log: Path, values: Mapping[str, str]) -> Iterator[Server]:
    """Runs a server while the block lasts; it may not be ready yet when the block begins."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            cwd=CHECKOUT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=environment(values),
        )
    try:
        yield Server(port=port, pid=process.pid, log=log)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            # the session is the server's own: its workers end with it
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(timeout=5)


def cpu_seconds(*roots: int) -> float | None:
    """Processor time that the processes and all their descendants have used; None where the system does not tell."""
    if not (_PROC / "self/stat").exists():
        return None
    ticks = 0
    for pid in _trees(roots):
        with suppress(OSError):
            # utime, stime, and those of children that have ended
            ticks += sum(int(value) for value in _stat(pid)[11:15])
    return ticks / os.sysconf("SC_CLK_TCK")


def cpu_used(stores: Stores) -> float:
    """Processor time in seconds that this process and PostgreSQL have used: what travels from a busy machine. Nought
    for a server of somebody else."""
    return (cpu_seconds(os.getpid(), stores.postgres_pid) or 0.0) if stores.postgres_pid else 0.0


def cpu_ratio(ours: float, floor: float) -> float | None:
    """None where processor time was not told."""
    return round(ours / floor, 2) if floor else None


def peak_memory_mb(*roots: int) -> float | None:
    """The highest resident memory of each process so far, summed; pages that processes share count for each."""
    if not (_PROC / "self/status").exists():
        return None
    kilobytes = 0
    for pid in _trees(roots):
        with suppress(OSError):
            for line in (_PROC / str(pid) / "status").read_text().splitlines():
                if line.startswith("VmHWM:"):
                    kilobytes += int(line.split()[1])
    return kilobytes / 1024


def _trees(roots: tuple[int, ...]) -> set[int]:
    parents: dict[int, int] = {}
    for entry in _PROC.iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                parents[int(entry.name)] = int(_stat(int(entry.name))[1])
    found = set(roots)
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def _stat(pid: int) -> list[str]:
    """The fields after the name: state, parent, …"""
    return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
