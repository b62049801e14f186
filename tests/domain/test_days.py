"""Days in attributes of devices, in the formats that registers use."""

from __future__ import annotations

import pytest

from domain.days import start_of

MAY_1 = 1_777_593_600_000


@pytest.mark.parametrize(
    "text",
    ["2026-05-01", "2026/5/1", "2026.5.1", "2026年5月1日", "20260501", "2026-05-01T08:00", " 2026-5-1 "],
)
def test_every_format_is_the_start_of_the_same_day(text: object) -> None:
    assert start_of(text) == MAY_1


@pytest.mark.parametrize("text", ["", "soon", "2026-13-01", "2026-02-30", None, True, "5/1"])
def test_a_text_that_is_no_day_has_no_start(text: object) -> None:
    assert start_of(text) is None
