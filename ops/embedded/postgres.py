"""The embedded PostgreSQL: set up once, started, recognised after a restart of the launcher, stopped."""

import json
import os
import secrets
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from typing import Any

from ops.embedded import process
from ops.embedded.binaries import PostgresPrograms, postgres_programs
from ops.embedded.failures import EmbeddedFailure
from ops.embedded.place import Place

SUPERUSER = "hpf"
DATABASE = "hpf"
SOCKET_PATH_CHARS_MAX = 80  # the kernel allows 107 for folder, "/.s.PGSQL.<port>.lock" included
READY_SECONDS = 60.0


@dataclass(frozen=True)
class PostgresOptions:
    """`durable=False` is for tests only: a crash of the machine may lose the data."""

    shared_buffers_mb: int = 512
    connections_max: int = 200
    durable: bool = True
    preferred_port: int | None = None


class Postgres:
    """One cluster in `place`; its port and password are kept beside it and stay the same between starts."""

    def __init__(self, *, place: Place, options: PostgresOptions | None = None) -> None:
        self._place = place
        self._options = options or PostgresOptions()
        self._data = place.base / "postgres"
        self._known_path = place.base / "postgres.json"
        self._record_path = place.base / "postgres.pid.json"
        self._child: subprocess.Popen[bytes] | None = None
        self.log = place.logs / "postgres.log"

    @property
    def running(self) -> bool:
        return self._record() is not None

    def dsn(self, *, database: str = DATABASE) -> str:
        """`postgresql://…` of the superuser; raises EmbeddedFailure before the first start."""
        known = self._known()
        return f"postgresql://{SUPERUSER}:{known['password']}@127.0.0.1:{known['port']}/{database}"

    def start(self) -> str:
        """Set up when new, start when stopped, wait until it answers; returns the DSN of the database `hpf`.

        Raises EmbeddedFailure with the last lines of the server's log.
        """
        programs = postgres_programs(place=self._place)
        if not self._data.exists():
            self._initialise(programs)
        self._check_version(programs)
        if not self.running:
            self._remove_stale_lock()
            self._launch(programs)
        self._wait_ready()
        if not self._database_exists(programs, DATABASE):
            self.sql(f'CREATE DATABASE "{DATABASE}"', database="postgres")
        return self.dsn()

    def stop(self) -> None:
        """End sessions and stop ("fast"): returns when the process is over. Stopping twice is allowed."""
        if (record := self._record()) is not None:
            process.stop(record=record, how=((signal.SIGINT, 60.0), (signal.SIGQUIT, 15.0)), child=self._child)
        self._record_path.unlink(missing_ok=True)
        self._child = None

    def sql(self, statement: str, *, database: str = DATABASE) -> str:
        """Run one statement by psql as the superuser and return its bare output. Raises EmbeddedFailure."""
        return self._psql(postgres_programs(place=self._place), statement, database)

    def _psql(self, programs: PostgresPrograms, statement: str, database: str) -> str:
        known = self._known()
        address = ["-h", "127.0.0.1", "-p", str(known["port"]), "-U", SUPERUSER, "-d", database]
        done = subprocess.run(
            [programs["psql"], "-XAtq", "-v", "ON_ERROR_STOP=1", *address, "-c", statement],
            env={**_plain_environment(), "PGPASSWORD": str(known["password"])},
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            timeout=120,
        )
        if done.returncode:
            raise EmbeddedFailure(f"PostgreSQL refused a statement of the set-up: {done.stderr.strip()}")
        return done.stdout.strip()

    def _database_exists(self, programs: PostgresPrograms, name: str) -> bool:
        return self._psql(programs, f"SELECT 1 FROM pg_database WHERE datname = '{name}'", "postgres") == "1"

    def _initialise(self, programs: PostgresPrograms) -> None:
        """A half-made cluster is never taken for a whole one: its name comes after initdb."""
        new = self._place.base / "postgres.new"
        shutil.rmtree(new, ignore_errors=True)
        self._place.folder("postgres.new")
        password = secrets.token_hex(24)
        password_file = self._place.base / "postgres.password"
        self._place.write_private(password_file, password)
        locale = (
            ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
            if programs.major >= 17
            else ["--locale=C.UTF-8"]
        )
        command = [
            programs["initdb"], "--pgdata", str(new), "--username", SUPERUSER, "--auth=scram-sha-256",
            "--pwfile", str(password_file), "--encoding=UTF8", *locale, "--no-instructions",
            *([] if self._options.durable else ["--no-sync"]),
        ]  # fmt: skip
        try:
            starter = process.start(
                command=command,
                owner=self._place.owner,
                folder=new,
                log=self.log,
                environment=_plain_environment(),
            )
            if starter.wait(timeout=180):
                raise EmbeddedFailure(f"initdb failed:\n{process.last_lines(self.log)}")
        finally:
            password_file.unlink(missing_ok=True)
        port = process.free_port(preferred=self._options.preferred_port)
        self._place.write_private(self._known_path, json.dumps({"port": port, "password": password}))
        new.rename(self._data)

    def _check_version(self, programs: PostgresPrograms) -> None:
        have = (self._data / "PG_VERSION").read_text().strip()
        if have.split(".")[0] != str(programs.major):
            raise EmbeddedFailure(
                f"the data in {self._data} were written by PostgreSQL {have}, "
                f"the program is {programs.major}: "
                "dump and restore them, or move the folder away to start with a new demonstration city"
            )

    def _launch(self, programs: PostgresPrograms) -> None:
        known = self._known()
        port = process.free_port(preferred=int(known["port"]))
        if port != known["port"]:
            self._place.write_private(self._known_path, json.dumps({**known, "port": port}))
        sockets = self._place.folder("run")
        options = self._options
        settings: dict[str, str] = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": str(sockets) if len(str(sockets)) <= SOCKET_PATH_CHARS_MAX else "",
            "max_connections": str(options.connections_max),
            "shared_buffers": f"{options.shared_buffers_mb}MB",
            "synchronous_commit": "on" if options.durable else "off",
            "fsync": "on" if options.durable else "off",
            "full_page_writes": "on" if options.durable else "off",
            "effective_cache_size": f"{options.shared_buffers_mb * 4}MB",
            "work_mem": "16MB",
            "maintenance_work_mem": "256MB",
            "max_wal_size": "4GB",
            "checkpoint_timeout": "15min",
            "random_page_cost": "1.1",
            "max_worker_processes": "8",
            "idle_in_transaction_session_timeout": "60s",
            "timezone": "Asia/Shanghai",
            "log_timezone": "Asia/Shanghai",
            "log_line_prefix": "%m [%p] %d ",
            "password_encryption": "scram-sha-256",
        }
        command = [programs["postgres"], "-D", str(self._data), "-p", str(port)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        self._child = process.start(
            command=command,
            owner=self._place.owner,
            folder=self._data,
            log=self.log,
            environment=_plain_environment(),
        )
        process.ProcessRecord.of(self._child.pid).write(self._record_path)

    def _wait_ready(self) -> None:
        """PostgreSQL writes its state into the eighth line of postmaster.pid."""
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            lines = self._lock_lines()
            if len(lines) >= 8 and lines[7].strip() == "ready":
                return
            if self._child is not None and self._child.poll() is not None:
                break
            time.sleep(process.POLL_SECONDS)
        raise EmbeddedFailure(f"PostgreSQL does not start; its log ends with:\n{process.last_lines(self.log)}")

    def _record(self) -> process.ProcessRecord | None:
        """The running server of this cluster, also when a launcher that was killed left no record of it."""
        record = process.ProcessRecord.read(self._record_path)
        if record is not None and record.alive:
            return record
        lines = self._lock_lines()
        if lines and lines[0].isdigit() and str(self._data) in process.command_line(int(lines[0])):
            found = process.ProcessRecord.of(int(lines[0]))
            if found.alive:
                found.write(self._record_path)
                return found
        return None

    def _remove_stale_lock(self) -> None:
        # left by a killed server; its process id may by now be somebody else's, which would stop the start
        (self._data / "postmaster.pid").unlink(missing_ok=True)

    def _lock_lines(self) -> list[str]:
        try:
            return (self._data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return []

    def _known(self) -> dict[str, Any]:
        try:
            known: dict[str, Any] = json.loads(self._known_path.read_text())
        except (OSError, ValueError) as error:
            raise EmbeddedFailure(
                f"{self._known_path} with port and password is missing or damaged: restore it, or move "
                f"{self._data} away to start anew"
            ) from error
        return known


def _plain_environment() -> dict[str, str]:
    """PG* variables of the caller are meant for other servers; the locale must not depend on the machine."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG", "HPF_"))}
    kept.pop("DATABASE_URL", None)
    kept.pop("REDIS_URL", None)
    return {**kept, "LC_ALL": "C", "HOME": "/"}
