"""A runner in a process of its own, to be killed: `python -m tests.dayend.process`. Its steps take their time."""

from __future__ import annotations

import asyncio

from domain.dayend import Engine
from domain.kernel import database, vault
from domain.kernel.vault import Vault
from ops.dayend import held
from ops.settings import Settings
from ops.wiring import MODELS
from tests.conftest import MASTER_KEY
from tests.dayend.probe import DAY, Probe, TestTime, declared, engine_of


def engine(*, seconds: str) -> Engine:
    steps = declared(interest={}, closing={"after": ["interest"]})
    works = {name: Probe(name, size=4, seconds=seconds) for name in steps}
    return engine_of(steps, works, time=TestTime())


async def main() -> None:
    settings = Settings()
    vault.install(Vault(MASTER_KEY))
    await database.connect(
        config=database.tortoise_config(dsn=settings.database_url, role="hpf_app", models=MODELS, pool_max=5)
    )
    using = engine(seconds="0.08")
    async with held(settings, clock=using.time.now, heartbeat_seconds=0.05) as epoch:
        await using.run(days=[DAY], epoch=epoch, runner="process")
    await database.disconnect()


if __name__ == "__main__":
    asyncio.run(main())
