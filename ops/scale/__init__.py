"""`./dev scale lint`: the migrated database and the source against the rules for growing past one machine.

Every table has one place in a sharded house: `reference` (a copy on every shard), `account` (with its account),
`lookup` (sharded by a value of its own, read in two steps) or `coordinator` (never sharded). Rules carry the numbers
of docs/scale-out.md; those about operation (9, 10, 11) cannot be read from a schema.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping

import asyncpg

from ops.scale import schema as schema_rules
from ops.scale import source as source_rules
from ops.scale.schema import PLACES, Place, read_schema
from ops.scale.source import Source, sources

__all__ = ["PLACES", "RULES", "TOLERATED", "Place", "Source", "lint", "main", "report", "sources"]

RULES = {
    1: "large tables carry account_no first in every key",
    2: "foreign keys stay with the account or go to reference tables",
    3: "postings are partitioned by period under their key",
    4: "only the ledger's functions write the ledger",
    5: "vouchers and balances are checked by the database",
    6: "ids come from the application, context is an argument",
    7: "request and business keys are unique within the account",
    8: "values unique across accounts have lookups, read in two steps",
    12: "the ORM saves no row of an account",
    13: "no volatile function decides a row",
}

# Joins with a lookup that are known and stay; each is shown in the output until it is gone.
TOLERATED = {
    ("auth/presence.py", "person_document"): "staff are few; becomes a second read at the cutover",
    ("domain/contributions/home.py", "person"): "co-located by person_id: one shard answers",
    ("domain/contributions/home.py", "person_account"): "beside person under the same person_id: one shard answers",
    ("domain/withdrawals/verification.py", "withdrawal_claim"): "beside its subject under one key: one shard answers",
    ("domain/withdrawals/verification.py", "withdrawal_subject"): "beside its claims under one key: one shard answers",
    ("domain/contributions/home_joined.py", "person"): "on one machine only; where rows are spread, in two steps",
    ("domain/contributions/home_joined.py", "person_account"): "as person: HPF_DATABASE_SPREAD takes the two steps",
    ("domain/contributions/accesses.py", "record_access"): "beside its exclusions under one key: one shard answers",
    ("domain/contributions/accesses.py", "access_exclusion"): "beside what it keeps back: one shard answers",
    ("ops/reindexing.py", "person"): "a change of keys, in chunks; no request waits",
    ("ops/reindexing.py", "person_document"): "as person; and staff are few",
    ("domain/cases/verification.py", "case_no_lookup"): "the nightly proof compares both sides; no request waits",
}


async def lint(
    connection: asyncpg.Connection, *, places: Mapping[str, Place] = PLACES, code: Iterable[Source] = ()
) -> tuple[dict[int, list[str]], list[str]]:
    """What breaks each rule, by its number, and what is tolerated."""
    schema, modules = await read_schema(connection, places=places), list(code)
    joins = list(source_rules.rule_8_joins(schema, modules))
    broken = {
        1: [*schema_rules.rule_1_keys(schema), *source_rules.rule_1_moves(schema, modules)],
        2: list(schema_rules.rule_2_foreign_keys(schema)),
        3: await schema_rules.rule_3_partitions(schema, connection),
        4: await schema_rules.rule_4_writers(schema, connection),
        5: await schema_rules.rule_5_checks(schema, connection),
        6: list(schema_rules.rule_6_ids(schema)),
        7: [*schema_rules.rule_7_request_keys(schema), *source_rules.rule_7_conflicts(modules)],
        8: [
            *schema_rules.rule_8_lookups(schema),
            *(text for path, table, text in joins if (path, table) not in TOLERATED),
        ],
        12: list(source_rules.rule_12_models(schema, modules)),
        13: [*schema_rules.rule_13_defaults(schema), *source_rules.rule_13_updates(schema, modules)],
    }
    tolerated = [f"{text} ({TOLERATED[path, table]})" for path, table, text in joins if (path, table) in TOLERATED]
    return broken, tolerated


def report(broken: Mapping[int, list[str]], tolerated: list[str]) -> list[str]:
    lines = []
    for number, title in RULES.items():
        lines.append(f"{'BROKEN' if broken[number] else 'ok    '} {number:>3}  {title}")
        lines += [f"             {line}" for line in broken[number]]
    lines += [f"known        {line}" for line in tolerated]
    lines.append(f"{len(RULES)} rules, {sum(map(bool, broken.values()))} broken")
    return lines


async def _lint_database(dsn: str) -> tuple[dict[int, list[str]], list[str]]:
    connection = await asyncpg.connect(dsn, timeout=10)
    try:
        return await lint(connection, code=sources())
    finally:
        await connection.close(timeout=5)


def main(arguments: list[str]) -> int:
    from ops.settings import Settings

    assert arguments == ["lint"], "the one command is lint"
    broken, tolerated = asyncio.run(_lint_database(str(Settings().database_url)))
    print("\n".join(report(broken, tolerated)))
    return int(any(broken.values()))
