"""Starting, recognising and stopping the processes that we started ourselves, over launcher restarts."""

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ops.embedded.failures import EmbeddedFailure
from ops.embedded.place import Owner

POLL_SECONDS = 0.02


@dataclass(frozen=True)
class ProcessRecord:
    """A process id with the moment it started, so that a reused id is never taken for ours."""

    pid: int
    started: str

    @classmethod
    def of(cls, pid: int) -> "ProcessRecord":
        return cls(pid=pid, started=started_mark(pid))

    @classmethod
    def read(cls, path: Path) -> "ProcessRecord | None":
        try:
            stored = json.loads(path.read_text())
            return cls(pid=int(stored["pid"]), started=str(stored["started"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, path: Path) -> None:
        partial = path.with_name(path.name + ".new")
        partial.write_text(json.dumps({"pid": self.pid, "started": self.started}))
        partial.replace(path)

    @property
    def alive(self) -> bool:
        return bool(self.started) and started_mark(self.pid) == self.started


def started_mark(pid: int) -> str:
    """When the process started, in kernel clock ticks where there are such; "" when it does not run."""
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        if Path("/proc/self/stat").exists():
            return ""
        shown = subprocess.run(
            ["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
        )
        return "" if shown.stdout.startswith("Z") else shown.stdout.partition(" ")[2].strip()
    except OSError:
        return ""
    # a zombie is over: only its parent has not asked for its exit code yet
    return "" if after_name[0] in "ZX" else after_name[19]


def command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        shown = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
        return shown.stdout.strip()


def start(
    *,
    command: Sequence[str],
    owner: Owner | None,
    folder: Path,
    log: Path,
    environment: Mapping[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    """Start `command` in its own session, as `owner` when given, its output appended to `log`."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=dict(os.environ if environment is None else environment),
            umask=0o077,
            **(owner.identity if owner else {}),
        )


def stop(
    *,
    record: ProcessRecord,
    how: Sequence[tuple[signal.Signals, float]],
    child: subprocess.Popen[bytes] | None,
) -> None:
    """Send each signal of `how` until the process is over, waiting its seconds in between.

    Raises EmbeddedFailure when the process outlives them all or belongs to someone else.
    """
    for number, patience in how:
        if not record.alive:
            break
        try:
            os.kill(record.pid, number)
        except ProcessLookupError:
            break
        except PermissionError as error:
            raise EmbeddedFailure(
                f"process {record.pid} belongs to another user: stop it as the one who started it"
            ) from error
        deadline = time.monotonic() + patience
        while record.alive and time.monotonic() < deadline:
            if child is not None:
                child.poll()
            time.sleep(POLL_SECONDS)
    if record.alive:
        raise EmbeddedFailure(f"process {record.pid} does not end: look into its log and stop it by hand")
    if child is not None:
        child.wait(timeout=5)


def port_is_free(port: int, *, host: str = "127.0.0.1") -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def free_port(*, preferred: int | None = None) -> int:
    """`preferred` when nobody listens there, else one chosen by the system."""
    if preferred is not None and port_is_free(preferred):
        return preferred
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def last_lines(log: Path, *, count: int = 12) -> str:
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-count:])
    except OSError:
        return ""
