"""The citizen's home page read at once: person, accounts and the newest entries, in one statement instead of six.

Where rows are spread over several machines a person and an account lie apart (`person_id`, `account_no`) and are found
in two steps instead (growing past one machine, rule 8): `database.spread`. What it gives is what `person_of`,
`accounts_of` and `entries_of` give, at one instant for each account.

Postings lie in a partition a month, and a page of the newest hardly ever needs more than a year of them: the newest
months are read first, all of them only when those do not hold the page. That they hold it is certain and not assumed:
the entries of an account are numbered without a gap up to `posting_count`, an invariant of the books.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

import orjson

from domain.contributions.accounts import AccountView, view_of
from domain.contributions.home_joined import ACCOUNT_COLUMNS, PERSON_COLUMNS, entries_sql, together
from domain.contributions.persons import PersonView
from domain.kernel import database
from domain.kernel.actor import Actor
from domain.kernel.database import Record
from domain.kernel.dates import YearMonth
from domain.kernel.money import Money
from domain.kernel.paging import Page, check_first, cut
from domain.ledger import KIND_NAMES, EntryView

NEWEST_MONTHS = 13
"""A monthly remittance fills ten entries and the one that tells whether more follow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """`entries` by account number; empty when none were asked for."""

    person: PersonView
    accounts: list[AccountView]
    entries: Mapping[int, Page[EntryView]]


async def home_of(*, actor: Actor, entries_first: int | None, business_date: date) -> Home:
    """For citizens whose identity is verified; whoever calls has seen to it. `entries_first` entries of each account,
    from 1 to 100. Raises Refused for another number."""
    assert actor.is_real_name, "a home page before the identity is verified"
    first = 0 if entries_first is None else check_first(entries_first)
    newest = _since(business_date) if first else None
    read = _in_two_steps if database.is_spread() else _at_once
    person, rows = await read(actor, first=first, since=newest)
    entries: dict[int, Page[EntryView]] = {}
    if first:
        for row in rows:
            entries[row["account_no"]] = await _page(row, first=first)
    return Home(
        person=PersonView(
            person_id=person["person_id"],
            name_masked=person["name_masked"],
            document_type=person["document_type"],
            document_no_masked=person["document_masked"],
            mobile_masked=person["mobile_masked"],
        ),
        accounts=[view_of(row) for row in rows],
        entries=entries,
    )


async def _at_once(actor: Actor, *, first: int, since: int | None) -> tuple[Record, list[Record]]:
    sql, values = together(since), ((actor.person_id, first + 1) if first else (actor.person_id,))
    rows = await database.rows(sql, *values)
    assert rows, f"person {actor.person_id} is unknown"
    return rows[0], rows if rows[0]["account_no"] is not None else []


async def _in_two_steps(actor: Actor, *, first: int, since: int | None) -> tuple[Record, list[Record]]:
    person = await database.row(_PERSON, actor.person_id)
    assert person is not None, f"person {actor.person_id} is unknown"
    rows = []
    # one by one, as `accounts_of` does: PostgreSQL keeps its plan for a single number, and hardly anybody has two
    for account_no in orjson.loads(person["account_nos"] or "[]"):
        row = await database.row(_account(since), *((account_no, first + 1) if first else (account_no,)))
        assert row is not None, f"account {account_no} is unknown"
        rows.append(row)
    return person, rows


async def _page(row: Record, *, first: int) -> Page[EntryView]:
    account_no, total = row["account_no"], row["posting_count"] or 0
    values = orjson.loads(row["entries"] or "[]")
    if not _are_newest(values, first=first, total=total):
        found = await database.value(f"SELECT {entries_sql(0, of='$1::bigint')}", account_no, first + 1)
        values = orjson.loads(found or "[]")
    return cut(
        rows=[_entry(account_no, each) for each in values], first=first, total=total, key=lambda entry: [entry.sequence]
    )


def _are_newest(values: list[list[Any]], *, first: int, total: int) -> bool:
    """Whether these are the newest `first + 1` entries of all, or all there are."""
    wanted = min(first + 1, total)
    return len(values) == wanted and (not values or values[-1][0] == total - wanted + 1)


def _since(business_date: date) -> int:
    return YearMonth.of(business_date).minus(months=NEWEST_MONTHS - 1).period


_PERSON = f"""
SELECT {PERSON_COLUMNS},
       (SELECT json_agg(l.account_no ORDER BY l.account_no) FROM person_account l WHERE l.person_id = p.person_id)
       AS account_nos
FROM person p WHERE p.person_id = $1
"""


@lru_cache(maxsize=4)
def _account(since: int | None) -> str:
    entries = "" if since is None else f", {entries_sql(since, of='$1')} AS entries"
    return f"""
SELECT a.person_id, {ACCOUNT_COLUMNS}{entries}
FROM account a
JOIN account_balance b ON b.account_no = a.account_no
JOIN employer e ON e.employer_no = a.employer_no
JOIN management_office o ON o.code = a.office_code
WHERE a.account_no = $1
"""


def _entry(account_no: int, values: list[Any]) -> EntryView:
    sequence, voucher_id, line_no, side, amount, before, after, kind, summary, posted_on = values
    return EntryView(
        account_no=account_no,
        sequence=sequence,
        voucher_no=str(voucher_id),
        line_no=line_no,
        kind=kind,
        kind_name=KIND_NAMES.get(kind, "其他"),
        side="in" if side == "C" else "out",
        amount=Money(amount),
        balance_before=Money(before),
        balance_after=Money(after),
        business_date=date.fromisoformat(posted_on),
        summary=summary,
    )
