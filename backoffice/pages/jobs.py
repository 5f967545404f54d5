"""失败任务: jobs that the queue holds because they failed, filtered, counted, exported (D25) and tried again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from starlette.responses import Response

from backoffice.components import JOB_KINDS, Pager, Problems, job_kind, moment_exact, with_query
from backoffice.desk import Desk, DeskPage, redirect
from backoffice.exporting import Cells, Sheet, at_once, export_list
from backoffice.forms import choice_fields, filled
from backoffice.refusals import JOB_NOT_FAILED
from backoffice.services import FailedJob
from domain.kernel import audit
from domain.kernel.paging import Page, cut, decode_cursor
from domain.kernel.refusal import Refusal, Refused

PATH = "/backoffice/jobs"
PAGE_SIZE = 50
# The newest failures that are read and counted. So many mean that a whole partner is away: one cause, not many.
READ_MAX = 10_000
FILTER_FIELDS = ("kind",)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


async def show(desk: Desk) -> Response:
    given = filled(desk.query, FILTER_FIELDS)
    held = await desk.services.jobs.failed(most=READ_MAX)
    kinds = _kinds(held)
    problems = _problems(given, kinds)
    pager = Pager.read(path=PATH, query=given, pages=desk.query.get("pages"))
    page: Page[FailedJob] | None = None
    if not problems:
        try:
            page = _page(_chosen(held, given.get("kind")), after=pager.after)
        except Refused as refused:
            problems.extend(refused.refusals)
    return desk.page(
        "jobs.html",
        status=422 if problems else 200,
        given=given,
        kinds=kinds,
        problems=Problems.of(problems),
        page=page,
        pager=pager.at(end_cursor=page.end_cursor, has_next=page.has_next) if page else pager,
        export_to=with_query(f"{PATH}/export", **given),
        notice="任务已重新排队，稍后刷新可查看结果。" if desk.query.get("done") == "retried" else None,
        read_max=READ_MAX if len(held) >= READ_MAX else None,
    )


def _kinds(held: Sequence[FailedJob]) -> dict[str, str]:
    """What the filter offers: every known kind, and any other that has failed."""
    return JOB_KINDS | {job.kind: job_kind(job.kind) for job in held if job.kind}


def _problems(given: dict[str, str], kinds: dict[str, str]) -> list[Refusal]:
    problems: list[Refusal] = []
    choice_fields(given, {"kind": kinds}, problems)
    return problems


def _place(job: FailedJob) -> list[int | str]:
    return [(job.failed_at - _EPOCH) // _MICROSECOND, job.job_id]


def _chosen(held: Sequence[FailedJob], kind: str | None) -> list[FailedJob]:
    """The newest first; jobs that failed together are in the order of their numbers, so that pages do not move."""
    return sorted((job for job in held if kind in (None, job.kind)), key=_place, reverse=True)


def _page(chosen: list[FailedJob], *, after: str | None) -> Page[FailedJob]:
    """Raises Refused for a malformed cursor."""
    cursor = decode_cursor(after, shape=(int, int))
    behind = [job for job in chosen if cursor is None or _place(job) < cursor]
    return cut(rows=behind[: PAGE_SIZE + 1], first=PAGE_SIZE, total=len(chosen), key=_place)


HEADINGS = ("任务编号", "种类", "种类代码", "对象", "失败时间", "已尝试次数", "原因")


async def export(desk: Desk) -> Response:
    """All filtered jobs as they stand when the export begins."""
    given = filled(desk.query, FILTER_FIELDS)
    held = await desk.services.jobs.failed(most=READ_MAX)
    if problems := _problems(given, _kinds(held)):
        raise Refused(*problems)
    cut_off = (f"只含最近失败的{READ_MAX}个",) if len(held) >= READ_MAX else ()

    async def lines(page: Page[FailedJob]) -> list[Cells]:
        return [_row(job) for job in page.items]

    sheet = Sheet(
        action="job.exported",
        subject="jobs",
        title="失败任务",
        file_name="jobs",
        headings=HEADINGS,
        closing=lambda count: ("合计", f"{count}个", *cut_off),
    )
    fetch = at_once(_chosen(held, given.get("kind")))
    return await export_list(desk=desk, sheet=sheet, filters=given, fetch=fetch, lines=lines)


def _row(job: FailedJob) -> Cells:
    return (
        str(job.job_id),
        job_kind(job.kind),
        job.kind,
        job.subject,
        moment_exact(job.failed_at),
        str(job.attempts),
        job.error,
    )


async def retry(desk: Desk) -> Response:
    given = desk.form.get("job_id", "")
    job_id = int(given) if given.isascii() and given.isdigit() and len(given) <= 18 else -1
    if job_id < 0 or not await desk.services.jobs.retry(job_id=job_id, now=desk.now):
        raise Refused(JOB_NOT_FAILED)
    await audit.record(None, actor=desk.actor, action="job.retried", subject=f"job:{job_id}", now=desk.now)
    return redirect(f"{PATH}?done=retried")


PAGES = (
    DeskPage(PATH, "jobs.manage", show),
    DeskPage(f"{PATH}/export", "jobs.manage", export, "POST"),
    DeskPage(f"{PATH}/retry", "jobs.manage", retry, "POST"),
)
