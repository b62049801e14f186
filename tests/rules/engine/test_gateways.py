"""A gateway's death folds what is behind it: one story, no flood, no child forgotten, a child's danger still counts."""

from __future__ import annotations

import pytest

from domain import DAY, HOUR, MINUTE, Device, Finding, FindingPhase, Place, Reading, Subject, Value
from domain.kind import Kind
from domain.people import Community, community
from rules.engine.engine import Engine
from rules.rulebook.model import Rulebook
from rules.tools.explain import explain

Books = dict[str, Rulebook]
Kinds = dict[str, Kind]
T0 = 1_767_225_600_000
HOUSE = community(places=[Place("b1", "1栋", "building")])
GATEWAY = Device("gw", "gateway", place="b1")
CHILDREN = [
    Device(f"gas-{n}", "gas_alarm", place="b1", attributes={"gateway": "gw", "report_every": "10m"}) for n in range(5)
]


def town(books: Books, kinds: Kinds, *devices: Device, now: int = T0, people: Community = HOUSE) -> Engine:
    engine = Engine([books["device"], books["gas"]], kinds, people)
    engine.register(devices or (GATEWAY, *CHILDREN), now)
    return engine


def said(device: Device, at: int, **values: Value) -> Reading:
    return Reading(device.id, device.kind, T0 + at, T0 + at, values or {"lel_pct": 1})


def all_speak(engine: Engine, at: int, *devices: Device) -> list[Finding]:
    return engine.feed([said(device, at) for device in devices or CHILDREN], T0 + at)


