"""The rules for growing past one machine hold for our schema and source, and each is shown to catch a break."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from ops import scale
from ops.scale import PLACES, Place, Source
from tests.services import Services

ACCOUNT = PLACES["account"]
LOOKUP = Place("lookup", "code")

# rule, what is done to the schema, where the table `bad` is placed, what is reported
SCHEMA_BREAKS: list[tuple[int, str, Place | None, list[str]]] = [
    (1, "CREATE TABLE bad (id bigint PRIMARY KEY)", None, ["bad: has no place in ops.scale.PLACES"]),
    (1, "SELECT 1", ACCOUNT, ["bad: is placed but does not exist"]),
    (
        1,
        "CREATE TABLE bad (account_no text PRIMARY KEY)",
        ACCOUNT,
        ["bad: account_no is text, not bigint"],
    ),
    (
        1,
        "CREATE TABLE bad (account_no bigint, id bigint PRIMARY KEY)",
        ACCOUNT,
        [
            "bad: account_no is missing or may be null",
            "bad: unique bad_pkey (id) does not begin with account_no",
        ],
    ),
    (
        1,
        "CREATE TABLE bad (account_no bigint NOT NULL, id bigint, no text UNIQUE, PRIMARY KEY (id, account_no))",
        ACCOUNT,
        [
            "bad: unique bad_no_key (no) does not begin with account_no",
            "bad: unique bad_pkey (id, account_no) does not begin with account_no",
        ],
    ),
    (
        1,
        "CREATE TABLE bad (account_no bigint PRIMARY KEY, no text); CREATE UNIQUE INDEX bad_no ON bad (lower(no))",
        ACCOUNT,
        ["bad: unique bad_no (an expression) does not begin with account_no"],
    ),
    (1, "CREATE TABLE bad (account_no bigint NOT NULL)", ACCOUNT, ["bad: has no primary key"]),
    (
        1,
        "CREATE TABLE bad (code text NOT NULL, id bigint PRIMARY KEY)",
        LOOKUP,
        ["bad: unique bad_pkey (id) lacks code"],
    ),
    (
        2,
        "CREATE TABLE bad (account_no bigint PRIMARY KEY, person_id bigint REFERENCES person)",
        ACCOUNT,
        ["bad: bad_person_id_fkey leaves its shard for person (person_id)"],
    ),
    (
        2,
        "CREATE TABLE bad (account_no bigint PRIMARY KEY, other_no bigint REFERENCES account)",
        ACCOUNT,
        ["bad: bad_other_no_fkey leaves its shard for account (other_no)"],
    ),
    (
        2,
        "CREATE TABLE bad (code text PRIMARY KEY, account_no bigint REFERENCES account)",
        Place("reference"),
        ["bad: bad_account_no_fkey leaves its shard for account (account_no)"],
    ),
    (
        3,
        "CREATE TABLE posting_209901 PARTITION OF posting FOR VALUES FROM (209901) TO (209903)",
        None,
        ["posting_209901: is not one month (FOR VALUES FROM (209901) TO (209903))"],
    ),
    (
        3,
        "CREATE TABLE posting_rest PARTITION OF posting DEFAULT",
        None,
        ["posting_rest: is not one month (DEFAULT)"],
    ),
    (
        3,
        "ALTER TABLE posting DROP CONSTRAINT posting_pkey",
        None,
        ["posting: its key is (), not (account_no, period, voucher_id, line_no)"],
    ),
    (4, "GRANT INSERT ON posting TO hpf_app", None, ["posting: hpf_app may insert"]),
    (4, "GRANT UPDATE (balance_fen) ON account_balance TO hpf_app", None, ["account_balance: hpf_app may update"]),
    (4, "GRANT DELETE ON hold TO PUBLIC", None, ["hold: everybody may delete", "hold: hpf_app may delete"]),
    (
        4,
        "ALTER FUNCTION ledger_post SECURITY INVOKER",
        None,
        ["ledger_post: is not SECURITY DEFINER with a fixed search_path"],
    ),
    (
        4,
        "ALTER FUNCTION ledger_end_hold RESET search_path",
        None,
        ["ledger_end_hold: is not SECURITY DEFINER with a fixed search_path"],
    ),
    (
        4,
        "GRANT EXECUTE ON FUNCTION ledger_open_account TO PUBLIC",
        None,
        ["ledger_open_account: may be called by everybody"],
    ),
    (4, "DROP FUNCTION ledger_end_hold", None, ["ledger_end_hold: is missing"]),
    (
        4,
        "CREATE FUNCTION bad_write() RETURNS void LANGUAGE sql AS 'UPDATE hold SET reason = 1'",
        None,
        ["bad_write: writes the ledger or runs as its owner and is none of its functions"],
    ),
    (
        4,
        "CREATE FUNCTION bad_right() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'",
        None,
        ["bad_right: writes the ledger or runs as its owner and is none of its functions"],
    ),
    (
        5,
        "ALTER TABLE voucher DROP CONSTRAINT voucher_balances",
        None,
        ["voucher: no CHECK says debit_fen = credit_fen"],
    ),
    (
        5,
        "ALTER TABLE posting DISABLE TRIGGER posting_immutable",
        None,
        ["posting: its rows can be changed by their owner"],
    ),
    (
        6,
        "CREATE TABLE bad (account_no bigint, bad_id int GENERATED ALWAYS AS IDENTITY, PRIMARY KEY (account_no))",
        ACCOUNT,
        ["bad: bad_id is numbered by the database", "bad: bad_id is integer, not bigint"],
    ),
    (
        6,
        "CREATE FUNCTION bad_context() RETURNS text LANGUAGE sql AS $$SELECT current_setting('hpf.actor')$$",
        None,
        ["bad_context: takes context from session settings"],
    ),
    (
        7,
        "ALTER TABLE voucher DROP CONSTRAINT voucher_account_no_business_key_key",
        None,
        ["voucher: nothing keeps (account_no, business_key) unique"],
    ),
    (
        8,
        "CREATE TABLE bad (person_id bigint PRIMARY KEY REFERENCES person)",
        Place("lookup", "person_id"),
        [
            "bad: a lookup is tied to person by bad_person_id_fkey",
            "person: a lookup is tied to bad by bad_person_id_fkey",
        ],
    ),
    (8, "CREATE TABLE bad (code text NOT NULL)", LOOKUP, ["bad: code is not unique in it"]),
    (
        13,
        "CREATE FUNCTION bad_clock() RETURNS timestamptz LANGUAGE sql AS 'SELECT now()'",
        None,
        ["bad_clock: calls now("],
    ),
    (
        13,
        "CREATE TABLE bad (account_no bigint PRIMARY KEY, at timestamptz DEFAULT now())",
        ACCOUNT,
        ["bad: at is filled by now()"],
    ),
]

_MODEL = 'class Bill(Model):\n    class Meta:\n        table = "payment"\n\n'

# rule, a module that breaks it, what is reported
SOURCE_BREAKS: list[tuple[int, str, list[str]]] = [
    (
        1,
        'SQL = "UPDATE payment SET account_no = $2 WHERE payment_id = $1"\n',
        ["bad.py:1: payment.account_no is updated"],
    ),
    (
        7,
        'SQL = "INSERT INTO request_record (account_no) VALUES ($1)"\n',
        ["bad.py:1: a request is recorded without ON CONFLICT DO NOTHING"],
    ),
    (
        8,
        'SQL = f"SELECT {1} FROM case_no_lookup l JOIN service_case c USING (case_no)"\n',
        ["bad.py:1: case_no_lookup is joined with service_case"],
    ),
    (12, f"{_MODEL}async def f(bill):\n    await bill.save()\n", ["bad.py:6: bill.save() knows one key column only"]),
    (
        12,
        f"{_MODEL}async def f():\n    await Bill.update_or_create(payment_id=1)\n",
        ["bad.py:6: Bill.update_or_create() knows one key column only"],
    ),
    (
        12,
        f"{_MODEL}async def f():\n    await Bill.get(payment_id=1)\n",
        ["bad.py:6: Bill…get() does not name account_no"],
    ),
    (
        12,
        f"{_MODEL}async def f():\n    await Bill.filter(payment_id=1).update(account_no=2)\n",
        ["bad.py:6: Bill…update() does not name account_no"],
    ),
    (
        13,
        'SQL = "UPDATE payment SET ended_at = now() WHERE account_no = $1"\n',
        ["bad.py:1: payment is updated with now("],
    ),
]


@pytest.fixture
async def schema_owner(services: Services) -> AsyncIterator[asyncpg.Connection]:
    """The owner of the migrated schema in a transaction that is rolled back."""
    connection = await asyncpg.connect(services.database_url)
    change = connection.transaction()
    await change.start()
    yield connection
    await change.rollback()
    await connection.close()


async def test_our_schema_and_source_keep_every_rule(schema_owner: asyncpg.Connection) -> None:
    broken, tolerated = await scale.lint(schema_owner, code=scale.sources())
    assert {number: lines for number, lines in broken.items() if lines} == {}
    assert set(broken) == set(scale.RULES)
    assert len(tolerated) == len(scale.TOLERATED), "a tolerated join is gone: take it off the list"


def test_every_rule_is_shown_to_break() -> None:
    assert {rule for rule, *_ in (*SCHEMA_BREAKS, *SOURCE_BREAKS)} == set(scale.RULES)


@pytest.mark.parametrize(("rule", "statement", "place", "expected"), SCHEMA_BREAKS)
async def test_a_bad_schema_is_reported(
    schema_owner: asyncpg.Connection, rule: int, statement: str, place: Place | None, expected: list[str]
) -> None:
    await schema_owner.execute(statement)
    broken, _ = await scale.lint(schema_owner, places={**PLACES, **({"bad": place} if place else {})})
    assert broken[rule] == expected


@pytest.mark.parametrize(("rule", "text", "expected"), SOURCE_BREAKS)
async def test_bad_source_is_reported(
    schema_owner: asyncpg.Connection, rule: int, text: str, expected: list[str]
) -> None:
    broken, _ = await scale.lint(schema_owner, code=[Source("bad.py", text)])
    assert {number: lines for number, lines in broken.items() if lines} == {rule: expected}


async def test_good_use_of_the_orm_passes(schema_owner: asyncpg.Connection) -> None:
    good = (
        f"{_MODEL}async def f():\n"
        "    await Bill.get(account_no=1, payment_id=2)\n"
        "    await Bill.filter(account_no=1, payment_id=2).update(state='sending')\n"
        "    await Bill.filter(account_no__in=[1])\n"
    )
    broken, _ = await scale.lint(schema_owner, code=[Source("good.py", good)])
    assert not any(broken.values())


async def test_the_report_says_what_is_broken(schema_owner: asyncpg.Connection) -> None:
    await schema_owner.execute("GRANT INSERT ON posting TO hpf_app")
    lines = scale.report(*await scale.lint(schema_owner))
    assert "BROKEN   4  only the ledger's functions write the ledger" in lines
    assert "             posting: hpf_app may insert" in lines
    assert lines[-1] == f"{len(scale.RULES)} rules, 1 broken"
