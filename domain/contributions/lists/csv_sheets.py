"""CSV in UTF-8 or GBK, line by line. A line that is not of the file's encoding is a fault of that line alone."""

from __future__ import annotations

import csv
from collections.abc import Iterator

from domain.contributions.lists.sheets import SheetRow, tidy
from domain.contributions.refusals import FILE_ENCODING
from domain.kernel.refusal import Refused

_SAMPLE_BYTES = 65_536
_UTF8_BOM = b"\xef\xbb\xbf"


def read_csv(content: bytes) -> Iterator[SheetRow]:
    """Rows with their line numbers. Raises Refused for what is neither encoding from the start."""
    encoding = _encoding(content)
    start = len(_UTF8_BOM) if content.startswith(_UTF8_BOM) else 0
    row_no = 0
    while start < len(content):
        end = content.find(b"\n", start)
        line = content[start : end if end >= 0 else len(content)]
        start = len(content) if end < 0 else end + 1
        row_no += 1
        yield _row(row_no, line.rstrip(b"\r"), encoding)


def _row(row_no: int, line: bytes, encoding: str) -> SheetRow:
    try:
        text = line.decode(encoding)
    except UnicodeDecodeError:
        return SheetRow(row_no, [], {}, "encoding")
    if '"' not in text:
        return SheetRow(row_no, [tidy(cell) for cell in text.split(",")], {})
    try:
        cells = next(csv.reader([text], strict=True), [])
    except csv.Error:
        # a quotation mark that is not closed: the field would go on in the next line
        return SheetRow(row_no, [], {}, "columns")
    # a text guarded against being read as a number, as spreadsheets write it: ="0110"
    return SheetRow(row_no, [tidy(_unguarded(cell)) for cell in cells], {})


def _unguarded(cell: str) -> str:
    return cell[2:-1] if cell.startswith('="') and cell.endswith('"') else cell


def _encoding(content: bytes) -> str:
    if content.startswith(_UTF8_BOM):
        return "utf-8"
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Refused(FILE_ENCODING())
    # whole lines only, so that no character is cut
    sample = content[:_SAMPLE_BYTES]
    if len(sample) < len(content):
        sample = sample[: sample.rfind(b"\n") + 1] or sample
    good = {name: _lines_good(sample, name) for name in ("utf-8", "gb18030")}
    if not good["utf-8"] and not good["gb18030"]:
        raise Refused(FILE_ENCODING())
    return "utf-8" if good["utf-8"] >= good["gb18030"] else "gb18030"


def _lines_good(sample: bytes, encoding: str) -> int:
    """How many lines the encoding reads; lines of ASCII alone say nothing."""
    count = 0
    for line in sample.split(b"\n"):
        if line.isascii():
            continue
        try:
            line.decode(encoding)
        except UnicodeDecodeError:
            # the heading must be readable, else nothing is
            if count == 0:
                return 0
        else:
            count += 1
    return count or int(sample.isascii())
