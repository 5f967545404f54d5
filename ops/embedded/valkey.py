"""The embedded Valkey: sessions, limits and fan-out; its append-only file carries them over a restart."""

import json
import secrets
import signal
import socket
import subprocess
import time
from typing import Any

from ops.embedded import process
from ops.embedded.binaries import valkey_program
from ops.embedded.failures import EmbeddedFailure
from ops.embedded.place import Place

READY_SECONDS = 30.0


class Valkey:
    """One server in `place`; its port and password are kept beside it and stay the same between starts."""

    def __init__(self, *, place: Place, durable: bool = True, memory_mb: int = 256) -> None:
        self._place = place
        self._durable = durable
        self._memory_mb = memory_mb
        self._known_path = place.base / "valkey.json"
        self._record_path = place.base / "valkey.pid.json"
        self._child: subprocess.Popen[bytes] | None = None
        self.log = place.logs / "valkey.log"

    @property
    def running(self) -> bool:
        record = process.ProcessRecord.read(self._record_path)
        return record is not None and record.alive

    def url(self, *, database: int = 0) -> str:
        """`redis://…`; raises EmbeddedFailure before the first start."""
        known = self._known()
        return f"redis://:{known['password']}@127.0.0.1:{known['port']}/{database}"

    def start(self) -> str:
        """Start when stopped and wait until it answers; returns its URL. Raises EmbeddedFailure."""
        program = valkey_program(place=self._place)
        if not self.running:
            self._launch(program)
        self._wait_ready()
        return self.url()

    def stop(self) -> None:
        """Write what is pending and stop; stopping twice is allowed."""
        record = process.ProcessRecord.read(self._record_path)
        if record is not None and record.alive:
            process.stop(record=record, how=((signal.SIGTERM, 20.0), (signal.SIGKILL, 5.0)), child=self._child)
        self._record_path.unlink(missing_ok=True)
        self._child = None

    def _launch(self, program: str) -> None:
        known: dict[str, Any] = (
            self._known() if self._known_path.exists() else {"port": 0, "password": secrets.token_hex(24)}
        )
        port = process.free_port(preferred=int(known["port"]) or None)
        if port != known["port"]:
            self._place.write_private(self._known_path, json.dumps({**known, "port": port}))
        folder = self._place.folder("valkey")
        # in a file and not on the command line, where everybody on the machine could read the password
        configuration = folder / "valkey.conf"
        lines = [
            "bind 127.0.0.1",
            f"port {port}",
            f"requirepass {known['password']}",
            f'dir "{folder}"',
            "daemonize no",
            f"appendonly {'yes' if self._durable else 'no'}",
            "appendfsync everysec",
            'save ""',
            f"maxmemory {self._memory_mb}mb",
            "maxmemory-policy noeviction",
            "databases 64",
            "",
        ]
        self._place.write_private(configuration, "\n".join(lines))
        self._child = process.start(
            command=[program, str(configuration)],
            owner=self._place.owner,
            folder=folder,
            log=self.log,
            environment={},
        )
        process.ProcessRecord.of(self._child.pid).write(self._record_path)

    def _wait_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            if self._answers():
                return
            if self._child is not None and self._child.poll() is not None:
                break
            time.sleep(process.POLL_SECONDS)
        raise EmbeddedFailure(f"Valkey does not start; its log ends with:\n{process.last_lines(self.log)}")

    def _answers(self) -> bool:
        known = self._known()
        try:
            with socket.create_connection(("127.0.0.1", int(known["port"])), timeout=1) as connection:
                connection.sendall(f"AUTH {known['password']}\r\nPING\r\n".encode())
                connection.settimeout(1)
                answer = b""
                while b"PONG" not in answer and (part := connection.recv(256)):
                    answer += part
                return b"PONG" in answer
        except OSError:
            return False

    def _known(self) -> dict[str, Any]:
        try:
            known: dict[str, Any] = json.loads(self._known_path.read_text())
        except (OSError, ValueError) as error:
            raise EmbeddedFailure(
                f"{self._known_path} with port and password is missing or damaged: remove it"
            ) from error
        return known
