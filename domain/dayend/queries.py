"""What the staff page and the metrics show of the day-end. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from domain.dayend import store
from domain.dayend.actions import plan_now
from domain.dayend.engine import STOP_REASONS
from domain.dayend.forecast import Forecast, StepMeasure, forecast, median, percent_done
from domain.dayend.isolation import words_of
from domain.dayend.refusals import EXCEPTION_NOT_FOUND
from domain.dayend.schedule import Plan
from domain.dayend.steps import SUBJECT_NAMES
from domain.kernel import database
from domain.kernel.database import Record
from domain.kernel.refusal import Refused

HEARTBEAT_LOST = timedelta(seconds=60)
_HISTORY = 30
_USUAL_OF = 7

RUN_STATES = {
    "running": "执行中",
    "stopped": "已停止",
    "finished": "已完成",
    "finished_with_exceptions": "已完成（有异常）",
}
STEP_STATES = {
    "waiting": "等待",
    "running": "执行中",
    "stopped": "已停止",
    "done": "完成",
    "done_with_exceptions": "完成（有异常）",
}
EXCEPTION_STATES = {"open": "待处理", "retried": "重试成功", "resolved": "人工了结"}


@dataclass(frozen=True, slots=True, kw_only=True)
class StepView:
    name: str
    title: str
    owner: str
    state: str
    measure: StepMeasure
    percent: int
    open_exceptions: int
    milliseconds: int
    started_at: datetime | None

    @property
    def state_name(self) -> str:
        return STEP_STATES[self.state]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView:
    """`milliseconds` is the time its steps worked, all starts together."""

    business_date: date
    state: str
    stop_reason: str
    starts: int
    started_at: datetime
    finished_at: datetime | None
    milliseconds: int
    open_exceptions: int

    @property
    def state_name(self) -> str:
        return RUN_STATES[self.state]

    @property
    def stop_reason_name(self) -> str:
        return STOP_REASONS.get(self.stop_reason, self.stop_reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExceptionView:
    exception_id: int
    business_date: date
    step: str
    title: str
    subject: str
    subject_no: int
    error_kind: str
    state: str
    tries: int
    found_at: datetime
    tried_at: datetime
    proposed_by: str | None
    proposed_reason: str | None
    ended_by: str | None
    ended_at: datetime | None
    retry_queued: bool

    @property
    def state_name(self) -> str:
        return EXCEPTION_STATES[self.state]

    @property
    def error_name(self) -> str:
        return words_of(self.error_kind)

    @property
    def subject_name(self) -> str:
        return f"{SUBJECT_NAMES[self.subject]} {self.subject_no}" if self.subject else "整个步骤"


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseView:
    runner: str
    taken_at: datetime
    heartbeat_at: datetime
    held: bool

    def lost(self, *, now: datetime) -> bool:
        """Held, and silent for longer than a living runner is."""
        return self.held and now - self.heartbeat_at > HEARTBEAT_LOST


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestView:
    kind: str
    asked_name: str
    asked_at: datetime
    state: str
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """`run` is the date in hand, else the last one; `forecast` stands only while one is in hand. `history` holds the
    last finished dates, oldest first."""

    plan: Plan
    run: RunView | None
    steps: Sequence[StepView]
    lease: LeaseView | None
    forecast: Forecast | None
    open_exceptions: int
    requests: Sequence[RequestView]
    history: Sequence[RunView]

    def running(self, *, now: datetime) -> bool:
        return self.lease is not None and self.lease.held and not self.lease.lost(now=now)


async def overview(*, now: datetime, workers: int = 2) -> Overview:
    plan = await plan_now(database.pool, now=now)
    runs = [_run(row) for row in await database.rows(f"{_RUNS} ORDER BY r.business_date DESC LIMIT $1", _HISTORY + 1)]
    unfinished = [run for run in runs if run.finished_at is None]
    run = unfinished[-1] if unfinished else next(iter(runs), None)
    steps = await _steps(run.business_date) if run else []
    history = [one for one in runs if one.finished_at is not None][:_HISTORY][::-1]
    lease = await lease_now()
    at_work = lease is not None and lease.held and run is not None and run.finished_at is None
    return Overview(
        plan=plan,
        run=run,
        steps=steps,
        lease=lease,
        forecast=forecast(
            [step.measure for step in steps],
            workers=workers,
            began_at=lease.taken_at,
            now=now,
            days_to_come=max(len(plan.days) - 1, 0),
            usual_day_milliseconds=median(one.milliseconds for one in history[-_USUAL_OF:]),
        )
        if at_work and lease is not None
        else None,
        open_exceptions=await database.value("SELECT count(*) FROM day_end_exception WHERE state = 'open'"),
        requests=await _requests(),
        history=history,
    )


_RUNS = """
SELECT r.business_date, r.state, r.stop_reason, r.starts, r.started_at, r.finished_at,
       (SELECT coalesce(sum(s.milliseconds), 0)::bigint FROM day_end_step s
        WHERE s.business_date = r.business_date) AS milliseconds,
       (SELECT count(*) FROM day_end_exception e
        WHERE e.business_date = r.business_date AND e.state = 'open') AS open_exceptions
