"""How long tests wait for what must come: longer than a loaded machine takes for it.

A test that waits less fails for the machine, not for the code. tests/architecture/short_timeouts.py
refuses shorter ones.
"""

from __future__ import annotations

from typing import Final

LONG_TIMEOUT_S: Final = 60.0
LONG_TIMEOUT_MS: Final = LONG_TIMEOUT_S * 1000
