"""Evaluation is stalled when entries wait and none is taken."""

from __future__ import annotations

from app.server.evaluation_progress import EvaluationProgress
from domain import MINUTE


def test_an_idle_service_is_not_stalled() -> None:
    progress = EvaluationProgress()
    assert [progress.stalled_ms(7, 0, at * MINUTE) for at in range(4)] == [0] * 4


def test_a_backlog_that_shrinks_is_not_stalled_however_large() -> None:
    progress = EvaluationProgress()
    assert [progress.stalled_ms(at, 10_000 - at, at * MINUTE) for at in range(4)] == [0] * 4


def test_a_backlog_that_stays_is_stalled_from_when_it_was_seen_first_until_it_moves() -> None:
    progress = EvaluationProgress()
    progress.stalled_ms(7, 0, 0)
    assert progress.stalled_ms(7, 1, 5 * MINUTE) == 0
    assert progress.stalled_ms(7, 9, 8 * MINUTE) == 3 * MINUTE
    assert progress.stalled_ms(8, 8, 9 * MINUTE) == 0
    assert progress.stalled_ms(8, 8, 10 * MINUTE) == MINUTE
    assert progress.stalled_ms(8, 0, 11 * MINUTE) == 0
