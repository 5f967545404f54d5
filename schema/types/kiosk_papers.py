"""自助打印: papers that the caller may take from the kiosk they stand at."""

from __future__ import annotations

import base64
from datetime import datetime
from enum import Enum

import strawberry

from domain.withdrawals import Handed, Printable
from schema.describing import member
from schema.guards import CITIZEN_SELF, shown
from schema.types.errors import UserError

_KEY = "请求编号 · 8 to 64 letters, digits, `_` or `-`; the same key and input answer the same"


@strawberry.enum(description="打印结果 · what the printer made of a paper")
class PrintOutcome(Enum):
    PRINTED = member("", "打印完成 · printed")
    NO_PAPER = member("no_paper", "缺纸 · out of paper")
    JAM = member("jam", "卡纸 · paper jam")
    FAULT = member("fault", "打印机故障 · any other trouble")


@strawberry.type(description="可打印文书 · a paper that may be printed at a kiosk")
class PrintablePaper:
    paper: str = shown(CITIZEN_SELF, "文书标识 · what `printPaper` is given")
    title: str = shown(CITIZEN_SELF, "名称 · what it is")
    about: str = shown(CITIZEN_SELF, "所属业务 · which case or account it is about")
    state: str = shown(CITIZEN_SELF, "打印状态代码 · ready, unfinished or printed")
    state_name: str = shown(CITIZEN_SELF, "打印状态 · in words")
    prints: int = shown(CITIZEN_SELF, "打印次数 · how often it was handed to a printer, the counter's included")
    last_at: datetime | None = shown(CITIZEN_SELF, "上次打印时间 · when it was last; null before the first")

    @classmethod
    def of(cls, one: Printable) -> PrintablePaper:
        return cls(
            paper=one.key,
            title=one.title,
            about=one.about,
            state=one.state,
            state_name=one.state_name,
            prints=one.prints,
            last_at=one.last_at,
        )


@strawberry.type(description="打印任务 · a sealed paper on its way to the printer")
class PaperPrint:
    paper_no: str = shown(CITIZEN_SELF, "文书编号 · number printed on it")
    count: int = shown(CITIZEN_SELF, "第几次打印 · the how manieth print of the paper it is")
    title: str = shown(CITIZEN_SELF, "名称 · what it is")
    content: str = shown(CITIZEN_SELF, "电子文件 · the sealed PDF in Base64, for the printer alone")

    @classmethod
    def of(cls, one: Handed) -> PaperPrint:
        return cls(
            paper_no=one.paper_no, count=one.count, title=one.title, content=base64.b64encode(one.content).decode()
        )


@strawberry.input(description="打印文书 · a paper to be printed at the kiosk")
class PrintPaperInput:
    paper: str = strawberry.field(description="文书标识 · as `printablePapers` names it")
    request_key: str = strawberry.field(description=_KEY)


@strawberry.input(description="回报打印结果 · what the printer made of a paper")
class ReportPrintInput:
    paper_no: str = strawberry.field(description="文书编号 · number of the paper")
    count: int = strawberry.field(description="第几次打印 · which print of it")
    outcome: PrintOutcome = strawberry.field(description="打印结果 · what came of it")
    request_key: str = strawberry.field(description=_KEY)


@strawberry.type(description="打印文书结果 · the paper for the printer")
class PrintPaperPayload:
    print: PaperPrint | None = shown(CITIZEN_SELF, "打印任务 · null when refused")
    user_errors: list[UserError] = shown(CITIZEN_SELF, "不予打印的原因 · every reason at once; empty when done")

    @classmethod
    def refused(cls, errors: list[UserError]) -> PrintPaperPayload:
        return cls(print=None, user_errors=errors)


@strawberry.type(description="回报打印结果的答复 · answer to what the printer reported")
class ReportPrintPayload:
    papers: list[PrintablePaper] = shown(CITIZEN_SELF, "可打印文书 · as they now stand", list_size=20)
    user_errors: list[UserError] = shown(CITIZEN_SELF, "不予登记的原因 · every reason at once; empty when done")

    @classmethod
    def refused(cls, errors: list[UserError]) -> ReportPrintPayload:
        return cls(papers=[], user_errors=errors)
