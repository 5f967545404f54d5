"""Thresholds of the SMS area: an alarm is raised once when one is passed and ends by itself; both are kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain import policy
from domain.kernel import database
from domain.kernel.dates import YearMonth, business_date_of
from domain.kernel.identifiers import new_id
from notifications import counting

KINDS: Mapping[str, str] = {
    "backlog": "待发短信积压",
    "oldest": "业务短信等待过久",
    "dead": "未能发出的短信过多",
    "offline": "运营商连接中断",
    "away": "运营商被停用",
    "balance": "运营商余额不足",
    "balance_silent": "运营商余额久未查到（分钟）",
    "receipts": "状态报告缺失",
    "budget": "费用达到预算报警线",
    "no_price": "运营商没有登记价格",
    "gateway": "没有进程在发送短信",
}
_GATEWAY_SILENT = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    kind: str
    subject: str
    value: int
    threshold: int
    raised_at: datetime
    cleared_at: datetime | None = None

    @property
    def name(self) -> str:
        return KINDS[self.kind]


Reading = tuple[str, str, int, int]
"""Kind, subject, value, threshold of something that is over."""


async def check(*, now: datetime, gateway_expected: bool = False) -> list[Reading]:
    """Measures, raises and clears; gives what is over now."""
    over = [*await _queue(now), *await _carriers(now), *await _money(now)]
    if gateway_expected:
        over += await _gateway(now)
    async with database.transaction() as tx:
        for kind, subject, value, threshold in over:
            await tx.execute(
                "INSERT INTO sms_alarm (alarm_id, kind, subject, value, threshold, raised_at)"
                " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (kind, subject) WHERE cleared_at IS NULL"
                " DO UPDATE SET value = excluded.value, threshold = excluded.threshold",
                new_id(),
                kind,
                subject,
                value,
                threshold,
                now,
            )
        await tx.execute(
            "UPDATE sms_alarm SET cleared_at = $3 WHERE cleared_at IS NULL AND (kind, subject) NOT IN"
            " (SELECT * FROM unnest($1::text[], $2::text[]))",
            [kind for kind, *_ in over],
            [subject for _, subject, *_ in over],
            now,
        )
    return over


async def listed(*, most: int = 50) -> list[Alarm]:
    """Those that stand, then those that ended, the newest first."""
    rows = await database.rows(
        "SELECT kind, subject, value, threshold, raised_at, cleared_at FROM sms_alarm"
        " ORDER BY cleared_at IS NOT NULL, raised_at DESC LIMIT $1",
        most,
    )
    return [Alarm(**dict(row)) for row in rows]


async def _queue(now: datetime) -> list[Reading]:
    today = policy.on(business_date_of(now))
    row = await database.row(
        """
        SELECT (SELECT count(*) FROM sms_message WHERE state = 'queued' AND priority < 4 AND due_at <= $1) AS backlog,
               (SELECT min(due_at) FROM sms_message
                WHERE state = 'queued' AND priority <= 1 AND due_at <= $1) AS oldest,
               (SELECT count(*) FROM sms_message WHERE state = 'dead' AND created_at > $2) AS dead
        """,
        now,
        now - timedelta(hours=24),
    )
    assert row is not None
    waited = 0 if row["oldest"] is None else (now - row["oldest"]) // timedelta(minutes=1)
    readings = [
        ("backlog", "", row["backlog"], today.number("sms.backlog_alarm")),
        ("oldest", "", waited, today.number("sms.oldest_minutes_alarm")),
        ("dead", "", row["dead"], today.number("sms.dead_per_day_alarm")),
    ]
    return [one for one in readings if one[2] > one[3]]


async def _carriers(now: datetime) -> list[Reading]:
    today = policy.on(business_date_of(now))
    least = today.number("sms.balance_parts_alarm")
    over: list[Reading] = []
    silent = today.number("sms.balance_silent_minutes_alarm")
    for row in await database.rows("SELECT * FROM sms_standing ORDER BY carrier"):
        if row["online"] is False:
            over.append(("offline", row["carrier"], 1, 0))
        if row["phase"] in ("away", "forced_off"):
            over.append(("away", row["carrier"], 1, 0))
        if row["balance_parts"] is not None and row["balance_parts"] < least:
            over.append(("balance", row["carrier"], row["balance_parts"], least))
        # asked and not answered since: never, or not for long
        if row["balance_asked_at"] is not None:
            minutes = (now - (row["balance_at"] or row["since"])) // timedelta(minutes=1)
            if minutes > silent:
                over.append(("balance_silent", row["carrier"], minutes, silent))
    most = today.number("sms.receipts_missing_permille_alarm")
    rows = await database.rows(
        "SELECT carrier, count(*) AS parts, count(*) FILTER (WHERE state = 'submitted') AS missing FROM sms_part"
        " WHERE day >= $1 AND submitted_at BETWEEN $2 AND $3 GROUP BY carrier ORDER BY carrier",
        business_date_of(now) - timedelta(days=1),
        now - timedelta(hours=25),
        now - timedelta(hours=1),
    )
    for row in rows:
        permille = row["missing"] * 1000 // row["parts"]
        if row["parts"] >= today.number("sms.sample_min") and permille > most:
            over.append(("receipts", row["carrier"], permille, most))
    return over


async def _money(now: datetime) -> list[Reading]:
    period = YearMonth.of(business_date_of(now))
    over: list[Reading] = [
        ("budget", one.department, one.percent or 0, one.alarm_percent)
        for one in await counting.budgets(period=period)
        if one.alarmed
    ]
    priceless = [one.carrier for one in await counting.statement(period=period) if one.cost_milli is None]
    return over + [("no_price", carrier, 1, 0) for carrier in priceless]


async def _gateway(now: datetime) -> list[Reading]:
    beat = await database.value("SELECT max(heartbeat_at) FROM sms_lease WHERE name = 'gateway'")
    silent = beat is None or now - beat > _GATEWAY_SILENT
    return [("gateway", "", 1, 0)] if silent else []
