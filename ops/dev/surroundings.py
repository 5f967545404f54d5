"""What a command of ./dev finds around it: the checkout, its data, the running system, the environment."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from ops.dev import secrets_file
from ops.dev.failures import CommandFailure
from ops.embedded import Postgres, PostgresOptions, Valkey, find_place
from ops.embedded.process import ProcessRecord

CHECKOUT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("HPF_DATA_PATH") or CHECKOUT / ".data").absolute()
LOGS = DATA / "logs"
STATE = DATA / "up.json"


@dataclass
class Running:
    """What `./dev up` writes down about itself and its children."""

    supervisor: ProcessRecord
    web_url: str = ""
    simulators_url: str = ""
    ready: bool = False
    banner: str = ""
    children: dict[str, ProcessRecord] = field(default_factory=dict)

    @classmethod
    def read(cls) -> "Running | None":
        try:
            stored = json.loads(STATE.read_text())
            children = {name: ProcessRecord(**record) for name, record in stored.pop("children").items()}
            return cls(**{**stored, "supervisor": ProcessRecord(**stored["supervisor"]), "children": children})
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self) -> None:
        partial = STATE.with_name(STATE.name + ".new")
        partial.write_text(json.dumps(asdict(self), indent=1, ensure_ascii=False))
        partial.replace(STATE)


def running() -> Running:
    """The system that serves now. Raises CommandFailure when there is none."""
    state = Running.read()
    if state is None or not state.supervisor.alive or not state.ready:
        raise CommandFailure("the system is not running: start it by `./dev up` (or `./dev up --detach`)")
    return state


def base_url() -> str:
    """Address of the running system, or the one named by HPF_BASE_URL."""
    return os.environ.get("HPF_BASE_URL", "").rstrip("/") or running().web_url


@dataclass
class Servers:
    """The two stores: those of the environment, else the embedded ones."""

    postgres: Postgres | None
    valkey: Valkey | None

    @classmethod
    def find(cls) -> "Servers":
        need_postgres, need_valkey = not os.environ.get("DATABASE_URL"), not os.environ.get("REDIS_URL")
        if not (need_postgres or need_valkey):
            return cls(postgres=None, valkey=None)
        place = find_place(checkout=CHECKOUT, data=DATA)
        options = PostgresOptions(shared_buffers_mb=int(os.environ.get("HPF_SHARED_BUFFERS_MB") or 512))
        return cls(
            postgres=Postgres(place=place, options=options) if need_postgres else None,
            valkey=Valkey(place=place) if need_valkey else None,
        )

    def start(self) -> dict[str, str]:
        """DATABASE_URL and REDIS_URL of servers that answer. Raises EmbeddedFailure."""
        return {
            "DATABASE_URL": self.postgres.start() if self.postgres else os.environ["DATABASE_URL"],
            "REDIS_URL": self.valkey.start() if self.valkey else os.environ["REDIS_URL"],
        }

    def stop(self) -> None:
        try:
            if self.valkey:
                self.valkey.stop()
        finally:
            if self.postgres:
                self.postgres.stop()

    @property
    def idle(self) -> bool:
        """No embedded server of ours runs at the moment."""
        return not (self.postgres and self.postgres.running) and not (self.valkey and self.valkey.running)


def environment(*, addresses: Mapping[str, str]) -> dict[str, str]:
    """The environment of our processes: generated secrets, then `addresses`, then what the caller has set.

    A variable that the caller has set to nothing counts as not set.
    """
    DATA.mkdir(exist_ok=True)
    LOGS.mkdir(exist_ok=True)
    secrets = secrets_file.ensure(DATA / "secrets.env")
    ours = {"HPF_DATA_PATH": str(DATA), **secrets, **addresses}
    return {**ours, **{name: value for name, value in os.environ.items() if value or name not in ours}}


@contextmanager
def stores() -> Iterator[None]:
    """Set os.environ so that commands reach the stores; idle embedded servers run meanwhile."""
    servers = Servers.find()
    mine = servers.idle
    try:
        state = Running.read()
        addresses = {"HPF_PUBLIC_URL": state.web_url, "HPF_SIMULATORS_URL": state.simulators_url} if state else {}
        os.environ.update(environment(addresses={**servers.start(), **addresses}))
        yield
    finally:
        if mine:
            servers.stop()
