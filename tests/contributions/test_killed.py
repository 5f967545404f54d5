"""A runner of a list that is killed with SIGKILL between its pieces: whoever goes on does every row once."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from domain import contributions
from domain.contributions.lists import applying, checking
from domain.kernel import database
from tests.contributions.process import PIECE_ROWS
from tests.contributions.world import AGENT, EMPLOYER, NOW, TODAY, Registries, check, key, receive, row
from tests.settlement.world import assert_books_hold

ROOT = Path(__file__).resolve().parents[2]
ROWS = 400
REFUSED = 4


@asynccontextmanager
async def runner(dsn: str, list_id: int) -> AsyncIterator[asyncio.subprocess.Process]:
    """A real process; leaving the block kills it with SIGKILL."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.contributions.process", str(list_id), cwd=ROOT,
        env={**os.environ, "DATABASE_URL": dsn}, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _until(process: asyncio.subprocess.Process, column: str) -> int:
    """Waits until the mark has moved; returns where it stands."""
    async with asyncio.timeout(60):
        while True:
            through = int(await database.value(f"SELECT {column} FROM contribution_list"))
            if through > 5 * PIECE_ROWS:
                return through
            assert process.returncode is None and process.stderr is not None, await process.stderr.read()
            await asyncio.sleep(0.01)


@pytest.mark.requirement("R01.4", "N3")
async def test_a_list_is_exact_after_its_runner_was_killed(employers: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "CHUNK_ROWS", PIECE_ROWS)
    monkeypatch.setattr(applying, "CHUNK_ROWS", PIECE_ROWS)
    rows = [row(number, **({"base": "1"} if number % 100 == 0 else {})) for number in range(1, ROWS + 1)]
    opened = await receive(rows)
    async with runner(employers, opened.list_id) as process:
        await _until(process, "checked_through")
    checked = await database.value("SELECT checked_through FROM contribution_list")
    assert checked < ROWS, "it was killed on the way"
    assert await check(opened, Registries()) == "checked"
    counts = await database.row("SELECT row_count, accepted_count, refused_count FROM contribution_list")
    assert counts is not None and tuple(counts.values()) == (ROWS, ROWS - REFUSED, REFUSED)
    assert await database.value("SELECT count(DISTINCT row_no) FROM contribution_list_row") == ROWS

    await contributions.submit_list(
        actor=AGENT, employer_no=EMPLOYER, list_no=opened.list_no, accepted_only=True, request_key=key(), now=NOW,
        business_date=TODAY,
    )  # fmt: skip
    async with runner(employers, opened.list_id) as process:
        await _until(process, "applied_through")
    half = await database.value("SELECT count(*) FROM account")
    assert 0 < half < ROWS - REFUSED, "it was killed on the way"
    state = await contributions.apply_list(employer_no=EMPLOYER, list_id=opened.list_id, now=NOW, business_date=TODAY)
    assert state == "applied"
    once = await database.row(
        "SELECT (SELECT count(*) FROM account) AS accounts, (SELECT count(*) FROM person) AS persons,"
        " (SELECT count(*) FROM employment WHERE ended_period IS NULL) AS running, applied_count"
        " FROM contribution_list"
    )
    assert once is not None and set(once.values()) == {ROWS - REFUSED}
    await assert_books_hold()
