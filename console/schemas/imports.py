"""Schemas of the import of tables: what a file would change, and what it changed."""

from __future__ import annotations

from console.schemas.references import Schema
from console.schemas.rosters import ScheduleItem


class ChangedField(Schema, frozen=True, kw_only=True):
    """A column by its Chinese name, with its value before and after, empty where there is none."""

    field: str
    before: str
    after: str


class TableChange(Schema, frozen=True, kw_only=True):
    """One record: `change` is created, updated or removed."""

    id: str
    change: str
    title: str
    fields: list[ChangedField]


class TableFault(Schema, frozen=True, kw_only=True):
    """A fault of the file: line and column from 1 (0: of the whole file), `cell` as spreadsheets name it (C5)."""

    line: int
    column: int
    cell: str
    field: str
    detail: str


class ImportPreview(Schema, frozen=True, kw_only=True):
    """What the file would change now. With faults nothing can be imported, and `preview` is null; else it is the
    proof that an import of this file does what was shown. `gaps` are those that the import would add to the roster
    of the next two weeks; `changes` has the first 500."""

    faults: list[TableFault]
    created: int
    updated: int
    removed: int
    unchanged: int
    changes: list[TableChange]
    gaps: list[ScheduleItem]
    preview: str | None


class ImportedTable(Schema, frozen=True, kw_only=True):
    """What was changed, and in whose name."""

    created: int
    updated: int
    removed: int
    unchanged: int
    by: str
