"""What a quote and an application cost in statements, and that fewer of them say the same."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from typing import Any

import pytest

from domain import cases, contributions, withdrawals
from domain.kernel.database import Transaction, rehearsal
from domain.kernel.dates import YearMonth, business_date_of
from domain.kernel.refusal import Refused
from tests.city import RunningHouse
from tests.factories import rent
from tests.factories.people import account_no, citizen
from tests.statements import statements, warm

QUOTE = 6
"""Numbers of the accounts; person; account with balance, card and months; agreed withdrawal of the group; lists of
persons; what else runs of the account. A person and accounts are not joined: they may lie on different machines."""

APPLICATION = 22
"""Three before the transaction: numbers, person, request key. In it BEGIN and COMMIT; the key kept and finished; the
lock; four that judge, read under the lock; the channel's switch, the draft, the case's number, the case with its first
event, its checks, its announcement; facts, hold, withdrawal with its arrangement, audit. None after it."""

REPEATED = 5
"""Numbers, person and request key, then the case by its number in two steps."""


async def _asked(running: RunningHouse, key: str = "zhang_wei", **changes: Any) -> dict[str, Any]:
    now = running.clock()
    return {
        "actor": await citizen(key),
        "application": await rent.application(key, **changes),
        "business_date": business_date_of(now),
        "now": now,
        "registries": running.house.registries,
    }


async def test_a_quote_reads_every_table_of_the_applicant_once(running: RunningHouse) -> None:
    asked = await _asked(running)
    await warm()
    with statements() as seen:
        quote = await withdrawals.quote_withdrawal(**asked)
    assert not quote.refusals
    assert len(seen) == QUOTE, seen
    read = Counter(re.findall(r"(?:FROM|JOIN) ([a-z_]+)", "\n".join(seen)))
    own = ("person", "person_account", "account_balance", "bank_card", "contribution_month", "service_case")
    assert {table: read[table] for table in own} == dict.fromkeys(own, 1)


async def test_statements_of_an_application_are_budgeted(running: RunningHouse) -> None:
    asked, request_key = await _asked(running), rent.new_key()
    await warm()
    with statements() as seen:
        case = await withdrawals.apply_for_withdrawal(**asked, request_key=request_key)
    assert len(seen) == APPLICATION, seen
    assert (seen[3], seen[-1]) == ("BEGIN;", "COMMIT;")
    # nothing that decides is read before the lock
    lock = next(place for place, sql in enumerate(seen) if "FOR NO KEY UPDATE" in sql)
    deciding = ("account_balance", "withdrawal_arrangement", "risk_entry", "running_matter")
    assert all(table not in sql for sql in seen[:lock] for table in deciding)
    with statements() as again:
        repeated = await withdrawals.apply_for_withdrawal(**asked, request_key=request_key)
    assert repeated == case
    assert len(again) == REPEATED, again


async def test_a_refused_application_writes_no_case(running: RunningHouse) -> None:
    asked = await _asked(running, commitment=False)
    await warm()
    with statements() as seen, pytest.raises(Refused):
        await withdrawals.apply_for_withdrawal(**asked, request_key=rent.new_key())
    assert not [sql for sql in seen if "service_case (" in sql or "ledger_place_hold" in sql]
    assert "ROLLBACK;" in seen


@pytest.mark.parametrize("frequency", ["monthly", "quarterly"])
async def test_an_application_answers_the_case_as_it_stands(running: RunningHouse, frequency: str) -> None:
    case = await rent.apply(running, "zhang_wei", frequency=frequency)
    assert case == await cases.case_by_no(actor=await citizen("zhang_wei"), case_no=case.case_no)
    checks = await cases.checks_of(case=case)
    assert [one.check_no for one in checks] == list(range(1, len(checks) + 1)) and checks


@pytest.mark.parametrize(
    "missing", [[], [0], [1], [3], [2, 5], [10], [11], [12], list(range(1, 40)), list(range(40))], ids=str
)
async def test_consecutive_months_end_at_the_first_gap(running: RunningHouse, missing: list[int]) -> None:
    """`missing` counts back from the latest month; a gap over the turn of the year is one like any other."""
    number = account_no("zhang_wei")
    async with rehearsal() as tx:
        months = await _months(tx, number)
        gone = [months[place].period for place in missing if place < len(months)]
        await tx.execute(
            "UPDATE contribution_month SET reversed_by = 1 WHERE account_no = $1 AND period = ANY($2)", number, gone
        )
        left = [month for month in months if month.period not in gone]
        expected = 0
        while expected < len(left) and left[expected] == left[0].minus(months=expected):
            expected += 1
        assert await contributions.months_contributed_consecutively(account_no=number, using=tx) == expected
        holding = await contributions.holding_of(account_no=number, card_account_no=number, card_id=0, using=tx)
        assert (holding.months_consecutively, holding.card) == (expected, None)
        assert holding.account == await contributions.account_of(account_no=number, using=tx)


async def _months(tx: Transaction, number: int) -> list[YearMonth]:
    rows = await tx.rows(
        "SELECT period FROM contribution_month WHERE account_no = $1 AND reversed_by IS NULL ORDER BY period DESC",
        number,
    )
    months = [YearMonth.of_period(row["period"]) for row in rows]
    assert months and months[-1] < YearMonth.of(date(2026, 1, 1)) < months[0], "months on both sides of a new year"
    return months
