"""审核队列: filters, totals of the page and of all, pages without script, export of all rows (D25)."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response

from backoffice.components import Pager, Problems, channel_name, flag_text, moment, state_names, with_query
from backoffice.desk import Desk, DeskPage
from backoffice.directory import office_names, staff_names
from backoffice.exporting import EXPORT_PAGE_SIZE, Cells, Sheet, export_list
from backoffice.forms import YES_NO, choice_fields, day_range, filled
from domain import cases, catalogue
from domain.cases import CaseView, QueueFilters, QueuePage
from domain.kernel.money import Money, total
from domain.kernel.paging import Page
from domain.kernel.refusal import Refusal, Refused

PATH = "/backoffice/cases"
PAGE_SIZE = 20
FILTER_FIELDS = (
    "item",
    "state",
    "office",
    "channel",
    "flagged",
    "locked",
    "submitted_from",
    "submitted_to",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What the filters offer, each code → name."""

    item: dict[str, str]
    state: dict[str, str]
    office: dict[str, str]
    channel: dict[str, str]


async def show(desk: Desk) -> Response:
    given = filled(desk.query, FILTER_FIELDS)
    choices = await _choices(desk)
    filters, problems = _filters(given, choices)
    pager = Pager.read(path=PATH, query=given, pages=desk.query.get("pages"))
    page: QueuePage | None = None
    if not problems:
        try:
            page = await cases.review_queue(
                actor=desk.actor, filters=filters, first=PAGE_SIZE, after=pager.after, now=desk.now
            )
        except Refused as refused:
            problems.extend(refused.refusals)
    rows = page.items if page else ()
    return desk.page(
        "queue.html",
        status=422 if problems else 200,
        given=given,
        choices=choices,
        problems=Problems.of(problems),
        page=page,
        page_amount=total([case.amount for case in rows]),
        pager=pager.at(end_cursor=page.end_cursor, has_next=page.has_next) if page else pager,
        holders=await staff_names(case.locked_by for case in rows),
        export_to=with_query(f"{PATH}/export", **given),
        may_export=desk.may("case.export"),
    )


def _with_cases() -> list[catalogue.ServiceItem]:
    """Open items whose applications are cases; a transfer has a page of its own."""
    return [item for item in catalogue.items() if item.opening is not None and item.opening.staff_page == PATH]


async def _choices(desk: Desk) -> Choices:
    offices = await office_names()
    mine = desk.actor.office_codes
    return Choices(
        item={item.identifier: f"{item.code} {item.name}" for item in _with_cases()},
        state=state_names(),
        office={code: name for code, name in offices.items() if not mine or code in mine},
        channel=dict(catalogue.channels()),
    )


def _filters(given: dict[str, str], choices: Choices) -> tuple[QueueFilters, list[Refusal]]:
    """The filters of the address, and what is wrong with it."""
    problems: list[Refusal] = []
    offered = {name: getattr(choices, name) for name in ("item", "state", "office", "channel")}
    choice_fields(given, {**offered, "flagged": YES_NO, "locked": YES_NO}, problems)
    first_instant, last_instant = day_range(given, "submitted_from", "submitted_to", problems)
    filters = QueueFilters(
        item=given.get("item"),
        state=given.get("state"),
        office_code=given.get("office"),
        channel=given.get("channel"),
        flagged=YES_NO.get(given.get("flagged", "")),
        locked=YES_NO.get(given.get("locked", "")),
        submitted_from=first_instant,
        submitted_to=last_instant,
    )
    return filters, problems


HEADINGS = (
    "办件编号",
    "事项",
    "申请人",
    "金额（元）",
    "状态",
    "渠道",
    "管理部",
    "提交时间",
    "办理期限",
    "审核标记",
    "领取人",
)


async def export(desk: Desk) -> Response:
    """All filtered rows with the sum of their amounts."""
    given = filled(desk.query, FILTER_FIELDS)
    filters, problems = _filters(given, await _choices(desk))
    if problems:
        raise Refused(*problems)
    offices = await office_names()
    amount = Money.zero()

    async def fetch(behind: Page[CaseView] | None) -> Page[CaseView]:
        after = behind.end_cursor if behind else None
        return await cases.review_queue(
            actor=desk.actor, filters=filters, first=EXPORT_PAGE_SIZE, after=after, now=desk.now
        )

    async def lines(page: Page[CaseView]) -> list[Cells]:
        nonlocal amount
        amount += total([case.amount for case in page.items])
        holders = await staff_names(case.locked_by for case in page.items)
        return [_row(desk, case, offices=offices, holders=holders) for case in page.items]

    sheet = Sheet(
        action="case.exported",
        subject="queue",
        title="审核队列",
        file_name="queue",
        headings=HEADINGS,
        closing=lambda count: ("合计", f"{count}件", "", str(amount)),
    )
    return await export_list(desk=desk, sheet=sheet, filters=given, fetch=fetch, lines=lines)


def _row(desk: Desk, case: CaseView, *, offices: dict[str, str], holders: dict[int, str]) -> Cells:
    holder = holders.get(case.locked_by or 0, "") if case.is_locked(now=desk.now) else ""
    return (
        case.case_no,
        case.item_name,
        case.applicant_name,
        str(case.amount),
        case.state_name,
        channel_name(case.channel),
        offices.get(case.office_code, case.office_code),
        moment(case.submitted_at),
        case.due_on.isoformat(),
        "；".join(flag_text(flag) for flag in case.flags),
        holder,
    )


PAGES = (
    DeskPage(PATH, "queue.read", show),
    DeskPage(f"{PATH}/export", "case.export", export, "POST"),
)
