"""The SMS area as it stands now: queue, carriers, their last hour, and every move with its reason. Reads only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.kernel import database
from notifications.control import PHASE_NAMES
from notifications.switching import Phase

HOUR_COLUMNS = 12
COLUMN = timedelta(minutes=5)
_SILENT = timedelta(seconds=30)
LANE_CODES: Mapping[int, str] = {0: "otp", 1: "urgent", 2: "business", 3: "courtesy", 4: "bulk"}
PRIORITY_NAMES: Mapping[int, str] = {0: "验证码", 1: "紧急", 2: "普通", 3: "提示", 4: "群发"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """`waiting` by lane; `oldest` the longest that anything but bulk has waited."""

    waiting: Mapping[int, int]
    unclear: int
    dead_today: int
    strays: int
    oldest: timedelta | None

    @property
    def total(self) -> int:
        return sum(self.waiting.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierView:
    """A carrier: how it stands, and its last five minutes. `columns` are the last hour, the oldest first, each
    (label, submitted, failed)."""

    carrier: str
    phase: Phase
    share: int
    since: datetime
    reason: str
    online: bool | None
    condition: str
    balance_parts: int | None
    balance_at: datetime | None
    balance_note: str
    submitted: int
    failed: int
    slow: int
    handed_ms: int
    handed_ms_max: int
    receipts: int
    receipts_failed: int
    columns: tuple[tuple[str, int, int], ...]

    @property
    def phase_name(self) -> str:
        return PHASE_NAMES[self.phase]

    @property
    def failed_permille(self) -> int:
        return self.failed * 1000 // self.submitted if self.submitted else 0

    @property
    def mean_ms(self) -> int:
        return self.handed_ms // self.submitted if self.submitted else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    carrier: str
    at: datetime
    phase: Phase
    share_before: int
    share_after: int
    reason: str
    evidence: Mapping[str, int]
    caused_by: str

    @property
    def phase_name(self) -> str:
        return PHASE_NAMES[self.phase]


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """The process that sends."""

    holder: str
    heartbeat_at: datetime
    silent: bool


async def queue(*, now: datetime) -> Queue:
    rows = await database.rows(
        "SELECT priority, count(*) AS messages, min(due_at) FILTER (WHERE priority < 4) AS oldest FROM sms_message"
        " WHERE state = 'queued' AND due_at <= $1 GROUP BY 1",
        now,
    )
    row = await database.row(
        "SELECT (SELECT count(*) FROM sms_message WHERE state IN ('sending', 'unknown')) AS unclear,"
        " (SELECT count(*) FROM sms_message WHERE state = 'dead' AND created_at > $1) AS dead,"
        " (SELECT count(*) FROM sms_stray_receipt WHERE state = 'waiting') AS strays",
        now - timedelta(hours=24),
    )
    assert row is not None
    oldest = min((one["oldest"] for one in rows if one["oldest"] is not None), default=None)
    return Queue(
        waiting={one["priority"]: one["messages"] for one in rows},
        unclear=row["unclear"],
        dead_today=row["dead"],
        strays=row["strays"],
        oldest=None if oldest is None else now - oldest,
    )


async def carriers(*, now: datetime) -> list[CarrierView]:
    standings = await database.rows("SELECT * FROM sms_standing ORDER BY carrier")
    buckets = await database.rows(
        "SELECT * FROM sms_evidence WHERE bucket > $1 AND bucket <= $2 ORDER BY bucket",
        now - COLUMN * HOUR_COLUMNS,
        now,
    )
    return [_view(row, [one for one in buckets if one["carrier"] == row["carrier"]], now=now) for row in standings]


def _view(row: database.Record, buckets: list[database.Record], *, now: datetime) -> CarrierView:
    recent = [one for one in buckets if one["bucket"] > now - COLUMN]

    def summed(name: str) -> int:
        return sum(int(one[name]) for one in recent)

    columns = []
    for number in range(HOUR_COLUMNS):
        begin = now - COLUMN * (HOUR_COLUMNS - number)
        own = [one for one in buckets if begin < one["bucket"] <= begin + COLUMN]
        minutes = (HOUR_COLUMNS - number) * 5
        columns.append((f"-{minutes}分", sum(one["submitted"] for one in own), sum(one["failed"] for one in own)))
    return CarrierView(
        carrier=row["carrier"],
        phase=row["phase"],
        share=row["share"],
        since=row["since"],
        reason=row["reason"],
        online=row["online"],
        condition=row["condition"],
        balance_parts=row["balance_parts"],
        balance_at=row["balance_at"],
        balance_note=row["balance_note"],
        submitted=summed("submitted"),
        failed=summed("failed"),
        slow=summed("slow"),
        handed_ms=summed("handed_ms"),
        handed_ms_max=max((one["handed_ms_max"] for one in recent), default=0),
        receipts=summed("receipts"),
        receipts_failed=summed("receipts_failed"),
        columns=tuple(columns),
    )


async def switches(*, most: int = 30) -> list[Switch]:
    """The newest first."""
    rows = await database.rows(
        "SELECT carrier, at, phase, share_before, share_after, reason, evidence, caused_by FROM sms_switch"
        " ORDER BY at DESC LIMIT $1",
        most,
    )
    return [Switch(**dict(row)) for row in rows]


async def holders(*, now: datetime) -> list[Holder]:
    rows = await database.rows("SELECT holder, heartbeat_at FROM sms_lease WHERE name = 'gateway' ORDER BY place")
    return [
        Holder(holder=row["holder"], heartbeat_at=row["heartbeat_at"], silent=now - row["heartbeat_at"] > _SILENT)
        for row in rows
    ]
