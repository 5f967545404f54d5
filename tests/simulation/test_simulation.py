"""The whole-application simulation: a short run in every suite, the same seed the same run, planted defects found."""

from __future__ import annotations

import asyncio
import json
import secrets
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.simulation.planting import PLANTED_AT, PLANTS, SEED

ROOT = Path(__file__).resolve().parents[2]
FIXED_SEED, STEPS = 7, 30

EXPECTED = {
    "balance_changed": "account_balance: account …",
    "booked_twice": "account_balance: account …",
    "held_without_case": "holds 1 fen, expected 0",
    "case_moved_by_hand": "is completed, expected pending",
    "case_removed": "has vanished",
    "paid_unapproved": "the bank paid case ",
    "text_sent_twice": "SMS 'submitted' about case ",
}


async def runs(*names: str) -> list[dict[str, Any]]:
    """In a process of its own, with stores of its own: the house opens one pool a process."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.simulation.planting",
        *names,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()
    assert process.returncode == 0, errors.decode()[-2_000:]
    told: list[dict[str, Any]] = json.loads(out.splitlines()[-1])
    return told


@pytest.mark.journey
async def test_a_fixed_and_a_fresh_seed_agree_with_the_auditor_and_the_same_seed_is_the_same_run() -> None:
    fresh = secrets.randbelow(1_000_000)
    first, again, other = await runs(*(f"{seed}:{STEPS}" for seed in (FIXED_SEED, FIXED_SEED, fresh)))
    print("\n".join(report["words"] for report in (first, again, other)))
    assert [report["seed"] for report in (first, again, other)] == [FIXED_SEED, FIXED_SEED, fresh]
    for report in (first, again, other):
        assert report["difference"] is None, report["words"]
        assert report["steps"] == STEPS
        assert report["actions"] >= 8, "a run of one kind of step shows nothing"
    assert again["digest"] == first["digest"]
    assert fresh == FIXED_SEED or other["digest"] != first["digest"]


@pytest.mark.journey
async def test_planted_defects_are_reported_at_their_step_with_the_seed() -> None:
    reports = dict(zip(PLANTS, await runs(*PLANTS), strict=True))
    assert set(reports) == set(EXPECTED)
    for name, report in reports.items():
        assert report["difference"] is not None, f"{name} was not found"
        assert EXPECTED[name] in report["difference"], f"{name}: {report['difference']}"
        assert report["steps"] == PLANTED_AT, f"{name} was found at step {report['steps']}"
        assert f"./dev simulate --seed {SEED} --steps {PLANTED_AT}" in report["words"]
