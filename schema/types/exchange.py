"""What came in about the employer from e窗通 and social security, for its agent."""

from __future__ import annotations

from datetime import datetime

import strawberry

from domain.exchange import ExchangeView
from domain.kernel.dates import YearMonth
from schema.guards import AGENT, EMPLOYER, shown


@strawberry.type(description="单位登记来源 · where a registration came from")
class EmployerOrigin:
    code: str = shown(AGENT, "来源代码 · portal, counter, ewindow or social_security")
    name: str = shown(AGENT, "来源 · source in words")


@strawberry.type(description="数据交换记录 · something that e窗通 or social security told of the employer")
class ExchangeRecord:
    employer_no: strawberry.Private[int]
    message_no: str = shown(EMPLOYER, "报文编号 · the partner's number; a list's number for the page in e窗通")
    source: str = shown(EMPLOYER, "来源代码 · ewindow or social_security")
    source_name: str = shown(EMPLOYER, "来源 · source in words")
    kind: str = shown(EMPLOYER, "业务代码 · what it is about")
    kind_name: str = shown(EMPLOYER, "业务 · what it is about, in words")
    state: str = shown(EMPLOYER, "状态代码 · waiting, working, done, refused or superseded")
    state_name: str = shown(EMPLOYER, "状态 · state in words")
    message: str = shown(EMPLOYER, "说明 · what came of it, or why not")
    month: YearMonth | None = shown(EMPLOYER, "业务月份 · month it is about")
    list_no: str | None = shown(EMPLOYER, "清册编号 · list that it became")
    row_count: int = shown(EMPLOYER, "行数 · persons in it")
    done_count: int = shown(EMPLOYER, "已办理行数 · persons whose row took effect")
    refused_count: int = shown(EMPLOYER, "未通过行数 · persons whose row did not pass")
    occurred_at: datetime = shown(EMPLOYER, "发生时间 · when it came about, by the partner's clock")
    received_at: datetime = shown(EMPLOYER, "收到时间 · when it came in")
    ended_at: datetime | None = shown(EMPLOYER, "办结时间 · when it ended")

    @classmethod
    def of(cls, view: ExchangeView) -> ExchangeRecord:
        assert view.employer_no is not None, "records of an employer have one"
        return cls(
            employer_no=view.employer_no,
            message_no=view.message_no,
            source=view.source,
            source_name=view.source_name,
            kind=view.kind,
            kind_name=view.kind_name,
            state=view.state,
            state_name=view.state_name,
            message=view.message,
            month=view.month,
            list_no=view.list_no,
            row_count=view.row_count,
            done_count=view.done_count,
            refused_count=view.refused_count,
            occurred_at=view.occurred_at,
            received_at=view.received_at,
            ended_at=view.ended_at,
        )
