"""A device that says it is there, without measuring anything, is not silent."""

from __future__ import annotations

from domain import HOUR, MINUTE, Device, Finding, FindingPhase, Quality, Reading
from domain.kind import Kind
from domain.people import community
from rules.engine.engine import Engine
from rules.rulebook.model import Rulebook

T0 = 1_767_225_600_000


def test_a_life_sign_ends_the_absence_of_its_device_and_of_no_other(
    books: dict[str, Rulebook], kinds: dict[str, Kind]
) -> None:
    engine = Engine([books["device"]], kinds, community())
    engine.register([Device("gas-1", "gas_alarm"), Device("gas-2", "gas_alarm")], T0)
    gone = engine.tick(T0 + 12 * HOUR)
    assert [(finding.device, finding.phase) for finding in gone] == [
        ("gas-1", FindingPhase.BEGAN),
        ("gas-2", FindingPhase.BEGAN),
    ]

    back = engine.record_alive(["gas-1", "nobody"], T0 + 13 * HOUR)
    assert [(finding.device, finding.phase) for finding in back] == [("gas-1", FindingPhase.ENDED)]


def test_a_device_whose_platform_says_it_is_gone_is_missed_after_the_grace_and_not_after_its_plan(
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
    gone = restored.tick(T0 + 12 * MINUTE)
    assert [(finding.device, finding.phase, finding.now) for finding in gone] == [
        ("gas-1", FindingPhase.BEGAN, T0 + 11 * MINUTE)
    ]


def test_a_device_that_comes_back_within_the_grace_was_never_missed(
    books: dict[str, Rulebook], kinds: dict[str, Kind]
) -> None:
    engine = Engine([books["device"]], kinds, community())
    engine.register([Device("gas-1", "gas_alarm")], T0)
    engine.mark_offline(["gas-1"], T0 + MINUTE)
    engine.record_alive(["gas-1"], T0 + 2 * MINUTE)

    assert engine.tick(T0 + HOUR) == []


def test_a_clock_that_stays_wrong_is_told_with_its_offset_and_ends_when_it_is_right(
    books: dict[str, Rulebook], kinds: dict[str, Kind]
) -> None:
    engine = Engine([books["device"]], kinds, community())

    def heard(minutes: int, ahead_ms: int, quality: Quality | None = Quality.CLOCK) -> list[Finding]:
        doubts = {} if quality is None else {"temp_c": quality}
        at = T0 + minutes * MINUTE
        return engine.feed([Reading("d", "door", at, at, {"temp_c": 20}, doubts, ahead_ms)], at)

    assert [*heard(0, 8 * HOUR), *heard(30, 8 * HOUR)] == []
    (finding,) = heard(70, 8 * HOUR)
    assert (finding.rule, finding.evidence[0].quantity, finding.evidence[0].value, finding.evidence[0].unit) == (
        "device-clock", "clock_offset_s", 28_800, "s",
    )  # fmt: skip
    # What bears no time that can be read says nothing of the clock, and neither does a retained message.
    assert [*heard(80, 0), *heard(200, 0), *heard(210, 0, Quality.RETAINED), *heard(300, 0, Quality.RETAINED)] == []
    assert heard(310, 0, None) == []
    assert [finding.phase for finding in engine.tick(T0 + 371 * MINUTE)] == [FindingPhase.ENDED]


def test_a_device_that_is_gone_is_missed_itself_and_no_single_quantity_of_it_before_its_time(
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
