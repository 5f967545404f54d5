"""日终: how far it is and when it will be through, what it had to leave out, and what staff may do about it.

While a day-end runs the page asks the browser to fetch it again (by a header, so that it works without script), for
ten minutes at most: a page that refreshed itself for ever would keep an unattended session alive.
"""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup
from starlette.responses import HTMLResponse, Response

from backoffice import charts
from backoffice.components import Problems, with_query
from backoffice.desk import Desk, DeskPage, redirect
from backoffice.directory import staff_names
from backoffice.forms import day_field
from backoffice.refusals import FORM_MALFORMED, PAGE_NOT_FOUND
from domain import dayend, policy
from domain.dayend import ExceptionView, Overview, RunView, StepView
from domain.kernel.refusal import Refusal, Refused

PATH = "/backoffice/dayend"
SHOWN_MAX = 100
REFRESH_SECONDS = 10
REFRESHES_MAX = 60
_RUN_TONES = {"running": "active", "stopped": "bad", "finished": "good", "finished_with_exceptions": "waiting"}
_STEP_TONES = {
    "waiting": "quiet",
    "running": "active",
    "stopped": "bad",
    "done": "good",
    "done_with_exceptions": "waiting",
}
_EXCEPTION_TONES = {"open": "bad", "retried": "good", "resolved": "good"}
_REQUEST_NAMES = {"start": "启动日终", "retry": "重试异常"}
_REQUEST_STATES = {"queued": ("等待执行", "waiting"), "done": ("已执行", "good"), "refused": ("未执行", "bad")}
_NOTICES = {
    "started": "已提交启动，后台进程将在数秒内开始执行，稍后刷新可查看进度。",
    "confirmed": "日期已确认，可以启动日终。",
    "retried": "已提交重试，后台进程将在数秒内执行，稍后刷新可查看结果。",
    "proposed": "已提交，等待另一人复核。",
    "agreed": "该异常已人工了结。",
    "declined": "人工了结的提议已撤回，异常仍待处理。",
}


async def show(desk: Desk) -> Response:
    seen = await dayend.overview(now=desk.now)
    running = seen.running(now=desk.now)
    page = desk.page(
        "dayend.html",
        seen=seen,
        running=running,
        warnings=_warnings(desk, seen),
        steps=[_step(step) for step in seen.steps],
        run_tone=_RUN_TONES[seen.run.state] if seen.run else "quiet",
        remaining=duration(seen.forecast.remaining_milliseconds) if seen.forecast else None,
        exceptions=await dayend.exceptions(first=SHOWN_MAX),
        shown_max=SHOWN_MAX,
        may_operate=desk.may("dayend.operate"),
        may_start=bool(seen.plan.days) and not running and not _start_queued(seen),
        requests=[(one, _REQUEST_NAMES[one.kind], *_REQUEST_STATES[one.state]) for one in seen.requests],
        chart=_chart(seen.history),
        history=[(run, _RUN_TONES[run.state], duration(run.milliseconds)) for run in reversed(seen.history)],
        notice=_NOTICES.get(desk.query.get("done", "")),
        today=policy.work_calendar().day(desk.business_date),
        refreshed=_refreshed(desk),
        refreshes_max=REFRESHES_MAX,
    )
    if running:
        _refresh(page, desk)
    return page


def _start_queued(seen: Overview) -> bool:
    return any((one.kind, one.state) == ("start", "queued") for one in seen.requests)


def _refreshed(desk: Desk) -> int:
    given = desk.query.get("refreshed", "0")
    return min(int(given), REFRESHES_MAX) if given.isascii() and given.isdigit() and len(given) < 4 else REFRESHES_MAX


def _refresh(page: HTMLResponse, desk: Desk) -> None:
    if (count := _refreshed(desk)) < REFRESHES_MAX:
        page.headers["Refresh"] = f"{REFRESH_SECONDS}; url={with_query(PATH, refreshed=count + 1)}"


def _warnings(desk: Desk, seen: Overview) -> list[str]:
    """What somebody must look at, in the order of how much it matters."""
    told = []
    if seen.plan.refusal is not None:
        told.append(seen.plan.refusal.message)
    if seen.run is not None and seen.run.state == "stopped":
        told.append(f"{seen.run.business_date}的日终已停止：{seen.run.stop_reason_name}。")
    unfinished = seen.run is not None and seen.run.finished_at is None
    if seen.lease is not None and seen.lease.lost(now=desk.now) and unfinished:
        told.append(f"运行进程{seen.lease.runner}已失去联系，后台进程将从中断处接续；如长时间未恢复，请联系运维人员。")
    if seen.forecast is not None and seen.forecast.late:
        told.append("预计超过早8时的日终窗口，请通知运维人员；柜面和网上业务不受影响。")
    if seen.forecast is not None and seen.forecast.long:
        told.append("预计总用时超过4小时，请通知运维人员查明原因。")
    told += [
        f"{year}年的节假日安排尚未录入，工作日暂按周一至周五推算，请尽快补录。"
        for year in policy.work_calendar().missing_years(desk.business_date)
    ]
    return told


def _step(step: StepView) -> tuple[StepView, str, str, str]:
    """The step, the tone of its state, what is done of what, and the time."""
    measure = step.measure
    done = ""
    if measure.partitions:
        rows = f"{measure.rows_done:,}"
        done = f"{rows} / {measure.rows_expected:,}" if measure.rows_expected else rows
    return step, _STEP_TONES[step.state], done, duration(step.milliseconds) if step.milliseconds else ""


