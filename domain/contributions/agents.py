"""Agents of employers (单位经办人): who may act for whom, for what, and since when.

An appointment covers whole days of Beijing. Whoever logs in as an agent is asked for it at each request, so that one
that has ended works no more at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from domain.contributions.refusals import AGENT_SCOPE_UNKNOWN, EMPLOYER_UNKNOWN
from domain.kernel import audit, database
from domain.kernel.actor import Actor
from domain.kernel.database import Executor, Transaction
from domain.kernel.refusal import Refused

AGENT_SCOPES = {
    "all": "全部业务",
    "employer": "单位信息与账户",
    "people": "职工开户与变更",
    "lists": "清册与基数",
    "payments": "缴款与退款",
    "queries": "查询与打印",
}
"""What an agent may be appointed for; `all` covers every scope."""

CLOSED = "04"
"""DWZHZT 04 销户: nobody acts for an employer that is closed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agency:
    """One employer that a person may act for now."""

    employer_no: int
    employer_name: str
    uscc: str
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAgent:
    """Somebody who may act for an employer, masked. `valid_to` is the last day, None without an end."""

    person_id: int
    name_masked: str
    document_no_masked: str
    scopes: frozenset[str]
    sources: frozenset[str]
    valid_from: date
    valid_to: date | None


async def agents_of_employer(*, employer_no: int, on: date, using: Executor = database.pool) -> list[KeptAgent]:
    """Whoever may act for the employer on the day or later, by person. Rights are the caller's matter."""
    rows = await using.rows(
        "SELECT person_id, scopes, source, valid_from, valid_to FROM employer_agent WHERE employer_no = $1"
        " AND (valid_to IS NULL OR valid_to >= $2) ORDER BY person_id, valid_from",
        employer_no,
        on,
    )
    persons = await using.rows(
        "SELECT person_id, name_masked, document_masked FROM person WHERE person_id = ANY ($1::bigint[])",
        sorted({row["person_id"] for row in rows}),
    )
    found = []
    for person in persons:
        own = [row for row in rows if row["person_id"] == person["person_id"]]
        ends = [row["valid_to"] for row in own]
        found.append(
            KeptAgent(
                person_id=person["person_id"],
                name_masked=person["name_masked"],
                document_no_masked=person["document_masked"],
                scopes=frozenset(scope for row in own for scope in row["scopes"]),
                sources=frozenset(row["source"] for row in own),
                valid_from=min(row["valid_from"] for row in own),
                valid_to=None if None in ends else max(ends),
            )
        )
    return found


async def agent_scopes(
    *, employer_no: int, person_id: int, on: date, using: Executor = database.pool
) -> frozenset[str]:
    """What the person may do for the employer on the day; empty for nothing at all."""
    rows = await using.rows(
        "SELECT a.scopes FROM employer_agent a JOIN employer e USING (employer_no)"
        " WHERE a.employer_no = $1 AND a.person_id = $2 AND a.valid_from <= $3"
        " AND (a.valid_to IS NULL OR a.valid_to >= $3) AND e.state <> $4",
        employer_no,
        person_id,
        on,
        CLOSED,
    )
    return frozenset(scope for row in rows for scope in row["scopes"])


async def agencies_of(*, person_id: int, on: date) -> list[Agency]:
    """Every employer that the person may act for on the day."""
    rows = await database.rows(
        "SELECT a.employer_no, e.name, e.uscc, a.scopes FROM employer_agent a JOIN employer e USING (employer_no)"
        " WHERE a.person_id = $1 AND a.valid_from <= $2 AND (a.valid_to IS NULL OR a.valid_to >= $2) AND e.state <> $3"
        " ORDER BY a.employer_no",
        person_id,
        on,
        CLOSED,
    )
    found: dict[int, Agency] = {}
    for row in rows:
        known = found.get(row["employer_no"])
        found[row["employer_no"]] = Agency(
            employer_no=row["employer_no"],
            employer_name=row["name"],
            uscc=row["uscc"],
            scopes=frozenset(row["scopes"]) | (known.scopes if known else frozenset()),
        )
    return list(found.values())


async def agents_for(*, employer_no: int, scope: str, on: date, using: Executor = database.pool) -> list[int]:
    """Persons who may act for the employer in this scope on the day, the longest appointed first."""
    rows = await using.rows(
        "SELECT person_id FROM employer_agent WHERE employer_no = $1 AND valid_from <= $2"
        " AND (valid_to IS NULL OR valid_to >= $2) AND scopes && ARRAY['all', $3::text]"
        " GROUP BY person_id ORDER BY min(valid_from), person_id",
        employer_no,
        on,
        scope,
    )
    return [row["person_id"] for row in rows]


async def employer_of_uscc(*, uscc: str) -> int | None:
    """The open employer with this unified social credit code (统一社会信用代码); None when there is none."""
    found: int | None = await database.value(
        "SELECT employer_no FROM employer WHERE uscc = $1 AND state <> $2 ORDER BY employer_no LIMIT 1", uscc, CLOSED
    )
    return found


async def appoint_agent(
    tx: Transaction,
    *,
    actor: Actor,
    employer_no: int,
    person_id: int,
    scopes: Iterable[str],
    source: str,
    valid_from: date,
    now: datetime,
    valid_to: date | None = None,
) -> None:
    """Appoints from a day on, in the place of an appointment that began on the same day. Rights are the caller's
    matter. Raises Refused for an unknown scope or employer."""
    wanted = sorted(set(scopes))
    if not wanted or not set(wanted) <= AGENT_SCOPES.keys():
        raise Refused(AGENT_SCOPE_UNKNOWN())
    if await tx.value("SELECT 1 FROM employer WHERE employer_no = $1", employer_no) is None:
        raise Refused(EMPLOYER_UNKNOWN())
    await tx.execute(
        "INSERT INTO employer_agent (employer_no, person_id, valid_from, valid_to, scopes, source, appointed_by,"
        " appointed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (employer_no, person_id, valid_from)"
        " DO UPDATE SET valid_to = $4, scopes = $5, source = $6, appointed_by = $7, appointed_at = $8,"
        " ended_by = NULL, ended_at = NULL",
        employer_no,
        person_id,
        valid_from,
        valid_to,
        wanted,
        source,
        actor.reference,
        now,
    )
    await audit.record(
        tx,
        actor=actor,
        action="agent.appointed",
        subject=f"employer:{employer_no}",
        now=now,
        detail={"person_id": person_id, "scopes": wanted, "source": source},
    )


async def end_agent(
    tx: Transaction, *, actor: Actor, employer_no: int, person_id: int, on: date, now: datetime
) -> bool:
    """Ends every appointment of the person at once; `on` is today's business date. False when there was none."""
    status = await tx.execute(
        "UPDATE employer_agent SET valid_to = greatest($3::date, valid_from - 1), ended_by = $4, ended_at = $5"
        " WHERE employer_no = $1 AND person_id = $2 AND (valid_to IS NULL OR valid_to > $3)",
        employer_no,
        person_id,
        on - timedelta(days=1),
        actor.reference,
        now,
    )
    if status.endswith(" 0"):
        return False
    await audit.record(
        tx,
        actor=actor,
        action="agent.ended",
        subject=f"employer:{employer_no}",
        now=now,
        detail={"person_id": person_id},
    )
    return True
