"""Faults in configuration files, each with its file, line and column."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from app.errors import UserError


class ConfigFault(Struct, frozen=True):
    """One fault; line and column count from 1, `field` is a dotted path or a CSV column."""

    file: str
    line: int
    column: int
    field: str
    message: str

    def __str__(self) -> str:
        field = f"{self.field}: " if self.field else ""
        return f"{self.file}:{self.line}:{self.column}: {field}{self.message}"


class ConfigError(UserError):
    """All faults of the files that were read, one a line in its message."""

    def __init__(self, faults: Sequence[ConfigFault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))
