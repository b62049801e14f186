"""The plans of a running service's places: read again when a file is added to the site's folder, or replaced."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

from app.config.plans import PLANS_FOLDER, read_plans
from console.site_files_interface import PlanFile

log = logging.getLogger("fengshao.registry")


class PlacePlans:
    """Called for the plans by place, in a thread. Only names are kept in memory: a drawing is read when it is shown."""

    def __init__(self, site: Path | None) -> None:
        self._site = site
        self._plans: Mapping[str, PlanFile] = {}
        self._read_state: int | None = None

    def __call__(self) -> Mapping[str, PlanFile]:
        state = self._folder_state()
        if self._site is not None and state != self._read_state:
            self._read_state = state
            try:
                self._plans = read_plans(self._site)
            except OSError as error:
                log.error("plans not read", extra={"folder": str(self._site / PLANS_FOLDER), "error": str(error)})
        return self._plans

    def _folder_state(self) -> int | None:
        """Time of the folder's last change, which is when a file was added, removed or renamed; None without one."""
        try:
            return None if self._site is None else (self._site / PLANS_FOLDER).stat().st_mtime_ns
        except OSError:
            return None
