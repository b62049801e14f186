"""CSV for spreadsheets: UTF-8 with a byte order mark, by which Excel recognises it; no cell is a formula. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

BOM: Final = "\ufeff"
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""Spreadsheets execute cells that begin with these (OWASP: CSV injection); Chinese versions also
with their full-width forms."""

Cell = str | int | float | None


def csv_document(rows: Iterable[Sequence[Cell]]) -> str:
    """The whole document."""
    return BOM + csv_lines(rows)


def csv_lines(rows: Iterable[Sequence[Cell]]) -> str:
    """Lines of a document, ended by CRLF (RFC 4180)."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    for row in rows:
        writer.writerow([guarded(cell) for cell in row])
    return text.getvalue()


def guarded(cell: Cell) -> Cell:
    """The cell; a text that a spreadsheet would execute is preceded by an apostrophe, which it shows as text.

    >>> guarded('=HYPERLINK("http://x")'), guarded("3栋402"), guarded(-5), guarded(None)
    ('\\'=HYPERLINK("http://x")', '3栋402', -5, '')
    """
    if cell is None:
        return ""
    if isinstance(cell, str) and cell.lstrip(" \u3000").startswith(_FORMULA_STARTS):
        return f"'{cell}"
    return cell
