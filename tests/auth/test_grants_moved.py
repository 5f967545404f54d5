"""What waited and what was decided in the earlier table of grants goes on in `approval` (migration 0121)."""

from __future__ import annotations

from pathlib import Path

import asyncpg
import pytest

from tests.auth.test_approvals import add

MIGRATIONS = Path(__file__).resolve().parents[2] / "ops/migrations"
_INSERT = (
    "INSERT INTO grant_change (change_id, kind, subject, payload, reason, state, request_key, proposed_by,"
    " proposed_by_name, proposed_at, decided_by, decided_by_name, decided_at, note) VALUES ($1, $2, $3, $4, '接入银行',"
    " $5, 'key-' || $1::bigint, 'staff:1', 'zhou', now(), $6, $6,"
    " CASE WHEN $6::text IS NULL THEN NULL ELSE now() END, $7)"
)
_CHANGES = (
    (11, "party.register", "party:5", '{"name": "演示银行", "partner_id": "5"}', "approved", "staff:2", None),
    (12, "grant.give", "grant:6", '{"party": "demo", "purpose_text": "余额"}', "declined", "staff:2", "用途不明"),
    (13, "party.resume", "party:5", '{"partner": "5"}', "proposed", None, None),
    (14, "party.resume", "party:5", '{"partner": "5"}', "proposed", None, None),
)


async def test_every_change_is_moved_with_who_asked_and_who_decided(tables: asyncpg.Connection) -> None:
    await add(tables, 1, "zhou")
    await add(tables, 2, "wu")
    earlier = (MIGRATIONS / "0030_grants.sql").read_text()
    created = earlier[earlier.index("CREATE TABLE grant_change") : earlier.index("CREATE INDEX grant_change_open")]
    tried = tables.transaction()
    await tried.start()
    try:
        await tables.execute("DROP INDEX approval_subject; ALTER TABLE approval DROP COLUMN request_key")
        await tables.execute(created)
        await tables.executemany(_INSERT, _CHANGES)
        await tables.execute((MIGRATIONS / "0121_one_mechanism_for_four_eyes.sql").read_text())
        rows = await tables.fetch("SELECT * FROM approval ORDER BY approval_id")
        assert [(row["approval_id"], row["state"], row["decided_by"], row["note"]) for row in rows] == [
            (11, "agreed", 2, ""),
            (12, "declined", 2, "用途不明"),
            (13, "withdrawn", None, ""),
            (14, "waiting", None, ""),
        ]
        assert {row["requested_by"] for row in rows} == {1} and {row["expires_at"] for row in rows} == {None}
        assert [row["summary"] for row in rows][:2] == ["登记第三方演示银行", "向第三方demo授权：余额"]
        with pytest.raises(asyncpg.UndefinedTableError):
            await tables.execute("SELECT FROM grant_change")
    finally:
        await tried.rollback()
