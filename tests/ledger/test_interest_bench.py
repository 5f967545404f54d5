"""`./dev bench batch` at a tiny size: what it settles is right to the fen, wrong arguments are refused. No timing."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest

from ops.bench import batch
from tests.pristine import empty_tables
from tests.services import Services

CHECKOUT = Path(__file__).resolve().parents[2]
ACCOUNTS = 120

pytestmark = pytest.mark.requirement("N2")


@pytest.fixture
async def emptied(database: str) -> AsyncIterator[str]:
    yield database
    await empty_tables(database)


def interest_by_hand(year: int) -> str:
    """Of all accounts, in yuan: a year on what each carried over, June's remittance from its day, at 1.5 % by 360."""
    balances = [100_000 + n * 7919 % 5_000_000 for n in range(ACCOUNTS)]
    total = 0
    for settled in range(2022, year + 1):
        days, total = (date(settled, 6, 30) - date(settled - 1, 6, 30)).days, 0
        for n in range(ACCOUNTS):
            june = 50_000 + n * 104_729 % 900_000
            exact = (Decimal(balances[n]) * days + Decimal(june) * (30 - n % 28)) * Decimal("0.015") / 360
            interest = int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP))
            balances[n] += june + interest
            total += interest
    return f"{total // 100}.{total % 100:02d}"


async def test_two_years_of_interest_are_right_and_the_figures_are_told(emptied: str, services: Services) -> None:
    stores = ["--database", emptied, "--redis", services.redis_url, "--redis-prefix", services.redis_prefix]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ops.bench.batch", "--json", "--rounds", "2", "--accounts", str(ACCOUNTS)),
        *("--partition", "50", *stores),
        cwd=CHECKOUT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(100):
        out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    told = json.loads(out)
    conditions, (figure, beside) = told["conditions"], told["figures"]
    assert conditions["interest_yuan"] == [interest_by_hand(2022), interest_by_hand(2023)]
    assert conditions["books"] == "proved after the run"
    assert conditions["wal_bytes_an_account"] > 0 and conditions["floor_wal_bytes_an_account"] > 0
    assert (figure["name"], figure["unit"], figure["rounds"]) == ("annual interest", "accounts/s", 2)
    assert figure["value"] > 0 and figure["floor"] > 0
    assert (beside["name"], beside["value"]) == ("beside standing indexes", figure["value"])
    assert conditions["times_the_floor_with_standing_indexes"] > 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["--rounds", "0"],
        ["--rounds", "6"],
        ["--accounts", "7"],
        ["--workers", "0"],
        ["--partition", "0"],
        ["--database", "postgresql://x"],
        ["--kill", "--database", "postgresql://x", "--redis", "redis://x"],
    ],
    ids=" ".join,
)
def test_arguments_that_mean_nothing_are_refused(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        batch.main(arguments)
    assert refused.value.code == 2
