"""The site's CSV files as the console reads and imports them; the service does the work (app.server.site_files)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol


class SiteFiles(Protocol):
    """The site's CSV files beside the registry. Raises RulebookInvalid when they cannot be read."""

    async def differences(self) -> Sequence[Mapping[str, Any]]: ...

    async def import_now(self, *, force: bool) -> Mapping[str, Any]: ...
