"""Reads the first sheet of an XLSX file (ECMA-376, SpreadsheetML) as text, row by row, within limits. Pure.

Files come from people: what they unpack to is limited before it is read, entities are refused (defusedxml), and a cell
at the far end of the sheet is a fault rather than a billion empty cells. Numbers are written as people see them: a
phone number without a point, a date as 2026-12-01, a time of day as 08:00.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring, iterparse

from console import import_messages_zh as words

UNPACKED_BYTES_MAX: Final = 16 * 1024 * 1024
_MAIN: Final = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_RELATION: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_DATES: Final = frozenset({14, 15, 16, 17, 18, 19, 20, 21, 22, 27, 30, 36, 45, 46, 47, 50, 57})
"""Built-in number formats that show a date or a time (18.8.30), with those of Chinese versions."""
_NO_FORMAT: Final = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]')
"""Literals, escaped signs, colours and locales in a number format."""
_EPOCHS: Final = {False: datetime(1899, 12, 30), True: datetime(1904, 1, 1)}  # noqa: DTZ001 - local times of a sheet


class BadWorkbook(Exception):
    """No readable workbook, or one that is too large. `detail` is for people, where there is more to say."""

    def __init__(self, line: int = 0, column: int = 0, detail: str = "", *, is_too_large: bool = False) -> None:
        super().__init__(detail)
        self.line, self.column, self.detail, self.is_too_large = line, column, detail, is_too_large


def read_workbook(data: bytes, rows_max: int, columns_max: int) -> Iterator[tuple[int, Sequence[str]]]:
    """The rows of the first sheet: number from 1, and the texts of the cells. Raises BadWorkbook."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > UNPACKED_BYTES_MAX:
                raise BadWorkbook(is_too_large=True)
            yield from _Workbook(archive, rows_max, columns_max).rows()
    except (
        zipfile.BadZipFile, zlib.error, ParseError, DefusedXmlException, KeyError, ValueError, NotImplementedError,
        RuntimeError, OverflowError, EOFError,
    ) as error:  # fmt: skip
        raise BadWorkbook from error


class _Workbook:
    def __init__(self, archive: zipfile.ZipFile, rows_max: int, columns_max: int) -> None:
        self._archive, self._rows_max, self._columns_max = archive, rows_max, columns_max
        book = fromstring(archive.read("xl/workbook.xml"))
        settings = book.find(f"{_MAIN}workbookPr")
        is_1904 = settings is not None and settings.get("date1904") in ("1", "true")
        self._epoch = _EPOCHS[is_1904]
        first = book.find(f"{_MAIN}sheets/{_MAIN}sheet")
        if first is None:
            raise BadWorkbook
        self._sheet = self._path_of(first.get(_RELATION, ""))
        self._shared = self._shared_texts()
        self._is_date = self._date_styles()

    def rows(self) -> Iterator[tuple[int, Sequence[str]]]:
        line = 0
        with self._archive.open(self._sheet) as file:
            for _, element in iterparse(file):
                if element.tag == f"{_MAIN}row":
                    line = int(element.get("r") or line + 1)
                    if line > self._rows_max + 1:
                        raise BadWorkbook(line, is_too_large=True)
                    yield line, self._cells(element, line)
                    element.clear()

    def _cells(self, row: Element, line: int) -> list[str]:
        cells: list[str] = []
        for cell in row.findall(f"{_MAIN}c"):
            column = _column_of(cell.get("r", "")) or len(cells) + 1
            text = self._text(cell, line, column)
            if text and column > self._columns_max:
                raise BadWorkbook(line, column, is_too_large=True)
            if text:
                cells.extend([""] * (column - 1 - len(cells)))
                cells[column - 1 :] = [text]
        return cells

    def _text(self, cell: Element, line: int, column: int) -> str:
        kind, value = cell.get("t", "n"), cell.findtext(f"{_MAIN}v") or ""
        if kind == "inlineStr":
            inline = cell.find(f"{_MAIN}is")
            return "" if inline is None else _rich_text(inline)
        if kind == "s":
            return self._shared[int(value)] if value else ""
        if kind == "e":
            raise BadWorkbook(line, column, words.FORMULA_FAULT.format(value=value))
        if kind == "b":
            return "true" if value == "1" else "false"
        if kind != "n" or not value:
            return value
        style = int(cell.get("s", "0"))
        is_date = style < len(self._is_date) and self._is_date[style]
        return self._time_text(float(value)) if is_date else _number_text(float(value))

    def _time_text(self, serial: float) -> str:
        """A serial number of days: below one it is a time of day."""
        at = self._epoch + timedelta(seconds=round(serial * 86_400))
        if 0 <= serial < 1:
            return f"{at:%H:%M}"
        return f"{at:%Y-%m-%d}" if at.time() == datetime.min.time() else f"{at:%Y-%m-%d %H:%M}"

    def _path_of(self, relation: str) -> str:
        relations = fromstring(self._archive.read("xl/_rels/workbook.xml.rels"))
        target = next((str(one.get("Target")) for one in relations if one.get("Id") == relation), None)
        if target is None:
            raise BadWorkbook
        return target.removeprefix("/") if target.startswith("/") else f"xl/{target}"

    def _shared_texts(self) -> list[str]:
        name = "xl/sharedStrings.xml"
        if name not in self._archive.namelist():
            return []
        return [_rich_text(one) for one in fromstring(self._archive.read(name)).findall(f"{_MAIN}si")]

    def _date_styles(self) -> list[bool]:
        """By cell style: whether its number format shows a date or a time."""
        name = "xl/styles.xml"
        if name not in self._archive.namelist():
            return []
        styles = fromstring(self._archive.read(name))
        formats = {int(one.get("numFmtId", "0")): one.get("formatCode", "") for one in styles.iter(f"{_MAIN}numFmt")}
        used: list[Any] = styles.findall(f"{_MAIN}cellXfs/{_MAIN}xf")
        return [_is_date(int(one.get("numFmtId", "0")), formats) for one in used]


def _is_date(number: int, formats: dict[int, str]) -> bool:
    code = formats.get(number)
    if code is None:
        return number in _DATES
    return bool(set("ymdhs") & set(_NO_FORMAT.sub("", code).lower()))


def _rich_text(element: Element) -> str:
    """The text of a string, its runs joined; phonetic guides of East Asian texts are left out."""
    plain = element.findtext(f"{_MAIN}t") or ""
    return plain + "".join(run.findtext(f"{_MAIN}t") or "" for run in element.findall(f"{_MAIN}r"))


def _number_text(number: float) -> str:
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)


def _column_of(reference: str) -> int:
    """The column of a reference such as C5, from 1; 0 without one.

    >>> _column_of("C5"), _column_of("AA12"), _column_of("")
    (3, 27, 0)
    """
    column = 0
    for letter in reference:
        if not "A" <= letter <= "Z":
            break
        column = column * 26 + ord(letter) - ord("A") + 1
    return column
