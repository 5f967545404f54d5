"""A push cut off anywhere and worked on again comes to the same, once: its runner is ended at every so many awaits."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from domain import exchange
from domain.exchange import Body, Push
from domain.kernel import database
from tests.contributions.world import id_card, name_of
from tests.exchange.world import account, carry_out, employees, person, push, registration, take
from tests.factories.cutting import cut_off
from tests.settlement.world import assert_books_hold

pytestmark = pytest.mark.usefixtures("employers")

CUTS_MAX = 400
USCCS = "0123456789ABCDEFGHJKLMNPQRTUWXY"


async def at_every(step: int, make: Callable[[int], tuple[Push, Body]]) -> int:
    """Cuts off one push after another, ever later, until one comes to its end; each is worked on again. How many."""
    for number, at in enumerate(range(1, CUTS_MAX, step)):
        one, body = make(number)
        ended = await cut_off(take(one, body), at=at)
        assert (await take(one, body)).state in ("working", "done")
        await carry_out()
        if ended:
            return number + 1
    raise AssertionError("no push ever came to its end")


async def test_people_are_added_once_wherever_it_is_cut_off() -> None:
    count = await at_every(9, lambda number: (push("employee_changes"), employees(person(number))))
    assert count > 5
    assert await database.value("SELECT count(*) FROM account") == count
    lists = await database.rows("SELECT state, accepted_count FROM contribution_list")
    assert {(row["state"], row["accepted_count"]) for row in lists} == {("applied", 1)} and len(lists) == count
    records = await database.rows("SELECT state, done_count, refused_count FROM exchange_record")
    assert {tuple(row) for row in records} == {("done", 1, 0)} and len(records) == count
    await assert_books_hold()


async def test_an_employer_is_opened_once_wherever_it_is_cut_off() -> None:
    def make(number: int) -> tuple[Push, Body]:
        agent = exchange.AgentBody(
            name=name_of(500 + number), document_type="01", document_no=id_card(500 + number), mobile=""
        )
        return push("employer_registration", uscc=uscc(number)), registration(agent=agent)

    count = await at_every(3, make)
    assert count > 5
    assert await database.value("SELECT count(*) FROM employer") == 2 + count
    assert await database.value("SELECT count(*) FROM employer_agent") == count


async def test_an_account_is_opened_once_wherever_it_is_cut_off() -> None:
    count = await at_every(3, lambda number: (push("collection_account"), account(f"62220000{number:08d}")))
    assert count > 3
    assert await database.value("SELECT count(*) FROM employer_matter") == count
    assert await database.value("SELECT count(*) FROM employer_change") == count


def uscc(number: int) -> str:
    """A synthetic code whose check sign holds."""
    body = f"91110105MA0T{number:05d}"
    total = sum(USCCS.index(sign) * pow(3, place, 31) for place, sign in enumerate(body))
    return body + USCCS[(31 - total % 31) % 31]
