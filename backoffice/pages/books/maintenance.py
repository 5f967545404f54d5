"""报表 of a set of 财会〔2020〕7号: 资产负债表, 收支表 and 净资产变动表, and their exports (R14.6)."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response

from backoffice.components import with_query
from backoffice.desk import Desk, DeskPage
from backoffice.exporting import Cells, Sheet, at_once, export_list
from backoffice.pages.books.shared import PATH, READ, Chosen, chosen
from backoffice.refusals import PAGE_NOT_FOUND
from domain import ledger
from domain.kernel.paging import Page
from domain.kernel.refusal import Refused
from domain.ledger import IncomeLine, NetAssetLine, SheetLine

_PATH = f"{PATH}/statements/maintenance"


@dataclass(frozen=True, slots=True, kw_only=True)
class Statements:
    sheet: list[SheetLine]
    income: list[IncomeLine]
    changes: list[NetAssetLine]
    exports: dict[str, str]


async def statements(given: Chosen) -> Statements:
    account_set, period = given.account_set, given.period
    return Statements(
        sheet=await ledger.maintenance_sheet(account_set=account_set, period=period),
        income=await ledger.maintenance_income(account_set=account_set, period=period),
        changes=await ledger.net_asset_changes(account_set=account_set, period=period),
        exports={name: with_query(f"{_PATH}/{name}/export", **given.given) for name in ("sheet", "income", "changes")},
    )


SHEET = Sheet(
    action="books.exported",
    subject="books:maintenance-sheet",
    title="住宅专项维修资金资产负债表",
    file_name="maintenance-sheet",
    headings=("行次", "项目", "年初余额", "期末余额"),
)
INCOME_SHEET = Sheet(
    action="books.exported",
    subject="books:maintenance-income",
    title="住宅专项维修资金收支表",
    file_name="maintenance-income",
    headings=("行次", "项目", "本月数", "本年累计数"),
)
CHANGES_SHEET = Sheet(
    action="books.exported",
    subject="books:net-assets",
    title="住宅专项维修资金净资产变动表",
    file_name="net-assets",
    headings=("行次", "项目", "商品住宅维修资金", "已售公有住房维修资金", "待分配累计收益", "净资产合计"),
)


async def _given(desk: Desk) -> Chosen:
    given = await chosen(desk)
    if given.problems or not given.is_maintenance:
        raise Refused(*(given.problems or [PAGE_NOT_FOUND]))
    return given


async def export_sheet(desk: Desk) -> Response:
    given = await _given(desk)
    lines = await ledger.maintenance_sheet(account_set=given.account_set, period=given.period)

    async def cells(found: Page[SheetLine]) -> list[Cells]:
        return [(str(one.row_no), one.name, str(one.opening), str(one.closing)) for one in found.items]

    return await export_list(desk=desk, sheet=SHEET, filters=given.given, fetch=at_once(lines), lines=cells)


async def export_income(desk: Desk) -> Response:
    given = await _given(desk)
    lines = await ledger.maintenance_income(account_set=given.account_set, period=given.period)

    async def cells(found: Page[IncomeLine]) -> list[Cells]:
        return [(str(one.row_no), one.name, str(one.current), str(one.year)) for one in found.items]

    return await export_list(desk=desk, sheet=INCOME_SHEET, filters=given.given, fetch=at_once(lines), lines=cells)


async def export_changes(desk: Desk) -> Response:
    given = await _given(desk)
    lines = await ledger.net_asset_changes(account_set=given.account_set, period=given.period)

    async def cells(found: Page[NetAssetLine]) -> list[Cells]:
        return [
            (
                str(one.row_no),
                one.name,
                *(str(amount) for amount in (one.commodity, one.public, one.undistributed, one.sum)),
            )
            for one in found.items
        ]

    return await export_list(desk=desk, sheet=CHANGES_SHEET, filters=given.given, fetch=at_once(lines), lines=cells)


PAGES = (
    DeskPage(f"{_PATH}/sheet/export", READ, export_sheet, "POST"),
    DeskPage(f"{_PATH}/income/export", READ, export_income, "POST"),
    DeskPage(f"{_PATH}/changes/export", READ, export_changes, "POST"),
)
