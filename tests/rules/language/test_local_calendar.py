"""The calendar: local time, and conditions about it."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from domain import Device, FindingPhase, Instant, Reading
from domain.kind import Kind
from domain.people import community
from rules.engine.engine import Engine
from rules.language.local_calendar import calendar_value
from rules.rulebook.model import Rulebook

SHANGHAI = ZoneInfo("Asia/Shanghai")


def shanghai_time(*local: int) -> Instant:
    return int(datetime(*local, tzinfo=SHANGHAI).timestamp() * 1000)  # type: ignore[arg-type]


def test_the_parts_of_local_time() -> None:
    night = shanghai_time(2026, 11, 21, 23, 45)
    assert [calendar_value(night, SHANGHAI, name) for name in ("hour", "minute", "weekday", "workday", "holiday")] == [
        23, 23 * 60 + 45, 6, False, False,
    ]  # fmt: skip
    assert calendar_value(night, ZoneInfo("UTC"), "hour") == 15
    assert calendar_value(night, SHANGHAI, "century") is None


def test_a_rule_may_apply_at_night_or_on_days_off_only(kinds: dict[str, Kind]) -> None:
    rule = {
        "name": "night-door", "title": {"zh": "夜间开门", "en": "Door at night"}, "kind": "door", "severity": "low",
        "when": "opened", "only_if": "time.hour >= 22 or time.hour < 6 or not time.workday", "source": "test",
    }  # fmt: skip
    engine = Engine([Rulebook.model_validate({"hazard": "person", "rules": [rule]})], kinds, community())
    engine.register([Device("d", "door")], shanghai_time(2026, 2, 13))
    begins = []
    for then in (
        shanghai_time(2026, 2, 13, 21, 59),
        shanghai_time(2026, 2, 13, 22),
        shanghai_time(2026, 2, 14, 12),
        shanghai_time(2026, 2, 15, 12),
    ):
        for now, opened in ((then, True), (then + 1, False)):
            found = engine.feed([Reading("d", "door", now, now, {"opened": opened})], now)
            begins += [finding.begin for finding in found if finding.phase is FindingPhase.BEGAN]
    assert begins == [shanghai_time(2026, 2, 13, 22), shanghai_time(2026, 2, 15, 12)]
