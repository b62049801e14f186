"""`refusals list` without a running service."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.cli.refusals import list_refusals
from app.errors import UserError


def test_an_unknown_reason_names_the_known_ones(tmp_path: Path) -> None:
    """It ended with a traceback."""
    with pytest.raises(UserError, match=r"--reason 'unknown_devise' is unknown: .*did you mean unknown_device"):
        list(list_refusals(tmp_path / "data", 20, "unknown_devise"))
