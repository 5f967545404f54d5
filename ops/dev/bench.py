"""`./dev bench NAME …`: calls `ops.bench.<name>.main(arguments)` on the stores."""

from ops.dev import parts
from ops.dev.failures import CommandFailure
from ops.dev.surroundings import stores


def main(arguments: list[str]) -> int:
    if not arguments:
        raise CommandFailure("usage: ./dev bench NAME [--json] […] (online, quote, ledger, batch, lists, sms, doors)")
    with stores():
        return int(parts.named("ops.bench", arguments[0], kind="bench").main(arguments[1:]) or 0)
