"""清册下载: the months' inventories as a workbook, a sheet a month (D15)."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Sequence
from urllib.parse import quote

import openpyxl
from openpyxl.writer.excel import save_workbook
from starlette.responses import Response

from channels.employer_portal.visiting import HEADERS, Visit, month_of
from domain import contributions
from domain.contributions import INVENTORY_EMPTY, MonthInventory
from domain.kernel.refusal import Refused

HEADINGS = ("个人账号", "姓名", "缴存基数", "单位月缴存额", "职工月缴存额", "合计", "与另一版的差异")
_SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


async def download(visit: Visit) -> Response:
    given = visit.request.query_params
    found = await contributions.inventory_of(
        actor=visit.actor,
        employer_no=visit.employer_no,
        from_month=month_of(given.get("from")),
        until_month=month_of(given.get("until")),
        which="first" if given.get("which") == "first" else "latest",
    )
    if not found:
        raise Refused(INVENTORY_EMPTY())
    content = await asyncio.to_thread(_workbook, found)
    name = quote(f"汇缴清册{found[0].month}至{found[-1].month}.xlsx")
    headers = {**HEADERS, "Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
    return Response(content, media_type=_SHEET, headers=headers)


def _workbook(found: Sequence[MonthInventory]) -> bytes:
    book = openpyxl.Workbook(write_only=True)
    for month in found:
        sheet = book.create_sheet(str(month.month))
        sheet.append(
            [f"汇缴书 {month.statement_no}，第{month.version}版（共{month.versions}版），{len(month.lines)}人"]
        )
        sheet.append(list(HEADINGS))
        for line in month.lines:
            # numbers as text: a workbook would make floats of them
            parts = (line.base, line.employer_part, line.employee_part, line.employer_part + line.employee_part)
            sheet.append([str(line.account_no), line.name_masked, *(str(part) for part in parts), line.difference])
        sheet.append(["合计", "", "", "", "", str(month.total), ""])
        if month.left_out:
            sheet.append(["另一版另有：" + "、".join(month.left_out)])
    content = io.BytesIO()
    save_workbook(book, content)
    return content.getvalue()


DOORS = (("/inventory.xlsx", download, "GET"),)
