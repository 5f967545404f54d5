"""A file as rows of text, whatever it was: what CSV and XLSX have in common.

Reading never stops at a bad row: what is wrong with a cell or a row travels with it. Only what makes the whole file
unreadable is a `Refused`. Memory does not grow with the number of rows (an XLSX keeps its shared texts).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from domain.contributions.refusals import FILE_EMPTY, FILE_FORMAT, FILE_HEADING
from domain.contributions.rules.rows import COLUMNS, COLUMNS_OF, OPTIONAL
from domain.kernel.refusal import Refused

CellFault = Literal["formula", "merged", "error", "number"]
RowFault = Literal["encoding", "columns"]
Format = Literal["csv", "xlsx"]

CELL_CHARS_MAX = 100
_SPACES = " \t\u3000\xa0\ufeff"


@dataclass(slots=True)
class SheetRow:
    """`cells` by position, blanks around them gone; `faults` by position."""

    row_no: int
    cells: list[str]
    faults: dict[int, CellFault]
    fault: RowFault | None = None

    @property
    def blank(self) -> bool:
        return self.fault is None and not self.faults and not any(self.cells)


@dataclass(frozen=True, slots=True)
class NamedRow:
    """A row by the columns of its list; columns that the file has not are missing from `texts`."""

    row_no: int
    texts: dict[str, str]
    faults: dict[str, CellFault]
    fault: RowFault | None


def format_of(*, name: str, content: bytes) -> Format:
    """By what the file is, not by what it is called: a workbook begins as a ZIP. Raises Refused for anything else."""
    if not content.strip():
        raise Refused(FILE_EMPTY())
    lowered = name.lower()
    zipped = content.startswith(b"PK\x03\x04")
    if zipped and lowered.endswith(".xlsx"):
        return "xlsx"
    # an old .xls, a PDF, an image or a program is neither
    if not zipped and lowered.endswith((".csv", ".txt")) and b"\x00" not in content[:4096]:
        return "csv"
    raise Refused(FILE_FORMAT())


def named_rows(rows: Iterator[SheetRow], *, kind: str) -> Iterator[NamedRow]:
    """The rows below the heading. Raises Refused when the heading lacks a column or names one twice."""
    heading = next((row for row in rows if not row.blank), None)
    if heading is None:
        raise Refused(FILE_EMPTY())
    places = _places(heading, kind=kind)
    for row in rows:
        if row.blank:
            continue
        last = max(places.values())
        too_wide = row.fault is None and any(row.cells[last + 1 :]) and len(row.cells) > len(heading.cells)
        yield NamedRow(
            row_no=row.row_no,
            texts={name: row.cells[at] if at < len(row.cells) else "" for name, at in places.items()},
            faults={name: row.faults[at] for name, at in places.items() if at in row.faults},
            fault="columns" if too_wide else row.fault,
        )


def tidy(text: str) -> str:
    """Without the blanks around, full-width ones too (D16); what is inside stays."""
    return text.strip(_SPACES)


def _places(heading: SheetRow, *, kind: str) -> dict[str, int]:
    known = {COLUMNS[column]: column for column in COLUMNS_OF[kind]}
    places: dict[str, int] = {}
    strange: list[str] = []
    for at, text in enumerate(heading.cells):
        name = text.replace("（选填）", "").replace("(选填)", "").replace("*", "").strip()
        column = known.get(name)
        if column is None:
            if name:
                strange.append(name[:20])
        elif column in places:
            raise Refused(FILE_HEADING(names=f"{name}（重复）"))
        else:
            places[column] = at
    missing = [COLUMNS[column] for column in COLUMNS_OF[kind] if column not in places and column not in OPTIONAL]
    if missing or heading.fault is not None:
        raise Refused(FILE_HEADING(names="、".join([*missing, *strange][:8]) or "表头无法识别"))
    return places
