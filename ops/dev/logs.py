"""`./dev logs [NAME] [-n LINES] [-f]`: the ends of the logs, or one log as it grows."""

import argparse
import time

from ops.dev.failures import CommandFailure
from ops.dev.surroundings import LOGS
from ops.embedded.process import last_lines


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./dev logs")
    parser.add_argument("name", nargs="?", help="web, worker, simulators, postgres, valkey, migrate, demo, up")
    parser.add_argument("-n", "--lines", type=int, default=20)
    parser.add_argument("-f", "--follow", action="store_true", help="go on as the log of NAME grows")
    options = parser.parse_args(arguments)
    names = sorted(path.stem for path in LOGS.glob("*.log")) if LOGS.is_dir() else []
    if options.name and options.name not in names:
        raise CommandFailure(f"there is no log {options.name!r}; there are: {', '.join(names) or 'none yet'}")
    if options.follow and not options.name:
        raise CommandFailure("say which log to follow: ./dev logs web -f")
    for name in [options.name] if options.name else names:
        if not options.name:
            print(f"== {name}")
        print(last_lines(LOGS / f"{name}.log", count=options.lines), flush=True)
    if options.follow:
        _follow(options.name)
    return 0


def _follow(name: str) -> None:
    with (LOGS / f"{name}.log").open(errors="replace") as log:
        log.seek(0, 2)
        while True:
            if text := log.read():
                print(text, end="", flush=True)
            else:
                time.sleep(0.2)
