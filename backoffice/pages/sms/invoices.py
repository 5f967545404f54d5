"""运营商账单: a carrier's invoice of a month matched line by line, its differences, and the conclusion of a second
person."""

from __future__ import annotations

from starlette.responses import Response

from backoffice.desk import Desk, DeskPage, redirect
from backoffice.directory import staff_names
from backoffice.exporting import Cells, Sheet, at_once, export_list
from backoffice.pages.sms.shared import MONEY, PATH, READ, carrier_name, known_carriers, period_of, show
from backoffice.refusals import FORM_MALFORMED, PAGE_NOT_FOUND
from domain.kernel.dates import YearMonth
from domain.kernel.paging import Page
from domain.kernel.refusal import Refused
from notifications import invoices, pricing
from notifications.invoices import HEADINGS, OUTCOME_NAMES, Invoice, MatchedLine
from notifications.refusals import CARRIER_UNKNOWN, INVOICE_MALFORMED

LIST = f"{PATH}/invoices"
FILE_BYTES_MAX = 32 * 1024 * 1024
SHOWN_MAX = 200
STATES = {"loaded": ("待核对", "waiting"), "agreed": ("已认可", "good"), "disputed": ("有争议", "bad")}
_NOTICES = {"loaded": "账单已导入并逐行核对。", "agreed": "已认可。", "disputed": "已登记为有争议。"}


async def listed(desk: Desk) -> Response:
    return await _list(desk)


async def _list(desk: Desk, *, refused: Refused | None = None) -> Response:
    return show(
        desk,
        "sms_invoices.html",
        refused=refused,
        found=[(one, *STATES[one.state], YearMonth.of_period(one.period)) for one in await invoices.listed()],
        carriers=await known_carriers(),
        headings="，".join(HEADINGS),
        last_month=YearMonth.of(desk.business_date).minus(months=1),
        money_of=pricing.money_of,
    )


async def load(desk: Desk) -> Response:
    try:
        period = period_of(desk.form.get("period"), otherwise=YearMonth.of(desk.business_date).minus(months=1))
        carrier = desk.form.get("carrier", "")
        if carrier not in await known_carriers():
            raise Refused(CARRIER_UNKNOWN())
        if desk.file is None:
            raise Refused(INVOICE_MALFORMED(line=1, why="没有选择文件"))
        made = await invoices.load(
            actor=desk.actor,
            carrier=carrier,
            period=period,
            file_name=desk.file.name,
            content=desk.file.content,
            now=desk.now,
        )
    except Refused as refused:
        return await _list(desk, refused=refused)
    return redirect(f"{LIST}/{made.invoice_id}?done=loaded")


async def shown(desk: Desk) -> Response:
    return await _one(desk, await _asked(desk))


async def _one(desk: Desk, found: Invoice, *, refused: Refused | None = None) -> Response:
    everything = desk.query.get("lines") == "all"
    lines = await invoices.lines_of(invoice_id=found.invoice_id, differing=not everything, most=SHOWN_MAX + 1)
    references = {one for one in (found.loaded_by, found.decided_by) if one}
    ids = {one: int(one.partition(":")[2]) for one in references if one.startswith("staff:")}
    names = await staff_names(set(ids.values()))
    return show(
        desk,
        "sms_invoice.html",
        refused=refused,
        found=found,
        period=YearMonth.of_period(found.period),
        state=STATES[found.state],
        outcomes=await invoices.outcomes_of(invoice_id=found.invoice_id),
        outcome_names=OUTCOME_NAMES,
        lines=lines[:SHOWN_MAX],
        more=len(lines) > SHOWN_MAX,
        everything=everything,
        money_of=pricing.money_of,
        milli_text=pricing.milli_text,
        mine=found.loaded_by == desk.actor.reference,
        names={one: names.get(number, "") for one, number in ids.items()},
        here=f"{LIST}/{found.invoice_id}",
        notice=_NOTICES.get(desk.query.get("done", "")),
    )


async def _asked(desk: Desk) -> Invoice:
    given = desk.request.path_params["invoice_id"]
    if not (given.isascii() and given.isdigit() and len(given) <= 18):
        raise Refused(PAGE_NOT_FOUND)
    try:
        return await invoices.invoice(invoice_id=int(given))
    except Refused:
        raise Refused(PAGE_NOT_FOUND) from None


async def decide(desk: Desk) -> Response:
    found, decision = await _asked(desk), desk.form.get("decision")
    if decision not in ("agree", "dispute"):
        raise Refused(FORM_MALFORMED)
    try:
        await invoices.decide(
            actor=desk.actor,
            invoice_id=found.invoice_id,
            agree=decision == "agree",
            note=desk.form.get("note", ""),
            now=desk.now,
        )
    except Refused as refused:
        return await _one(desk, found, refused=refused)
    return redirect(f"{LIST}/{found.invoice_id}?done={'agreed' if decision == 'agree' else 'disputed'}")


async def export(desk: Desk) -> Response:
    """The differences as a file for the carrier."""
    found = await _asked(desk)
    differing = await invoices.lines_of(invoice_id=found.invoice_id, differing=True, most=invoices.LINES_MAX)

    async def lines(page: Page[MatchedLine]) -> list[Cells]:
        return [
            (
                one.number,
                one.day.isoformat(),
                "" if one.told_parts is None else str(one.told_parts),
                "" if one.told_milli is None else pricing.milli_text(one.told_milli),
                "" if one.our_parts is None else str(one.our_parts),
                "" if one.our_milli is None else pricing.milli_text(one.our_milli),
                OUTCOME_NAMES[one.outcome],
            )
            for one in page.items
        ]

    sheet = Sheet(
        action="sms.invoice_exported",
        subject=f"invoice:{found.invoice_id}",
        title=f"账单差异_{carrier_name(found.carrier)}_{found.period}",
        file_name="sms-invoice",
        headings=("短信编号", "日期", "账单条数", "账单金额(元)", "我方条数", "我方金额(元)", "结果"),
    )
    return await export_list(desk=desk, sheet=sheet, filters={}, fetch=at_once(differing), lines=lines)


PAGES = (
    DeskPage(LIST, READ, listed),
    DeskPage(f"{LIST}/load", MONEY, load, "POST", FILE_BYTES_MAX),
    DeskPage(f"{LIST}/{{invoice_id}}", READ, shown),
    DeskPage(f"{LIST}/{{invoice_id}}/decide", MONEY, decide, "POST"),
    DeskPage(f"{LIST}/{{invoice_id}}/export", READ, export, "POST"),
)
