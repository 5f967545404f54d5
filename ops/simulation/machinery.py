"""What works without people: the worker's steps in any order and cut off, partners that misbehave, day-ends, a database
that fails over, money that comes in."""

from __future__ import annotations

from datetime import date
from typing import Any

from pgqueuer import RetryRequested

from domain import dayend, withdrawals
from domain.dayend import Engine
from domain.kernel import database
from domain.kernel.actor import Actor, Role
from ops import dayend as engine_room
from ops import reviews, worker
from ops.simulation.auditor import Difference
from ops.simulation.people import BANKS
from ops.simulation.sabotage import take_all_connections
from ops.simulation.treasury import Batch
from ops.simulation.world import World

_AFTER = {"stage": "after"}
# A time-out of no seconds: the gateway answers 504 at once, and what became of the request is as unknown.
_LATE = {"seconds": 0}
FAULTS: tuple[dict[str, Any], ...] = (
    {"simulator": "bank", "operation": "pay", "mode": "timeout", "detail": _LATE},
    {"simulator": "bank", "operation": "pay", "mode": "timeout", "detail": {**_LATE, **_AFTER}},
    {"simulator": "bank", "operation": "pay", "mode": "error500", "detail": _AFTER},
    {"simulator": "bank", "operation": "pay", "mode": "garbage", "detail": _AFTER},
    {"simulator": "bank", "operation": "pay", "mode": "garbage"},
    {"simulator": "bank", "operation": "pay", "mode": "refuse", "detail": {"code": "10003"}},
    {"simulator": "bank", "operation": "pay", "mode": "answer_twice"},
    {"simulator": "bank", "operation": "pay", "mode": "confirm_later", "detail": {"queries": 2}},
    {"simulator": "bank", "operation": "pay", "mode": "confirm_later", "detail": {"queries": 1, "then": "10004"}},
    {"simulator": "bank", "operation": "query", "mode": "timeout", "detail": _LATE},
    {"simulator": "bank", "operation": "query", "mode": "garbage"},
    {"simulator": "bank", "operation": "deposit", "mode": "timeout", "detail": _LATE},
    {"simulator": "bank", "operation": "deposit", "mode": "timeout", "detail": {**_LATE, **_AFTER}},
    {"simulator": "bank", "operation": "deposit", "mode": "refuse", "detail": {"code": "10011"}},
    {"simulator": "bank", "operation": "batch", "mode": "timeout", "detail": _LATE},
    {"simulator": "bank", "operation": "batch", "mode": "timeout", "detail": {**_LATE, **_AFTER}},
    {"simulator": "bank", "operation": "batch", "mode": "confirm_later", "detail": {"queries": 2, "first": 1}},
    {"simulator": "bank", "operation": "batch_result", "mode": "garbage"},
    {"simulator": "bank", "operation": "batch_file", "mode": "garbage", "detail": {"stage": "file", "spoil": "cut"}},
    {
        "simulator": "bank",
        "operation": "batch_file",
        "mode": "garbage",
        "detail": {"stage": "file", "spoil": "cut_part"},
    },
    {"simulator": "evaluation", "operation": "push", "mode": "timeout", "detail": _LATE},
    {"simulator": "evaluation", "operation": "push", "mode": "timeout", "detail": {**_LATE, **_AFTER}},
    {"simulator": "sms", "operation": "submit", "mode": "timeout", "detail": _LATE},
    {"simulator": "sms", "operation": "submit", "mode": "timeout", "detail": {**_LATE, **_AFTER}},
    {"simulator": "sms", "operation": "submit", "mode": "garbage", "detail": _AFTER},
    {"simulator": "sms", "operation": "submit", "mode": "refuse", "detail": {"code": "2001"}},
    {"simulator": "sms", "operation": "submit", "mode": "refuse", "detail": {"code": "1002"}},
    {"simulator": "sms", "operation": "submit", "mode": "refuse", "detail": {"code": "9001"}},
    {"simulator": "sms", "operation": "submit", "mode": "confirm_later", "detail": {"fetches": 3}},
    {"simulator": "sms", "operation": "submit", "mode": "answer_twice", "detail": {"receipt": "UNDELIV"}},
    {"simulator": "sms", "operation": "query", "mode": "error500"},
    {"simulator": "sms", "operation": "receipts", "mode": "garbage", "detail": _AFTER},
)
FINANCE = Actor(
    kind="staff", channel="backoffice", name="孙财", staff_id=1, roles=frozenset({Role.FINANCE}), assurance="password"
)
PAYER = {
    "payer_account_no": "11001234567890",
    "payer_name": "北京模拟来款有限公司",
    "payer_bank_no": "105100000017",
}


