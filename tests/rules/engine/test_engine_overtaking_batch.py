"""Readings that overtook a backlog: only completion by timers waits for the backlog."""

from __future__ import annotations

from domain import MINUTE, Device, Reading
from domain.kind import Kind
from domain.people import community
from rules.engine.engine import Engine
from rules.rulebook.model import Rulebook

T0 = 1_767_225_600_000


def test_a_high_heart_rate_is_found_though_all_readings_come_on_the_urgent_topic(
    books: dict[str, Rulebook], kinds: dict[str, Kind]
) -> None:
    engine = Engine([books["wristband"]], kinds, community())
    engine.register([Device("band-1", "wristband")], T0)
    findings = []
    for minutes in (0, 6):
        at = T0 + minutes * MINUTE
        findings += engine.feed(
            [Reading("band-1", "wristband", at, at, {"heart_rate_bpm": 150})], at, ahead_of_backlog=True
        )
    assert [(finding.rule, finding.begin) for finding in findings] == [("band-heart-rate", T0)]
