"""One run: steps drawn from a seed, each followed by the auditor's comparison. The first difference ends it."""

from __future__ import annotations

import hashlib
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from domain.kernel.dates import SHANGHAI
from ops.demo.city import City
from ops.demo.loading import load_city
from ops.simulation import desks, machinery, people
from ops.simulation.auditor import Auditor, Difference
from ops.simulation.callers import Callers
from ops.simulation.population import simulated_city
from ops.simulation.stage import SEED, open_stage
from ops.simulation.watching import absorb, compare, prove
from ops.simulation.world import World

CITIZENS = 24
LAST_STEPS = 20
PROVE_EVERY = 12
SETTLE_EVERY = 45
DRAIN_ROUNDS = 12

Action = Callable[[World], Awaitable[str]]
ACTIONS: tuple[tuple[int, Action], ...] = (
    (20, people.apply),
    (3, people.press_again),
    (5, people.cancel),
    (7, people.look),
    (5, people.evaluate),
    (34, people.review),
    (12, people.remit),
    (3, people.reverse),
    (2, people.freeze),
    (12, machinery.relay),
    (14, machinery.deliver),
    (16, machinery.sweep),
    (4, machinery.day_end),
    (4, machinery.two_workers),
    (2, machinery.fail_over),
    (2, machinery.lose_valkey),
    (4, machinery.money_comes_in),
    (3, machinery.told_late),
    (5, desks.claim),
    (5, desks.deposit),
    (4, desks.batch),
)
_BEGINS = datetime(2024, 6, 24, 1, 0, tzinfo=UTC)
"""A few days before interest is due, so that short runs see it too."""
_ENDS = datetime(2026, 11, 1, tzinfo=UTC)
"""Holidays are announced until the end of 2026."""


@dataclass(kw_only=True)
class Report:
    """`digest` is the same for the same seed and steps. `difference` is None when everything agreed."""

    seed: int
    steps: int = 0
    difference: str | None = None
    seconds: float = 0.0
    virtual_until: datetime = _BEGINS
    actions: Counter[str] = field(default_factory=Counter)
    ended: Counter[str] = field(default_factory=Counter)
    last: deque[str] = field(default_factory=lambda: deque(maxlen=LAST_STEPS))
    digest: str = ""

    def words(self) -> str:
        cases = ", ".join(f"{count} {state}" for state, count in sorted(self.ended.items()))
        head = (
            f"seed {self.seed}: {self.steps} steps in {self.seconds:.1f} s,"
            f" to {self.virtual_until:%Y-%m-%d}, cases: {cases or 'none'}"
        )
        if self.difference is None:
            return f"{head}: no difference"
        told = "\n".join(f"  {line}" for line in self.last)
        return (
            f"{head}\nDIFFERENCE at step {self.steps}: {self.difference}\nthe last steps:\n{told}\n"
            f"again: ./dev simulate --seed {self.seed} --steps {self.steps}"
        )


def _drawn(seed: int, citizens: int) -> tuple[Random, City, datetime]:
    """The run's random numbers, its people, and when it begins."""
    random = Random(seed)
    city = simulated_city(random=random, citizens=citizens)
    return random, city, _BEGINS + timedelta(days=random.randrange(5), hours=random.randrange(8))


async def load(
    *, seed: int, citizens: int, database_url: str, redis_url: str, redis_prefix: str, journals: Path
) -> None:
    """Loads the people of a seed into a migrated, empty database; runs of that seed may begin on copies of it."""
    _, city, begins = _drawn(seed, citizens)
    async with open_stage(
        city=city,
        begins=begins,
        database_url=database_url,
        redis_url=redis_url,
        redis_prefix=redis_prefix,
        journals=journals,
    ):
        await load_city(city=city, now=begins, seed=SEED)


