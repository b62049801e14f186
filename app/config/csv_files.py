"""CSV files that people write become records, each with its place in the file. What columns mean is for the caller.

A cell is found again in the text that was read, and only when something is wrong with it: most rows have no fault.
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
    """What is wrong with a row: (column, what, and what to write), once a cell."""

    def __init__(self, *faults: tuple[str, str]) -> None:
        self.faults = faults
        super().__init__(faults)


class Sheet(Struct, Generic[R]):
    """The rows of one file as records, in its order; `lines` are the lines at which they begin."""

    file: str
    text: str = ""
    header: tuple[str, ...] = ()
    records: list[R] = []
    lines: list[int] = []

    def fault(self, row: int, column: str, message: str) -> ConfigFault:
        """A fault of one cell of the row with this index."""
        return self.fault_at_line(self.lines[row], column, message)

    def fault_at_line(self, line: int, column: str, message: str) -> ConfigFault:
        """A fault of one cell of the row that begins at this line; a column that the file lacks is its first."""
        index = self.header.index(column) if column in self.header else 0
        found, place = cell_position(self.text, line, index)
        return ConfigFault(self.file, found, place, column, message)


def cell_position(text: str, line: int, index: int) -> tuple[int, int]:
    """Line and column at which a cell of the row that begins at `line` stands, both from 1.

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
    path: Path, required: Sequence[str], optional: Sequence[str], row: Callable[[dict[str, str]], R]
) -> Sheet[R]:
    """One record a row. Columns may stand in any order; `attributes.*` columns are always welcome.

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
            faults += _parse_row(sheet, line, cells, required, row)
    if faults:
        raise ConfigError(faults)
    return sheet


def _rows(file: str, text: str, faults: list[ConfigFault]) -> Iterator[tuple[int, list[str]]]:
    """Each row with the line at which it begins. A quote that is never closed would swallow the rest of the file."""
    reader, line = csv.reader(text.splitlines(keepends=True), strict=True), 1
    try:
        for cells in reader:
            yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        said = f'not CSV: {error}; close the quotes, and write "" for one inside'
        faults.append(ConfigFault(file, line, 1, "", said))


def _header_faults(
    file: str, text: str, header: Sequence[str], required: Sequence[str], optional: Sequence[str]
) -> Iterator[ConfigFault]:
    for name in required:
        if name not in header:
            yield ConfigFault(file, 1, 1, name, f"is missing: the first line needs the columns {', '.join(required)}")
    for index, name in enumerate(header):
        place = cell_position(text, 1, index)
        if name not in required and name not in optional and not name.startswith("attributes."):
            known = ", ".join([*required, *optional, "attributes.*"])
            yield ConfigFault(file, *place, name, f"is no column: known are {known}")
        elif name in header[:index]:
            yield ConfigFault(file, *place, name, "stands twice: remove one")


def _parse_row(
    sheet: Sheet[R], line: int, cells: Sequence[str], required: Sequence[str], row: Callable[[dict[str, str]], R]
) -> Iterable[ConfigFault]:
    values = {name: cell.strip() for name, cell in zip(sheet.header, cells, strict=False) if cell.strip()}
    if len(cells) > len(sheet.header):
        found, column = cell_position(sheet.text, line, len(sheet.header))
        yield ConfigFault(sheet.file, found, column, "", "has more cells than the first line has columns")
    empty = [name for name in required if name not in values]
    for name in empty:
        yield sheet.fault_at_line(line, name, "is empty: every row needs it")
    if not empty:
        try:
            record = row(values)
        except InvalidCells as bad:
            yield from (sheet.fault_at_line(line, column, message) for column, message in bad.faults)
        else:
            sheet.records.append(record)
            sheet.lines.append(line)


def duplicate_ids(sheet: Sheet[R], id_of: Callable[[R], str]) -> list[ConfigFault]:
    """Ids that stand in two rows: one of them would be lost."""
    first: dict[str, int] = {}
    faults = []
    for index, record in enumerate(sheet.records):
        line = first.setdefault(id_of(record), sheet.lines[index])
        if line != sheet.lines[index]:
            faults.append(sheet.fault(index, "id", f"stands twice (first in line {line}): give each row its own"))
    return faults


def attribute_cells(values: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The attributes of a row: name and cell."""
    prefix = "attributes."
    return ((name.removeprefix(prefix), cell) for name, cell in values.items() if name.startswith(prefix))
