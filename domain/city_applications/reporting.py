"""What the platform has to hear, as a queue of its own: once, in the order of the application, with its receipt."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from domain import archives
from domain.city_applications.ports import Report, Reported, ResultDocument
from domain.city_applications.receiving import PLATFORM
from domain.city_applications.results import IssuedPaper
from domain.kernel import audit, database
from domain.kernel.actor import SYSTEM
from domain.kernel.outgoing import Outgoing, has_it
from domain.kernel.refusal import Refused

_QUEUE = Outgoing(table="city_report", key=("report_id",), matter=("application_id",))


@dataclass(frozen=True, slots=True, kw_only=True)
class DueReport:
    """A report that is this process's to send for a minute."""

    report_id: int
    attempts: int
    report: Report
    paper: IssuedPaper | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportView:
    status: str
    note: str
    state: str
    state_name: str
    attempts: int
    last_code: str | None
    last_message: str | None
    receipt_no: str | None
    told_at: datetime
    ended_at: datetime | None


STATE_NAMES = {"waiting": "待报送", "accepted": "平台已收", "rejected": "平台拒收"}
STATUS_NAMES = {"1": "接件", "2": "受理", "3": "补正", "4": "办理中", "5": "办结", "6": "不予办理", "7": "撤回"}


async def claim_reports(*, now: datetime, most: int) -> list[DueReport]:
    """Reports whose turn it is, the oldest first; nobody else gets them until the lease ends."""
    rows = await _QUEUE.claim_due(now=now, most=most)
    return [
        DueReport(
            report_id=row["report_id"],
            attempts=row["attempts"],
            report=Report(
                number=str(row["report_id"]),
                project_no=row["project_no"],
                seq=row["seq"],
                status=row["status"],
                note=row["note"],
                at=row["told_at"],
            ),
            paper=IssuedPaper(account_no=row["paper_account"], paper_no=row["paper_no"]) if row["paper_no"] else None,
        )
        for row in rows
    ]


async def with_document(*, due: DueReport, now: datetime) -> Report:
    """The report with the sealed document of its result; one that was revoked meanwhile is not sent any more."""
    if due.paper is None:
        return due.report
    view = await archives.paper_view(account_no=due.paper.account_no, paper_no=due.paper.paper_no)
    try:
        content = await archives.sealed_paper(
            actor=PLATFORM, account_no=due.paper.account_no, paper_no=due.paper.paper_no, now=now
        )
    except Refused:
        return due.report
    name = f"{view.title}_{due.paper.paper_no}.pdf"
    document = ResultDocument(paper_no=due.paper.paper_no, file_name=name, content=content)
    return replace(due.report, document=document)


async def record_reported(*, due: DueReport, reported: Reported, now: datetime) -> bool:
    """Keeps what the platform said. True once it has the report; a rejected one is in the audit trail."""
    key = (due.report_id,)
    if reported.status == "unknown":
        await _QUEUE.put_off(key=key, attempts=due.attempts, answer=reported, now=now)
        return False
    accepted = has_it(reported)
    await _QUEUE.end(key=key, answer=reported, now=now)
    if not accepted:
        await audit.record(
            None,
            actor=SYSTEM,
            action="city_application.report_rejected",
            subject=f"city_application:{due.report.project_no}",
            now=now,
            outcome="failed",
            detail={"code": reported.code, "status": due.report.status},
        )
    return accepted


async def reports_of(*, application_id: int) -> list[ReportView]:
    rows = await database.rows("SELECT * FROM city_report WHERE application_id = $1 ORDER BY seq", application_id)
    return [
        ReportView(
            status=STATUS_NAMES[row["status"]],
            note=row["note"],
            state=row["state"],
            state_name=STATE_NAMES[row["state"]],
            attempts=row["attempts"],
            last_code=row["last_code"],
            last_message=row["last_message"],
            receipt_no=row["receipt_no"],
            told_at=row["told_at"],
            ended_at=row["ended_at"],
        )
        for row in rows
    ]


async def report_counts() -> tuple[int, int]:
    """(waiting, rejected)."""
    row = await database.row(
        "SELECT count(*) FILTER (WHERE state = 'waiting') AS waiting, count(*) FILTER (WHERE state = 'rejected') AS"
        " rejected FROM city_report"
    )
    assert row is not None
    return row["waiting"], row["rejected"]