async def simulate(
    *,
    seed: int,
    steps: int,
    database_url: str,
    redis_url: str,
    redis_prefix: str,
    journals: Path,
    citizens: int = CITIZENS,
    until: float | None = None,
    after_step: Callable[[int, World], Awaitable[None]] | None = None,
    show: Callable[[str], None] | None = None,
) -> Report:
    """Runs on a migrated database that is its own, empty or with the people of `load`. `until` is a value of
    `time.monotonic`; `after_step` is for tests that plant a fault, before the comparison of the step."""
    report, began = Report(seed=seed), time.monotonic()
    random, city, begins = _drawn(seed, citizens)
    digest = hashlib.sha256()
    async with open_stage(
        city=city,
        begins=begins,
        database_url=database_url,
        redis_url=redis_url,
        redis_prefix=redis_prefix,
        journals=journals,
    ) as stage:
        if not await stage.admin.fetchval("SELECT EXISTS (SELECT FROM account)"):
            await load_city(city=city, now=begins, seed=SEED)
        world = World(
            random=random,
            stage=stage,
            auditor=Auditor(),
            callers=Callers(stage),
            people=[one for one in city.citizens.values() if one.account is not None],
        )
        people.loaded(world)
        await desks.open_accounts(world)
        try:
            await compare(world)
            while report.steps < steps and (until is None or time.monotonic() < until):
                report.steps += 1
                line = await _step(world, report)
                digest.update(line.encode())
                if show is not None:
                    show(line)
                if after_step is not None:
                    await after_step(report.steps, world)
                await absorb(world)
                await compare(world)
                if report.steps % PROVE_EVERY == 0:
                    await prove()
                if report.steps % SETTLE_EVERY == 0 or report.steps == steps:
                    await _settle(world)
        except Difference as found:
            report.difference = str(found)
        report.virtual_until = stage.clock.now
        report.ended = Counter(case.state for case in world.auditor.cases.values())
    report.seconds, report.digest = time.monotonic() - began, digest.hexdigest()
    return report


async def _step(world: World, report: Report) -> str:
    _time_passes(world)
    await world.stage.no_faults()
    await world.stage.month_begins()
    (action,) = world.random.choices([one for _, one in ACTIONS], weights=[weight for weight, _ in ACTIONS])
    report.actions[action.__name__] += 1
    at = world.stage.clock.now.astimezone(SHANGHAI)
    place = len(report.last)
    report.last.append(f"{report.steps:5} {at:%Y-%m-%d %H:%M} {action.__name__} …")
    line = f"{report.steps:5} {at:%Y-%m-%d %H:%M} {await action(world)}"
    report.last[min(place, LAST_STEPS - 1)] = line
    return line


def _time_passes(world: World) -> None:
    """Mostly minutes, sometimes days, now and then to the evening before the year turns or interest is due."""
    random, clock = world.random, world.stage.clock
    kind = random.randrange(100)
    if kind < 82 or clock.now > _ENDS:
        clock.now += timedelta(seconds=random.randrange(30, 1_800))
    elif kind < 95:
        clock.now += timedelta(hours=random.randrange(2, 20))
    elif kind < 98:
        clock.now += timedelta(days=random.randrange(1, 6))
    elif kind < 99:
        clock.now += timedelta(days=random.randrange(20, 50))
    else:
        local = clock.now.astimezone(SHANGHAI)
        eves = [(year, month, day) for year in (local.year, local.year + 1) for month, day in ((6, 30), (12, 31))]
        found = [datetime(*eve, 23, 40, tzinfo=SHANGHAI) for eve in eves]
        clock.now = min(eve for eve in found if eve > clock.now + timedelta(hours=1)).astimezone(UTC)


async def _settle(world: World) -> None:
    """Without trouble everything comes to its end: what the bank knows, the house knows."""
    await world.stage.no_faults()
    for _ in range(DRAIN_ROUNDS):
        world.stage.clock.now += timedelta(minutes=31)
        await world.stage.month_begins()
        await machinery.drain_round(world)
        await absorb(world)
        await compare(world)
    await compare(world, quiet=True)
    await prove()