FROM day_end_run r
"""

_STEPS = """
SELECT s.name, s.title, s.owner, s.state, s.rows_expected, s.milliseconds, s.started_at,
       coalesce(p.partitions, 0) AS partitions, coalesce(p.ended, 0) AS ended, coalesce(p.rows_done, 0) AS rows_done,
       coalesce(p.busy, 0) AS busy,
       (SELECT count(*) FROM day_end_exception e WHERE e.business_date = s.business_date AND e.step = s.name
        AND e.state = 'open') AS open_exceptions,
       ARRAY(SELECT u.milliseconds FROM day_end_step u WHERE u.name = s.name AND u.business_date < s.business_date
             AND u.finished_at IS NOT NULL ORDER BY u.business_date DESC LIMIT $2) AS usual
FROM day_end_step s LEFT JOIN LATERAL (
    SELECT count(*) AS partitions, count(*) FILTER (WHERE state <> 'waiting') AS ended,
           sum(rows_done)::bigint AS rows_done, sum(milliseconds)::bigint AS busy
    FROM day_end_partition p WHERE p.business_date = s.business_date AND p.step = s.name) p ON true
WHERE s.business_date = $1 ORDER BY s.position
"""

_EXCEPTIONS = """
SELECT e.*, s.title, s.subject, EXISTS (SELECT 1 FROM day_end_request q WHERE q.exception_id = e.exception_id
       AND q.state = 'queued') AS retry_queued
FROM day_end_exception e JOIN day_end_step s ON s.business_date = e.business_date AND s.name = e.step
"""


async def lease_now() -> LeaseView | None:
    row = await database.row("SELECT runner, taken_at, heartbeat_at, released_at FROM day_end_lease")
    if row is None:
        return None
    return LeaseView(
        runner=row["runner"],
        taken_at=row["taken_at"],
        heartbeat_at=row["heartbeat_at"],
        held=row["released_at"] is None,
    )


async def run_of(*, business_date: date) -> RunView | None:
    row = await database.row(f"{_RUNS} WHERE r.business_date = $1", business_date)
    return None if row is None else _run(row)


async def steps_of(*, business_date: date) -> list[StepView]:
    return await _steps(business_date)


async def exceptions(*, state: str = "open", first: int = 100) -> list[ExceptionView]:
    """Those in a state, in the order in which they are to be dealt with."""
    rows = await database.rows(
        f"{_EXCEPTIONS} WHERE e.state = $1 ORDER BY e.business_date, s.position, e.subject_no LIMIT $2", state, first
    )
    return [_exception(row) for row in rows]


async def exception(*, exception_id: int) -> ExceptionView:
    """Raises Refused when there is none."""
    row = await database.row(f"{_EXCEPTIONS} WHERE e.exception_id = $1", exception_id)
    if row is None:
        raise Refused(EXCEPTION_NOT_FOUND())
    return _exception(row)


async def _steps(business_date: date) -> list[StepView]:
    return [_step(row) for row in await database.rows(_STEPS, business_date, _USUAL_OF)]


async def _requests() -> list[RequestView]:
    rows = await database.rows(
        "SELECT kind, asked_name, asked_at, state, outcome FROM day_end_request ORDER BY asked_at DESC LIMIT 10"
    )
    return [RequestView(**dict(row)) for row in rows]


def _run(row: Record) -> RunView:
    return RunView(**dict(row))


def _step(row: Record) -> StepView:
    measure = StepMeasure(
        state=row["state"],
        rows_expected=row["rows_expected"],
        rows_done=row["rows_done"],
        partitions=row["partitions"],
        partitions_done=row["ended"],
        busy_milliseconds=row["busy"],
        usual_milliseconds=median(row["usual"]),
    )
    return StepView(
        name=row["name"],
        title=row["title"],
        owner=row["owner"],
        state=row["state"],
        measure=measure,
        percent=percent_done(measure),
        open_exceptions=row["open_exceptions"],
        milliseconds=row["milliseconds"],
        started_at=row["started_at"],
    )


def _exception(row: Record) -> ExceptionView:
    return ExceptionView(**dict(row))


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """For the metrics."""

    held: bool
    finished_through: date | None
    open_exceptions: int
    stopped: bool


async def figures() -> Figures:
    lease, begun = await lease_now(), await store.begun(database.pool)
    row = await database.row(
        "SELECT (SELECT count(*) FROM day_end_exception WHERE state = 'open') AS open,"
        " EXISTS (SELECT 1 FROM day_end_run WHERE state = 'stopped') AS stopped"
    )
    assert row is not None
    return Figures(
        held=lease is not None and lease.held,
        finished_through=begun.finished_through,
        open_exceptions=row["open"],
        stopped=row["stopped"],
    )
