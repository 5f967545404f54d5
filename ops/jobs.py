"""The queue's failed jobs as the back office sees them: kept, shown, and put back by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import orjson

from backoffice.services import FailedJob
from domain.kernel import database


class QueueDesk:
    """A `backoffice.services.JobDesk` over pgqueuer's tables. The message that the queue keeps of a failure is its kind
    (`ops.worker.ConsumerFailed`)."""

    async def failed(self, *, most: int) -> Sequence[FailedJob]:
        rows = await database.rows(
            "SELECT q.id, q.payload, q.attempts, q.updated, l.traceback ->> 'exception_message' AS error"
            " FROM pgqueuer q LEFT JOIN LATERAL (SELECT traceback FROM pgqueuer_log l WHERE l.job_id = q.id"
            " AND traceback IS NOT NULL ORDER BY created DESC LIMIT 1) l ON true"
            " WHERE q.status = 'failed' ORDER BY q.updated DESC LIMIT $1",
            most,
        )
        return [_failed(row) for row in rows]

    async def retry(self, *, job_id: int, now: datetime) -> bool:
        status = await database.execute(
            "UPDATE pgqueuer SET status = 'queued', attempts = 0, execute_after = $2, updated = $2"
            " WHERE id = $1 AND status = 'failed'",
            job_id,
            now,
        )
        return status.endswith(" 1")


def _failed(row: database.Record) -> FailedJob:
    event = orjson.loads(row["payload"] or b"{}")
    return FailedJob(
        job_id=row["id"],
        kind=str(event.get("kind", "")),
        subject=str(event.get("payload", {}).get("case_no", "")),
        error=row["error"] or "未知错误",
        attempts=row["attempts"],
        failed_at=row["updated"],
    )
