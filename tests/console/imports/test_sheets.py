"""Tables out of files as offices send them: real workbooks of two writers, CSV in every encoding, hostile archives."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from console import import_messages_zh as words
from console.imports.sheets import COLUMNS_MAX, ROWS_MAX, BadTable, read_rows

FILES = Path(__file__).with_name("files")
HEADER = "网格,岗位,人员\r\n"
SHEET = "xl/worksheets/sheet1.xml"
REFERENCE = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def repacked(changes: dict[str, bytes]) -> bytes:
    """A real workbook with some of its parts replaced."""
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(FILES / "duties-openpyxl.xlsx") as source,
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for name in source.namelist():
            target.writestr(name, changes.get(name, source.read(name)))
    return packed.getvalue()


def sheet_of(rows: str) -> bytes:
    return repacked({SHEET: f'<worksheet xmlns="{REFERENCE}"><sheetData>{rows}</sheetData></worksheet>'.encode()})


def faults_of(data: bytes) -> list[tuple[int, int, str]]:
    with pytest.raises(BadTable) as bad:
        read_rows(data)
    return [(fault.line, fault.column, fault.detail) for fault in bad.value.faults]


def test_a_workbook_of_openpyxl_has_dates_times_and_numbers_as_people_see_them() -> None:
    rows = read_rows((FILES / "duties-openpyxl.xlsx").read_bytes())
    assert [row.line for row in rows] == [1, 2, 4]
    assert rows[1].cells[3:] == ("正", "周一至周五", "08:00", "20:00", "2026-12-01", "2026-12-31")
    assert rows[2].cells[4:] == ("67", "20:00", "8:00", "2026-12-01 08:30")


def test_a_workbook_of_xlsxwriter_has_phones_without_a_point_rich_texts_and_results_of_formulas() -> None:
    _, wang, zhao = read_rows((FILES / "people-xlsxwriter.xlsx").read_bytes())
    assert wang.cells == ("r-wang", "王小明", "19900002222", "枫林苑3栋402", "82", "true")
    assert zhao.cells == ("w-zhao", "赵 六", "19900000006")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_csv_of_any_spreadsheet_program_is_read(encoding: str, delimiter: str) -> None:
    text = '网格,岗位,人员\r\n,,\r\n第三网格,网格员," 张三\n"\r\n'.replace(",", delimiter)
    rows = read_rows(text.encode(encoding))
    assert [(row.line, row.cells) for row in rows] == [
        (1, ("网格", "岗位", "人员")),
        (3, ("第三网格", "网格员", "张三")),
    ]


def test_what_is_no_table_is_refused_with_what_to_do() -> None:
    assert faults_of(b"") == [(0, 0, words.FILE_EMPTY)]
    assert faults_of(b"\xd0\xcf\x11\xe0\xa1\xb1") == [(0, 0, words.OLD_EXCEL)]
    assert faults_of(b"\xff\x00\xff\x00") == [(0, 0, words.NOT_TEXT)]
    assert faults_of((HEADER + 'g,worker,"张').encode()) == [(2, 0, words.NOT_CSV)]
    assert faults_of(b"PK\x03\x04 no archive") == [(0, 0, words.BAD_XLSX)]


def test_a_formula_that_failed_is_named_by_its_cell() -> None:
    data = sheet_of('<row r="2"><c r="C2" t="e"><v>#REF!</v></c></row>')
    assert faults_of(data) == [(2, 3, words.FORMULA_FAULT.format(value="#REF!"))]


def test_a_cell_at_the_far_end_and_too_many_rows_are_refused_at_once() -> None:
    far = sheet_of('<row r="1"><c r="XFD1" t="inlineStr"><is><t>x</t></is></c></row>')
    assert [fault[:2] for fault in faults_of(far)] == [(1, 16384)]
    deep = sheet_of('<row r="1048576"><c r="A1048576"><v>1</v></c></row>')
    assert [fault[0] for fault in faults_of(deep)] == [1_048_576]
    assert faults_of((HEADER + "a,b,c\n" * (ROWS_MAX + 1)).encode())
    assert faults_of(("x," * COLUMNS_MAX + "x").encode())


def test_archives_that_unpack_without_end_and_entities_are_refused() -> None:
    bomb = repacked({SHEET: b"<x/>" + b" " * (17 * 1024 * 1024)})
    assert len(bomb) < 60_000
    assert "16MB" in faults_of(bomb)[0][2]
    entities = b'<!DOCTYPE x [<!ENTITY a "aaaa">]><worksheet>&a;</worksheet>'
    assert faults_of(repacked({SHEET: entities})) == [(0, 0, words.BAD_XLSX)]
    assert faults_of(repacked({"xl/workbook.xml": b"<broken"})) == [(0, 0, words.BAD_XLSX)]
    assert faults_of(repacked({"xl/_rels/workbook.xml.rels": b"<Relationships/>"})) == [(0, 0, words.BAD_XLSX)]


def test_shared_strings_and_cells_without_a_reference_are_read() -> None:
    texts = '<c t="inlineStr"><is><t>甲</t></is></c><c><v>2.50</v></c><c t="b"><v>0</v></c><c t="str"><v>乙</v></c>'
    (row,) = read_rows(sheet_of(f"<row>{texts}</row>"))
    assert row.cells == ("甲", "2.5", "false", "乙")