def duration(milliseconds: int) -> str:
    """For people: hours and minutes, or minutes and seconds, or seconds."""
    seconds = milliseconds // 1000
    if seconds < 1:
        return "不足1秒"
    hours, minutes = seconds // 3600, seconds // 60 % 60
    if hours:
        return f"{hours}小时{minutes}分"
    return f"{minutes}分{seconds % 60}秒" if minutes else f"{seconds}秒"


def _chart(history: Sequence[RunView]) -> tuple[str, Markup] | None:
    """The last dates' working time; the table below it has the same numbers."""
    if len(history) < 2:
        return None
    long = max(run.milliseconds for run in history) >= 600_000
    unit, size = ("分钟", 60_000) if long else ("秒", 1_000)
    title = f"近{len(history)}次日终用时（{unit}）"
    counts: dict[str, int] = {}
    for run in history:
        day = run.business_date
        label = str(day.day) if str(day.day) not in counts else f"{day.month}/{day.day}"
        counts[label] = -(-run.milliseconds // size)
    return title, charts.columns(name="dayend", title=title, counts=counts, unit=unit)


async def one(desk: Desk) -> Response:
    return await _one(desk, await _asked(desk.request.path_params["exception_id"]))


async def _one(desk: Desk, found: ExceptionView, *problems: Refusal) -> Response:
    reasons = [reference for reference in (found.proposed_by, found.ended_by) if reference]
    return desk.page(
        "dayend_exception.html",
        status=422 if problems else 200,
        found=found,
        tone=_EXCEPTION_TONES[found.state],
        names=await _names(reasons),
        may_operate=desk.may("dayend.operate"),
        mine=found.proposed_by == desk.actor.reference,
        problems=Problems.of(problems),
        typed=desk.form,
        reason_max=dayend.REASON_MAX,
        notice=_NOTICES.get(desk.query.get("done", "")),
    )


async def _names(references: list[str]) -> dict[str, str]:
    """Names by audit reference; the system is no member of staff."""
    ids = {reference: int(reference.partition(":")[2]) for reference in references if reference.startswith("staff:")}
    names = await staff_names(set(ids.values()))
    return {reference: "系统" for reference in references} | {
        reference: names.get(number, "") for reference, number in ids.items()
    }


async def start(desk: Desk) -> Response:
    await dayend.request_start(actor=desk.actor, now=desk.now)
    return redirect(f"{PATH}?done=started")


async def confirm(desk: Desk) -> Response:
    problems: list[Refusal] = []
    since, through = (day_field(desk.form, name, problems) for name in ("since", "through"))
    if since is None or through is None:
        raise Refused(*(problems or [FORM_MALFORMED]))
    reason = desk.form.get("reason", "")
    await dayend.confirm_jump(actor=desk.actor, since=since, through=through, reason=reason, now=desk.now)
    return redirect(f"{PATH}?done=confirmed")


async def retry(desk: Desk) -> Response:
    found = await _asked(desk.form.get("exception_id", ""))
    await dayend.request_retry(actor=desk.actor, exception_id=found.exception_id, now=desk.now)
    return redirect(f"{PATH}?done=retried")


async def propose(desk: Desk) -> Response:
    found = await _asked(desk.form.get("exception_id", ""))
    try:
        await dayend.propose_settlement(
            actor=desk.actor,
            exception_id=found.exception_id,
            reason=desk.form.get("reason", ""),
            now=desk.now,
        )
    except Refused as refused:
        if any(refusal.field is None for refusal in refused.refusals):
            raise
        return await _one(desk, found, *refused.refusals)
    return redirect(f"{PATH}/exceptions/{found.exception_id}?done=proposed")


async def decide(desk: Desk) -> Response:
    found = await _asked(desk.form.get("exception_id", ""))
    decision = desk.form.get("decision")
    if decision not in ("agree", "decline"):
        raise Refused(FORM_MALFORMED)
    agree = decision == "agree"
    await dayend.decide_settlement(actor=desk.actor, exception_id=found.exception_id, agree=agree, now=desk.now)
    return redirect(f"{PATH}/exceptions/{found.exception_id}?done={'agreed' if agree else 'declined'}")


async def _asked(given: str) -> ExceptionView:
    """The exception of a number as typed or posted. Raises Refused when there is none."""
    if not (given.isascii() and given.isdigit() and len(given) <= 18):
        raise Refused(PAGE_NOT_FOUND)
    try:
        return await dayend.exception(exception_id=int(given))
    except Refused:
        raise Refused(PAGE_NOT_FOUND) from None


PAGES = (
    DeskPage(PATH, "dayend.read", show),
    DeskPage(f"{PATH}/exceptions/{{exception_id}}", "dayend.read", one),
    DeskPage(f"{PATH}/start", "dayend.operate", start, "POST"),
    DeskPage(f"{PATH}/confirm", "dayend.operate", confirm, "POST"),
    DeskPage(f"{PATH}/retry", "dayend.operate", retry, "POST"),
    DeskPage(f"{PATH}/propose", "dayend.operate", propose, "POST"),
    DeskPage(f"{PATH}/decide", "dayend.operate", decide, "POST"),
)
