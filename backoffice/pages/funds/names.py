"""Names behind codes and numbers at the funds desks. Reference rows, read only."""

from __future__ import annotations

from collections.abc import Iterable

from backoffice.directory import office_names
from domain import settlement
from domain.kernel import database


async def offices() -> dict[str, str]:
    """Management offices, and the centre itself."""
    return {settlement.CENTRE_OFFICE: "中心本级", **await office_names()}


async def accounts(*, include_closed: bool = True) -> dict[str, str]:
    """Special accounts by code, open ones first in the order of their codes."""
    return {one.code: f"{one.code} {one.name}" for one in await settlement.bank_accounts(include_closed=include_closed)}


async def account_sets() -> dict[str, str]:
    return {row["code"]: row["name"] for row in await database.rows("SELECT code, name FROM account_set ORDER BY code")}


async def employers(numbers: Iterable[int | None]) -> dict[int, str]:
    wanted = sorted({number for number in numbers if number is not None})
    if not wanted:
        return {}
    rows = await database.rows("SELECT employer_no, name FROM employer WHERE employer_no = ANY ($1::bigint[])", wanted)
    return {row["employer_no"]: row["name"] for row in rows}


async def vouchers(numbers: Iterable[int | None]) -> dict[int, str]:
    """Summaries of general vouchers by their numbers."""
    wanted = sorted({number for number in numbers if number is not None})
    if not wanted:
        return {}
    rows = await database.rows(
        "SELECT voucher_id, summary FROM general_voucher WHERE voucher_id = ANY ($1::bigint[])", wanted
    )
    return {row["voucher_id"]: row["summary"] for row in rows}
