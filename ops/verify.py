"""`./dev verify`: proves the books and fails on any break; with --chain it verifies the vouchers' hash chain."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from domain import ledger
from ops import settings as configuration
from ops.wiring import open_house, prove_books


async def _prove() -> int:
    async with open_house(configuration.load()):
        results = await prove_books()
    for result in results:
        mark = "ok    " if result.holds else "BROKEN"
        print(
            f"{mark} {result.checked:>9}  {result.title}  ({result.name})"
            + (f"  {result.detail}" if result.detail else "")
        )
    broken = sum(not result.holds for result in results)
    print(f"{len(results)} invariants, {broken} broken")
    return 1 if broken else 0


async def _verify_chain() -> int:
    async with open_house(configuration.load()):
        return await report_chain()


async def report_chain() -> int:
    """Verifies from the first row; prints how far it came and the last link, to be compared with one noted down."""
    proof = await ledger.verify_chain()
    if proof.broken is not None:
        print(f"BROKEN {proof.broken.words}")
    print(f"{proof.checked} vouchers in {proof.segments} closed days, last link {proof.link}")
    return 0 if proof.holds else 1


def main(arguments: Sequence[str] = ()) -> int:
    return asyncio.run(_verify_chain() if "--chain" in arguments else _prove())


if __name__ == "__main__":
    import sys

    raise SystemExit(main(sys.argv[1:]))
