"""审计日志: the trail for the audit administrator, filtered, counted and exported (D25)."""

from __future__ import annotations

from starlette.responses import Response

from backoffice.audit_trail import AuditEvent, AuditFilters, events
from backoffice.components import (
    AUDIT_OUTCOMES,
    Pager,
    Problems,
    audit_action,
    audit_pairs,
    channel_name,
    moment_exact,
    with_query,
)
from backoffice.desk import Desk, DeskPage
from backoffice.exporting import EXPORT_PAGE_SIZE, Cells, Sheet, export_list
from backoffice.forms import choice_fields, day_range, filled, plain_fields
from domain.kernel.paging import Page
from domain.kernel.refusal import Refusal, Refused

PATH = "/backoffice/audit"
PAGE_SIZE = 50
FILTER_FIELDS = ("actor", "action", "subject", "outcome", "at_from", "at_to")


async def show(desk: Desk) -> Response:
    given = filled(desk.query, FILTER_FIELDS)
    filters, problems = _filters(given)
    pager = Pager.read(path=PATH, query=given, pages=desk.query.get("pages"))
    page: Page[AuditEvent] | None = None
    if not problems:
        try:
            page = await events(filters=filters, first=PAGE_SIZE, after=pager.after)
        except Refused as refused:
            problems.extend(refused.refusals)
    return desk.page(
        "audit.html",
        status=422 if problems else 200,
        given=given,
        problems=Problems.of(problems),
        page=page,
        pager=pager.at(end_cursor=page.end_cursor, has_next=page.has_next) if page else pager,
        export_to=with_query(f"{PATH}/export", **given),
    )


def _filters(given: dict[str, str]) -> tuple[AuditFilters, list[Refusal]]:
    problems: list[Refusal] = []
    plain_fields(given, ("actor", "action", "subject"), problems)
    choice_fields(given, {"outcome": AUDIT_OUTCOMES}, problems)
    first_instant, last_instant = day_range(given, "at_from", "at_to", problems)
    filters = AuditFilters(
        actor=given.get("actor"),
        action=given.get("action"),
        subject=given.get("subject"),
        outcome=given.get("outcome"),
        at_from=first_instant,
        at_to=last_instant,
    )
    return filters, problems


SHEET = Sheet(
    action="audit.exported",
    subject="audit",
    title="审计日志",
    file_name="audit",
    headings=("时间", "人员", "人员编号", "渠道", "操作", "操作代码", "对象", "结果", "详情"),
)


async def export(desk: Desk) -> Response:
    """All filtered events, the newest first; the export's own event is not yet among them."""
    given = filled(desk.query, FILTER_FIELDS)
    filters, problems = _filters(given)
    if problems:
        raise Refused(*problems)

    async def fetch(behind: Page[AuditEvent] | None) -> Page[AuditEvent]:
        after, total = (behind.end_cursor, behind.total) if behind else (None, None)
        return await events(filters=filters, first=EXPORT_PAGE_SIZE, after=after, total=total)

    async def lines(page: Page[AuditEvent]) -> list[Cells]:
        return [_row(event) for event in page.items]

    return await export_list(desk=desk, sheet=SHEET, filters=given, fetch=fetch, lines=lines)


def _row(event: AuditEvent) -> Cells:
    return (
        moment_exact(event.at),
        event.actor_name,
        event.actor,
        channel_name(event.channel),
        audit_action(event.action),
        event.action,
        event.subject,
        AUDIT_OUTCOMES.get(event.outcome, event.outcome),
        "；".join(f"{name} {value}" for name, value in audit_pairs(event.detail)),
    )


PAGES = (
    DeskPage(PATH, "audit.read", show),
    DeskPage(f"{PATH}/export", "audit.read", export, "POST"),
)
