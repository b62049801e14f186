"""Reads a table out of an uploaded file: CSV of any spreadsheet program (UTF-8, GB 18030), or XLSX. Pure.

Every cell is text and keeps its position, so that a fault can be found in the spreadsheet: `C5` is the third cell of
the fifth line.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct

from console import import_messages_zh as words
from console.imports.xlsx import BadWorkbook, read_workbook

ROWS_MAX: Final = 20_000
COLUMNS_MAX: Final = 64
_XLSX: Final = b"PK\x03\x04"
_XLS: Final = b"\xd0\xcf\x11\xe0"
"""The first bytes of a compound file, in which Excel wrote until 2003."""


class TableFault(Struct, frozen=True):
    """One fault of a table: line and column from 1 (0: of the file), the name of the column, and what to write."""

    line: int
    column: int
    field: str
    detail: str

    @property
    def cell(self) -> str:
        """The position as spreadsheets name it: C5."""
        return f"{column_letters(self.column)}{self.line}" if self.line and self.column else ""


class BadTable(Exception):
    """A file that cannot be imported; `faults` has every reason."""

    def __init__(self, *faults: TableFault) -> None:
        super().__init__("; ".join(f"{fault.cell} {fault.field}: {fault.detail}" for fault in faults))
        self.faults = faults


class Row(Struct, frozen=True):
    """A line of the table with its number in the file; cells in the order of the columns, stripped."""

    line: int
    cells: tuple[str, ...]


def column_letters(column: int) -> str:
    """The letters of a column, from 1.

    >>> column_letters(1), column_letters(27), column_letters(703)
    ('A', 'AA', 'AAA')
    """
    letters = ""
    while column:
        column, index = divmod(column - 1, 26)
        letters = chr(ord("A") + index) + letters
    return letters


def read_rows(data: bytes) -> list[Row]:
    """The lines that hold something; the first is that of the column names. Raises BadTable."""
    rows = list(_lines(data))
    if not rows:
        raise BadTable(TableFault(0, 0, "", words.FILE_EMPTY))
    return rows


def _lines(data: bytes) -> Iterator[Row]:
    for count, (line, cells) in enumerate(_cells(data)):
        texts = tuple(cell.strip() for cell in cells)
        width = max((index for index, text in enumerate(texts, 1) if text), default=0)
        if count > ROWS_MAX or width > COLUMNS_MAX:
            raise BadTable(TableFault(line, 0, "", too_large()))
        if width:
            yield Row(line, texts[:width])


def _cells(data: bytes) -> Iterator[tuple[int, Sequence[str]]]:
    if data.startswith(_XLS):
        raise BadTable(TableFault(0, 0, "", words.OLD_EXCEL))
    if not data.startswith(_XLSX):
        yield from _csv_lines(_decoded(data))
        return
    try:
        yield from read_workbook(data, ROWS_MAX, COLUMNS_MAX)
    except BadWorkbook as bad:
        detail = too_large() if bad.is_too_large else words.BAD_XLSX
        raise BadTable(TableFault(bad.line, bad.column, "", bad.detail or detail)) from None


def too_large() -> str:
    """What a file that is too large is answered."""
    return words.TOO_LARGE.format(rows=ROWS_MAX, columns=COLUMNS_MAX, megabytes=16)


def _decoded(data: bytes) -> str:
    """The text: UTF-8, with or without a mark, else GB 18030, in which Excel in China saves CSV."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise BadTable(TableFault(0, 0, "", words.NOT_TEXT))


def _csv_lines(text: str) -> Iterator[tuple[int, Sequence[str]]]:
    """Each row with the line on which it begins; separated by commas, semicolons or tabs, whichever the first line has.

    Strict: an unclosed quote would swallow the rest of the file.
    """
    lines = text.splitlines(keepends=True)
    first = lines[0] if lines else ""
    delimiter = max(",;\t", key=first.count)
    reader, line = csv.reader(lines, strict=True, delimiter=delimiter), 1
    try:
        for cells in reader:
            yield line, cells
            line = reader.line_num + 1
    except csv.Error:
        raise BadTable(TableFault(line, 0, "", words.NOT_CSV)) from None