def words(findings: list[Finding]) -> list[tuple[str, str, int]]:
    return [(str(finding.subject), finding.phase.value, (finding.now - T0) // MINUTE) for finding in findings]


def test_a_gateway_that_says_it_is_gone_is_one_story_with_its_children_as_evidence(books: Books, kinds: Kinds) -> None:
    engine = town(books, kinds)
    all_speak(engine, MINUTE)
    engine.mark_offline(["gw"], T0 + 2 * MINUTE)
    (finding,) = engine.tick(T0 + DAY)
    assert (finding.rule, finding.device, finding.place, (finding.now - T0) // MINUTE) == (
        "gateway-offline",
        "gw",
        "b1",
        4,
    )
    readings, count, *named = finding.evidence
    assert (readings.quantity, readings.at, count.quantity, count.value, count.limit) == ("heard", None, "count", 5, 3)
    assert [(line.quantity, line.value, line.at) for line in named] == [("device", "1栋", T0 + MINUTE)] * 5


def test_why_a_child_is_not_told_is_explained_by_its_gateway(books: Books, kinds: Kinds) -> None:
    engine = town(books, kinds)
    all_speak(engine, 0)
    engine.mark_offline(["gw"], T0 + MINUTE)
    engine.tick(T0 + DAY)
    reasons = explain(engine, "device-offline", "gas-0")["reasons"]
    assert isinstance(reasons, list)
    assert reasons[-1] == "网关 gw 从 2026-01-01T08:01:00+08:00 起没有消息，已另报；这期间不算它沉默"


def test_what_comes_back_within_the_grace_was_never_gone(books: Books, kinds: Kinds) -> None:
    engine = town(books, kinds)
    all_speak(engine, 0)
    engine.mark_offline(["gw"], T0 + MINUTE)
    assert engine.record_alive(["gw"], T0 + 2 * MINUTE) == []
    assert words(engine.tick(T0 + 22 * MINUTE)) == []


def test_after_its_return_each_child_has_as_long_to_speak_as_it_had_left(books: Books, kinds: Kinds) -> None:
    engine = town(books, kinds)
    all_speak(engine, 0)
    engine.mark_offline(["gw"], T0 + 10 * MINUTE)
    assert words(engine.tick(T0 + 9 * HOUR)) == [("gw", "began", 12)]
    assert words(engine.record_alive(["gw"], T0 + 10 * HOUR)) == [("gw", "ended", 600)]
    for minute in range(601, 630, 10):
        assert all_speak(engine, minute * MINUTE, *CHILDREN[:4]) == []
    # Ten of its forty minutes were over when the gateway died; the return was seen within a minute.
    assert words(engine.tick(T0 + 632 * MINUTE)) == [("gas-4", "began", 630)]


def test_three_hundred_children_silent_without_a_word_of_the_gateway_are_one_story(books: Books, kinds: Kinds) -> None:
    many = [
        Device(f"s-{n}", "smoke_alarm", place="b1", attributes={"gateway": "gw", "report_every": "10m"})
        for n in range(300)
    ]
    engine = town(books, kinds, *many)
    for minute in range(30):
        engine.feed([said(one, minute * MINUTE, temp_c=20) for one in many[minute % 10 :: 10]], T0 + minute * MINUTE)
    findings = engine.tick(T0 + DAY)
    assert words(findings) == [("gw", "began", 51)]
    assert [line.value for line in findings[0].evidence if line.quantity == "count"] == [300]
    assert len(findings[0].evidence) == 12


def test_a_child_that_is_silent_while_others_are_heard_is_told_itself(books: Books, kinds: Kinds) -> None:
    engine = town(books, kinds)
    findings = []
    for minute in range(0, 120, 10):
        findings += all_speak(engine, minute * MINUTE, *CHILDREN[:2])
    assert words(findings) == [("gas-2", "began", 40), ("gas-3", "began", 40), ("gas-4", "began", 40)]


def test_children_that_were_silent_before_do_not_speak_against_the_gateway(books: Books, kinds: Kinds) -> None:
    slow = [Device(f"slow-{n}", "gas_alarm", attributes={"gateway": "gw", "report_every": "1h"}) for n in range(3)]
    engine = town(books, kinds, GATEWAY, *CHILDREN, *slow)
    findings = [*all_speak(engine, 0)]
    for twenty in range(1, 72):
        findings += all_speak(engine, twenty * 20 * MINUTE, slow[twenty % 3])
    assert words(findings) == [(f"gas-{n}", "began", 40) for n in range(5)]


@pytest.mark.parametrize("registered", [True, False])
def test_a_danger_through_a_gateway_that_is_missed_is_told_and_proves_that_it_lives(
    books: Books, kinds: Kinds, registered: bool
) -> None:
    engine = town(books, kinds, *([GATEWAY] if registered else []), *CHILDREN)
    all_speak(engine, 0)
    assert words(engine.tick(T0 + HOUR)) == [("gw", "began", 22)]
    (alarm,) = engine.feed([said(CHILDREN[0], 61 * MINUTE, alarm=True)], T0 + 61 * MINUTE)
    assert (alarm.rule, alarm.phase) == ("gas-alarm", FindingPhase.BEGAN)
    assert words(engine.tick(T0 + 62 * MINUTE)) == [("gw", "ended", 61)]


def test_an_alarm_behind_a_dead_gateway_goes_stale_whoever_stands_at_the_door_must_know(
    books: Books, kinds: Kinds
) -> None:
    engine = town(books, kinds)
    engine.feed([said(CHILDREN[0], 0, alarm=True)], T0)
    engine.mark_offline(["gw"], T0 + MINUTE)
    assert [(finding.rule, finding.phase.value) for finding in engine.tick(T0 + HOUR)] == [
        ("gateway-offline", "began"), ("gas-alarm", "stale"),
    ]  # fmt: skip


def test_while_the_gateway_says_it_is_gone_a_child_heard_another_way_does_not_revive_it(
    books: Books, kinds: Kinds
) -> None:
    engine = town(books, kinds)
    engine.mark_offline(["gw", "gas-0"], T0)
    engine.mark_offline(["gw"], T0 + MINUTE)
    findings = []
    for minute in range(0, 240, 10):
        findings += all_speak(engine, minute * MINUTE + 1, *CHILDREN[:2])
    assert words(findings) == [("gw", "began", 2)]
    assert words(engine.record_alive(["gw"], T0 + 4 * HOUR)) == [("gw", "ended", 240)]


def test_a_gateway_with_a_plan_of_its_own_is_missed_by_it_once(books: Books, kinds: Kinds) -> None:
    speaks = Device("gw", "gateway", attributes={"report_every": "1m"})
    engine = town(books, kinds, speaks, Device("gas-0", "gas_alarm", attributes={"gateway": "gw"}))
    assert words(engine.tick(T0 + DAY)) == [("gw", "began", 5)]
    assert words(all_speak(engine, DAY + 1, Device("gas-0", "gas_alarm"))) == []
    findings = engine.tick(T0 + DAY + 20 * MINUTE)
    assert [(finding.rule, finding.phase.value) for finding in findings] == [
        ("gateway-offline", "ended"), ("device-offline", "began"), ("gateway-offline", "began"),
    ]  # fmt: skip


def test_a_device_that_comes_and_goes_by_its_platform_s_word_is_told_to_maintenance_once(
    books: Books, kinds: Kinds
) -> None:
    alone = Device("door", "door")
    engine, told = town(books, kinds, alone), list[Finding]()
    for hour in range(8):
        told += engine.mark_offline(["door"], T0 + hour * HOUR)
        told += engine.record_alive(["door"], T0 + hour * HOUR + 5 * MINUTE)
    assert [(finding.rule, finding.phase.value, (finding.now - T0) // HOUR) for finding in told] == [
        ("device-flapping", "began", 3)
    ]


def test_an_absence_that_was_announced_counts_once(books: Books, kinds: Kinds) -> None:
    engine, told = town(books, kinds, Device("door", "door")), list[Finding]()
    for hour in range(4):
        told += engine.mark_offline(["door"], T0 + hour * HOUR)
        told += engine.record_alive(["door"], T0 + hour * HOUR + 30 * MINUTE)
    flaps = [(finding.now - T0) // HOUR for finding in told if finding.rule == "device-flapping"]
    assert flaps == [3]


def test_whoever_hangs_on_a_gateway_that_comes_and_goes_does_not(books: Books, kinds: Kinds) -> None:
    engine, told = town(books, kinds), list[Finding]()
    for at in range(0, 120 * MINUTE, 20 * MINUTE):
        told += engine.mark_offline(["gas-0", "gw"], T0 + at)
        told += engine.record_alive(["gas-0", "gw"], T0 + at + MINUTE)
        told += all_speak(engine, at + 2 * MINUTE)
    assert [(str(finding.subject), finding.rule) for finding in told] == [("gw", "device-flapping")]


def test_a_gateway_that_speaks_while_all_behind_it_is_silent_is_deaf_until_one_of_them_is_heard(
    books: Books, kinds: Kinds
) -> None:
    beats = Device("gw", "gateway", attributes={"report_every": "1m"})
    engine, told = town(books, kinds, beats, *CHILDREN), list[Finding]()
    told += all_speak(engine, 0)
    for minute in range(1, 120):
        told += engine.record_alive(["gw"], T0 + minute * MINUTE)
        if minute == 60:
            restored = Engine([books["device"], books["gas"]], kinds, HOUSE)
            restored.restore(engine.snapshot())
            restored.register([beats, *CHILDREN], T0 + HOUR)
            engine = restored
        if minute == 90:
            told += all_speak(engine, 90 * MINUTE + 1)
    assert words(told) == [("gw", "began", 22), ("gw", "ended", 91), ("gw", "began", 113)]


def test_a_gateway_that_dies_itself_lives_by_its_own_word(books: Books, kinds: Kinds) -> None:
    beats = Device("gw", "gateway", attributes={"report_every": "1m"})
    slow = [Device(f"slow-{n}", "gas_alarm", attributes={"gateway": "gw", "report_every": "1d"}) for n in range(3)]
    engine = town(books, kinds, beats, *slow)
    all_speak(engine, 0, *slow)
    engine.record_alive(["gw"], T0 + MINUTE)
    assert words(engine.tick(T0 + HOUR)) == [("gw", "began", 6)]
    assert words(engine.record_alive(["gw"], T0 + HOUR + 1)) == [("gw", "ended", 60)]


def test_what_nobody_can_hear_is_not_the_gateway_s_fault(books: Books, kinds: Kinds) -> None:
    engine = town(books, kinds)
    all_speak(engine, 0)
    engine.outage(T0 + MINUTE, None)
    assert engine.tick(T0 + 6 * HOUR) == []
    engine.outage(T0 + MINUTE, T0 + 6 * HOUR)
    assert engine.tick(T0 + 6 * HOUR + 10 * MINUTE) == []
    assert words(engine.tick(T0 + 7 * HOUR)) == [("gw", "began", 381)]


@pytest.mark.parametrize("at", [1, 3, 5, 59, 90])
def test_a_crash_at_any_time_changes_nothing(books: Books, kinds: Kinds, at: int) -> None:
    def story(crash: bool) -> list[tuple[str, str, int]]:
        engine, told = town(books, kinds), list[Finding]()
        all_speak(engine, 0)
        engine.mark_offline(["gw"], T0 + 2 * MINUTE)
        for minute in range(1, 240):
            if minute == 60:
                told += engine.record_alive(["gw"], T0 + HOUR + 30_000)
            if crash and minute == at:
                restored = Engine([books["device"], books["gas"]], kinds, HOUSE)
                restored.restore(engine.snapshot())
                restored.register([*CHILDREN, GATEWAY], T0 + minute * MINUTE)
                engine = restored
            told += engine.tick(T0 + minute * MINUTE)
        return words(told)

    assert story(crash=True) == story(crash=False)
    assert story(crash=False)[:2] == [("gw", "began", 4), ("gw", "ended", 60)]


def test_a_gateway_that_nobody_registered_is_the_system_s_when_a_platform_names_it(books: Books, kinds: Kinds) -> None:
    behind = [
        Device(f"z-{n}", "door", attributes={"gateway": "system/zigbee2mqtt", "report_every": "10m"}) for n in range(3)
    ]
    engine = town(books, kinds, *behind)
    engine.mark_offline(["system/zigbee2mqtt"], T0 + MINUTE)
    (finding,) = engine.tick(T0 + HOUR)
    assert (finding.subject, finding.device, finding.place) == (Subject("system", "zigbee2mqtt"), None, None)


def test_when_nothing_hangs_on_an_unregistered_gateway_any_more_nobody_misses_it(books: Books, kinds: Kinds) -> None:
    engine = town(books, kinds, *CHILDREN)
    engine.register([Device(one.id, one.kind, attributes={"report_every": "1d"}) for one in CHILDREN], T0)
    assert engine.tick(T0 + 3 * DAY) == []


def test_who_is_taken_away_hangs_on_nothing_and_who_names_itself_is_no_gateway(books: Books, kinds: Kinds) -> None:
    engine = town(books, kinds, *CHILDREN, Device("self", "door", attributes={"gateway": "self"}))
    engine.unregister(["gas-0", "gas-1"], T0)
    assert sorted(engine.gateways.known["gw"].children) == ["gas-2", "gas-3", "gas-4"]
    assert engine.states["self"].parent_gateway is None
    engine.register([GATEWAY], T0)
    engine.unregister(["gw"], T0)
    assert engine.gateways.known["gw"].implied
    assert words(engine.tick(T0 + HOUR)) == [("gw", "began", 22)]


def test_a_device_of_any_kind_may_be_a_gateway(books: Books, kinds: Kinds) -> None:
    panel = Device("gw", "fire_panel", attributes={"report_every": "5m"})
    engine = town(books, kinds, panel, *CHILDREN)
    assert [(finding.rule, str(finding.subject)) for finding in engine.tick(T0 + HOUR)] == [("device-offline", "gw")]
    assert words(engine.feed([said(panel, 61 * MINUTE, alarm=False)], T0 + 61 * MINUTE)) == [("gw", "ended", 61)]
