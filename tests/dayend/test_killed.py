"""Runners that are killed, doubled, or lose their lock in the middle: the next start goes on, nothing happens twice."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from domain import dayend
from domain.kernel import database
from domain.kernel.failures import StoreUnavailable
from domain.kernel.refusal import Refused
from ops import dayend as engine_room
from ops.settings import Settings
from tests.dayend.conftest import Run
from tests.dayend.probe import DAY, accounts, open_ones, posted, run_states
from tests.dayend.process import engine

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.requirement("N2")


@asynccontextmanager
async def runner(settings: Settings) -> AsyncIterator[asyncio.subprocess.Process]:
    """A real runner; leaving the block kills it with SIGKILL."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.dayend.process",
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": settings.database_url, "REDIS_URL": settings.redis_url},
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def done() -> int:
    count: int = await database.value("SELECT count(*) FROM day_end_partition WHERE state = 'done'")
    return count


async def until_done(process: asyncio.subprocess.Process, *, more_than: int) -> None:
    async with asyncio.timeout(60):
        while await done() <= more_than:
            assert process.returncode is None and process.stderr is not None, await process.stderr.read()
            await asyncio.sleep(0.02)


async def assert_everything_once() -> None:
    once = dict.fromkeys(await accounts(), 1)
    assert await posted("interest") == await posted("closing") == once
    assert await open_ones() == []
    assert await run_states() == {DAY: ("finished", "")}


async def test_a_runner_killed_again_and_again_does_everything_once(run: Run, settings: Settings) -> None:
    counts = [0]
    for _ in range(4):
        async with runner(settings) as process:
            await until_done(process, more_than=counts[-1])
        # what it had in hand when it died is undone by PostgreSQL itself
        counts.append(await done())
    assert 0 < counts[1] < counts[4] <= 20, counts
    assert await run_states() == {DAY: ("running", "")}
    assert await run(engine(seconds="0")) == "finished"
    await assert_everything_once()
    assert await database.value("SELECT starts FROM day_end_run") == 5
    resumed = await database.value("SELECT count(*) FROM audit_event WHERE action = 'dayend.resumed'")
    assert resumed == 4


async def test_a_second_day_end_is_refused_while_the_first_one_runs(run: Run, settings: Settings) -> None:
    async with runner(settings) as process:
        await until_done(process, more_than=0)
        with pytest.raises(Refused) as refused:
            await run(engine(seconds="0"))
        assert refused.value.refusals[0].code == "dayend.already_running"
        assert "同一时间只能有一个日终" in refused.value.refusals[0].message
        assert await database.value("SELECT starts FROM day_end_run") == 1
        async with asyncio.timeout(60):
            assert await process.wait() == 0
    await assert_everything_once()


async def test_a_runner_whose_lock_falls_is_called_off_and_the_next_goes_on(
    bank: str, run: Run, settings: Settings
) -> None:
    using = engine(seconds="0.05")

    async def go() -> None:
        async with engine_room.held(settings, clock=using.time.now, heartbeat_seconds=0.05) as epoch:
            await using.run(days=[DAY], epoch=epoch, runner="tests")

    running = asyncio.create_task(go())
    async with asyncio.timeout(30):
        while not await done():  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    other = await asyncpg.connect(bank)
    # only here: the cluster holds the databases of other processes of tests too
    await other.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = 'hpf-dayend' AND datname = current_database()"
    )
    await other.close()
    with pytest.raises(StoreUnavailable):
        await running
    assert 0 < await done() < 20
    assert await run(engine(seconds="0")) == "finished"
    await assert_everything_once()


async def test_two_runners_on_the_same_partitions_do_each_once(bank: str, settings: Settings) -> None:
    """What the lock prevents; without it the partitions' own locks still do."""
    first, second = engine(seconds="0.01"), engine(seconds="0.01")
    async with engine_room.held(settings, clock=first.time.now) as epoch:
        states = await asyncio.gather(
            first.run(days=[DAY], epoch=epoch, runner="one"), second.run(days=[DAY], epoch=epoch, runner="two")
        )
    assert set(states) == {"finished"}
    await assert_everything_once()


async def test_a_lease_tells_who_runs_and_since_when(bank: str, settings: Settings) -> None:
    using = engine(seconds="0")
    now = using.time.now()
    async with engine_room.held(settings, clock=using.time.now):
        lease = (await dayend.overview(now=now)).lease
        assert lease is not None and lease.held and lease.runner == engine_room.runner_name()
        assert not lease.lost(now=now)
    lease = (await dayend.overview(now=now)).lease
    assert lease is not None and not lease.held
