"""While the service loads, nothing is searched for garbage; afterwards it is, also when loading failed."""

from __future__ import annotations

import gc
import subprocess
import sys

import pytest

from app.server.garbage import loading


def fail_while_loading(seen: list[bool]) -> None:
    with loading():
        seen.append(gc.isenabled())
        raise LookupError


def test_nothing_is_collected_while_loading_and_again_afterwards_also_after_a_failure() -> None:
    was_enabled, seen = gc.isenabled(), list[bool]()
    try:
        with pytest.raises(LookupError):
            fail_while_loading(seen)
        assert (seen, gc.isenabled()) == ([False], True)
    finally:
        if not was_enabled:
            gc.disable()


def test_what_was_loaded_is_excluded_from_later_collections() -> None:
    program = (
        "import gc\nfrom app.server.garbage import GC_THRESHOLDS, freeze_gc, loading\n"
        "with loading():\n    kept = [[] for _ in range(10_000)]\n    freeze_gc()\n"
        "print(gc.get_freeze_count() > 10_000, gc.get_threshold() == GC_THRESHOLDS, gc.isenabled())"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["True", "True", "True"]
