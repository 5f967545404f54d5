"""Counts of messages by carrier and day (R15.2). Prices come with the SMS area's own issue."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from domain.kernel import database
from domain.kernel.dates import SHANGHAI


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierDay:
    """`parts` are those of messages that the carrier took (accepted or delivered); `day` is Beijing's, of the
    last submission."""

    carrier: str
    day: date
    messages: int
    accepted: int
    delivered: int
    rejected: int
    unknown: int
    parts: int


async def by_carrier_and_day(*, from_day: date, until_day: date) -> list[CarrierDay]:
    """Both days included; ordered by day and carrier. A message counts where it was submitted last; one that
    was never submitted counts nowhere. `unknown` holds those without a clear answer and those given up."""
    assert from_day <= until_day, "the first day comes first"
    found = await database.rows(
        """
        SELECT carrier, (sent_at AT TIME ZONE 'Asia/Shanghai')::date AS day, count(*) AS messages,
               count(*) FILTER (WHERE state = 'accepted') AS accepted,
               count(*) FILTER (WHERE state = 'delivered') AS delivered,
               count(*) FILTER (WHERE state = 'rejected') AS rejected,
               count(*) FILTER (WHERE state IN ('sending', 'unknown', 'dead', 'queued')) AS unknown,
               COALESCE(sum(parts) FILTER (WHERE state IN ('accepted', 'delivered')), 0) AS parts
        FROM sms_message
        WHERE carrier IS NOT NULL AND sent_at >= $1 AND sent_at < $2
        GROUP BY 1, 2 ORDER BY 2, 1
        """,
        _start_of(from_day),
        _start_of(until_day + timedelta(days=1)),
    )
    return [
        CarrierDay(
            carrier=row["carrier"],
            day=row["day"],
            messages=row["messages"],
            accepted=row["accepted"],
            delivered=row["delivered"],
            rejected=row["rejected"],
            unknown=row["unknown"],
            parts=int(row["parts"]),
        )
        for row in found
    ]


def _start_of(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=SHANGHAI)
