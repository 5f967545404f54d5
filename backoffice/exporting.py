"""Lists as CSV for a spreadsheet (D25): all filtered rows, sent as they are read, audited before the first."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import quote

from starlette.responses import Response, StreamingResponse

from backoffice import reads
from backoffice.desk import Desk
from domain.kernel import access, audit
from domain.kernel.paging import FIRST_MAX, Page

T = TypeVar("T")
Cells = tuple[str, ...]

EXPORT_PAGE_SIZE = FIRST_MAX
# What a spreadsheet may take for the beginning of a formula, in half and in full width.
_FORMULA_MARKS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """`action` and `subject` are of the audit event, `file_name` is for browsers that know no Chinese one.
    `closing` gives the last line from the number of rows."""

    action: str
    subject: str
    title: str
    file_name: str
    headings: Cells
    closing: Callable[[int], Cells] = lambda count: ("合计", f"{count}条")


async def export_list(
    *,
    desk: Desk,
    sheet: Sheet,
    filters: Mapping[str, str],
    fetch: Callable[[Page[T] | None], Awaitable[Page[T]]],
    lines: Callable[[Page[T]], Awaitable[Iterable[Cells]]],
) -> Response:
    """`fetch` gives the page behind a page, the first one for None; `lines` gives the cells of its rows. Raises
    what the first `fetch` raises, and then nothing is audited; afterwards a failure breaks the download off."""
    first = await fetch(None)
    await audit.record(
        None,
        actor=desk.actor,
        action=sheet.action,
        subject=sheet.subject,
        detail={"filters": dict(filters), "rows": first.total},
        now=desk.now,
    )
    name = quote(f"{sheet.title}_{desk.business_date:%Y%m%d}.csv")
    headers = {
        "Content-Disposition": f"attachment; filename=\"{sheet.file_name}.csv\"; filename*=UTF-8''{name}",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    body = _body(desk=desk, sheet=sheet, first=first, fetch=fetch, lines=lines)
    return StreamingResponse(body, media_type="text/csv; charset=utf-8", headers=headers)


def at_once(items: Sequence[T]) -> Callable[[Page[T] | None], Awaitable[Page[T]]]:
    """The `fetch` of a list that is in memory: one page with everything."""

    async def fetch(behind: Page[T] | None) -> Page[T]:
        assert behind is None, "there is nothing behind the only page"
        return Page(items=tuple(items), cursors=(), has_next=False, total=len(items))

    return fetch


async def _body(
    *,
    desk: Desk,
    sheet: Sheet,
    first: Page[T],
    fetch: Callable[[Page[T] | None], Awaitable[Page[T]]],
    lines: Callable[[Page[T]], Awaitable[Iterable[Cells]]],
) -> AsyncIterator[bytes]:
    # Spreadsheets read UTF-8 only behind a byte order mark.
    yield b"\xef\xbb\xbf" + csv_line(sheet.headings)
    page, count = first, 0
    while True:
        shown = reads.Shown()
        shown.take(page.items)
        with access.noted() as noted:
            cells_of_rows = await lines(page)
            path = desk.request.url.path.rpartition("/export")[0]
            await reads.record(shown, actor=desk.actor, path=path, now=desk.now, noted=noted, prefix="导出")
        found = [csv_line(cells) for cells in cells_of_rows]
        count += len(found)
        yield b"".join(found)
        if not page.has_next:
            break
        page = await fetch(page)
    yield csv_line(sheet.closing(count))


def csv_line(cells: Cells) -> bytes:
    """One line of CSV. A cell that a spreadsheet would take for a formula becomes text by an apostrophe."""
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow([_harmless(cell) for cell in cells])
    return line.getvalue().encode()


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.lstrip(" \u3000").startswith(_FORMULA_MARKS) else cell
