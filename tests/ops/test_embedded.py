"""The embedded servers, started for real: data kept, strangers kept out, faults told clearly."""

import os
import shutil
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import pytest
import redis

from ops.embedded import EmbeddedFailure, Place, Postgres, PostgresOptions, Throwaway, Valkey, find_place
from ops.embedded.place import POINTER, RELOCATED, Owner, temporary_place, unprivileged_owner
from ops.embedded.process import ProcessRecord, command_line, free_port, port_is_free, started_mark

CHECKOUT = Path(__file__).resolve().parents[2]
SMALL = PostgresOptions(shared_buffers_mb=16, connections_max=20, durable=False)
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may choose another user for the servers")
not_as_root = pytest.mark.skipif(os.geteuid() == 0, reason="root passes every permission")


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    made = temporary_place(checkout=CHECKOUT)
    yield made
    shutil.rmtree(made.base)


@pytest.fixture(scope="module")
def postgres(place: Place) -> Iterator[Postgres]:
    server = Postgres(place=place, options=SMALL)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def valkey() -> Iterator[Valkey]:
    place = temporary_place(checkout=CHECKOUT)
    server = Valkey(place=place)
    server.start()
    yield server
    server.stop()
    shutil.rmtree(place.base)


@pytest.fixture
def closed_folder() -> Iterator[Path]:
    """A folder that nobody but root may enter, as a home folder often is."""
    folder = Path(temporary_place(checkout=CHECKOUT).base)
    os.chown(folder, 0, 0)
    folder.chmod(0o700)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def relocated() -> Iterator[Callable[[Path], Place]]:
    """Finds places and removes what was put below /var for them."""
    made: list[Place] = []

    def find(checkout: Path) -> Place:
        made.append(find_place(checkout=checkout, data=checkout / ".data"))
        return made[-1]

    yield find
    for place in made:
        if place.base.parent in RELOCATED:
            shutil.rmtree(place.base, ignore_errors=True)


def the_process(place: Place, name: str) -> ProcessRecord:
    record = ProcessRecord.read(place.base / f"{name}.pid.json")
    assert record is not None and record.alive
    return record


def user_of(pid: int) -> int:
    told = subprocess.run(["ps", "-o", "uid=", "-p", str(pid)], capture_output=True, text=True, check=True)
    return int(told.stdout)


def test_a_restart_keeps_data_port_and_password(postgres: Postgres) -> None:
    before = postgres.dsn()
    postgres.sql("CREATE TABLE kept (note text); INSERT INTO kept VALUES ('住房公积金')")
    postgres.stop()
    assert not postgres.running
    assert postgres.start() == before
    assert postgres.sql("SELECT note FROM kept") == "住房公积金"


def test_starting_and_stopping_twice_changes_nothing(postgres: Postgres, place: Place) -> None:
    first = the_process(place, "postgres")
    postgres.start()
    assert the_process(place, "postgres") == first
    another_launcher = Postgres(place=place, options=SMALL)
    another_launcher.stop()
    another_launcher.stop()
    assert not postgres.running
    postgres.start()


def test_the_server_never_runs_as_root(postgres: Postgres, place: Place) -> None:
    pid = the_process(place, "postgres").pid
    assert user_of(pid) == (place.owner.uid if place.owner else os.getuid())
    assert user_of(pid) != 0
    assert stat.S_IMODE((place.base / "postgres").stat().st_mode) & 0o077 == 0
    assert stat.S_IMODE((place.base / "postgres.json").stat().st_mode) == 0o600
    assert postgres.dsn().split(":")[2].split("@")[0] not in command_line(pid)


def test_encoding_and_collation_do_not_depend_on_the_machine(postgres: Postgres) -> None:
    told = postgres.sql(
        "SELECT pg_encoding_to_char(encoding), coalesce(datlocale, datcollate) FROM pg_database WHERE datname = 'hpf'"
    )
    assert told == "UTF8|C.UTF-8"


async def test_a_wrong_password_is_refused(postgres: Postgres) -> None:
    password = postgres.dsn().split(":")[2].split("@")[0]
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(postgres.dsn().replace(password, "guess"), timeout=5)


