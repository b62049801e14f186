"""The check that refuses short waits in tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.architecture.short_timeouts import short_timeout_faults

FILE = Path("tests/x/test_y.py")


@pytest.mark.parametrize(
    "source",
    [
        "asyncio.timeout(5)",
        "await asyncio.wait_for(arrived.wait(), 10)",
        "process.wait(0.5)",
        "client.get(url, timeout=2.0)",
        "await expect(shown).to_be_visible(timeout=5_000)",
        "async def until(happened, seconds: float = 5.0) -> None: ...",
        "async def until(*, within_s: float = 5.0) -> None: ...",
        "began = perf_counter()",
    ],
)
def test_a_short_wait_is_refused_with_its_line(source: str) -> None:
    (fault,) = short_timeout_faults(FILE, f"\n{source}")
    assert fault.startswith("tests/x/test_y.py:2: ")


@pytest.mark.parametrize(
    "source",
    [
        "asyncio.timeout(LONG_TIMEOUT_S)",
        "client.get(url, timeout=60)",
        "await expect(shown).to_be_visible(timeout=60_000)",
        "with pytest.raises(TimeoutError):\n    client.get(url, timeout=0.1)",
        "await asyncio.sleep(0.01)",
        "async def until(happened, tries: int = 3) -> None: ...",
        "began = time.process_time()",
    ],
)
def test_a_long_wait_and_an_expected_timeout_are_fine(source: str) -> None:
    assert list(short_timeout_faults(FILE, source)) == []
