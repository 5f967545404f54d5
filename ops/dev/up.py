"""`./dev up`: stores, migrations, demonstration city; then simulators, web and worker, supervised."""

import argparse
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from types import FrameType

from ops.dev import serving
from ops.dev.failures import CommandFailure
from ops.dev.supervisor import Supervisor
from ops.dev.surroundings import CHECKOUT, DATA, LOGS, STATE, Running, Servers, environment
from ops.embedded.process import ProcessRecord, last_lines, port_is_free

SET_UP_SECONDS = 360.0
PAGES = {
    "市民服务 citizens": "/h5/",
    "单位服务 employers": "/employer/",
    "业务后台 staff": "/backoffice/",
    "GraphQL": "/graphql",
}


class Stopped(Exception):
    """Somebody asked for the end: Ctrl-C, or SIGTERM by `./dev down`."""


def main(arguments: list[str]) -> int:
    options = _parse(arguments)
    DATA.mkdir(exist_ok=True)
    LOGS.mkdir(exist_ok=True)
    if options.detach:
        return _detach(arguments)
    with (DATA / "up.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise CommandFailure(
                "the system is already running: `./dev logs` shows it, `./dev down` stops it"
            ) from error
        return _run(options)


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./dev up")
    parser.add_argument("--detach", action="store_true", help="return once ready and leave it running")
    parser.add_argument("--port", type=int, default=int(os.environ.get("HPF_PORT") or 8000))
    parser.add_argument("--simulators-port", type=int, default=int(os.environ.get("HPF_SIMULATORS_PORT") or 8100))
    parser.add_argument("--web-workers", type=int, default=int(os.environ.get("HPF_WEB_WORKERS") or 2))
    return parser.parse_args(arguments)


def _detach(arguments: list[str]) -> int:
    log = LOGS / "up.log"
    if (state := Running.read()) is None or not state.supervisor.alive:
        with log.open("wb") as output:
            child = subprocess.Popen(
                [sys.executable, "-m", "ops.dev", "up", *[word for word in arguments if word != "--detach"]],
                cwd=CHECKOUT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
    else:
        child = None
    # readiness has its own limit in the child; this one only bounds the wait for the rest of the set-up
    deadline = time.monotonic() + SET_UP_SECONDS
    while time.monotonic() < deadline:
        if (state := Running.read()) is not None and state.ready and state.supervisor.alive:
            print(state.banner)
            print("\nIt keeps running: `./dev logs` shows what it does, `./dev down` stops it.")
            return 0
        if child is not None and child.poll() is not None:
            break
        time.sleep(0.1)
    raise CommandFailure(f"the system did not start. The end of {log}:\n{last_lines(log, count=25)}")


def _run(options: argparse.Namespace) -> int:
    servers = Servers.find()
    _stop_left_over()
    state = Running(supervisor=ProcessRecord.of(os.getpid()))
    state.write()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    supervisor: Supervisor | None = None
    try:
        _say(
            "starting PostgreSQL and Valkey"
            if servers.postgres or servers.valkey
            else "using DATABASE_URL and REDIS_URL"
        )
        stores = servers.start()
        web_port = _next_free(options.port)
        simulators_port = _next_free(options.simulators_port, besides=web_port)
        state.web_url = f"http://127.0.0.1:{web_port}"
        state.simulators_url = f"http://127.0.0.1:{simulators_port}"
        state.write()
        surroundings = environment(addresses={**stores, **serving.addresses(state=state)})
        _once("migrations", "ops.migrate", surroundings)
        _once("trusted documents", "ops.dev.documents", surroundings, "publish")
        identities = _once("demonstration city", "ops.demo", surroundings)
        supervisor = Supervisor(
            children=serving.children(
                web_port=web_port, web_workers=options.web_workers, simulators_port=simulators_port
            ),
            environment=surroundings,
            folder=CHECKOUT,
            changed=lambda records: _note_children(state, records),
            say=_say,
        )
        serving.start_all(supervisor=supervisor, state=state)
        state.banner = _banner(state, identities)
        state.ready = True
        state.write()
        print(state.banner, flush=True)
        serving.tend(supervisor=supervisor)
    except Stopped:
        return 0
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        _say("stopping")
        if supervisor is not None:
            supervisor.stop()
        servers.stop()
        STATE.unlink(missing_ok=True)
        _say("stopped; the data are kept")


def _once(what: str, module: str, surroundings: Mapping[str, str], *words: str) -> str:
    """Run a module to its end and return what it prints. Raises CommandFailure with the end of its output."""
    _say(what)
    log = LOGS / f"{module.rpartition('.')[2]}.log"
    with log.open("ab") as output:
        done = subprocess.run(
            [sys.executable, "-m", module, *words],
            cwd=CHECKOUT,
            env=dict(surroundings),
            stdout=subprocess.PIPE,
            stderr=output,
            check=False,
        )
    text = done.stdout.decode(errors="replace")
    if done.returncode:
        raise CommandFailure(f"{what} failed (code {done.returncode}). The end of {log}:\n{text}{last_lines(log)}")
    return text.strip()


def _banner(state: Running, identities: str) -> str:
    pages = [f"  {name:<20} {state.web_url}{path}" for name, path in PAGES.items()]
    lines = [
        "",
        "The platform is ready.",
        *pages,
        f"  {'外部系统模拟 others':<18} {state.simulators_url}/",
        f"  {'logs':<20} {LOGS}",
    ]
    return "\n".join([*lines, "", identities] if identities else lines)


def _next_free(port: int, *, besides: int | None = None) -> int:
    for candidate in range(port, port + 100):
        if candidate != besides and port_is_free(candidate):
            if candidate != port:
                _say(f"port {port} is taken, using {candidate}")
            return candidate
    raise CommandFailure(f"no free port between {port} and {port + 99}: name another by --port")


def _note_children(state: Running, records: dict[str, ProcessRecord]) -> None:
    state.children = records
    state.write()


def _stop_left_over() -> None:
    """A supervisor that was killed could not stop its children: the next one does it."""
    if (old := Running.read()) is not None:
        for record in old.children.values():
            if record.alive:
                with suppress(ProcessLookupError):
                    os.killpg(record.pid, signal.SIGKILL)


def _stop(number: int, frame: FrameType | None) -> None:
    raise Stopped


def _say(text: str) -> None:
    print(f"./dev up: {text}", flush=True)