def test_another_port_is_taken_when_ours_is_in_use(postgres: Postgres) -> None:
    old = int(postgres.dsn().rpartition(":")[2].partition("/")[0])
    postgres.stop()
    with socket.socket() as stranger:
        stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        stranger.bind(("127.0.0.1", old))
        stranger.listen()
        assert not port_is_free(old)
        assert free_port(preferred=old) != old
        postgres.start()
        assert f":{old}/" not in postgres.dsn()
    assert postgres.sql("SELECT 1") == "1"


def test_a_killed_server_starts_again(postgres: Postgres, place: Place) -> None:
    killed = the_process(place, "postgres")
    os.kill(killed.pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while postgres.running and time.monotonic() < deadline:
        time.sleep(0.02)
    assert (place.base / "postgres" / "postmaster.pid").exists()
    postgres.start()
    assert the_process(place, "postgres") != killed
    assert postgres.sql("SELECT 1") == "1"


def test_a_stale_lock_that_names_a_stranger_spares_the_stranger(postgres: Postgres, place: Place) -> None:
    postgres.stop()
    with subprocess.Popen(["/bin/sh", "-c", "read line"], stdin=subprocess.PIPE) as stranger:
        (place.base / "postgres" / "postmaster.pid").write_text(f"{stranger.pid}\n/elsewhere\n")
        ProcessRecord(pid=stranger.pid, started="long ago").write(place.base / "postgres.pid.json")
        assert not postgres.running
        postgres.stop()
        assert stranger.poll() is None
        postgres.start()
        assert stranger.poll() is None
        assert stranger.stdin is not None
        stranger.stdin.close()


def test_a_server_whose_record_was_lost_is_recognised(postgres: Postgres, place: Place) -> None:
    running = the_process(place, "postgres")
    (place.base / "postgres.pid.json").unlink()
    assert Postgres(place=place, options=SMALL).running
    assert the_process(place, "postgres") == running


def test_data_of_another_major_version_are_refused_and_left_alone(postgres: Postgres, place: Place) -> None:
    postgres.stop()
    version = place.base / "postgres" / "PG_VERSION"
    right = version.read_text()
    version.write_text("9\n")
    with pytest.raises(EmbeddedFailure, match="written by PostgreSQL 9"):
        postgres.start()
    assert not postgres.running
    version.write_text(right)
    postgres.start()


def test_a_server_that_cannot_start_says_why(postgres: Postgres, place: Place) -> None:
    postgres.stop()
    configuration = place.base / "postgres" / "postgresql.conf"
    right = configuration.read_text()
    configuration.write_text(f"{right}\nno_such_setting_at_all = on\n")
    with pytest.raises(EmbeddedFailure, match="no_such_setting_at_all"):
        postgres.start()
    configuration.write_text(right)
    postgres.start()


def test_a_lost_password_file_is_told_and_the_data_stay(postgres: Postgres, place: Place) -> None:
    known = place.base / "postgres.json"
    text = known.read_text()
    postgres.stop()
    known.write_text("{")
    with pytest.raises(EmbeddedFailure, match=r"postgres\.json"):
        postgres.start()
    assert (place.base / "postgres" / "PG_VERSION").exists()
    place.write_private(known, text)
    postgres.start()


def test_a_refused_statement_is_an_error(postgres: Postgres) -> None:
    with pytest.raises(EmbeddedFailure, match="no_such_table"):
        postgres.sql("SELECT * FROM no_such_table")


def test_valkey_keeps_its_keys_over_a_restart_and_asks_for_its_password(valkey: Valkey) -> None:
    url = valkey.url()
    with redis.Redis.from_url(url, socket_timeout=5) as client:
        client.set("session", "kept")
    valkey.stop()
    assert not valkey.running
    assert valkey.start() == url
    with redis.Redis.from_url(url, socket_timeout=5) as client:
        assert client.get("session") == b"kept"
    without_password = "redis://" + url.partition("@")[2]
    with (
        redis.Redis.from_url(without_password, socket_timeout=5) as client,
        pytest.raises(redis.AuthenticationError),
    ):
        client.get("session")


def test_a_throwaway_leaves_nothing_behind() -> None:
    servers = Throwaway.start(checkout=CHECKOUT)
    base = servers.place.base
    seen_by_another = Throwaway.attach(base=base)
    assert seen_by_another.postgres.dsn() == servers.postgres.dsn()
    assert seen_by_another.valkey.url() == servers.valkey.url()
    seen_by_another.stop()
    assert not base.exists()
    servers.stop()


def test_a_process_record_knows_its_process_from_a_later_one_with_the_same_id() -> None:
    ours = ProcessRecord.of(os.getpid())
    assert ours.alive
    assert not ProcessRecord(pid=os.getpid(), started="0").alive
    assert not ProcessRecord(pid=os.getpid(), started="").alive
    with subprocess.Popen(["/bin/true"]) as ended:
        ended.wait()
    assert started_mark(ended.pid) == ""


@as_root
def test_below_a_closed_folder_the_data_move_and_no_folder_is_opened(
    closed_folder: Path, relocated: Callable[[Path], Place]
) -> None:
    checkout = closed_folder / "checkout"
    checkout.mkdir(mode=0o755)
    place = relocated(checkout)
    assert place.owner is not None and place.owner.uid != 0
    assert place.base.parent in RELOCATED
    assert stat.S_IMODE(place.base.stat().st_mode) == 0o700
    assert place.base.stat().st_uid == place.owner.uid
    assert (checkout / ".data" / POINTER).read_text().strip() == str(place.base)
    assert place == relocated(checkout)
    assert stat.S_IMODE(closed_folder.stat().st_mode) == 0o700
    server = Postgres(place=place, options=SMALL)
    try:
        server.start()
        assert server.sql("SELECT current_user") == "hpf"
    finally:
        server.stop()


@as_root
def test_a_moved_checkout_keeps_its_data_and_a_copied_one_gets_its_own(
    closed_folder: Path, relocated: Callable[[Path], Place]
) -> None:
    checkout = closed_folder / "checkout"
    checkout.mkdir()
    first = relocated(checkout)
    shutil.copytree(checkout, closed_folder / "copied")
    assert relocated(closed_folder / "copied").base != first.base
    checkout.rename(closed_folder / "moved")
    assert relocated(closed_folder / "moved") == Place(
        base=first.base, logs=closed_folder / "moved" / ".data" / "logs", owner=first.owner
    )


@as_root
def test_a_reachable_checkout_keeps_its_data_inside(relocated: Callable[[Path], Place]) -> None:
    open_folder = temporary_place(checkout=CHECKOUT).base
    try:
        open_folder.chmod(0o755)
        place = relocated(open_folder)
        assert place.base == open_folder / ".data"
        assert not (place.base / POINTER).exists()
    finally:
        shutil.rmtree(open_folder)


@as_root
def test_binaries_out_of_reach_are_copied_once(closed_folder: Path) -> None:
    tools = closed_folder / "bin"
    tools.mkdir()
    (tools / "tool").write_text("#!/bin/sh\n")
    (tools / "tool").chmod(0o700)
    place = temporary_place(checkout=CHECKOUT)
    assert not place.reachable(tools / "tool")
    copied = place.adopt(sources={"bin": tools}, name="tools-1")
    assert place.reachable(copied / "bin" / "tool", flag="-x")
    assert not place.reachable(copied / "bin" / "tool", flag="-w")
    (tools / "tool").unlink()
    assert place.adopt(sources={"bin": tools}, name="tools-1") == copied
    assert (copied / "bin" / "tool").exists()
    shutil.rmtree(place.base)


@as_root
def test_the_caller_of_sudo_comes_first_but_never_root(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import pwd

    nobody = pwd.getpwnam("nobody")
    somebody = next(entry for entry in pwd.getpwall() if entry.pw_uid not in (0, nobody.pw_uid))
    monkeypatch.setenv("SUDO_UID", str(somebody.pw_uid))
    assert unprivileged_owner(checkout=tmp_path) == Owner(somebody.pw_uid, somebody.pw_gid, somebody.pw_name)
    for unusable in ("0", "", "-1", "4294967000"):
        monkeypatch.setenv("SUDO_UID", unusable)
        assert unprivileged_owner(checkout=tmp_path).uid == nobody.pw_uid


@not_as_root
def test_data_of_another_user_are_refused(tmp_path: Path) -> None:
    (tmp_path / ".data").mkdir()
    (tmp_path / ".data" / POINTER).write_text("/var/lib/hpf-platform/elsewhere\n")
    with pytest.raises(EmbeddedFailure, match="set up by root"):
        find_place(checkout=tmp_path, data=tmp_path / ".data")
