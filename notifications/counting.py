"""Parts submitted and delivered by carrier, region, class, template, department and day (R15.2), and what they cost.

`sms_count` is made again from the parts of the days that late receipts may still change; older days stand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Literal

from domain.kernel import audit, database
from domain.kernel.actor import Actor
from domain.kernel.dates import YearMonth
from domain.kernel.money import Money
from domain.kernel.refusal import Refused
from notifications import pricing
from notifications.pricing import Contract
from notifications.refusals import BUDGET_MALFORMED

OPEN_DAYS = 4
ALL = "*"

Dimension = Literal["carrier", "region", "class", "template", "department", "day"]
DIMENSIONS: Mapping[Dimension, str] = {
    "carrier": "运营商",
    "region": "号码归属",
    "class": "类别",
    "template": "模板",
    "department": "部门",
    "day": "日期",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """Parts of one value of a dimension. `billable` by the carrier's contract; `cost_milli` at its price of the day,
    None while a carrier among them has no price."""

    value: str
    submitted: int = 0
    delivered: int = 0
    failed: int = 0
    cost_milli: int | None = 0

    @property
    def waiting(self) -> int:
        return self.submitted - self.delivered - self.failed

    @property
    def delivered_permille(self) -> int:
        return self.delivered * 1000 // self.submitted if self.submitted else 0

    @property
    def cost(self) -> Money | None:
        return None if self.cost_milli is None else pricing.money_of(self.cost_milli)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """The finest count: one day, carrier, region, class, template and department."""

    day: date
    carrier: str
    region: str
    class_: str
    template: str
    department: str
    submitted: int
    delivered: int
    failed: int

    def value_of(self, dimension: Dimension) -> str:
        if dimension == "day":
            return self.day.isoformat()
        return str(getattr(self, "class_" if dimension == "class" else dimension))


async def refresh(*, today: date, days: int = OPEN_DAYS) -> None:
    """Counts the last days again, each in a transaction of its own."""
    for back in range(days):
        day = today - timedelta(days=back)
        async with database.transaction() as tx:
            await tx.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 9))", day.isoformat())
            await tx.execute("DELETE FROM sms_count WHERE day = $1", day)
            await tx.execute(
                """
                INSERT INTO sms_count (day, carrier, region, class, template, department, submitted, delivered, failed)
                SELECT day, carrier, region, class, template, department, count(*),
                       count(*) FILTER (WHERE state = 'delivered'), count(*) FILTER (WHERE state = 'failed')
                FROM sms_part WHERE day = $1 GROUP BY 1, 2, 3, 4, 5, 6
                """,
                day,
            )


async def cells(*, since: date, until: date) -> list[Cell]:
    """Both days included, in the order of days."""
    rows = await database.rows(
        "SELECT day, carrier, region, class AS class_, template, department, submitted, delivered, failed"
        " FROM sms_count WHERE day BETWEEN $1 AND $2 ORDER BY day, carrier, region, class, template, department",
        since,
        until,
    )
    return [Cell(**dict(row)) for row in rows]


def priced(
    found: Sequence[Cell], *, contracts: Sequence[Contract], before: Mapping[tuple[str, int], int]
) -> list[tuple[Cell, int | None]]:
    """Each cell with its cost. Tiers run over a carrier's month in the order of days: `before` are the billable parts
    of (carrier, period) that lie before the first cell."""
    counted = dict(before)
    costs: list[tuple[Cell, int | None]] = []
    for cell in found:
        contract = pricing.in_force(contracts, carrier=cell.carrier, day=cell.day)
        if contract is None:
            costs.append((cell, None))
            continue
        key = (cell.carrier, YearMonth.of(cell.day).period)
        parts = cell.submitted if contract.basis == "submitted" else cell.delivered
        costs.append((cell, contract.cost_milli(parts=parts, before=counted.get(key, 0))))
        counted[key] = counted.get(key, 0) + parts
    return costs


async def costed(*, since: date, until: date) -> list[tuple[Cell, int | None]]:
    """The days asked for with their costs, tiers reckoned from the first of the month. Under `whole` tiering every part
    of the month so far is at the tier that the month had reached by its day; the statement of a month says what it
    comes to in the end."""
    first = since.replace(day=1)
    contracts = await pricing.contracts()
    everything = priced(await cells(since=first, until=until), contracts=contracts, before={})
    return [(cell, cost) for cell, cost in everything if cell.day >= since]


def grouped(found: Sequence[tuple[Cell, int | None]], *, by: Dimension) -> list[Count]:
    """The largest first; days in their order."""
    sums: dict[str, Count] = {}
    for cell, cost in found:
        value = cell.value_of(by)
        known = sums.get(value, Count(value=value))
        sums[value] = replace(
            known,
            submitted=known.submitted + cell.submitted,
            delivered=known.delivered + cell.delivered,
            failed=known.failed + cell.failed,
            cost_milli=None if cost is None or known.cost_milli is None else known.cost_milli + cost,
        )
    if by == "day":
        return [sums[value] for value in sorted(sums)]
    return sorted(sums.values(), key=lambda one: (-one.submitted, one.value))


def total(counts: Sequence[Count]) -> Count:
    costs = [one.cost_milli for one in counts]
    return Count(
        value="合计",
        submitted=sum(one.submitted for one in counts),
        delivered=sum(one.delivered for one in counts),
        failed=sum(one.failed for one in counts),
        cost_milli=None if None in costs else sum(cost for cost in costs if cost is not None),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What we reckon that a carrier will bill for a month."""

    carrier: str
    period: int
    submitted: int
    delivered: int
    billable: int
    cost_milli: int | None
    basis: str | None


