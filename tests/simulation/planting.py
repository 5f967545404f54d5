"""Runs of the simulation in a process of their own, some with a planted defect: `python -m tests.simulation.planting
NAME…`. Prints a JSON list of reports. A process of its own, because the house opens one pool a process."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from ops.dev.simulate import prepare, prepare_people, run_once
from ops.dev.surroundings import CHECKOUT
from ops.embedded import Throwaway
from ops.simulation.run import Report
from ops.simulation.world import World

SEED, PLANTED_AT, STEPS, FEW = 11, 12, 14, 8

Plant = Callable[[World], Awaitable[None]]


async def balance_changed(world: World) -> None:
    """One fen more, and nobody knows from where."""
    await world.stage.admin.execute(
        "UPDATE account_balance SET balance_fen = balance_fen + 1, current_year_fen = current_year_fen + 1"
        " WHERE account_no = $1",
        _no(world),
    )


async def booked_twice(world: World) -> None:
    """A remittance once more under another key: the books are in themselves perfectly right."""
    await world.stage.admin.execute(
        """SELECT ledger_post(v.account_no, v.voucher_id + 1, v.business_key || '/again', v.input_hash, v.account_set,
               v.kind, v.summary, v.case_id, v.effective_on, v.posted_on, v.recorded_at, NULL,
               p.subjects, p.sides, p.amounts, p.auxiliaries,
               NULL, NULL, NULL, NULL, NULL)
           FROM voucher v CROSS JOIN LATERAL (
               SELECT array_agg(subject::text) AS subjects, array_agg(side::text) AS sides,
                      array_agg(amount_fen) AS amounts, array_agg(auxiliary) AS auxiliaries FROM posting
               WHERE account_no = v.account_no AND period = v.period AND voucher_id = v.voucher_id) p
           WHERE v.account_no = $1 AND v.kind = '01' ORDER BY v.posted_on DESC LIMIT 1""",
        _no(world),
    )


async def held_without_case(world: World) -> None:
    await world.stage.admin.execute(
        "SELECT ledger_place_hold($1, 1, 'planted', '\\x00', 1, NULL, '模拟', '2099-01-01', $2)",
        _no(world),
        world.stage.clock.now,
    )


async def case_moved_by_hand(world: World) -> None:
    """Paid, says the case; the bank knows nothing of it."""
    await world.stage.admin.execute(
        "UPDATE service_case SET state = 'completed' WHERE case_no = $1", await _case(world)
    )


async def case_removed(world: World) -> None:
    await world.stage.admin.execute("SET session_replication_role = replica")
    await world.stage.admin.execute("DELETE FROM service_case WHERE case_no = $1", await _case(world))


async def paid_unapproved(world: World) -> None:
    """Money leaves at the bank for a case that nobody approved."""
    number = await _case(world)
    taken = {"event": "taken", "serial_no": "X1", "code": "00001", "amount": "1.00", "summary": f"租房提取 {number}"}
    _write(world, "bank", taken, {"event": "settled", "serial_no": "X1", "code": "00000"})


async def text_sent_twice(world: World) -> None:
    text = f"您的无房租房提取申请已受理，办件编号{await _case(world)}，预计2024年7月1日前办结。"
    _write(world, "sms", *({"event": "taken", "message_id": str(number), "text": text} for number in range(3)))


PLANTS: dict[str, Plant] = {
    plant.__name__: plant
    for plant in (
        balance_changed,
        booked_twice,
        held_without_case,
        case_moved_by_hand,
        case_removed,
        paid_unapproved,
        text_sent_twice,
    )
}


def _no(world: World) -> int:
    """An account to which nothing has happened: the first without a case."""
    taken = {case.account.number for case in world.auditor.cases.values()}
    return next(number for number in sorted(world.auditor.accounts) if number not in taken)


async def _case(world: World) -> str:
    """A case that is open now."""
    return next(case.number for case in world.auditor.cases.values() if case.state.startswith("pending"))


def _write(world: World, partner: str, *entries: dict[str, Any]) -> None:
    with (world.stage.journals / f"{partner}.jsonl").open("a") as book:
        book.writelines(json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries)


async def _all(servers: Throwaway, names: list[str]) -> list[dict[str, Any]]:
    await prepare(servers)
    reports = []
    loaded: dict[int, str] = {}
    for name in names:
        # people are loaded once a seed: that takes longer than the run
        seed, steps, plant = (SEED, STEPS, PLANTS[name]) if name in PLANTS else (*map(int, name.split(":")), None)
        if seed not in loaded:
            loaded[seed] = await prepare_people(servers, seed=seed, citizens=FEW)
        after = _planting(plant) if plant is not None else None
        report = await run_once(servers, seed=seed, steps=steps, citizens=FEW, after_step=after, template=loaded[seed])
        reports.append(_told(report))
    return reports


def _planting(plant: Plant) -> Callable[[int, World], Awaitable[None]]:
    async def after_step(step: int, world: World) -> None:
        if step == PLANTED_AT:
            await plant(world)

    return after_step


def _told(report: Report) -> dict[str, Any]:
    return {
        "seed": report.seed,
        "steps": report.steps,
        "difference": report.difference,
        "digest": report.digest,
        "actions": len(report.actions),
        "words": report.words(),
    }


def main(names: list[str]) -> None:
    servers = Throwaway.start(checkout=CHECKOUT)
    try:
        reports = asyncio.run(_all(servers, names))
    finally:
        servers.stop()
    print(json.dumps(reports, ensure_ascii=False))


if __name__ == "__main__":
    main(sys.argv[1:])
