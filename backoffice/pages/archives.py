"""财务档案 (R14.5): papers filed, found by system module and collection point, opened, struck out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from urllib.parse import quote

from starlette.responses import Response

from backoffice.components import Pager, Problems, with_query
from backoffice.desk import Desk, DeskPage, redirect
from backoffice.exporting import EXPORT_PAGE_SIZE, Cells, Sheet, export_list
from backoffice.forms import choice_fields, day_field, filled, plain_fields, text
from backoffice.pages.funds import names
from backoffice.pages.funds.refusals import FILE_MISSING
from backoffice.pages.funds.shared import choice_field, number_field, path_number
from backoffice.refusals import DATES_REVERSED
from domain import archives, ledger, settlement
from domain.archives import MODULE_NAMES, FiledFilters, FiledPaper, Module, Scan
from domain.kernel.database import transaction
from domain.kernel.dates import YearMonth
from domain.kernel.paging import Page
from domain.kernel.refusal import Refusal, Refused

PATH = "/backoffice/archives"
READ, FILE, EXPORT = "archives.read", "archives.file", "funds.export"
PAGE_SIZE = 50
FILTER_FIELDS = ("module", "reference", "office", "since", "until")
NAMES = {module.value: name for module, name in MODULE_NAMES.items()}
# how each module's papers name what they belong to
HINTS = {
    Module.RECEIPT: "在到账页面归档",
    Module.VOUCHER: "账套代码:凭证号，如 provident_fund:202610-0012",
    Module.ACCOUNT: "专户编码，如 102",
    Module.STATEMENT: "专户编码:日期，如 102:2026-10-31",
    Module.REPORT: "账套代码:月份，如 provident_fund:2026-10",
}
REFERENCE_UNKNOWN = Refusal(
    "desk.archive_reference", "没有找到所属业务，请按提示的格式填写已有的凭证、专户、日期或账套。", "reference"
)
_DONE = {"filed": "已归档。", "struck": "已作废，文件保留备查。"}
_TO_FILE = {value: name for value, name in NAMES.items() if value != Module.RECEIPT.value}


async def listed(desk: Desk) -> Response:
    return await _show(desk)


async def _show(desk: Desk, *, refusals: Sequence[Refusal] = (), entered: Mapping[str, str] | None = None) -> Response:
    given = filled(desk.query, FILTER_FIELDS)
    offices = await names.offices()
    filters, problems = _filters(desk, given, offices)
    pager = Pager.read(path=PATH, query=given, pages=desk.query.get("pages"))
    page: Page[FiledPaper] | None = None
    if not problems:
        page = await archives.filed(filters=filters, first=PAGE_SIZE, after=pager.after)
    return desk.page(
        "archives.html",
        status=422 if problems or refusals else 200,
        given=given,
        problems=Problems.of([*problems, *refusals]),
        notice=_DONE.get(desk.query.get("done", "")) if not refusals else None,
        modules=NAMES,
        to_file=_TO_FILE,
        hints=[(NAMES[module.value], hint) for module, hint in HINTS.items()],
        offices=offices,
        page=page,
        pager=pager.at(end_cursor=page.end_cursor, has_next=page.has_next) if page else pager,
        may_file=desk.may(FILE),
        may_export=desk.may(EXPORT),
        entered=entered or {},
        export_to=with_query(f"{PATH}/export", **given),
    )


def _filters(desk: Desk, given: dict[str, str], offices: dict[str, str]) -> tuple[FiledFilters, list[Refusal]]:
    problems: list[Refusal] = []
    choice_fields(given, {"module": NAMES, "office": offices}, problems)
    plain_fields(given, ("reference",), problems)
    since, until = day_field(given, "since", problems), day_field(given, "until", problems)
    if since and until and since > until:
        problems.append(Refusal(DATES_REVERSED.code, DATES_REVERSED.message, "until"))
    return (
        FiledFilters(
            module=Module(given["module"]) if given.get("module") in NAMES else None,
            reference=given.get("reference"),
            office_code=given.get("office"),
            since=since,
            until=until,
            offices=_own_offices(desk),
        ),
        problems,
    )


def _own_offices(desk: Desk) -> tuple[str, ...] | None:
    """Staff of an office find what its points took in; those of the centre find everything."""
    return tuple(sorted(desk.actor.office_codes)) or None


async def file(desk: Desk) -> Response:
    try:
        problems: list[Refusal] = []
        module = choice_field(desk.form, "module", _TO_FILE, problems)
        offices = await names.offices()
        office = choice_field(desk.form, "office", _permitted(desk, offices), problems)
        pages = number_field(desk.form, "pages", problems)
        about_on = day_field(desk.form, "about_on", problems)
        if desk.file is None or not desk.file.content:
            problems.append(FILE_MISSING)
        if problems:
            raise Refused(*problems)
        assert desk.file is not None
        reference = text(desk.form, "reference") or ""
        if not await _names_something(Module(module), reference):
            raise Refused(REFERENCE_UNKNOWN)
        async with transaction() as tx:
            await archives.file_paper(
                tx,
                actor=desk.actor,
                module=Module(module),
                reference=reference,
                office_code=office,
                scan=Scan(
                    content=desk.file.content,
                    name=desk.file.name,
                    pages=pages or 0,
                    about_on=about_on or desk.business_date,
                ),
                now=desk.now,
            )
    except Refused as refused:
        return await _show(desk, refusals=refused.refusals, entered=desk.form)
    return redirect(with_query(PATH, module=module, reference=reference, done="filed"))


def _permitted(desk: Desk, offices: dict[str, str]) -> dict[str, str]:
    own = _own_offices(desk)
    return {code: name for code, name in offices.items() if own is None or code in own}


async def _names_something(module: Module, reference: str) -> bool:
    first, _, second = reference.partition(":")
    if module is Module.VOUCHER:
        period, _, number = second.partition("-")
        if not (period.isascii() and period.isdigit() and number.isascii() and number.isdigit() and len(second) < 16):
            return False
        return await ledger.formal_voucher(account_set=first, period=int(period), number=int(number)) is not None
    if module is Module.REPORT:
        return first in await names.account_sets() and _parses(YearMonth.parse, second)
    known = {one.code for one in await settlement.bank_accounts(include_closed=True)}
    if module is Module.ACCOUNT:
        return reference in known
    return first in known and _parses(date.fromisoformat, second)


def _parses(parse: object, given: str) -> bool:
    assert callable(parse)
    try:
        parse(given)
    except ValueError:
        return False
    return True


async def opened(desk: Desk) -> Response:
    """The scan itself, as it was filed, to be saved: a browser never runs what somebody else sent."""
    paper, content = await archives.open_filed(
        actor=desk.actor, filed_id=path_number(desk, "filed_id"), offices=_own_offices(desk), now=desk.now
    )
    return Response(
        content,
        media_type=paper.media_type,
        headers={
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(paper.name)}",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        },
    )


async def strike(desk: Desk) -> Response:
    try:
        await archives.strike_out(
            actor=desk.actor,
            filed_id=path_number(desk, "filed_id"),
            offices=_own_offices(desk),
            reason=desk.form.get("reason", ""),
            now=desk.now,
        )
    except Refused as refused:
        return await _show(desk, refusals=refused.refusals)
    return redirect(with_query(PATH, done="struck"))


SHEET = Sheet(
    action="archive.exported",
    subject="archives",
    title="财务档案目录",
    file_name="archives",
    headings=(
        "系统模块",
        "所属业务",
        "归集点",
        "日期",
        "文件名",
        "页数",
        "归档人",
        "归档时间",
        "作废原因",
        "摘要值（SM3）",
    ),
)


async def export(desk: Desk) -> Response:
    given = filled(desk.query, FILTER_FIELDS)
    offices = await names.offices()
    filters, problems = _filters(desk, given, offices)
    if problems:
        raise Refused(*problems)

    async def fetch(behind: Page[FiledPaper] | None) -> Page[FiledPaper]:
        after = behind.end_cursor if behind else None
        return await archives.filed(filters=filters, first=EXPORT_PAGE_SIZE, after=after)

    async def lines(page: Page[FiledPaper]) -> list[Cells]:
        return [
            (
                one.module_name,
                one.reference,
                offices.get(one.office_code, one.office_code),
                str(one.about_on),
                one.name,
                str(one.pages),
                one.filed_by_name,
                f"{one.filed_at:%Y-%m-%d %H:%M}",
                one.struck_reason or "",
                one.digest,
            )
            for one in page.items
        ]

    return await export_list(desk=desk, sheet=SHEET, filters=given, fetch=fetch, lines=lines)


PAGES = (
    DeskPage(PATH, READ, listed),
    DeskPage(f"{PATH}/file", FILE, file, "POST", archives.SCAN_BYTES_MAX),
    DeskPage(f"{PATH}/export", EXPORT, export, "POST"),
    DeskPage(f"{PATH}/{{filed_id}}", READ, opened),
    DeskPage(f"{PATH}/{{filed_id}}/strike", FILE, strike, "POST"),
)
