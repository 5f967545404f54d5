"""Root fields of 自助打印."""

from __future__ import annotations

import strawberry

from resolvers import kiosk_papers as of_kiosk_papers
from schema.guards import CITIZEN_SELF, answered
from schema.types.kiosk_papers import PrintablePaper, PrintPaperPayload, ReportPrintPayload


@strawberry.type
class KioskPaperQueries:
    printable_papers: list[PrintablePaper] = answered(
        of_kiosk_papers.printable_papers,
        CITIZEN_SELF,
        "可打印文书 · papers of the caller's cases and accounts that a kiosk prints",
        list_size=20,
    )


@strawberry.type
class KioskPaperMutations:
    print_paper: PrintPaperPayload = answered(
        of_kiosk_papers.print_paper,
        CITIZEN_SELF,
        "打印文书 · hand a sealed paper to the kiosk's printer, once",
        weight=30,
    )
    report_print: ReportPrintPayload = answered(
        of_kiosk_papers.report_print, CITIZEN_SELF, "回报打印结果 · what the kiosk's printer made of a paper"
    )
