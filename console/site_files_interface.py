"""The site's files as the console reads and imports them; the service does the work (app.server.site_files)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from msgspec import Struct


class PlanFile(Struct, frozen=True):
    """The drawing of a place: its file, and what it is."""

    path: Path
    media_type: str


class SiteFiles(Protocol):
    """The site's CSV files beside the registry. Raises RulebookInvalid when they cannot be read."""

    async def differences(self) -> Sequence[Mapping[str, Any]]: ...

    async def import_now(self, *, force: bool) -> Mapping[str, Any]: ...
