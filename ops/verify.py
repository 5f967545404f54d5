"""`./dev verify`: proves the books and fails on any break."""

from __future__ import annotations

import asyncio

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


def main() -> int:
    return asyncio.run(_prove())


if __name__ == "__main__":
    raise SystemExit(main())
