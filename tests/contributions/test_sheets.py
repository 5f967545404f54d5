"""Files as rows of text: encodings, formulas, merged cells, lost digits, bombs; openpyxl is the oracle."""

from __future__ import annotations

import io
import zipfile

import openpyxl
import pytest

from domain.contributions.lists.csv_sheets import read_csv
from domain.contributions.lists.sheets import SheetRow, named_rows
from domain.contributions.lists.xlsx_sheets import read_xlsx
from domain.kernel.refusal import Refused
from tests.contributions.world import xlsx_file

_HEAD = "变更类型,证件类型,证件号码,姓名,手机号码,缴存基数,月缴存额,原因"


def _workbook(rows: list[list[object]], *, merge: str = "") -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for one in rows:
        sheet.append(one)
    if merge:
        sheet.merge_cells(merge)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _rows(content: bytes) -> list[SheetRow]:
    return list(read_xlsx(content))


def test_cells_are_what_openpyxl_reads() -> None:
    given: list[list[object]] = [
        ["a", 1, 2.5, None, "汉字 & <符号>"],
        [None, None, 8000.1, "  x　", ""],
        ["1e3", 1e10, 0.1, True, -3],
    ]
    content = _workbook(given)
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    assert sheet is not None
    for row, cells in zip(_rows(content), sheet.iter_rows(values_only=True), strict=True):
        said = [cell.strip(" 　") if isinstance(cell, str) else cell for cell in cells]
        for found, cell in zip(row.cells, said, strict=False):
            if isinstance(cell, bool):
                assert found == str(int(cell))
            elif isinstance(cell, int | float):
                assert float(found) == pytest.approx(cell)
            else:
                assert found == (cell or "")


def test_a_formula_a_merged_an_error_and_a_lost_number_are_told_apart() -> None:
    content = _workbook(
        [["h"] * 4, ["=1+1", "x", "#N/A", 110101199003071234], ["a", "b", "c", "d"], ["e", "f", "g", "h"]],
        merge="A3:B4",
    )
    rows = _rows(content)
    assert rows[1].faults[0] == "formula" and rows[1].faults[3] == "number"
    assert rows[2].faults == {0: "merged", 1: "merged"} and rows[3].faults == {0: "merged", 1: "merged"}


@pytest.mark.parametrize(
    ("texts", "fault", "columns"),
    [
        ({"base": "=A1"}, {"base": "formula"}, None),
        ({"document_no": 110101199003071234}, {"document_no": "number"}, None),
    ],
)
def test_faults_are_named_by_column(texts: dict[str, object], fault: dict[str, str], columns: None) -> None:
    row = next(named_rows(read_xlsx(xlsx_file("change", [texts])), kind="change"))
    assert row.faults == fault and columns is None


def test_lines_of_another_encoding_are_faults_of_their_own() -> None:
    good = f"{_HEAD}\r\n新开户,身份证,1,张三,,1,,\r\n".encode("gbk")
    rows = list(read_csv(good + b"\xff\xfe\xff,x\r\n" + "启封,身份证,2,李四,,1,,\r\n".encode("gbk")))
    assert [row.fault for row in rows] == [None, None, "encoding", None]
    assert rows[1].cells[3] == "张三" and rows[3].cells[3] == "李四"


def test_quotes_blanks_and_guards() -> None:
    rows = list(read_csv(b'a,"b,c"," d ",="0110"\n"open\n'))
    assert rows[0].cells == ["a", "b,c", "d", "0110"] or rows[0].cells[:3] == ["a", "b,c", "d"]
    assert rows[1].fault == "columns"


@pytest.mark.parametrize("heading", ["证件号码,姓名", _HEAD + ",姓名", "x,y"])
def test_a_heading_that_lacks_or_doubles_a_column(heading: str) -> None:
    with pytest.raises(Refused, match=r"file\.heading"):
        list(named_rows(read_csv(heading.encode()), kind="change"))


def test_too_many_cells_are_a_fault_of_the_row() -> None:
    rows = list(named_rows(read_csv(f"{_HEAD}\n新开户,身份证,1,张三,,1,,,,多余\n".encode()), kind="change"))
    assert rows[0].fault == "columns"


def _archive(**parts: bytes) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in parts.items():
            archive.writestr(name.replace("__", "/"), body)
    return content.getvalue()


_BOOK = b'<workbook xmlns:r="r"><sheets><sheet name="s" r:id="rId1"/></sheets></workbook>'
_RELS = b'<Relationships><Relationship Id="rId1" Type="x/worksheet" Target="worksheets/sheet1.xml"/></Relationships>'


def _with_sheet(sheet: bytes) -> bytes:
    return _archive(**{
        "xl__workbook.xml": _BOOK, "xl___rels__workbook.xml.rels": _RELS, "xl__worksheets__sheet1.xml": sheet,
    })  # fmt: skip


def _sheet(rows: str, *, prolog: str = "") -> bytes:
    return f"{prolog}<worksheet>{rows}</worksheet>".encode()


@pytest.mark.parametrize(
    "sheet",
    [
        _sheet('<row r="1"><c r="A1"><v>1</v></c></row>', prolog='<!DOCTYPE x [<!ENTITY a "b">]>'),
        _sheet('<row r="1"><c r="A1"><v>&bomb;</v></c></row>'),
        _sheet('<row r="2"><c r="A2"><v>1</v></c></row><row r="1"><c r="A1"><v>1</v></c></row>'),
        _sheet('<row r="1"><c r="A1" t="s"><v>7</v></c></row>'),
        _sheet('<row r="1"><c r="A1"><v>1</c></row>'),
        _sheet('<row r="1"><c r="A1"><v>x1</v></c></row>'),
        b"\xff\xfe\x00",
    ],
)
def test_what_no_spreadsheet_program_writes_is_refused(sheet: bytes) -> None:
    with pytest.raises(Refused, match=r"file\.broken"):
        _rows(_with_sheet(sheet))


def test_a_prefix_a_rich_text_and_a_formula_go_the_slow_way_to_the_same() -> None:
    cells = (
        '<x:c r="A1" t="inlineStr"><x:is><x:r><x:t>ab</x:t></x:r><x:r><x:t>c</x:t></x:r></x:is></x:c>'
        '<x:c r="B1"><x:f>1+1</x:f><x:v>2</x:v></x:c>'
    )
    sheet = f'<x:worksheet xmlns:x="m"><x:sheetData><x:row r="1">{cells}</x:row></x:sheetData></x:worksheet>'
    row = _rows(_with_sheet(sheet.encode()))[0]
    assert (row.cells, row.faults) == (["abc", "2"], {1: "formula"})
