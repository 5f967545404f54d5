"""汇缴清册 of one or several months, as first drawn or as it stands, with what changed between the two (D15)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from domain.contributions.employers.standing import require_employer
from domain.contributions.refusals import INVENTORY_MONTHS
from domain.contributions.rules.months import months_from
from domain.kernel import database
from domain.kernel.actor import Actor
from domain.kernel.database import Record
from domain.kernel.dates import YearMonth
from domain.kernel.money import Money
from domain.kernel.refusal import Refused

MONTHS_MAX = 12
Which = Literal["first", "latest"]


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryLine:
    """`difference`: against the other version of the month; empty when there is none."""

    account_no: int
    name_masked: str
    base: Money
    employer_part: Money
    employee_part: Money
    difference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthInventory:
    """`left_out`: names that only the other version has."""

    month: YearMonth
    statement_no: str
    version: int
    versions: int
    state: str
    lines: Sequence[InventoryLine]
    left_out: Sequence[str]

    @property
    def total(self) -> Money:
        return Money(sum(line.employer_part.fen + line.employee_part.fen for line in self.lines))


async def inventory_of(
    *, actor: Actor, employer_no: int, from_month: YearMonth, until_month: YearMonth, which: Which
) -> list[MonthInventory]:
    """Months without a statement are left out; names are masked. Raises Refused."""
    office = await database.value("SELECT office_code FROM employer WHERE employer_no = $1", employer_no)
    require_employer(actor, employer_no=employer_no, office_code=office or "", scope="queries")
    months = months_from(from_month, until_month)
    if not 1 <= len(months) <= MONTHS_MAX:
        raise Refused(INVENTORY_MONTHS(most=MONTHS_MAX))
    found = []
    for month in months:
        drawn = await database.rows(
            "SELECT statement_id, statement_no, version, state FROM remittance_statement WHERE employer_no = $1"
            " AND period = $2 AND kind = 'remittance' ORDER BY version",
            employer_no,
            month.period,
        )
        if drawn:
            found.append(await _month(employer_no, month, drawn, which))
    return found


async def _month(employer_no: int, month: YearMonth, drawn: Sequence[Record], which: Which) -> MonthInventory:
    first, latest = drawn[0], drawn[-1]
    chosen, other = (first, latest) if which == "first" else (latest, first)
    lines = await _lines(employer_no, chosen["statement_id"])
    others = lines if chosen is other else await _lines(employer_no, other["statement_id"])
    names = await _names([*lines, *others])
    return MonthInventory(
        month=month,
        statement_no=chosen["statement_no"],
        version=chosen["version"],
        versions=len(drawn),
        state=chosen["state"],
        lines=[
            InventoryLine(
                account_no=number,
                name_masked=names[number],
                base=Money(row["base_fen"]),
                employer_part=Money(row["employer_fen"]),
                employee_part=Money(row["employee_fen"]),
                difference=_difference(row, others.get(number), which),
            )
            for number, row in lines.items()
        ],
        left_out=[names[number] for number in others if number not in lines],
    )


def _difference(row: Record, other: Record | None, which: Which) -> str:
    against = "最新版" if which == "first" else "首版"
    if other is None:
        return f"{against}没有此人"
    before, after = (Money(one["employer_fen"] + one["employee_fen"]) for one in (other, row))
    return "" if before == after else f"{against}为{before.yuan_text}"


async def _lines(employer_no: int, statement_id: int) -> dict[int, Record]:
    rows = await database.rows(
        "SELECT account_no, base_fen, employer_fen, employee_fen FROM remittance_line WHERE employer_no = $1"
        " AND statement_id = $2 AND state <> 'X' ORDER BY account_no",
        employer_no,
        statement_id,
    )
    return {row["account_no"]: row for row in rows}


async def _names(numbers: Sequence[int]) -> dict[int, str]:
    accounts = await database.rows(
        "SELECT account_no, person_id FROM account WHERE account_no = ANY ($1)", list(set(numbers))
    )
    people = await database.rows(
        "SELECT person_id, name_masked FROM person WHERE person_id = ANY ($1)", [row["person_id"] for row in accounts]
    )
    names = {row["person_id"]: row["name_masked"] for row in people}
    return {row["account_no"]: names[row["person_id"]] for row in accounts}
