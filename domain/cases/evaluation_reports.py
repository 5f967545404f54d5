"""评价上报: what the city's platform has to hear, as a queue of its own. Once, in the order of the case, with proof.

A report is written in the transaction of what it tells of. Its content is frozen before the first try; the platform
takes a number once, so telling it again after a lost answer is safe. Reports of one case follow each other, those of
different cases do not wait: a slow platform is kept busy by many at once, and one refused report stops nobody else's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from domain.cases.evaluation_port import PushOutcome
from domain.cases.served import Served
from domain.kernel import audit, database, vault
from domain.kernel.actor import SYSTEM
from domain.kernel.database import Transaction
from domain.kernel.digest import sm3
from domain.kernel.identifiers import new_id
from domain.kernel.outgoing import Outgoing, has_it

ReportKind = Literal["evaluation", "rectification"]

_QUEUE = Outgoing(table="evaluation_report", key=("account_no", "report_id"), matter=("account_no", "case_id"))


@dataclass(frozen=True, slots=True, kw_only=True)
class DueReport:
    """A report that is this process's to send for a minute. `body` is None until it was frozen."""

    account_no: int
    report_id: int
    case_id: int
    evaluation_no: str
    kind: ReportKind
    attempts: int
    body: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFigures:
    """`oldest_at` is since when the oldest waiting report waits."""

    waiting: int
    accepted: int
    rejected: int
    oldest_at: datetime | None


async def queue(tx: Transaction, *, case: Served, evaluation_no: str, kind: ReportKind, now: datetime) -> int:
    """Adds a report behind those of the case; the case's row is locked by the caller."""
    report_id = new_id()
    await tx.execute(
        "INSERT INTO evaluation_report (account_no, report_id, case_id, evaluation_no, kind, seq, created_at, due_at)"
        " SELECT $1, $2, $3, $4, $5, coalesce(max(seq), 0) + 1, $6, $6 FROM evaluation_report"
        " WHERE account_no = $1 AND case_id = $3",
        case.account_no,
        report_id,
        case.case_id,
        evaluation_no,
        kind,
        now,
    )
    return report_id


async def claim_due(*, now: datetime, most: int) -> list[DueReport]:
    """Reports whose turn it is, the oldest first; nobody else gets them until the lease ends."""
    rows = await _QUEUE.claim_due(now=now, most=most)
    return [
        DueReport(
            account_no=row["account_no"],
            report_id=row["report_id"],
            case_id=row["case_id"],
            evaluation_no=row["evaluation_no"],
            kind=row["kind"],
            attempts=row["attempts"],
            body=vault.current().decrypt(row["body_cipher"]) if row["body_cipher"] else None,
        )
        for row in rows
    ]


async def freeze(*, report: DueReport, body: str) -> str:
    """Keeps what is going to be told, before it is; what was kept earlier stands and is returned."""
    row = await database.row(
        "UPDATE evaluation_report SET body_cipher = coalesce(body_cipher, $3), digest = coalesce(digest, $4)"
        " WHERE account_no = $1 AND report_id = $2 RETURNING body_cipher",
        report.account_no,
        report.report_id,
        vault.current().encrypt(body),
        sm3(body.encode()),
    )
    assert row is not None, f"report {report.report_id} vanished"
    return vault.current().decrypt(row["body_cipher"])


async def record_answer(*, report: DueReport, outcome: PushOutcome, now: datetime) -> bool:
    """Keeps what the platform said. True once it has the report; a rejected one is in the audit trail and waits for
    people, an unknown one is told again after a pause."""
    key = (report.account_no, report.report_id)
    if outcome.status == "unknown":
        await _QUEUE.put_off(key=key, attempts=report.attempts, answer=outcome, now=now)
        return False
    accepted = has_it(outcome)
    await _QUEUE.end(key=key, answer=outcome, now=now)
    if not accepted:
        await audit.record(
            None,
            actor=SYSTEM,
            action="evaluation.report_rejected",
            subject=f"evaluation:{report.evaluation_no}",
            now=now,
            outcome="failed",
            detail={"code": outcome.code, "kind": report.kind},
        )
    return accepted


async def report_figures() -> ReportFigures:
    row = await database.row(
        "SELECT count(*) FILTER (WHERE state = 'waiting') AS waiting, count(*) FILTER (WHERE state = 'accepted') AS"
        " accepted, count(*) FILTER (WHERE state = 'rejected') AS rejected,"
        " min(created_at) FILTER (WHERE state = 'waiting') AS oldest_at FROM evaluation_report"
    )
    assert row is not None
    return ReportFigures(**dict(row))