async def statement(*, period: YearMonth) -> list[Statement]:
    """By carrier. Prices of the day of each part; a tier is reached by the month's billable parts."""
    found = await cells(since=period.first_day, until=period.last_day)
    contracts = await pricing.contracts()
    told = []
    for carrier in sorted({cell.carrier for cell in found}):
        own = [cell for cell in found if cell.carrier == carrier]
        contract = pricing.in_force(contracts, carrier=carrier, day=period.last_day)
        basis = None if contract is None else contract.basis
        billable = sum(cell.delivered if basis == "delivered" else cell.submitted for cell in own)
        if contract is not None and contract.tiering == "whole":
            cost: int | None = contract.cost_milli(parts=billable)
        else:
            costs = [cost for _, cost in priced(own, contracts=contracts, before={})]
            cost = None if None in costs else sum(cost for cost in costs if cost is not None)
        told.append(
            Statement(
                carrier=carrier,
                period=period.period,
                submitted=sum(cell.submitted for cell in own),
                delivered=sum(cell.delivered for cell in own),
                billable=billable,
                cost_milli=cost,
                basis=basis,
            )
        )
    return told


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Of one department, or `*` for all, in a month. `spent_milli` None while a price is missing."""

    period: int
    department: str
    amount: Money
    alarm_percent: int
    spent_milli: int | None

    @property
    def spent(self) -> Money | None:
        return None if self.spent_milli is None else pricing.money_of(self.spent_milli)

    @property
    def percent(self) -> int | None:
        return None if self.spent is None else self.spent.fen * 100 // self.amount.fen

    @property
    def alarmed(self) -> bool:
        return self.percent is not None and self.percent >= self.alarm_percent


async def budgets(*, period: YearMonth) -> list[Budget]:
    rows = await database.rows(
        "SELECT department, amount_fen, alarm_percent FROM sms_budget WHERE period = $1 ORDER BY department",
        period.period,
    )
    if not rows:
        return []
    spent = grouped(await costed(since=period.first_day, until=period.last_day), by="department")
    by_department = {one.value: one.cost_milli for one in spent}
    by_department[ALL] = total(spent).cost_milli
    return [
        Budget(
            period=period.period,
            department=row["department"],
            amount=Money(row["amount_fen"]),
            alarm_percent=row["alarm_percent"],
            spent_milli=by_department.get(row["department"], 0),
        )
        for row in rows
    ]


async def set_budget(
    *, actor: Actor, period: YearMonth, department: str, amount: Money, alarm_percent: int, now: datetime
) -> None:
    """Raises Refused."""
    if amount.fen <= 0 or not 1 <= alarm_percent <= 100 or not 1 <= len(department) <= 40:
        raise Refused(BUDGET_MALFORMED())
    async with database.transaction() as tx:
        await tx.execute(
            "INSERT INTO sms_budget (period, department, amount_fen, alarm_percent, changed_by, changed_at)"
            " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (period, department) DO UPDATE SET"
            " amount_fen = excluded.amount_fen, alarm_percent = excluded.alarm_percent,"
            " changed_by = excluded.changed_by, changed_at = excluded.changed_at",
            period.period,
            department,
            amount.fen,
            alarm_percent,
            actor.reference,
            now,
        )
        await audit.record(
            tx,
            actor=actor,
            action="sms.budget_set",
            subject=f"budget:{period.period}:{department}",
            now=now,
            detail={"amount_fen": amount.fen, "alarm_percent": alarm_percent},
        )
