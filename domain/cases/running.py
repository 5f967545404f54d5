"""在途事项 that are no cases of the review desk and still exclude other matters of an account (D01)."""

from __future__ import annotations

from datetime import datetime

from domain.cases.conflicts import RunningMatter, matter_name
from domain.kernel import database
from domain.kernel.database import Executor, Transaction


async def begin_matter(
    tx: Transaction, *, account_no: int, matter: str, reference_no: str, office_code: str, now: datetime
) -> None:
    """`matter` is an item or an internal matter of the table of conflicts; begun twice it is one."""
    assert matter_name(matter)
    outlet = await tx.value("SELECT name FROM management_office WHERE code = $1", office_code)
    await tx.execute(
        "INSERT INTO running_matter (account_no, matter, reference_no, outlet, begun_at) VALUES ($1, $2, $3, $4, $5)"
        " ON CONFLICT DO NOTHING",
        account_no,
        matter,
        reference_no,
        outlet or "中心",
        now,
    )


async def end_matter(tx: Transaction, *, account_no: int, matter: str, reference_no: str, now: datetime) -> None:
    await tx.execute(
        "UPDATE running_matter SET ended_at = $4 WHERE account_no = $1 AND matter = $2 AND reference_no = $3"
        " AND ended_at IS NULL",
        account_no,
        matter,
        reference_no,
        now,
    )


async def all_running(*, account_no: int, using: Executor = database.pool) -> list[RunningMatter]:
    """What runs of an account, in one statement: its cases, then its other matters, each in the order they began."""
    rows = await using.rows(_RUNNING, account_no)
    return [RunningMatter(matter=row["matter"], case_no=row["case_no"], outlet=row["outlet"]) for row in rows]


_RUNNING = """
SELECT 1 AS part, c.item AS matter, c.case_no, o.name AS outlet, c.submitted_at AS since
FROM service_case c JOIN management_office o ON o.code = c.office_code
WHERE c.account_no = $1 AND c.ended_at IS NULL
UNION ALL
SELECT 2, matter, reference_no, outlet, begun_at FROM running_matter WHERE account_no = $1 AND ended_at IS NULL
ORDER BY part, since
"""
