"""What a month's statement would come to, told before it is drawn (D02)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from domain.contributions.employers.standing import lock_standing, require_employer, require_open
from domain.contributions.remittances.drawing import (
    changes_of_month,
    check_month,
    deadline_of,
    totals_of_month,
)
from domain.contributions.remittances.paying import balance_of_employer
from domain.kernel.actor import Actor
from domain.kernel.database import rehearsal
from domain.kernel.dates import YearMonth
from domain.kernel.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementPreview:
    """`came`, `went`, `changed`: against the month before. `balance`: 单位暂存款 that is free."""

    month: YearMonth
    person_count: int
    employer_part: Money
    employee_part: Money
    due_on: date
    came: int
    went: int
    changed: int
    balance: Money

    @property
    def amount(self) -> Money:
        return Money(self.employer_part.fen + self.employee_part.fen)


async def preview_statement(
    *, actor: Actor, employer_no: int, month: YearMonth, business_date: date
) -> StatementPreview:
    """Refused as drawing it would be; nothing is written."""
    found: StatementPreview | None = None
    async with rehearsal() as tx:
        standing = await lock_standing(tx, employer_no=employer_no)
        require_employer(actor, employer_no=employer_no, office_code=standing.office_code, scope="payments")
        require_open(standing)
        await check_month(tx, standing=standing, month=month, business_date=business_date)
        _, totals = await totals_of_month(tx, employer_no=employer_no, month=month)
        changes = await changes_of_month(tx, employer_no=employer_no, period=month.period)
        found = StatementPreview(
            month=month,
            person_count=totals["persons"],
            employer_part=Money(totals["employer_fen"]),
            employee_part=Money(totals["employee_fen"]),
            due_on=deadline_of(month, standing=standing, business_date=business_date),
            balance=await balance_of_employer(employer_no=employer_no, using=tx),
            **changes,
        )
    assert found is not None, "a rehearsal that ends has read everything"
    return found
