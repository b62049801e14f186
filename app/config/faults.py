"""Faults in files that people write, each with its file, line and column."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from app.errors import UserError


class ConfigFault(Struct, frozen=True):
    """One fault at its place in a file; line and column count from 1."""

    file: str
    line: int
    column: int
    field: str
    message: str

    def __str__(self) -> str:
        field = f"{self.field}: " if self.field else ""
        return f"{self.file}:{self.line}:{self.column}: {field}{self.message}"


class ConfigError(UserError):
    """Everything wrong with the files that were read."""

    def __init__(self, faults: Sequence[ConfigFault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))
