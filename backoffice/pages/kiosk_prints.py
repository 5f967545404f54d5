"""自助打印: what the kiosks printed, and what their printers reported (D13, D25)."""

from __future__ import annotations

from starlette.responses import Response

from backoffice.components import Pager, Problems, moment, with_query
from backoffice.desk import Desk, DeskPage
from backoffice.directory import office_names
from backoffice.exporting import EXPORT_PAGE_SIZE, Cells, Sheet, export_list
from backoffice.forms import choice_fields, day_field, filled, plain_fields
from backoffice.refusals import DATES_REVERSED
from domain import withdrawals
from domain.kernel.paging import Page
from domain.kernel.refusal import Refusal, Refused
from domain.withdrawals import REPORT_NAMES, KioskPrint, KioskPrintFilters, KioskPrintPage

PATH, READ, EXPORT = "/backoffice/kiosk-prints", "case.print", "case.export"
PAGE_SIZE = 50
FIELDS = ("office", "device", "state", "since", "until")
TONES = {"handed": "waiting", "printed": "good", "failed": "bad"}
HEADINGS = (
    "终端",
    "管理部",
    "文书",
    "编号",
    "持有人",
    "第几次",
    "打印时间",
    "结果",
    "故障",
    "回报时间",
    "重新打印原因",
)


async def listed(desk: Desk) -> Response:
    given = filled(desk.query, FIELDS)
    offices = await office_names()
    filters, problems = _filters(given, offices)
    pager = Pager.read(path=PATH, query=given, pages=desk.query.get("pages"))
    page: KioskPrintPage | None = None
    if not problems:
        page = await withdrawals.kiosk_prints(actor=desk.actor, filters=filters, first=PAGE_SIZE, after=pager.after)
    return desk.page(
        "kiosk_prints.html",
        status=422 if problems else 200,
        given=given,
        problems=Problems.of(problems),
        offices=offices,
        states=REPORT_NAMES,
        tones=TONES,
        page=page,
        pager=pager.at(end_cursor=page.end_cursor, has_next=page.has_next) if page else pager,
        troubles=await withdrawals.printer_troubles(),
        may_export=desk.may(EXPORT),
        export_to=with_query(f"{PATH}/export", **given),
    )


async def export(desk: Desk) -> Response:
    given = filled(desk.query, FIELDS)
    offices = await office_names()
    filters, problems = _filters(given, offices)
    if problems:
        raise Refused(*problems)

    async def fetch(behind: Page[KioskPrint] | None) -> Page[KioskPrint]:
        after = behind.end_cursor if behind else None
        return await withdrawals.kiosk_prints(actor=desk.actor, filters=filters, first=EXPORT_PAGE_SIZE, after=after)

    async def lines(page: Page[KioskPrint]) -> list[Cells]:
        return [_row(one, offices) for one in page.items]

    sheet = Sheet(
        action="kiosk.prints_exported",
        subject="kiosk_prints",
        title="自助打印登记",
        file_name="kiosk_prints",
        headings=HEADINGS,
        closing=lambda count: ("合计", f"{count}次"),
    )
    return await export_list(desk=desk, sheet=sheet, filters=given, fetch=fetch, lines=lines)


def _row(one: KioskPrint, offices: dict[str, str]) -> Cells:
    return (
        one.device_no,
        offices.get(one.office_code, one.office_code),
        one.title,
        one.paper_no,
        one.holder,
        str(one.count),
        moment(one.handed_at),
        one.state_name,
        one.trouble_name,
        moment(one.reported_at) if one.reported_at else "",
        one.reason,
    )


def _filters(given: dict[str, str], offices: dict[str, str]) -> tuple[KioskPrintFilters, list[Refusal]]:
    problems: list[Refusal] = []
    choice_fields(given, {"state": REPORT_NAMES, "office": offices}, problems)
    plain_fields(given, ("device",), problems)
    since, until = day_field(given, "since", problems), day_field(given, "until", problems)
    if since and until and since > until:
        problems.append(Refusal(DATES_REVERSED.code, DATES_REVERSED.message, "until"))
    return (
        KioskPrintFilters(
            office_code=given.get("office"),
            device_no=given.get("device"),
            state=given.get("state"),
            since=since,
            until=until,
        ),
        problems,
    )


PAGES = (DeskPage(PATH, READ, listed), DeskPage(f"{PATH}/export", EXPORT, export, "POST"))
