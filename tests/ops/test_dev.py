"""What stands behind `./dev`: generated secrets, supervision of children, ports, dispatch."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from ops.dev import parts, secrets_file, up
from ops.dev.__main__ import COMMANDS
from ops.dev.__main__ import main as dev
from ops.dev.failures import CommandFailure
from ops.dev.supervisor import RESTARTS_MAX, Child, Supervisor
from ops.embedded.process import ProcessRecord

CHECKOUT = Path(__file__).resolve().parents[2]
Supervise = Callable[[str], Supervisor]


@pytest.fixture
def supervise(tmp_path: Path) -> Iterator[Supervise]:
    """Starts one child that runs a Python program; stopped at the end whatever happened."""
    started: list[Supervisor] = []

    def start(program: str) -> Supervisor:
        child = Child(name="child", command=[sys.executable, "-c", program], log=tmp_path / "child.log")
        supervisor = Supervisor(
            children=[child],
            environment={"PATH": os.environ["PATH"]},
            folder=tmp_path,
            changed=lambda records: None,
            say=lambda text: None,
        )
        started.append(supervisor)
        supervisor.start(name="child")
        return supervisor

    yield start
    for supervisor in started:
        supervisor.stop()


def until(condition: Callable[[], bool], *, seconds: float = 15.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.01)


def test_secrets_are_generated_once_for_their_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "secrets.env"
    first = secrets_file.ensure(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert set(first) == set(secrets_file.GENERATED)
    assert len(set(first.values())) == len(first)
    assert secrets_file.ensure(path) == first


def test_a_secret_that_a_newer_version_needs_is_added_and_the_others_stay(tmp_path: Path) -> None:
    path = tmp_path / "secrets.env"
    path.write_text("# kept\nHPF_BANK_SECRET=as-it-was\nOTHER=value=with=signs\n")
    path.chmod(0o600)
    known = secrets_file.ensure(path)
    assert known["HPF_BANK_SECRET"] == "as-it-was"
    assert known["OTHER"] == "value=with=signs"
    assert set(secrets_file.GENERATED) <= set(known)
    assert secrets_file.ensure(path) == known


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o602])
def test_secrets_that_others_can_reach_are_refused_and_left_alone(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "secrets.env"
    path.write_text("HPF_BANK_SECRET=seen\n")
    path.chmod(mode)
    with pytest.raises(CommandFailure, match="chmod 600"):
        secrets_file.ensure(path)
    assert path.read_text() == "HPF_BANK_SECRET=seen\n"


def test_a_child_that_dies_is_started_again(supervise: Supervise) -> None:
    supervisor = supervise("import time; time.sleep(600)")
    child = supervisor.children[0]
    assert child.process is not None
    first = child.process.pid
    child.process.kill()
    child.process.wait()

    def back() -> bool:
        supervisor.tend()
        return child.alive

    until(back)
    assert child.process.pid != first


def test_a_child_that_keeps_dying_ends_the_supervision_with_its_log(
    supervise: Supervise, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ops.dev.supervisor.BACK_OFF_SECONDS", (0.0,))
    supervisor = supervise("raise SystemExit('no database here')")

    def tend_for_ever() -> bool:
        supervisor.tend()
        return False

    with pytest.raises(CommandFailure, match="no database here"):
        until(tend_for_ever)
    assert len(supervisor.children[0].deaths) == RESTARTS_MAX + 1
    assert not supervisor.children[0].alive


def test_stopping_ends_a_child_that_ignores_it_and_what_it_has_started(
    supervise: Supervise, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ops.dev.supervisor.STOP_SECONDS", 0.2)
    supervisor = supervise(
        "import signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "grandchild = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "open('pid', 'w').write(f'{grandchild.pid}\\n')\n"
        "time.sleep(600)\n"
    )
    pid = tmp_path / "pid"
    until(lambda: pid.exists() and pid.read_text().endswith("\n"))
    grandchild = ProcessRecord.of(int(pid.read_text()))
    assert grandchild.alive
    supervisor.stop()
    assert not supervisor.children[0].alive
    until(lambda: not grandchild.alive)


def test_the_next_port_is_used_when_one_is_taken(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", 0))
        stranger.listen()
        taken = stranger.getsockname()[1]
        assert up._next_free(taken) > taken
    assert f"port {taken} is taken" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["no-such-command"], ["--no-such-option"]])
def test_an_unknown_command_gets_the_list(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert dev(arguments) == 2
    told = capsys.readouterr().err
    assert arguments[0] in told
    assert all(f"  {name} " in told for name in COMMANDS)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["token"], "usage: ./dev token"),
        (["walk"], "usage: ./dev walk"),
        (["walk", "one", "two"], "usage: ./dev walk"),
        (["bench"], "usage: ./dev bench"),
        (["scale", "up"], "usage: ./dev scale lint"),
        (["sdl", "--wrong"], "usage: ./dev sdl"),
        (["check", "--fast"], "usage: ./dev check"),
        (["verify", "all"], "usage: ./dev verify"),
        (["logs", "../secrets"], "there is no log"),
    ],
)
def test_wrong_arguments_are_refused_by_one_line(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert dev(arguments) in (1, 2)
    error = capsys.readouterr().err
    assert told in error
    assert "Traceback" not in error


@pytest.mark.parametrize("name", ["no-such-walk", "../verify", "ops.verify", "_private", ""])
def test_a_part_is_named_only_from_its_own_package(name: str) -> None:
    with pytest.raises(CommandFailure, match="there is no command"):
        parts.named("ops.dev", name, kind="command")


def test_help_has_a_line_for_each_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert dev(["help"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[2:]] == list(COMMANDS)


def test_a_process_that_is_not_ours_is_not_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`down` finds an old record whose process id now belongs to somebody else."""
    with subprocess.Popen(["/bin/sh", "-c", "read line"], stdin=subprocess.PIPE) as stranger:
        record = f'{{"pid": {stranger.pid}, "started": "long ago"}}'
        (tmp_path / "up.json").write_text(f'{{"supervisor": {record}, "children": {{"web": {record}}}}}')
        done = subprocess.run(
            [sys.executable, "-m", "ops.dev", "down"],
            cwd=CHECKOUT,
            env={**os.environ, "HPF_DATA_PATH": str(tmp_path), "DATABASE_URL": "x", "REDIS_URL": "x"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert "nothing was running" in done.stdout
        assert stranger.poll() is None
        with suppress(BrokenPipeError):
            assert stranger.stdin is not None
            stranger.stdin.close()
