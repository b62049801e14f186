"""The outlines of a running service's places: places.geojson of its site, read again when the file changes."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from pathlib import Path

from app.config.faults import ConfigError
from app.config.outlines import OUTLINES_FILE, read_outlines
from domain.geometry import Geometry

log = logging.getLogger("fengshao.registry")


class PlaceOutlines:
    """Called for the geometry of places by id, in a thread: a district has 10,000 outlines, 3 MB.

    A file with faults is logged, and the outlines that were read before stay.
    """

    def __init__(self, site: Path | None) -> None:
        self._file = None if site is None else site / OUTLINES_FILE
        self._outlines: Mapping[str, Geometry] = {}
        self._read_state: tuple[int, int] | None = None
        self._lock = threading.Lock()

    def __call__(self) -> Mapping[str, Geometry]:
        with self._lock:  # whoever asks while the file is read waits for it
            state = self._file_state()
            if self._file is not None and state != self._read_state:
                self._read_state = state
                try:
                    self._outlines = read_outlines(self._file)
                except ConfigError as error:
                    log.error("places.geojson not read", extra={"faults": str(error)})
            return self._outlines

    def _file_state(self) -> tuple[int, int] | None:
        """Time of the last change and size; None without a file."""
        try:
            status = self._file.stat() if self._file is not None else None
        except OSError:
            return None
        return None if status is None else (status.st_mtime_ns, status.st_size)
