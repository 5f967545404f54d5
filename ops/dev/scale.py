"""`./dev scale lint`: calls `ops.scale.main(["lint"])` on the migrated database."""

from ops.dev import parts
from ops.dev.failures import CommandFailure
from ops.dev.surroundings import stores


def main(arguments: list[str]) -> int:
    if arguments != ["lint"]:
        raise CommandFailure("usage: ./dev scale lint")
    with stores():
        rules = parts.load("ops.scale", wanted="this version has no rules for growing past one machine")
        return int(rules.main(arguments) or 0)
