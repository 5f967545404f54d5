"""查: what is known about the persons of some rows, read in a few statements for all of them.

A person is found by the blind index of the document, then by number, then by account: each step by one key, none joined
with the next (docs: growing past one machine, rule 8).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from domain.contributions.persons import comparable_name, name_text
from domain.contributions.rules.persons import CLOSED_STATES, AccountFacts, Earlier, PersonFacts
from domain.contributions.rules.rows import Row
from domain.kernel import vault
from domain.kernel.database import Executor, Record
from domain.kernel.dates import YearMonth
from domain.kernel.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A row with the indexes that stand for its person."""

    row: Row
    document_index: bytes
    name_index: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    facts: PersonFacts
    person_id: int | None
    bases: Mapping[int, Money]


async def gather(
    using: Executor, *, employer_no: int, list_id: int, kind: str, asked: Sequence[Asked]
) -> list[Gathered]:
    """Facts of each row, in their order. What the rows say of one another is not looked at."""
    indexes = [one.document_index for one in asked]
    person_of = {
        row["document_index"]: row["person_id"]
        for row in await using.rows(
            "SELECT document_index, person_id FROM person_document WHERE document_index = ANY ($1)", indexes
        )
    }
    persons = list(person_of.values())
    names = {
        row["person_id"]: row
        for row in await using.rows(
            "SELECT person_id, name_index, CASE WHEN name_index IS NULL THEN name_cipher END AS name_cipher"
            " FROM person WHERE person_id = ANY ($1)",
            persons,
        )
    }
    accounts = await _accounts(using, persons)
    earlier = await _earlier(using, employer_no=employer_no, list_id=list_id, kind=kind, indexes=indexes)
    paid = await _months_paid(using, employer_no=employer_no, accounts=accounts) if kind == "back_payment" else {}
    found = []
    for one in asked:
        person_id = person_of.get(one.document_index)
        own = accounts.get(person_id, []) if person_id is not None else []
        here = next((account["account_no"] for account in own if account["employer_no"] == employer_no), None)
        month = one.row.month.period if one.row.month else None
        found.append(
            Gathered(
                facts=PersonFacts(
                    known=person_id is not None,
                    name_matches=person_id is None or _name_matches(names[person_id], one),
                    accounts=tuple(_account(account, employer_no) for account in own),
                    earlier=earlier.get((one.document_index, month)),
                    months_paid=frozenset(paid.get(here, ())) if here is not None else frozenset(),
                ),
                person_id=person_id,
                bases={account["account_no"]: Money(account["base_fen"]) for account in own},
            )
        )
    return found


async def _accounts(using: Executor, persons: Sequence[int]) -> dict[int, list[Record]]:
    """Accounts that are not closed, by person."""
    numbers = await using.rows("SELECT account_no FROM person_account WHERE person_id = ANY ($1)", persons)
    found: dict[int, list[Record]] = {}
    for row in await using.rows(
        "SELECT a.account_no, a.person_id, a.employer_no, a.state, a.base_fen, b.balance_fen, b.held_fen"
        " FROM account a JOIN account_balance b ON b.account_no = a.account_no"
        " WHERE a.account_no = ANY ($1) AND a.account_set = 'provident_fund' ORDER BY a.account_no",
        [row["account_no"] for row in numbers],
    ):
        if row["state"] not in CLOSED_STATES:
            found.setdefault(row["person_id"], []).append(row)
    return found


async def _earlier(
    using: Executor, *, employer_no: int, list_id: int, kind: str, indexes: Sequence[bytes]
) -> dict[tuple[bytes, int | None], Earlier]:
    """Rows of the same persons that are accepted and not carried out; for back payments those of the same month."""
    found: dict[tuple[bytes, int | None], Earlier] = {}
    for row in await using.rows(
        "SELECT r.document_index, r.employer_no, r.list_id, r.row_no, r.period, r.action, l.list_no"
        " FROM contribution_list_row r JOIN contribution_list l USING (employer_no, list_id)"
        " WHERE r.document_index = ANY ($1) AND r.state = 'accepted' ORDER BY r.employer_no, r.list_id, r.row_no",
        indexes,
    ):
        if (row["action"] == "back_payment") != (kind == "back_payment"):
            continue
        month = row["period"] if kind == "back_payment" else None
        found.setdefault(
            (row["document_index"], month),
            Earlier(
                same_list=(row["employer_no"], row["list_id"]) == (employer_no, list_id),
                same_employer=row["employer_no"] == employer_no,
                list_no=row["list_no"],
                row_no=row["row_no"],
            ),
        )
    return found


async def _months_paid(
    using: Executor, *, employer_no: int, accounts: Mapping[int, Sequence[Record]]
) -> dict[int, set[YearMonth]]:
    """Months that are booked, and those of a statement here that still waits for its money."""
    numbers = [row["account_no"] for own in accounts.values() for row in own if row["employer_no"] == employer_no]
    found: dict[int, set[YearMonth]] = {}
    for row in await using.rows(
        "SELECT account_no, period FROM contribution_month WHERE account_no = ANY ($1) AND reversed_by IS NULL", numbers
    ):
        found.setdefault(row["account_no"], set()).add(YearMonth.of_period(row["period"]))
    for row in await using.rows(
        "SELECT l.account_no, l.period FROM remittance_line l"
        " JOIN remittance_statement s USING (employer_no, statement_id)"
        " WHERE l.employer_no = $1 AND l.account_no = ANY ($2) AND s.state <> 'cancelled'"
        " AND l.state IN ('W', 'S')",
        employer_no,
        numbers,
    ):
        found.setdefault(row["account_no"], set()).add(YearMonth.of_period(row["period"]))
    return found


def _name_matches(person: Record, asked: Asked) -> bool:
    if person["name_index"] is not None:
        return vault.current().is_blind_index(person["name_index"], name_text(asked.row.name))
    return comparable_name(vault.current().decrypt(person["name_cipher"])) == comparable_name(asked.row.name)


def _account(row: Record, employer_no: int) -> AccountFacts:
    return AccountFacts(
        account_no=row["account_no"],
        here=row["employer_no"] == employer_no,
        state=row["state"],
        has_money=row["balance_fen"] > 0 or row["held_fen"] > 0,
    )
