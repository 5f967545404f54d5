"""Names behind codes and numbers: offices and staff. Reference rows, read only."""

from __future__ import annotations

from collections.abc import Iterable

from domain.kernel import database


async def office_names() -> dict[str, str]:
    rows = await database.rows("SELECT code, name FROM management_office ORDER BY code")
    return {row["code"]: row["name"] for row in rows}


async def staff_names(staff_ids: Iterable[int | None]) -> dict[int, str]:
    wanted = sorted({staff_id for staff_id in staff_ids if staff_id is not None})
    if not wanted:
        return {}
    rows = await database.rows("SELECT staff_id, name FROM staff WHERE staff_id = ANY($1::bigint[])", wanted)
    return {row["staff_id"]: row["name"] for row in rows}


async def branch_names() -> dict[str, str]:
    rows = await database.rows("SELECT code, name FROM branch_centre ORDER BY code")
    return {row["code"]: row["name"] for row in rows}


async def employer_name(employer_no: int) -> str | None:
    """None when no employer has this number."""
    name: str | None = await database.value("SELECT name FROM employer WHERE employer_no = $1", employer_no)
    return name
