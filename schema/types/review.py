"""The review desk: the queue with its filters and totals, and the figures of a day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta

import strawberry

from domain import catalogue
from domain.cases import DayFigures as Figures
from domain.cases import QueueFilters, QueuePage
from domain.kernel.dates import SHANGHAI
from domain.kernel.money import Money
from schema.guards import DESK, FIGURES, shown
from schema.types.cases import Case
from schema.types.connections import Connection, edges_of, page_info_of


@strawberry.input(description="审核队列筛选条件 · filters of the review queue, each optional")
class ReviewQueueFilters:
    item: str | None = strawberry.field(default=None, description="事项标识 · identifier of the service item")
    state: str | None = strawberry.field(default=None, description="办件状态代码 · state")
    office_code: str | None = strawberry.field(default=None, description="管理部代码 · management office")
    channel: str | None = strawberry.field(default=None, description="渠道 · channel")
    flagged: bool | None = strawberry.field(default=None, description="是否需人工核验 · has flags or none")
    locked: bool | None = strawberry.field(default=None, description="是否已领取 · whether somebody has it")
    submitted_from: date | None = strawberry.field(default=None, description="申请日期起 · submitted on or after")
    submitted_to: date | None = strawberry.field(default=None, description="申请日期止 · submitted on or before")

    def filters(self) -> QueueFilters:
        """Dates become instants in Beijing: the first and the last of the day."""
        return QueueFilters(
            item=self.item,
            state=self.state,
            office_code=self.office_code,
            channel=self.channel,
            flagged=self.flagged,
            locked=self.locked,
            submitted_from=_start_of(self.submitted_from) if self.submitted_from else None,
            submitted_to=_start_of(self.submitted_to + timedelta(days=1)) - timedelta(microseconds=1)
            if self.submitted_to
            else None,
        )


@strawberry.type(description="审核队列 · review queue, with the totals of all pages")
class ReviewQueueConnection(Connection[Case]):
    amount_total: Money = shown(DESK, "金额合计 · sum of all pages")

    @classmethod
    def of(cls, page: QueuePage) -> ReviewQueueConnection:
        return cls(
            edges=edges_of(page, Case.of),
            page_info=page_info_of(page),
            total_count=page.total,
            amount_total=page.amount_total,
        )


@strawberry.type(description="计数 · count of cases by one property")
class Count:
    code: str = shown(FIGURES, "代码 · code")
    name: str = shown(FIGURES, "名称 · name")
    count: int = shown(FIGURES, "件数 · number of cases")

    @classmethod
    def all_of(cls, counts: Mapping[str, int], *, names: Mapping[str, str]) -> list[Count]:
        return [cls(code=code, name=names.get(code, code), count=counts[code]) for code in sorted(counts)]


@strawberry.type(description="当日办件情况 · one business day of the desk")
class DayFigures:
    submitted: int = shown(FIGURES, "当日申请 · submitted that day")
    decided: int = shown(FIGURES, "当日审核 · decided that day")
    paid: Money = shown(FIGURES, "当日支付 · paid that day")
    waiting: int = shown(FIGURES, "待办 · open cases, of any day")
    overdue: int = shown(FIGURES, "超期 · open cases past their due date")
    by_state: list[Count] = shown(FIGURES, "按状态 · by state")
    by_channel: list[Count] = shown(FIGURES, "按渠道 · by channel")
    by_hour: list[Count] = shown(FIGURES, "按小时 · by hour of submission")

    @classmethod
    def of(cls, figures: Figures, *, state_names: Mapping[str, str]) -> DayFigures:
        hours = {f"{hour:02d}": count for hour, count in figures.by_hour.items()}
        return cls(
            submitted=figures.submitted,
            decided=figures.decided,
            paid=figures.paid,
            waiting=figures.waiting,
            overdue=figures.overdue,
            by_state=Count.all_of(figures.by_state, names=state_names),
            by_channel=Count.all_of(figures.by_channel, names=catalogue.channels()),
            by_hour=Count.all_of(hours, names={hour: f"{hour}时" for hour in hours}),
        )


def _start_of(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=SHANGHAI)
