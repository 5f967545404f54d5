"""`./dev down`: stops the supervisor, which stops everything else; cleans up by itself when it was killed."""

import os
import signal
from contextlib import suppress

from ops.dev.surroundings import STATE, Running, Servers
from ops.embedded import process

SUPERVISOR_SECONDS = 100.0


def main(arguments: list[str]) -> int:
    if arguments:
        print("usage: ./dev down")
        return 2
    state = Running.read()
    was_running = False
    if state is not None:
        was_running = state.supervisor.alive
        process.stop(record=state.supervisor, how=((signal.SIGTERM, SUPERVISOR_SECONDS),), child=None)
        for record in state.children.values():
            if record.alive:
                was_running = True
                with suppress(ProcessLookupError):
                    os.killpg(record.pid, signal.SIGKILL)
    servers = Servers.find()
    was_running = was_running or not servers.idle
    servers.stop()
    STATE.unlink(missing_ok=True)
    print("./dev down: stopped; the data are kept" if was_running else "./dev down: nothing was running")
    return 0
