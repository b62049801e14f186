"""Absence of devices: life signs, reports of a platform that a device is offline, wrong clocks."""

from __future__ import annotations

from domain import HOUR, MINUTE, Device, Finding, FindingPhase, Quality, Reading
from domain.kind import Kind
from domain.people import community
from rules.engine.engine import Engine
from rules.rulebook.model import Rulebook

T0 = 1_767_225_600_000


def test_a_life_sign_ends_the_absence_of_its_device_only(books: dict[str, Rulebook], kinds: dict[str, Kind]) -> None:
    engine = Engine([books["device"]], kinds, community())
    engine.register([Device("gas-1", "gas_alarm"), Device("gas-2", "gas_alarm")], T0)
    began = engine.tick(T0 + 12 * HOUR)
    assert [(finding.device, finding.phase) for finding in began] == [
        ("gas-1", FindingPhase.BEGAN),
        ("gas-2", FindingPhase.BEGAN),
    ]

    ended = engine.record_alive(["gas-1", "nobody"], T0 + 13 * HOUR)
    assert [(finding.device, finding.phase) for finding in ended] == [("gas-1", FindingPhase.ENDED)]


def test_a_device_that_its_platform_reports_offline_is_absent_after_the_grace_time(
    books: dict[str, Rulebook], kinds: dict[str, Kind]
) -> None:
    engine = Engine([books["device"]], kinds, community())
    engine.register([Device("gas-1", "gas_alarm"), Device("gas-2", "gas_alarm")], T0)
    engine.mark_offline(["gas-1", "nobody"], T0 + MINUTE)
    engine.mark_offline(["gas-1"], T0 + 9 * MINUTE)

    restored = Engine([books["device"]], kinds, community())
    restored.restore(engine.snapshot())
    restored.register([Device("gas-1", "gas_alarm"), Device("gas-2", "gas_alarm")], T0 + 9 * MINUTE)
    assert restored.tick(T0 + 10 * MINUTE) == []
    began = restored.tick(T0 + 12 * MINUTE)
    assert [(finding.device, finding.phase, finding.now) for finding in began] == [
        ("gas-1", FindingPhase.BEGAN, T0 + 11 * MINUTE)
    ]


def test_a_device_that_returns_within_the_grace_time_is_not_reported_absent(
    books: dict[str, Rulebook], kinds: dict[str, Kind]
) -> None:
    engine = Engine([books["device"]], kinds, community())
    engine.register([Device("gas-1", "gas_alarm")], T0)
    engine.mark_offline(["gas-1"], T0 + MINUTE)
    engine.record_alive(["gas-1"], T0 + 2 * MINUTE)

    assert engine.tick(T0 + HOUR) == []


def test_a_wrong_clock_is_reported_with_its_offset_until_it_is_right(
    books: dict[str, Rulebook], kinds: dict[str, Kind]
) -> None:
    engine = Engine([books["device"]], kinds, community())

    def feed_with_offset(minutes: int, ahead_ms: int, quality: Quality | None = Quality.CLOCK) -> list[Finding]:
        doubts = {} if quality is None else {"temp_c": quality}
        at = T0 + minutes * MINUTE
        return engine.feed([Reading("d", "door", at, at, {"temp_c": 20}, doubts, ahead_ms)], at)

    assert [*feed_with_offset(0, 8 * HOUR), *feed_with_offset(30, 8 * HOUR)] == []
    (finding,) = feed_with_offset(70, 8 * HOUR)
    assert (finding.rule, finding.evidence[0].quantity, finding.evidence[0].value, finding.evidence[0].unit) == (
        "device-clock", "clock_offset_s", 28_800, "s",
    )  # fmt: skip
    # A reading without a readable time proves nothing about the clock, and neither does a retained message.
    assert [
        *feed_with_offset(80, 0),
        *feed_with_offset(200, 0),
        *feed_with_offset(210, 0, Quality.RETAINED),
        *feed_with_offset(300, 0, Quality.RETAINED),
    ] == []
    assert feed_with_offset(310, 0, None) == []
    assert [finding.phase for finding in engine.tick(T0 + 371 * MINUTE)] == [FindingPhase.ENDED]


def test_an_offline_device_does_not_make_one_quantity_absent_early(
    kinds: dict[str, Kind],
) -> None:
    rule = {"name": "co-unheard", "title": {"zh": "一", "en": "x"}, "kind": "gas_alarm", "severity": "low"}
    absent = {"absent": {"quantity": "co_ppm", "after": "2h"}, "source": "test"}
    book = Rulebook.model_validate({"hazard": "gas", "rules": [{**rule, **absent}]})
    engine = Engine([book], kinds, community())
    engine.register([Device("gas-1", "gas_alarm")], T0)
    assert engine.mark_offline(["gas-1"], T0 + MINUTE) == []
    assert engine.tick(T0 + HOUR) == []
    assert [finding.rule for finding in engine.tick(T0 + 3 * HOUR)] == ["co-unheard"]
