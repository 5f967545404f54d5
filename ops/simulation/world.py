"""What an action of the simulation has at hand, and how what it did is told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from random import Random

from domain.kernel.dates import business_date_of
from domain.kernel.failures import StoreUnavailable
from ops.demo.city import Citizen
from ops.simulation.auditor import Account, Auditor
from ops.simulation.callers import Callers
from ops.simulation.sabotage import CUTS, Cut, PlannedMistake, cut_off
from ops.simulation.stage import Stage

STATEMENTS_MAX = 24


@dataclass(kw_only=True)
class World:
    """`ids` are the global ids of cases by case number; `orders` what stands under a bank's serial numbers; `refunds`
    the amounts of refunds by theirs; `deposits` their numbers by name; `untold` receipts that we never heard of."""

    random: Random
    stage: Stage
    auditor: Auditor
    callers: Callers
    people: list[Citizen]
    accounts: dict[str, Account] = field(default_factory=dict)
    cards: dict[str, str] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    orders: dict[str, tuple[str, int]] = field(default_factory=dict)
    refunds: dict[str, int] = field(default_factory=dict)
    deposits: dict[str, int] = field(default_factory=dict)
    untold: list[tuple[str, str, str]] = field(default_factory=list)
    last_request: tuple[Citizen, str, dict[str, object], str] | None = None
    keys: int = 0

    @property
    def today(self) -> date:
        return business_date_of(self.stage.clock.now)

    def chance(self, percent: int) -> bool:
        return self.random.randrange(100) < percent

    def new_key(self) -> str:
        self.keys += 1
        return f"simulated-{self.keys:08d}"

    @asynccontextmanager
    async def perhaps_cut(self, *, percent: int, cuts: tuple[Cut, ...] = CUTS) -> AsyncIterator[list[str]]:
        """Sometimes cuts the block off. What the cut raises ends here; the list says what happened."""
        told: list[str] = []
        if not self.chance(percent):
            yield told
            return
        # many transactions are short: early statements come more often
        cut, after = self.random.choice(cuts), self.random.randrange(1 + self.random.randrange(STATEMENTS_MAX))
        async with cut_off(admin=self.stage.admin, cut=cut, after=after) as plan:
            try:
                yield told
            except (StoreUnavailable, PlannedMistake):
                told.append("failed")
            except BaseException as error:
                if cut != "dies" or not plan.done or type(error).__name__ != "CancelledError":
                    raise
                told.append("died")
        if plan.done:
            told.append(f"{cut} after {after}")

    async def stubbornly(self, work: Callable[[], Awaitable[None]], *, percent: int) -> str:
        """Does the work, cut off sometimes, and then once more without trouble: it must happen once."""
        finished: list[bool] = []
        async with self.perhaps_cut(percent=percent) as told:
            await work()
            finished.append(True)
        if not finished:
            await work()
        return f" [{', '.join(told)}]" if told else ""
