"""A runner of one list in a process of its own, to be killed: `python -m tests.contributions.process LIST`. It works in
small pieces, each of which takes its time."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from datetime import datetime

from domain import contributions
from domain.contributions.lists import applying, checking
from domain.contributions.ports import PersonAsked, Standing
from domain.kernel import database, vault
from domain.kernel.vault import Vault
from ops.wiring import MODELS
from tests.conftest import MASTER_KEY
from tests.contributions.world import EMPLOYER, NOW, TODAY

PIECE_ROWS = 10
PIECE_SECONDS = 0.02


class SlowRegistries:
    async def standings(self, *, persons: Sequence[PersonAsked], now: datetime) -> list[Standing]:
        await asyncio.sleep(PIECE_SECONDS)
        return [Standing() for _ in persons]


def small_pieces() -> None:
    checking.CHUNK_ROWS = applying.CHUNK_ROWS = PIECE_ROWS


async def work(list_id: int) -> None:
    """Checks the list, or applies it, to its end."""
    state = await contributions.check_list(employer_no=EMPLOYER, list_id=list_id, registries=SlowRegistries(), now=NOW)
    while state == "applying":
        await asyncio.sleep(PIECE_SECONDS)
        state = await contributions.apply_list(
            employer_no=EMPLOYER, list_id=list_id, now=NOW, business_date=TODAY, chunks_max=1
        )


async def main() -> None:
    small_pieces()
    vault.install(Vault(MASTER_KEY))
    dsn = os.environ["DATABASE_URL"]
    await database.connect(config=database.tortoise_config(dsn=dsn, role="hpf_app", models=MODELS, pool_max=4))
    await work(int(sys.argv[1]))


if __name__ == "__main__":
    asyncio.run(main())
