"""自助打印: what a citizen takes from the kiosk they stand at. Elsewhere nothing is printed."""

from __future__ import annotations

from auth import kiosks
from auth.kiosks.refusals import NOT_AT_KIOSK
from domain import withdrawals
from domain.kernel.refusal import Refused
from domain.withdrawals import Terminal
from resolvers.mutation import refusable
from schema.context import Info
from schema.types.kiosk_papers import (
    PaperPrint,
    PrintablePaper,
    PrintPaperInput,
    PrintPaperPayload,
    ReportPrintInput,
    ReportPrintPayload,
)


async def printable_papers(info: Info) -> list[PrintablePaper]:
    context = info.context
    found = await withdrawals.printable_papers(actor=context.actor, business_date=context.business_date)
    return [PrintablePaper.of(one) for one in found]


@refusable(PrintPaperPayload)
async def print_paper(info: Info, input: PrintPaperInput) -> PrintPaperPayload:
    context = info.context
    device = await kiosks.device_of(actor=context.actor)
    if device is None:
        raise Refused(NOT_AT_KIOSK())
    handed = await withdrawals.print_at_kiosk(
        actor=context.actor,
        terminal=Terminal(device_no=device.device_no, office_code=device.office_code),
        key=input.paper,
        request_key=input.request_key,
        now=context.now,
        business_date=context.business_date,
    )
    return PrintPaperPayload(print=PaperPrint.of(handed), user_errors=[])


@refusable(ReportPrintPayload)
async def report_print(info: Info, input: ReportPrintInput) -> ReportPrintPayload:
    context = info.context
    await withdrawals.report_print(
        actor=context.actor, paper_no=input.paper_no, count=input.count, trouble=input.outcome.value, now=context.now
    )
    return ReportPrintPayload(papers=await printable_papers(info), user_errors=[])
