"""The dependencies of the console show no secret."""

from __future__ import annotations

from domain.secret import Secret
from tests.support.console_harness import ADMIN, ConsoleHarness


async def test_the_dependencies_show_no_secret(harness: ConsoleHarness) -> None:
    shown = repr(harness.deps)

    assert ADMIN not in shown
    assert "s3cret" not in shown
    assert repr(Secret("x")) == "***"
