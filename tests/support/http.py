"""How long HTTP clients of tests wait."""

from __future__ import annotations

from typing import Final

API_TIMEOUT_S: Final = 30.0
"""The default of httpx, 5 s, is too short on a loaded test machine: a test failed with ReadTimeout."""
