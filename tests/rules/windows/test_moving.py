"""When windows over yes/no states change by time alone."""

from __future__ import annotations

import pytest

from domain import HOUR, MINUTE
from rules.language.nodes import windows
from rules.language.parser import parse
from rules.windows.history import Sample, SampleHistory
from rules.windows.moving import moving_windows, next_move

OPENED_AND_CLOSED: list[Sample] = [(1 * HOUR, 0.0), (2 * HOUR, 1.0), (2 * HOUR + MINUTE, 0.0), (9 * HOUR, 0.0)]


@pytest.mark.parametrize(
    ("condition", "after", "moves_at"),
    [
        ("max(opened, 24h) == 0", 9 * HOUR, 26 * HOUR),  # the opening leaves
        ("max(opened, 24h) == 0", 26 * HOUR, None),  # none is left
        ("min(opened, 24h) == 1", 9 * HOUR, 33 * HOUR),  # the last time it was closed
        ("count(opened, 24h) < 1", 9 * HOUR, 25 * HOUR),  # any sample counts
        ("count(opened == false, 24h) < 1", 25 * HOUR, 26 * HOUR),
        ("seen(opened, 24h) >= 24h", 9 * HOUR, 25 * HOUR),
        ("seen(opened, 24h) >= 24h", 25 * HOUR, None),
        ("max(opened, 1h, offset 1h) == 1", 2 * HOUR, 3 * HOUR),  # the opening enters
        ("max(opened, 24h) == 0 and seen(opened, 48h) >= 24h", 9 * HOUR, 26 * HOUR),
        ("max(opened, 24h) == 0", 40 * HOUR, None),  # nothing lies in it
    ],
)
def test_the_next_instant_at_which_a_window_changes(condition: str, after: int, moves_at: int | None) -> None:
    past = {"opened": SampleHistory(48 * HOUR, OPENED_AND_CLOSED, exact=True, is_bool=True)}
    asked = moving_windows(windows(parse(condition)), {"opened"})
    assert next_move(asked, past, after) == moves_at


def test_a_window_without_samples_does_not_change() -> None:
    assert next_move(moving_windows(windows(parse("max(opened, 24h) == 0")), {"opened"}), {}, 0) is None


@pytest.mark.parametrize(
    "condition",
    ["increase(steps, 12h) < 10", "increase(steps, 12h) < 10 and min(worn, 12h) == 1", "max(temp_c, 1h) < 5", "opened"],
)
def test_conditions_that_need_numbers_wait_for_the_next_reading(condition: str) -> None:
    assert moving_windows(windows(parse(condition)), {"worn", "opened"}) == ()
