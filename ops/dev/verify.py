"""`./dev verify [--chain]`: calls `ops.verify.main()` on the stores; its exit code tells whether the books balance, or
with `--chain` whether the vouchers' hash chain holds from its first row."""

from ops.dev import parts
from ops.dev.failures import CommandFailure
from ops.dev.surroundings import stores


def main(arguments: list[str]) -> int:
    if arguments not in ([], ["--chain"]):
        raise CommandFailure("usage: ./dev verify [--chain]")
    with stores():
        audit = parts.load("ops.verify", wanted="this version has no audit of the books")
        return int(audit.main(arguments) or 0)
