"""Fetches that one read serves: the same values as the separate reads, and a budget of statements a document."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import date

import orjson
import pytest
from structlog.testing import capture_logs

from domain import contributions
from domain.contributions import home as home_module
from domain.kernel import database
from domain.kernel.failures import StoreUnavailable
from domain.kernel.refusal import Refused
from ops.bench.online import HOME
from ops.demo.city import city
from schema.loaders import Loaders
from schema.root import executable
from tests.compiled.differ import by_plan, plan_of, require_same
from tests.compiled.stage import Stage
from tests.factories.people import citizen
from tests.factories.snapshot import nothing_changed
from tests.statements import statements, warm

SCHEMA = executable()
TODAY = date(2026, 11, 23)


@pytest.mark.parametrize("spread", [False, True])
@pytest.mark.parametrize("months", [0, 1, 13])
async def test_the_home_page_is_what_the_separate_reads_give(
    months: int, spread: bool, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one statement or in two steps, and however few of the newest months are read first."""
    monkeypatch.setattr(database, "_spread", [spread])
    monkeypatch.setattr(home_module, "NEWEST_MONTHS", months)
    for key in sorted(city().citizens):
        actor = await citizen(key)
        for first in (None, 1, 3, 100):
            home = await contributions.home_of(actor=actor, entries_first=first, business_date=TODAY)
            assert home.person == await contributions.person_of(actor=actor)
            assert home.accounts == await contributions.accounts_of(actor=actor)
            expected = {
                account.account_no: await contributions.entries_of(
                    actor=actor, account_no=account.account_no, first=first, after=None
                )
                for account in home.accounts
                if first is not None
            }
            assert home.entries == expected


@pytest.mark.parametrize("first", [0, -1, 101])
async def test_a_home_page_of_a_wrong_size_is_refused(first: int, stage: Stage) -> None:
    async with nothing_changed():
        with pytest.raises(Refused):
            await contributions.home_of(actor=stage.actors["zhang_wei"], entries_first=first, business_date=TODAY)


async def test_nobody_unverified_has_a_home_page(stage: Stage) -> None:
    for who in ("anonymous", "password only", "li.min"):
        with pytest.raises(AssertionError, match="before the identity is verified"):
            await contributions.home_of(actor=stage.actors[who], entries_first=1, business_date=TODAY)


BUDGETS = {
    HOME: 1,
    "{ viewer { person { nameMasked } } }": 1,
    "{ accounts { balance } }": 2,
    "{ accounts { entries(first: 5) { totalCount } } }": 1,
    "{ viewer { person { nameMasked accounts { balance } } } accounts { balance } }": 1,
    "query Q($n: Int!) { accounts { entries(first: $n) { totalCount } } }": 1,
    # two numbers of entries: each field reads for itself
    "{ accounts { a: entries(first: 2) { totalCount } b: entries(first: 3) { totalCount } } }": 8,
    "{ viewer { kind name } }": 0,
    "{ serviceItems { code } }": 0,
}


async def test_older_entries_are_read_only_when_the_newest_months_do_not_hold_the_page(stage: Stage) -> None:
    plan, context = (
        plan_of(SCHEMA, "{ accounts { entries(first: 100) { totalCount } } }"),
        stage.context_for("chen_jing"),
    )
    await warm()
    with statements() as seen:
        answer = orjson.loads(await by_plan(plan, {}, context()))
    total = answer["data"]["accounts"][0]["entries"]["totalCount"]
    assert (total > home_module.NEWEST_MONTHS) == (len(seen) == 2), (total, len(seen))


@pytest.mark.parametrize("document", BUDGETS)
async def test_statements_of_a_document_are_budgeted(document: str, stage: Stage) -> None:
    plan, context = plan_of(SCHEMA, document), stage.context_for("zhang_wei")
    await warm()
    with statements() as seen:
        answer = orjson.loads(await by_plan(plan, {"n": 3}, context()))
    assert "errors" not in answer
    assert len(seen) == BUDGETS[document], seen


@pytest.mark.parametrize(
    "document",
    [
        HOME,
        "{ accounts { a: entries(first: 2) { totalCount } b: entries(first: 3) { totalCount } } viewer { person"
        " { nameMasked } } }",
        "{ accounts { entries(first: 101) { totalCount } } viewer { person { nameMasked } } }",
        '{ accounts { entries(first: 2, after: "x") { totalCount } } viewer { person { nameMasked } } }',
        "query Q($n: Int = 2) { accounts { entries(first: $n) { edges { cursor node { id } } } } }",
        "query Q($n: Int = 101) { accounts { entries(first: $n) { totalCount } } viewer { person { nameMasked } } }",
        "query Q($n: Int = null) { accounts { entries(first: $n) { totalCount } } viewer { person { nameMasked } } }",
        "{ viewer { person { nameMasked cards { id } } } accounts { cards { id } entries(first: 1) { totalCount } } }",
        "{ a: accounts { entries(first: 2) { totalCount } } b: accounts { entries(first: 2) { edges { cursor } } } }",
        "{ viewer { person { accounts { entries(first: 2) { edges { cursor } } } } } accounts { balance } }",
    ],
)
async def test_joined_fetches_answer_the_same(document: str, stage: Stage) -> None:
    for who in stage.actors:
        await require_same(SCHEMA, document, {}, stage.context_for(who))


async def test_a_part_that_fails_takes_no_other_away(stage: Stage) -> None:
    """The joined read cannot be done; each field then meets its own fate, as with the reference executor."""
    await _owner(stage, "REVOKE SELECT ON person FROM hpf_app")
    try:
        answer = orjson.loads(await require_same(SCHEMA, HOME, {}, stage.context_for("zhang_wei")))
    finally:
        await _owner(stage, "GRANT SELECT ON person TO hpf_app")
    assert answer["data"]["viewer"] == {"person": None}
    assert [account["accountNo"] for account in answer["data"]["accounts"]] == ["801000000001"]
    assert [error["path"] for error in answer["errors"]] == [["viewer", "person"]]


async def test_a_store_that_is_away_is_asked_once(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    async def away(*values: object) -> None:
        asked.append("")
        raise StoreUnavailable("PostgreSQL: gone")

    plan, context = plan_of(SCHEMA, HOME), stage.context_for("zhang_wei")
    monkeypatch.setattr(database, "_spread", [True])  # the longer way fails as early
    for way in ("row", "rows", "value"):
        monkeypatch.setattr(database, way, away)
    with capture_logs():
        answer = orjson.loads(await by_plan(plan, {}, context()))
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"TEMPORARILY_UNAVAILABLE"}
    assert len(asked) == 1


async def test_a_cancelled_field_leaves_the_read_to_the_others() -> None:
    @dataclass
    class Gate:
        opened: asyncio.Event

        async def read(self) -> str:
            await self.opened.wait()
            return "read"

    gate, loaders = Gate(asyncio.Event()), Loaders()
    first, second = (asyncio.ensure_future(loaders._once("key", gate.read)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    gate.opened.set()
    assert await second == "read"
    assert first.cancelled()


async def _owner(stage: Stage, sql: str) -> None:
    import asyncpg

    connection = await asyncpg.connect(stage.running.settings.database_url)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()