async def misbehave(world: World, *, percent: int = 45) -> str:
    """Up to two partners go wrong in the step that follows."""
    chosen = [world.random.choice(FAULTS) for _ in range(world.random.randrange(1, 3))] if world.chance(percent) else []
    for fault in chosen:
        await world.stage.fault(**fault, times=world.random.randrange(1, 3))
    named = [f"{fault['simulator']} {fault['operation']} {fault['mode']}" for fault in chosen]
    return f" ({'; '.join(named)})" if named else ""


async def relay(world: World) -> str:
    moved: list[int] = []
    async with world.perhaps_cut(percent=20) as told:
        moved.append(await worker.relay_once(world.stage.house))
    return f"the relay moves {moved or 'nothing'}{_cut(told)}"


async def deliver(world: World) -> str:
    """Some of the queue in any order, some twice; a worker that dies leaves its jobs."""
    trouble = await misbehave(world)
    rows = await world.stage.admin.fetch("SELECT id, payload FROM pgqueuer WHERE status = 'queued' ORDER BY id")
    world.random.shuffle(rows)
    rows = rows[: world.random.randrange(1, 9)]
    done: list[str] = []
    async with world.perhaps_cut(percent=30) as told:
        for row in rows:
            for _ in range(2 if world.chance(10) else 1):
                done.append(await _job(world, row))
    return f"the worker takes {len(rows)} jobs: {', '.join(done)}{trouble}{_cut(told)}"


async def sweep(world: World) -> str:
    trouble = await misbehave(world)
    moved: list[int] = []
    async with world.perhaps_cut(percent=30) as told:
        moved.append(await _sweep(world))
    return f"the worker sweeps {moved or 'nothing'}{trouble}{_cut(told)}"


async def two_workers(world: World) -> str:
    """A second worker does all the same while the first waits for a partner's answer: everything happens once."""
    trouble, told = await misbehave(world), list[str]()
    rows = await world.stage.admin.fetch("SELECT id, payload FROM pgqueuer WHERE status = 'queued' ORDER BY id LIMIT 3")

    async def work() -> None:
        done = [await _job(world, row) for row in rows]
        told.append(f"{', '.join(done)} and {await _sweep(world)} swept")

    with world.stage.meanwhile(work):
        await work()
    return f"two workers take {len(rows)} jobs: {'; '.join(told)}{trouble}"


async def lose_valkey(world: World) -> str:
    """Sessions, limits and caches are gone; nobody is let in without logging in, and nothing else is different."""
    count = await world.stage.lose_valkey()
    world.callers.forget()
    return f"Valkey loses {'everything' if count else 'nothing'}"


async def day_end(world: World) -> str:
    """The day-ends that are due, late as they may be; cut off sometimes, and begun again. Where a mistake came up in a
    step, the finance desk has it tried again, as people would."""
    settings, clock = world.stage.settings, world.stage.clock
    state: list[str] = []
    await _asked_ahead(world)
    before = await _last_day(world)
    async with world.perhaps_cut(percent=30) as told:
        state.append(await _run_days(world))
    if told:
        state.append(await _tried_again(world))
    await _nothing_left_open(world)
    instalments = await _predicted(world, since=before)
    again = await dayend.plan_now(database.pool, now=clock.now)
    assert settings.day_end_workers == 1, "several at once would not be cut at the same place"
    if again.days or again.refusal is not None:
        raise Difference(f"after a day-end {len(again.days)} days are due, {again.refusal}")
    return f"the day-end: {', '.join(state)}, {instalments} instalments{_cut(told)}"


async def _asked_ahead(world: World) -> None:
    """The agencies have answered about every agreement before it falls due, as the worker's sweeps ask them for days:
    how often those were cut off nobody outside can know."""
    now = world.stage.clock.now
    while await withdrawals.ask_ahead(registries=world.stage.house.registries, business_date=world.today, now=now):
        pass


async def _last_day(world: World) -> date:
    found: date | None = await world.stage.admin.fetchval("SELECT max(business_date) FROM day_end_run")
    return found or date.min


async def _predicted(world: World, *, since: date) -> int:
    """Tells the auditor which days have ended, and what the house put into the banks' batches then. Returns how many
    instalments that were."""
    admin, auditor = world.stage.admin, world.auditor
    before = len(auditor.agreed.instalments)
    days = await admin.fetch("SELECT business_date FROM day_end_run WHERE business_date > $1 ORDER BY 1", since)
    for row in days:
        auditor.day_ended(on=row["business_date"])
    batches: dict[str, dict[int, tuple[int, int, int]]] = {}
    for row in await admin.fetch(_TOLD):
        if row["serial_no"] not in auditor.treasury.batches:
            found = batches.setdefault(row["serial_no"], {})
            found[row["item_no"]] = (row["account_no"], row["month"], row["amount_fen"])
    for serial, items in batches.items():
        if wrong := auditor.agreed.batch_prepared(serial=serial, items=items):
            raise Difference(wrong)
        name = f"batch {len(auditor.treasury.batches) + 1}"
        fen = {number: amount for number, (_, _, amount) in items.items()}
        auditor.treasury.batches[serial] = Batch(name=name, fen=fen)
    return len(auditor.agreed.instalments) - before


