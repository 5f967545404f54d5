"""评价上报: sends what `domain.cases` queued to the city's platform, many cases at once, each case in order."""

from __future__ import annotations

import asyncio
from datetime import datetime

import orjson

from domain import cases, catalogue, contributions
from domain.cases import DueReport, EvaluationReport, EvaluationView, RectificationReport
from domain.kernel.digest import canonical_json
from ops import telemetry
from ops.wiring import House

PARTNER = "evaluation"
AT_ONCE = 32
"""A platform that takes a second to answer still takes about 1,900 reviews a minute."""


async def push_due(house: House, *, most: int = AT_ONCE) -> int:
    """One round; returns how many the platform has now. One that fails keeps nobody else waiting."""
    if await cases.is_off(channel=PARTNER):
        return 0
    due = await cases.claim_due(now=house.clock(), most=most)
    told = await asyncio.gather(*(_push(house, report) for report in due), return_exceptions=True)
    for result in told:
        if isinstance(result, BaseException):
            raise result
    return sum(bool(result) for result in told)


async def push_all(house: House, *, stopped: asyncio.Event, idle: float) -> None:
    """Keeps `AT_ONCE` reports on their way until `stopped`: a slow answer holds up its own case alone."""
    running: set[asyncio.Task[bool]] = set()
    while not stopped.is_set():
        free = 0 if await cases.is_off(channel=PARTNER) else AT_ONCE - len(running)
        due = await cases.claim_due(now=house.clock(), most=free) if free else []
        running |= {asyncio.create_task(_push(house, report)) for report in due}
        if not running:
            await asyncio.sleep(idle)
            continue
        done, running = await asyncio.wait(running, timeout=idle, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    await asyncio.gather(*running, return_exceptions=True)


async def _push(house: House, report: DueReport) -> bool:
    body = report.body
    if body is None:
        fresh = await (_evaluation_body(report) if report.kind == "evaluation" else _rectification_body(report))
        body = await cases.freeze(report=report, body=fresh)
    if report.kind == "evaluation":
        outcome = await house.evaluations.push(evaluation=_evaluation(body), now=house.clock())
    else:
        outcome = await house.evaluations.push_rectification(report=_rectification(body), now=house.clock())
    telemetry.REVIEWS_PUSHED.labels(outcome=outcome.status).inc()
    return await cases.record_answer(report=report, outcome=outcome, now=house.clock())


async def _evaluation_body(report: DueReport) -> str:
    case = await cases.served_by_key(account_no=report.account_no, case_id=report.case_id)
    given = await _given(report)
    person = await contributions.clear_person(person_id=case.person_id)
    return canonical_json(
        {
            "evaluation_no": given.evaluation_no,
            "case_no": case.case_no,
            "item_code": case.item_code,
            "item_name": case.item_name,
            "service_name": catalogue.item(case.item).name,
            "accepted_at": case.submitted_at,
            "applicant_name": person.name,
            "document_type": person.document_type,
            "document_no": person.document_no,
            "grade": given.grade,
            "tags": given.tags,
            "comment": given.comment,
            "terminal": given.terminal,
            "round": given.round,
            "evaluated_at": given.given_at,
        }
    ).decode()


async def _rectification_body(report: DueReport) -> str:
    closed = await cases.rectification_for_report(account_no=report.account_no, evaluation_no=report.evaluation_no)
    return canonical_json(
        {
            "evaluation_no": closed.evaluation_no,
            "case_no": closed.case_no,
            "verdict": closed.verdict,
            "answer": closed.answer or "",
            "call_back": closed.call_back or "",
            "second_grade": closed.second_grade,
            "opened_at": closed.opened_at,
            "closed_at": closed.closed_at,
        }
    ).decode()


def _rectification(body: str) -> RectificationReport:
    told = orjson.loads(body)
    times = {name: datetime.fromisoformat(told[name]) for name in ("opened_at", "closed_at")}
    return RectificationReport(**{**told, **times})


async def _given(report: DueReport) -> EvaluationView:
    found = await cases.evaluations_of(account_no=report.account_no, case_id=report.case_id)
    return next(one for one in found if one.evaluation_no == report.evaluation_no)


def _evaluation(body: str) -> EvaluationReport:
    told = orjson.loads(body)
    times = {name: datetime.fromisoformat(told[name]) for name in ("accepted_at", "evaluated_at")}
    return EvaluationReport(**{**told, **times, "tags": tuple(told["tags"])})
