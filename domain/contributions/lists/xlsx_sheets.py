"""XLSX read as it streams: the first sheet, row by row, with formulas, merged and error cells told apart.

Our own reading instead of a library's, because a list must refuse a formula (its cached value is not what the employer
signs for) and a merged cell, at a hundred thousand rows in bounded memory.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any
from xml.parsers import expat

from domain.contributions.lists.sheets import CellFault, SheetRow, tidy
from domain.contributions.lists.xlsx_parts import (
    SharedTexts,
    Unsound,
    chunks,
    elements,
    parse,
    sheet_and_texts,
    unescaped,
)
from domain.contributions.refusals import FILE_BROKEN
from domain.kernel.refusal import Refused

_COLUMNS_MAX = 40
_ROWS_MERGED_MAX = 200_000
_MERGED = re.compile(rb"<(?:\w+:)?mergeCell\b[^>]*?\bref=[\"']([A-Z]{1,3})([0-9]{1,7}):([A-Z]{1,3})([0-9]{1,7})[\"']")
_ROW = re.compile(r'<row(?:\s+[^<>]*?)?\sr="([0-9]{1,7})"[^<>]*>|<row[^<>]*>')
_CELL = re.compile(
    r'\s*<c r="([A-Z]{1,3})[0-9]{1,7}"(?: s="[0-9]+")?(?: t="(\w+)")?'
    r'(?:/>|>(?:<v>([^<]*)</v>|<is><t(?: xml:space="preserve")?>([^<]*)</t></is>)?</c>)'
)
_PLACE = re.compile(r"([A-Z]{1,3})[0-9]{1,7}")
_INTEGER = re.compile(r"-?[0-9]+(\.0+)?")
# Excel keeps fifteen digits of a number
_DIGITS_KEPT = 15
_SMALLEST = Decimal("0.000001")


def read_xlsx(content: bytes) -> Iterator[SheetRow]:
    """Rows of the first sheet with their numbers. Raises Refused for a file that is no sound workbook."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
        sheet, texts_part = sheet_and_texts(archive)
        merged = _merged_cells(archive, sheet)
        texts = SharedTexts.of(archive, texts_part)
        last = 0
        for element in elements(archive, sheet, "row"):
            row = _row(element, texts, last)
            if row.row_no <= last:
                raise Unsound("rows out of order")
            last = row.row_no
            for span in merged.get(row.row_no, ()):
                row.faults |= dict.fromkeys(range(span[0], min(span[1], _COLUMNS_MAX) + 1), "merged")
            yield row
    except (
        zipfile.BadZipFile,
        expat.ExpatError,
        KeyError,
        ValueError,
        EOFError,
        NotImplementedError,
        OSError,
    ) as error:
        raise Refused(FILE_BROKEN()) from error


def _merged_cells(archive: zipfile.ZipFile, sheet: str) -> dict[int, list[tuple[int, int]]]:
    """Row → spans of columns. They stand behind the rows in the part, so that it is looked through for them first."""
    merged: dict[int, list[tuple[int, int]]] = {}
    rest = b""
    for chunk in chunks(archive, sheet):
        rest = rest[-200:] + chunk
        for found in _MERGED.finditer(rest):
            first, top, last, bottom = found.groups()
            span = (_column(first.decode()), _column(last.decode()))
            for row_no in range(int(top), min(int(bottom), int(top) + _ROWS_MERGED_MAX) + 1):
                if span not in merged.setdefault(row_no, []):
                    merged[row_no].append(span)
    return merged


def _row(element: str, texts: SharedTexts, last: int) -> SheetRow:
    head = _ROW.match(element)
    if head is None:
        raise Unsound("a row without a beginning")
    row = SheetRow(int(head[1]) if head[1] else last + 1, [], {})
    at, end = head.end(), len(element) - len("</row>")
    while at < end:
        cell = _CELL.match(element, at)
        if cell is None:
            # anything else a cell may hold, a formula among it
            return _row_by_parser(element, texts, last)
        at = cell.end()
        letters, kind, value, inline = cell.groups()
        raw = unescaped(value or inline or "")
        _put(row, column=_column(letters), kind=kind or "n", raw=raw, formula=False, texts=texts)
    return row


def _row_by_parser(element: str, texts: SharedTexts, last: int) -> SheetRow:
    row = SheetRow(last + 1, [], {})
    cell: dict[str, Any] = {"column": 0, "kind": "n", "formula": False, "collecting": False}
    value: list[str] = []

    def start(tag: str, attributes: dict[str, str]) -> None:
        match tag:
            case "row":
                row.row_no = int(attributes.get("r", last + 1))
            case "c":
                place = _PLACE.fullmatch(attributes.get("r", ""))
                cell["column"] = _column(place[1]) if place else len(row.cells)
                cell["kind"], cell["formula"] = attributes.get("t", "n"), False
                value.clear()
            case "f":
                cell["formula"] = True
            case "v" | "t":
                cell["collecting"] = True

    def end(tag: str) -> None:
        if tag in ("v", "t"):
            cell["collecting"] = False
        elif tag == "c":
            _put(
                row,
                column=cell["column"],
                kind=cell["kind"],
                raw="".join(value),
                formula=cell["formula"],
                texts=texts,
            )

    def data(text: str) -> None:
        if cell["collecting"]:
            value.append(text)

    # attributes with prefixes of namespaces that are declared further out
    parse(re.sub(r"\s\w+:\w+=\"[^\"]*\"", "", element), start=start, end=end, data=data)
    return row


def _put(row: SheetRow, *, column: int, kind: str, raw: str, formula: bool, texts: SharedTexts) -> None:
    if column >= _COLUMNS_MAX:
        return
    if column >= len(row.cells):
        row.cells += [""] * (column + 1 - len(row.cells))
    fault: CellFault | None = "formula" if formula else "error" if kind == "e" else None
    if kind == "s" and raw:
        raw = texts[int(raw)]
    elif kind == "n" and raw:
        raw, lost = _number(raw)
        fault = fault or ("number" if lost else None)
    row.cells[column] = tidy(raw)
    if fault is not None:
        row.faults[column] = fault


def _number(raw: str) -> tuple[str, bool]:
    """The number as people typed it, and whether digits may be lost."""
    if _INTEGER.fullmatch(raw):
        whole = raw.partition(".")[0]
        return whole, len(whole.lstrip("-")) > _DIGITS_KEPT
    try:
        number = Decimal(raw)
    except InvalidOperation:
        raise Unsound("a number that is none") from None
    if not number.is_finite() or abs(number) >= 10**_DIGITS_KEPT:
        return raw, True
    # what is stored as 8000.100000000000364 was typed as 8000.1
    return f"{number.quantize(_SMALLEST).normalize():f}", False


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1
