"""The play of an incident."""

from __future__ import annotations

from simulators.events import GroundTruth, Measurement, TimedEvent
from simulators.town.plays import Play, Report, Truth, joined, timed_events

BEGAN, ENDED = Report(0, "a", {"alarm": True}, urgent=True), Report(9, "a", {"alarm": False})
FIRST = Play((BEGAN, ENDED), 10, 5, (Truth(0, "a", "漏"),))
SECOND_PLAY = Play((Report(4, "b", {"alarm": True}),), 20, 3)


def test_joined_plays_are_one_with_the_first_danger_and_the_last_end() -> None:
    both = joined([FIRST, SECOND_PLAY])
    assert [report.after_ms for report in both.reports] == [0, 4, 9]
    assert (both.ends_ms, both.notify_ms, both.truths) == (20, 3, FIRST.truths)
    assert joined([Play((), 1), Play((), 2)]).notify_ms is None


def test_a_play_becomes_events_in_order_of_time_with_the_truth_first() -> None:
    events = list(timed_events(FIRST, 1000))
    assert events[0] == TimedEvent(1000, GroundTruth("a", "漏"))
    assert events[1] == TimedEvent(1000, Measurement("a", {"alarm": True}, urgent=True))
    assert events[2].at == 1009
