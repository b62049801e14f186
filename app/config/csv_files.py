"""Reads a CSV file into records and locates faults by line and column. The caller gives the meaning of the columns.

The position of a cell is searched in the text only when it has a fault, because most rows have none.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Generic, TypeVar

from msgspec import Struct

from app.config.faults import ConfigError, ConfigFault

R = TypeVar("R")


class InvalidCells(Exception):
    """Faults of a row: (column, message) for each faulty cell."""

    def __init__(self, *faults: tuple[str, str]) -> None:
        self.faults = faults
        super().__init__(faults)


class Sheet(Struct, Generic[R]):
    """The records of one file in its order; `lines` are the lines on which their rows begin, from 1."""

    file: str
    text: str = ""
    header: tuple[str, ...] = ()
    records: list[R] = []
    lines: list[int] = []

    def fault(self, row: int, column: str, message: str) -> ConfigFault:
        """A fault in a cell of the record with index `row`."""
        return self.fault_at_line(self.lines[row], column, message)

    def fault_at_line(self, line: int, column: str, message: str) -> ConfigFault:
        """A fault in a cell of the row that begins on `line`; the first cell when the file lacks the column."""
        index = self.header.index(column) if column in self.header else 0
        cell_line, cell_column = cell_position(self.text, line, index)
        return ConfigFault(self.file, cell_line, cell_column, column, message)


def cell_position(text: str, line: int, index: int) -> tuple[int, int]:
    """Line and column, from 1, of the cell with this index in the row that begins on `line`.

    >>> cell_position('id,name\\n"a,1","b\\nc",d\\n', 2, 1), cell_position('id,name\\n"a,1","b\\nc",d\\n', 2, 2)
    ((2, 7), (3, 4))
    """
    column, quoted = 1, False
    for sign in chain.from_iterable(text.splitlines(keepends=True)[line - 1 :]):
        if not index or (sign == "\n" and not quoted):
            break  # the row ends before this cell: it is missing at the end of the line
        quoted = quoted != (sign == '"')
        index -= sign == "," and not quoted
        line, column = (line + 1, 1) if sign == "\n" else (line, column + 1)
    return line, column


def read_csv(
    path: Path, required: Sequence[str], optional: Sequence[str], parse: Callable[[dict[str, str]], R]
) -> Sheet[R]:
    """Read one record a row. Columns may stand in any order; `attributes.*` columns are always allowed.

    `row` gets the non-empty cells and raises BadCells for what it refuses.
    """
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([ConfigFault(str(path), 1, 1, "", f"cannot be read as UTF-8: {error}")]) from error
    faults: list[ConfigFault] = []
    rows = _rows(str(path), text, faults)
    header = tuple(name.strip() for name in next(rows, (1, []))[1])
    faults += _header_faults(str(path), text, header, required, optional)
    if faults:
        raise ConfigError(faults)
    sheet = Sheet[R](str(path), text, header, [], [])
    for line, cells in rows:
        if any(cell.strip() for cell in cells):
            faults += _parse_row(sheet, line, cells, required, parse)
    if faults:
        raise ConfigError(faults)
    return sheet


def _rows(file: str, text: str, faults: list[ConfigFault]) -> Iterator[tuple[int, list[str]]]:
    """Each row with the line on which it begins. Strict: an unclosed quote would swallow the rest of the file."""
    reader, line = csv.reader(text.splitlines(keepends=True), strict=True), 1
    try:
        for cells in reader:
            yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        message = f'not CSV: {error}; close the quotes, and write "" for one inside'
        faults.append(ConfigFault(file, line, 1, "", message))


def _header_faults(
    file: str, text: str, header: Sequence[str], required: Sequence[str], optional: Sequence[str]
) -> Iterator[ConfigFault]:
    for name in required:
        if name not in header:
            yield ConfigFault(file, 1, 1, name, f"is missing: the first line needs the columns {', '.join(required)}")
    for index, name in enumerate(header):
        position = cell_position(text, 1, index)
        if name not in required and name not in optional and not name.startswith("attributes."):
            known = ", ".join([*required, *optional, "attributes.*"])
            yield ConfigFault(file, *position, name, f"is no column: known are {known}")
        elif name in header[:index]:
            yield ConfigFault(file, *position, name, "stands twice: remove one")


def _parse_row(
    sheet: Sheet[R], line: int, cells: Sequence[str], required: Sequence[str], parse: Callable[[dict[str, str]], R]
) -> Iterable[ConfigFault]:
    values = {name: cell.strip() for name, cell in zip(sheet.header, cells, strict=False) if cell.strip()}
    if len(cells) > len(sheet.header):
        extra_line, extra_column = cell_position(sheet.text, line, len(sheet.header))
        yield ConfigFault(sheet.file, extra_line, extra_column, "", "has more cells than the first line has columns")
    empty = [name for name in required if name not in values]
    for name in empty:
        yield sheet.fault_at_line(line, name, "is empty: every row needs it")
    if not empty:
        try:
            record = parse(values)
        except InvalidCells as invalid:
            yield from (sheet.fault_at_line(line, column, message) for column, message in invalid.faults)
        else:
            sheet.records.append(record)
            sheet.lines.append(line)


def duplicate_ids(sheet: Sheet[R], id_of: Callable[[R], str]) -> list[ConfigFault]:
    """Faults of ids that occur in two rows: one record would overwrite the other."""
    first: dict[str, int] = {}
    faults = []
    for index, record in enumerate(sheet.records):
        line = first.setdefault(id_of(record), sheet.lines[index])
        if line != sheet.lines[index]:
            faults.append(sheet.fault(index, "id", f"stands twice (first in line {line}): give each row its own"))
    return faults


def attribute_cells(values: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Name and cell of the `attributes.*` columns of a row."""
    prefix = "attributes."
    return ((name.removeprefix(prefix), cell) for name, cell in values.items() if name.startswith(prefix))
