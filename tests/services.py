"""The stores of a test run, as a pytest plugin.

`./dev test` starts throw-away servers; a bare `pytest` starts them when the first test asks, once for all
processes of the run. Servers named by DATABASE_URL and REDIS_URL are used instead: then databases stand
beside the named one and keys carry a prefix of our own, so that what was there stays untouched. The schema is
migrated once, into a template; each process of the run gets a copy.
"""

import asyncio
import fcntl
import json
import os
import secrets
import shutil
import tempfile
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
import redis

from ops.dev import browser
from ops.embedded import Throwaway

CHECKOUT = Path(__file__).resolve().parents[1]
RUN = "HPF_TEST_RUN"
SERVERS = "HPF_TEST_SERVERS"


@dataclass(frozen=True)
class Services:
    """The stores of this test process. `redis_prefix` belongs before every key; nobody else uses it."""

    database_url: str
    redis_url: str
    redis_prefix: str


def pytest_configure(config: pytest.Config) -> None:
    if RUN not in os.environ:
        os.environ[RUN] = tempfile.mkdtemp(prefix="hpf-run-")
        config.stash[_OWN_RUN] = True


def pytest_unconfigure(config: pytest.Config) -> None:
    if not config.stash.get(_OWN_RUN, False):
        return
    folder = Path(os.environ.pop(RUN))
    try:
        state = _read(folder)
        if "base" in state:
            Throwaway.attach(base=Path(state["base"])).stop()
        if state.get("named_database"):
            _wait(_execute(state["database_url"], f'DROP DATABASE IF EXISTS "{state["template"]}" WITH (FORCE)'))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    wanting = [item for item in items if item.get_closest_marker("browser")]
    if wanting and (missing := _browser_missing()):
        for item in wanting:
            item.add_marker(pytest.mark.skip(reason=f"no browser test: {missing}"))


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """The Chromium of this machine, for playwright's `executable_path`."""
    named = os.environ.get("HPF_CHROMIUM") or browser.find().program
    if not named:
        pytest.skip(f"no browser test: {_browser_missing()}")
    return named


@pytest.fixture(scope="session")
def services(worker_id: str) -> Iterator[Services]:
    """A migrated, otherwise empty database and a key space, both for this test process alone."""
    folder = Path(os.environ[RUN])
    with _locked(folder):
        state = _read(folder) or _stores()
        # what was started is written down at once: a migration that fails must not leave servers behind
        _write(folder, state)
        if not state.get("migrated"):
            _make_template(state)
            _write(folder, {**state, "migrated": "yes"})
        database = f"{state['template']}_{worker_id}"
        _wait(_execute(state["database_url"], f'CREATE DATABASE "{database}" TEMPLATE "{state["template"]}"'))
    prefix = f"{state['template']}:{worker_id}:"
    services = Services(
        database_url=_beside(state["database_url"], database),
        redis_url=_key_space(state, worker_id),
        redis_prefix=prefix,
    )
    yield services
    _wait(_execute(state["database_url"], f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)'))
    _remove_keys(services)


@pytest.fixture(scope="session")
def database_url(services: Services) -> str:
    return services.database_url


@pytest.fixture(scope="session")
def redis_url(services: Services) -> str:
    return services.redis_url


@pytest.fixture(scope="session")
def worker_id() -> str:
    """`gw0`, `gw1` … under xdist (whose own fixture says the same), `main` without."""
    return os.environ.get("PYTEST_XDIST_WORKER", "main")


def _stores() -> dict[str, str]:
    """Where this run works: the servers of `./dev test`, those of the environment, or new ones."""
    template = f"hpf_test_{secrets.token_hex(4)}"
    named = {name: os.environ.get(name, "") for name in ("DATABASE_URL", "REDIS_URL")}
    if all(named.values()):
        return {
            "database_url": named["DATABASE_URL"],
            "redis_url": named["REDIS_URL"],
            "named_database": "yes",
            "template": template,
        }
    if base := os.environ.get(SERVERS):
        servers, ours = Throwaway.attach(base=Path(base)), {}
    else:
        servers = Throwaway.start(checkout=CHECKOUT)
        ours = {"base": str(servers.place.base)}
    return {
        **ours,
        "database_url": named["DATABASE_URL"] or servers.postgres.dsn(),
        "redis_url": named["REDIS_URL"] or servers.valkey.url(),
        "named_database": "yes" if named["DATABASE_URL"] else "",
        "own_redis": "" if named["REDIS_URL"] else "yes",
        "template": template,
    }


def _make_template(state: dict[str, str]) -> None:
    from ops.migrate import migrate

    _wait(_execute(state["database_url"], f'CREATE DATABASE "{state["template"]}"'))
    _wait(migrate(_beside(state["database_url"], state["template"])))


def _key_space(state: dict[str, str], worker_id: str) -> str:
    """A numbered database of our own Valkey for each process; in a named one the prefix keeps us apart."""
    if not state.get("own_redis"):
        return state["redis_url"]
    number = int("".join(filter(str.isdigit, worker_id)) or 0) + 1
    return urlunsplit(urlsplit(state["redis_url"])._replace(path=f"/{number}"))


def _remove_keys(services: Services) -> None:
    with redis.Redis.from_url(services.redis_url, socket_timeout=5) as client:
        for key in client.scan_iter(match=f"{services.redis_prefix}*", count=500):
            client.delete(key)


def _beside(url: str, database: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url, timeout=20)
    try:
        await connection.execute(statement, timeout=60)
    finally:
        await connection.close(timeout=5)


def _wait(work: Coroutine[Any, Any, Any]) -> None:
    """Run to the end on a loop of its own: the loop of the tests belongs to pytest-asyncio."""
    problems: list[BaseException] = []

    def run() -> None:
        try:
            asyncio.run(work)
        except BaseException as problem:
            problems.append(problem)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if problems:
        raise problems[0]


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _read(folder: Path) -> dict[str, str]:
    path = folder / "stores.json"
    return dict(json.loads(path.read_text())) if path.exists() else {}


def _write(folder: Path, state: dict[str, str]) -> None:
    (folder / "stores.json").write_text(json.dumps(state))


def _browser_missing() -> str:
    if "HPF_BROWSER_MISSING" in os.environ:
        return os.environ["HPF_BROWSER_MISSING"]
    return browser.find().missing


_OWN_RUN = pytest.StashKey[bool]()