_TOLD = """
SELECT b.serial_no, i.item_no, i.amount_fen, w.account_no, w.from_period / 100 * 12 + w.from_period % 100 - 1 AS month
FROM bank_batch b JOIN bank_batch_item i USING (batch_id)
JOIN withdrawal w ON w.told_batch_id = b.batch_id AND w.withdrawal_id::text = i.owner_reference
WHERE b.purpose = 'agreed_withdrawal' ORDER BY b.serial_no, i.item_no
"""


def _engine(world: World) -> Engine:
    return engine_room.engine(clock=world.stage.clock, workers=1)


async def _run_days(world: World) -> str:
    settings, clock = world.stage.settings, world.stage.clock
    using = _engine(world)
    # `run_due` also compares our clock with the database's, which lives in another time here
    async with engine_room.held(settings, clock=clock) as epoch:
        count = 0
        while (plan := await dayend.plan_now(database.pool, now=clock())).days or plan.jump:
            if plan.jump is not None:
                first, last = plan.jump
                await dayend.confirm_jump(actor=FINANCE, since=first, through=last, reason="模拟跳跃日期", now=clock())
                continue
            state = await using.run(days=plan.days, epoch=epoch, runner="simulation")
            if state == "stopped":
                return "stopped"
            count += len(plan.days)
        if plan.refusal is not None:
            raise Difference(f"the day-end is refused: {plan.refusal.message}")
    return f"{count} days done"


async def _tried_again(world: World) -> str:
    using, count = _engine(world), 0
    for one in await dayend.exceptions():
        if (await dayend.exception(exception_id=one.exception_id)).state == "open":
            count += await dayend.retry(engine=using, exception_id=one.exception_id, actor=FINANCE)
    return f"{count} tried again, {await _run_days(world)}"


async def _nothing_left_open(world: World) -> None:
    left = [(str(one.business_date), one.title, one.error_kind) for one in await dayend.exceptions()]
    if left:
        raise Difference(f"the day-end left {len(left)} exceptions open: {left[:3]}")


async def fail_over(world: World) -> str:
    await take_all_connections(world.stage.admin)
    return "PostgreSQL ends every connection"


async def money_comes_in(world: World) -> str:
    """Somebody pays into the fund; the notice comes, twice, spoiled, or not at all."""
    bank, fen = world.random.choice(BANKS), world.random.randrange(1, 5_000_000)
    number = next(one["fund_account_no"] for one in world.stage.city.banks if one["code"] == bank)
    mode = world.random.choice(("normal", "normal", "refuse", "answer_twice", "garbage"))
    await world.stage.fault(simulator="bank", operation="notice", mode=mode)
    told = await world.stage.pay_in(
        bank_code=bank, account_no=number, amount=f"{fen // 100}.{fen % 100:02d}", remark="往来款", **PAYER
    )
    serial = told["host_serial_no"]
    world.auditor.received[serial] = (bank, fen)
    if "00000" in told["answers"]:
        world.auditor.noticed.add(serial)
    else:
        world.untold.append((bank, number, serial))
    return f"bank {bank} gets {fen} fen, notice {mode}: {told['answers'] or 'none'}"


async def told_late(world: World) -> str:
    """The bank tells again: of what it told before, or of what we never heard of."""
    if not world.untold:
        return await money_comes_in(world)
    bank, number, serial = world.random.choice(world.untold)
    answers = await world.stage.tell_again(bank_code=bank, account_no=number, host_serial_no=serial)
    if answers != ["00000"]:
        raise Difference(f"a notice told again was answered {answers}")
    world.auditor.noticed.add(serial)
    return f"bank {bank} tells again of {world.auditor.received[serial][1]} fen"


async def drain_round(world: World) -> int:
    """One round of everything the worker has to do, without trouble. Returns how much moved."""
    moved = await worker.relay_once(world.stage.house)
    for row in await world.stage.admin.fetch("SELECT id, payload FROM pgqueuer WHERE status = 'queued' ORDER BY id"):
        moved += await _job(world, row) == "done"
    return moved + await _sweep(world)


async def _sweep(world: World) -> int:
    """One at a time also towards the city's platform, so that a seed repeats."""
    moved = await worker.sweep_once(world.stage.house)
    while told := await reviews.push_due(world.stage.house, most=1):
        moved += told
    return moved


async def _job(world: World, row: Any) -> str:
    """As the queue does it: a job that succeeded is gone, another waits for its next try or for somebody."""
    try:
        await worker.take(world.stage.house, payload=row["payload"], attempts=0)
    except RetryRequested:
        return "again"
    except worker.ConsumerFailed:
        return "held"
    await world.stage.admin.execute("DELETE FROM pgqueuer WHERE id = $1", row["id"])
    return "done"


def _cut(told: list[str]) -> str:
    return f" [{', '.join(told)}]" if told else ""
