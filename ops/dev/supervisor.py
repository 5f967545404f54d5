"""Keeps child processes running: starts, restarts with back-off, stops in order, gives up clearly."""

import os
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from ops.dev.failures import CommandFailure
from ops.embedded.process import ProcessRecord, last_lines

RESTARTS_MAX = 5
RESTART_WINDOW_SECONDS = 120.0
BACK_OFF_SECONDS = (0.2, 0.5, 1.0, 2.0, 4.0)
STOP_SECONDS = 15.0


@dataclass
class Child:
    """One long-running process of the platform; a group of its own, so that its children end with it."""

    name: str
    command: list[str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    deaths: deque[float] = field(default_factory=deque)
    restart_at: float | None = None

    def start(self, *, environment: Mapping[str, str], folder: Path) -> None:
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.command,
                cwd=folder,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.restart_at = None

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def signal_group(self, number: signal.Signals) -> None:
        if self.process is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, number)

    def wait(self, *, seconds: float) -> bool:
        if self.process is None:
            return True
        try:
            self.process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            return False
        return True


class Supervisor:
    """Runs `children` until `stop` is called; `changed` hears the process records after each start."""

    def __init__(
        self,
        *,
        children: list[Child],
        environment: Mapping[str, str],
        folder: Path,
        changed: Callable[[dict[str, ProcessRecord]], None],
        say: Callable[[str], None],
    ) -> None:
        self.children = children
        self._environment = environment
        self._folder = folder
        self._changed = changed
        self._say = say

    def start(self, *, name: str) -> None:
        child = next(child for child in self.children if child.name == name)
        child.start(environment=self._environment, folder=self._folder)
        self._tell()

    def tend(self) -> None:
        """Look after every child once. Raises CommandFailure when one keeps dying."""
        for child in self.children:
            if child.process is None or child.alive:
                continue
            if child.restart_at is None:
                self._plan_restart(child)
            elif time.monotonic() >= child.restart_at:
                child.start(environment=self._environment, folder=self._folder)
                self._tell()

    def stop(self) -> None:
        """End the children one after the other, by force what does not listen."""
        for child in self.children:
            if child.alive and child.process is not None:
                child.process.send_signal(signal.SIGTERM)
                if not child.wait(seconds=STOP_SECONDS):
                    self._say(f"{child.name} did not end in time and was killed")
            # what the child itself has left behind, too
            child.signal_group(signal.SIGKILL)
            child.wait(seconds=5)

    def _plan_restart(self, child: Child) -> None:
        now = time.monotonic()
        child.signal_group(signal.SIGKILL)
        child.deaths.append(now)
        while child.deaths and child.deaths[0] < now - RESTART_WINDOW_SECONDS:
            child.deaths.popleft()
        code = child.process.returncode if child.process else "?"
        if len(child.deaths) > RESTARTS_MAX:
            raise CommandFailure(
                f"{child.name} ended {len(child.deaths)} times within {RESTART_WINDOW_SECONDS:.0f} seconds "
                f"(last code {code}); everything is stopped. The end of {child.log}:\n{last_lines(child.log)}"
            )
        pause = BACK_OFF_SECONDS[min(len(child.deaths), len(BACK_OFF_SECONDS)) - 1]
        child.restart_at = now + pause
        self._say(f"{child.name} ended with code {code}; starting it again in {pause} s (see {child.log})")

    def _tell(self) -> None:
        self._changed({child.name: ProcessRecord.of(child.process.pid) for child in self.children if child.process})
