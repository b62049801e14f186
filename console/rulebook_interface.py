"""The site's rulebook files as the console edits them; the service does the work (app.rule_tools.rulebook_folder)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

import msgspec

Origin = Literal["built_in", "site", "replaced"]
"""Delivered with the product; the site's own; the site's in place of a delivered one of the same name."""


class RulebookText(msgspec.Struct, frozen=True):
    """A rulebook and its trials as they are in force, or as they are proposed; `trials` is empty without any."""

    text: str
    trials: str = ""


class RulebookSource(msgspec.Struct, frozen=True):
    """A rulebook in force, with the names of its rules. `etag` changes with its text or its trials."""

    name: str
    origin: Origin
    content: RulebookText
    etag: str
    rules: Sequence[str] = ()


class RulebookChanged(Exception):
    """The file is another one than the editor read."""


class TrialsFailed(Exception):
    """Trials of a proposed rulebook fail; `failures` lists them as the rule tools return them."""

    def __init__(self, failures: Sequence[Mapping[str, Any]]) -> None:
        super().__init__(f"{len(failures)} trials fail")
        self.failures = failures


class NotThere(Exception):
    """No rulebook of this name is in force."""


class RulebookFiles(Protocol):
    """Reads and replaces rulebooks. Changes raise RulebookInvalid, RulebookChanged, TrialsFailed and ToolsRefused."""

    async def sources(self) -> Sequence[RulebookSource]: ...

    async def source(self, name: str) -> RulebookSource:
        """Raises NotThere."""
        ...

    async def delivered(self, name: str) -> RulebookText | None:
        """The rulebook of this name as delivered with the product."""
        ...

    async def publish(
        self, name: str, content: RulebookText, etag: str | None, *, failing_trials: bool
    ) -> Mapping[str, Any]:
        """Put this in force and return what changed; `etag` is that of the file it replaces, None for a new one."""
        ...

    async def remove(self, name: str, etag: str) -> Mapping[str, Any]:
        """Remove the site's file: the delivered one of this name, if there is one, is in force again."""
        ...
