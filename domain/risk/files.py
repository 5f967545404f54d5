"""A list as a file (CSV in UTF-8 or GB18030): every row is judged by itself, and what is wrong with it is said beside
it."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import date

from domain.kernel.identifiers import mask_id_document, mask_name
from domain.kernel.refusal import Refused
from domain.risk.entries import check_listing
from domain.risk.refusals import FILE_MALFORMED
from domain.risk.rules import DOCUMENT_TYPES, Listing

HEADINGS = ("证件类型", "证件号码", "姓名", "原因代码", "事由", "依据", "截止日期")
ROWS_MAX = 500
BYTES_MAX = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class RowResult:
    """A row of the file and what was found; `listing` only when nothing stands against it."""

    row_no: int
    document_masked: str
    name_masked: str
    problems: tuple[str, ...]
    listing: Listing | None


async def judge_file(*, list_code: str, content: bytes, business_date: date) -> list[RowResult]:
    """Raises Refused for a file that is none of ours; wrong rows are results."""
    results: list[RowResult] = []
    seen: set[tuple[str, str]] = set()
    for row_no, cells in _rows(content):
        listing, problem = _listing(list_code, cells, business_date)
        problems = [problem] if problem else []
        if listing is not None:
            key = (listing.document_type, listing.document_no)
            if key in seen:
                problems.append("该证件在文件中重复")
            seen.add(key)
            problems += [one.message for one in await check_listing(listing=listing, business_date=business_date)]
        number, name = (cells[1], cells[2]) if len(cells) == len(HEADINGS) else ("", "")
        results.append(
            RowResult(
                row_no=row_no,
                document_masked=mask_id_document(number),
                name_masked=mask_name(name),
                problems=tuple(problems),
                listing=None if problems else listing,
            )
        )
    return results


def _rows(content: bytes) -> list[tuple[int, list[str]]]:
    if len(content) > BYTES_MAX:
        raise Refused(FILE_MALFORMED(most=ROWS_MAX))
    text = _decoded(content)
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error:
        raise Refused(FILE_MALFORMED(most=ROWS_MAX)) from None
    rows = [(number, [_plain(cell) for cell in cells]) for number, cells in enumerate(lines, start=1) if any(cells)]
    if not rows or tuple(rows[0][1]) != HEADINGS or len(rows) - 1 > ROWS_MAX:
        raise Refused(FILE_MALFORMED(most=ROWS_MAX))
    return rows[1:]


def _decoded(content: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise Refused(FILE_MALFORMED(most=ROWS_MAX))


def _plain(cell: str) -> str:
    """A cell without blanks around, and without the guard that spreadsheets put around long numbers: ="0110"."""
    cell = cell.strip()
    return cell[2:-1] if cell.startswith('="') and cell.endswith('"') else cell


def _listing(list_code: str, cells: list[str], business_date: date) -> tuple[Listing | None, str | None]:
    if len(cells) != len(HEADINGS):
        return None, f"应有{len(HEADINGS)}列，实有{len(cells)}列"
    types = {name: code for code, name in DOCUMENT_TYPES.items()} | {code: code for code in DOCUMENT_TYPES}
    until: date | None = None
    if cells[6]:
        try:
            until = date.fromisoformat(cells[6].replace("/", "-"))
        except ValueError:
            return None, "截止日期应写作2026-11-30的形式"
    return (
        Listing(
            list=list_code,
            document_type=types.get(cells[0], ""),
            document_no=cells[1].upper(),
            name=cells[2],
            reason_code=cells[3],
            reason=cells[4],
            evidence=cells[5],
            from_on=business_date,
            until_on=until,
        ),
        None,
    )
