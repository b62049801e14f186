"""Garbage collection of a simulated day: the town and the service's index of it stay for the whole day."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator
from typing import Final

_THRESHOLDS: Final = (50_000, 50, 100)
"""As in the service (app/server/run.py): messages are freed by their reference counts, cycles are few."""


@contextlib.contextmanager
def kept_for_the_day() -> Iterator[None]:
    """What exists now is not searched for garbage until this ends: with 64,000 devices that took a fifth of the time.

    In a process that has excluded something itself nothing is changed.
    """
    if gc.get_freeze_count():
        yield
        return
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
