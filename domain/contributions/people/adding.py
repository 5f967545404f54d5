"""增员: how somebody comes to an employer, for callers that know the person and not the account."""

from __future__ import annotations

from collections.abc import Sequence

from domain.contributions.persons import document_index
from domain.contributions.rules.persons import CLOSED_STATES
from domain.kernel import database


async def adding_actions(*, employer_no: int, documents: Sequence[tuple[str, str]]) -> list[str]:
    """For each (type, number) the change that adds the person: `open` without an account, `unseal` for one that is
    here, `transfer_in` for one elsewhere. Whether it may happen is judged by the list. Found in steps by one key each
    (docs: growing past one machine, rule 8)."""
    indexes = [document_index(document_type=kind, document_no=number) for kind, number in documents]
    persons = {
        row["document_index"]: row["person_id"]
        for row in await database.rows(
            "SELECT document_index, person_id FROM person_document WHERE document_index = ANY ($1)", indexes
        )
    }
    numbers = await database.rows(
        "SELECT account_no FROM person_account WHERE person_id = ANY ($1)", list(persons.values())
    )
    employers: dict[int, set[int]] = {}
    for row in await database.rows(
        "SELECT person_id, employer_no, state FROM account WHERE account_no = ANY ($1)"
        " AND account_set = 'provident_fund'",
        [row["account_no"] for row in numbers],
    ):
        if row["state"] not in CLOSED_STATES:
            employers.setdefault(row["person_id"], set()).add(row["employer_no"])
    return [_action(employers.get(persons.get(index, 0), set()), employer_no) for index in indexes]


def _action(employers: set[int], employer_no: int) -> str:
    if not employers:
        return "open"
    return "unseal" if employer_no in employers else "transfer_in"
