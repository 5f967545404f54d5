"""维修资金退款: all refunds by state and department; a refund is asked for on its case's page."""

from __future__ import annotations

from starlette.responses import Response

from backoffice.components import Pager, Problems, moment_exact, with_query
from backoffice.desk import Desk, DeskPage
from backoffice.directory import office_names
from backoffice.exporting import EXPORT_PAGE_SIZE, Cells, Sheet, export_list
from backoffice.forms import choice_fields, filled
from backoffice.pages.case import REFUND_TONES
from domain import withdrawals
from domain.kernel.money import Money
from domain.kernel.paging import Page
from domain.kernel.refusal import Refusal, Refused
from domain.withdrawals import RefundFilters, RefundLine

PATH = "/backoffice/maintenance"
READ, EXPORT = "maintenance.read", "case.export"
PAGE_SIZE = 20
HEADINGS = ("付款时间", "办件编号", "退款编号", "申请人", "管理部", "金额", "状态", "退往", "原因", "说明", "办结时间")


async def listed(desk: Desk) -> Response:
    given, filters, offices = await _asked(desk)
    pager = Pager.read(path=PATH, query=given, pages=desk.query.get("pages"))
    page, whole = await withdrawals.refunds(actor=desk.actor, filters=filters, first=PAGE_SIZE, after=pager.after)
    return desk.page(
        "maintenance.html",
        given=given,
        states=withdrawals.REFUND_STATES,
        offices=offices,
        problems=Problems(),
        page=page,
        whole=whole,
        of_page=sum((one.refund.amount for one in page.items), Money.zero()),
        pager=pager.at(end_cursor=page.end_cursor, has_next=page.has_next),
        tones=REFUND_TONES,
        may_export=desk.may(EXPORT),
        export_to=with_query(f"{PATH}/export", **given),
    )


async def _asked(desk: Desk) -> tuple[dict[str, str], RefundFilters, dict[str, str]]:
    """What the address asks for. Raises Refused."""
    given = filled(desk.query, ("state", "office"))
    offices = await office_names()
    problems: list[Refusal] = []
    choice_fields(given, {"state": withdrawals.REFUND_STATES, "office": offices}, problems)
    if problems:
        raise Refused(*problems)
    return given, RefundFilters(state=given.get("state"), office_code=given.get("office")), offices


async def export(desk: Desk) -> Response:
    given, filters, offices = await _asked(desk)

    async def fetch(behind: Page[RefundLine] | None) -> Page[RefundLine]:
        page, _ = await withdrawals.refunds(
            actor=desk.actor, filters=filters, first=EXPORT_PAGE_SIZE, after=behind.end_cursor if behind else None
        )
        return page

    async def lines(page: Page[RefundLine]) -> list[Cells]:
        return [_cells(one, offices) for one in page.items]

    sheet = Sheet(
        action="maintenance.exported", subject="maintenance", title="维修资金退款", file_name="maintenance-refunds",
        headings=HEADINGS,
    )  # fmt: skip
    return await export_list(desk=desk, sheet=sheet, filters=given, fetch=fetch, lines=lines)


def _cells(one: RefundLine, offices: dict[str, str]) -> Cells:
    refund = one.refund
    return (
        moment_exact(refund.ordered_at),
        one.case_no,
        refund.refund_no,
        one.applicant_masked,
        offices.get(one.office_code, one.office_code),
        str(refund.amount),
        refund.state_name,
        f"个人账户{refund.to_account_no}" if refund.to_account_no else "本人银行卡",
        refund.reason,
        refund.trouble or "",
        moment_exact(refund.ended_at),
    )


PAGES = (DeskPage(PATH, READ, listed), DeskPage(f"{PATH}/export", EXPORT, export, "POST"))
