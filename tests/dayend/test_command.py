"""`./dev dayend` as it is typed."""

from __future__ import annotations

import asyncio
import base64
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from domain.kernel import database
from domain.kernel.dates import business_date_of
from ops.dayend import held
from ops.settings import Settings
from tests.conftest import MASTER_KEY
from tests.dayend.probe import run_states

ROOT = Path(__file__).resolve().parents[2]


async def command(settings: Settings, folder: Path, *arguments: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "ops.dev",
        "dayend",
        *arguments,
        cwd=ROOT,
        env={
            **os.environ,
            "DATABASE_URL": settings.database_url,
            "REDIS_URL": settings.redis_url,
            "HPF_DATA_PATH": str(folder),
            "HPF_MASTER_KEY": base64.b64encode(MASTER_KEY).decode(),
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode is not None
    return process.returncode, said.decode()


@pytest.mark.requirement("N2")
async def test_it_runs_what_is_due_and_then_has_nothing_to_do(bank: str, settings: Settings, tmp_path: Path) -> None:
    yesterday = business_date_of(datetime.now(UTC)) - timedelta(days=1)
    code, said = await command(settings, tmp_path)
    assert code == 0 and f"{yesterday}的日终已完成" in said, said
    assert list(await run_states()) == [yesterday]
    code, said = await command(settings, tmp_path, "--through", str(yesterday))
    assert code == 0 and "没有待执行的日终" in said
    assert await database.value("SELECT starts FROM day_end_run") == 1


async def test_what_it_cannot_do_it_says(bank: str, settings: Settings, tmp_path: Path) -> None:
    today = business_date_of(datetime.now(UTC))
    code, said = await command(settings, tmp_path, "--through", str(today + timedelta(days=1)))
    assert code == 1 and "尚未结束" in said, said
    code, said = await command(settings, tmp_path, "--through", "tomorrow")
    assert code == 2 and "is no date" in said
    async with held(settings, clock=lambda: datetime.now(UTC)):
        code, said = await command(settings, tmp_path)
    assert code == 1 and "同一时间只能有一个日终" in said
    assert await run_states() == {}
