"""`python -m ops.dev COMMAND …`: calls the command's module; the only place that catches failures."""

import importlib
import sys

from domain.kernel.failures import StoreUnavailable
from ops.dev.failures import CommandFailure
from ops.embedded import EmbeddedFailure

COMMANDS: dict[str, tuple[str, str]] = {
    "up": (
        "ops.dev.up",
        "set up and start everything: web, worker, simulators, PostgreSQL, Valkey [--detach]",
    ),
    "down": ("ops.dev.down", "stop what `./dev up --detach` left running"),
    "test": ("ops.dev.test", "run the tests; further arguments go to pytest (tests/rules -k name)"),
    "check": ("ops.dev.check", "lint, format, types, import contracts, SDL, then the tests [--no-tests]"),
    "token": ("ops.dev.token", "NAME: print an access token of a demonstration identity"),
    "code": ("ops.dev.code", "LOGIN: the one-time code of a demonstration member of staff"),
    "walk": ("ops.dev.walk", "NAME: play a story (rent-withdrawal) against the running system, step by step"),
    "verify": ("ops.dev.verify", "audit the books; fails on any break"),
    "rehearse": (
        "ops.dev.rehearse",
        "FILE [--month 2026-10] [--csv OUT]: judge a month's decided withdrawals again under a proposed rule",
    ),
    "evidence": (
        "ops.dev.evidence",
        "verify FILE [--keys K] [--since OLD] | check | export SUBJECT [SIZE] | keys: the signed log of audit events",
    ),
    "keys": (
        "ops.dev.keys",
        "status | rotate data|index | run | retire data|index | rewrap: keys of personal data, changed while running",
    ),
    "dayend": ("ops.dev.dayend", "run the due day-ends here and show their progress [--through DATE]"),
    "simulate": (
        "ops.dev.simulate",
        "the whole application under a virtual clock and an auditor [--seed N] [--steps K] [--minutes M] [--trace]",
    ),
    "bench": ("ops.dev.bench", "NAME [--json] […]: measure against the floor (online, logins, ledger, batch, …)"),
    "scale": (
        "ops.dev.scale",
        "lint: check the migrated database against the rules for growing past one machine",
    ),
    "documents": (
        "ops.dev.documents",
        "check | write | publish | list | withdraw: the registered GraphQL documents of the channels",
    ),
    "sdl": ("ops.dev.sdl", "print the schema [--write into schema/schema.graphql | --check]"),
    "logs": ("ops.dev.logs", "[NAME] [-n LINES] [-f]: show the logs of the running system"),
    "psql": ("ops.dev.psql", "open psql on the running database; further arguments go to psql"),
}


def help_text() -> str:
    lines = [f"  {name:<11}{line}" for name, (_, line) in COMMANDS.items()]
    return "\n".join(["usage: ./dev COMMAND [arguments]", "", *lines])


def main(arguments: list[str]) -> int:
    name = arguments[0] if arguments else "help"
    if name in ("help", "-h", "--help"):
        print(help_text())
        return 0
    if name not in COMMANDS:
        print(f"./dev: there is no command {name!r}.\n\n{help_text()}", file=sys.stderr)
        return 2
    try:
        return int(importlib.import_module(COMMANDS[name][0]).main(arguments[1:]))
    except (CommandFailure, EmbeddedFailure, StoreUnavailable) as failure:
        print(f"./dev {name}: {failure}", file=sys.stderr)
        return 1
    except PermissionError as failure:
        print(f"./dev {name}: {failure}: start as the user who set this checkout up", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 141


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
