"""An offline gateway: one finding for all devices behind it, none of them forgotten, their dangers still reported."""

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
BUILDING = community(places=[Place("b1", "1栋", "building")])
GATEWAY = Device("gw", "gateway", place="b1")
CHILDREN = [
    Device(f"gas-{n}", "gas_alarm", place="b1", attributes={"gateway": "gw", "report_every": "10m"}) for n in range(5)
]


def engine_with(books: Books, kinds: Kinds, *devices: Device, now: int = T0, people: Community = BUILDING) -> Engine:
    engine = Engine([books["device"], books["gas"]], kinds, people)
    engine.register(devices or (GATEWAY, *CHILDREN), now)
    return engine


def reading_of(device: Device, at: int, **values: Value) -> Reading:
    return Reading(device.id, device.kind, T0 + at, T0 + at, values or {"lel_pct": 1})


def feed_from(engine: Engine, at: int, *devices: Device) -> list[Finding]:
    return engine.feed([reading_of(device, at) for device in devices or CHILDREN], T0 + at)


def finding_minutes(findings: list[Finding]) -> list[tuple[str, str, int]]:
    return [(str(finding.subject), finding.phase.value, (finding.now - T0) // MINUTE) for finding in findings]


def test_an_offline_gateway_is_one_finding_with_its_children_as_evidence(books: Books, kinds: Kinds) -> None:
    engine = engine_with(books, kinds)
    feed_from(engine, MINUTE)
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


def test_the_missing_report_of_a_child_is_explained_by_its_gateway(books: Books, kinds: Kinds) -> None:
    engine = engine_with(books, kinds)
    feed_from(engine, 0)
    engine.mark_offline(["gw"], T0 + MINUTE)
    engine.tick(T0 + DAY)
    reasons = explain(engine, "device-offline", "gas-0")["reasons"]
    assert isinstance(reasons, list)
    assert reasons[-1] == "网关 gw 从 2026-01-01T08:01:00+08:00 起没有消息，已另报；这期间不算它沉默"


def test_a_gateway_that_returns_within_the_grace_time_is_not_reported(books: Books, kinds: Kinds) -> None:
    engine = engine_with(books, kinds)
    feed_from(engine, 0)
    engine.mark_offline(["gw"], T0 + MINUTE)
    assert engine.record_alive(["gw"], T0 + 2 * MINUTE) == []
    assert finding_minutes(engine.tick(T0 + 22 * MINUTE)) == []


def test_after_the_return_of_a_gateway_each_child_has_the_time_it_had_left(books: Books, kinds: Kinds) -> None:
    engine = engine_with(books, kinds)
    feed_from(engine, 0)
    engine.mark_offline(["gw"], T0 + 10 * MINUTE)
    assert finding_minutes(engine.tick(T0 + 9 * HOUR)) == [("gw", "began", 12)]
    assert finding_minutes(engine.record_alive(["gw"], T0 + 10 * HOUR)) == [("gw", "ended", 600)]
    for minute in range(601, 630, 10):
        assert feed_from(engine, minute * MINUTE, *CHILDREN[:4]) == []
    # Ten of its forty minutes had passed when the gateway failed; its return was noticed within a minute.
    assert finding_minutes(engine.tick(T0 + 632 * MINUTE)) == [("gas-4", "began", 630)]


def test_three_hundred_silent_children_are_one_finding_of_the_gateway(books: Books, kinds: Kinds) -> None:
    alarms = [
        Device(f"s-{n}", "smoke_alarm", place="b1", attributes={"gateway": "gw", "report_every": "10m"})
        for n in range(300)
    ]
    engine = engine_with(books, kinds, *alarms)
    for minute in range(30):
        engine.feed(
            [reading_of(alarm, minute * MINUTE, temp_c=20) for alarm in alarms[minute % 10 :: 10]], T0 + minute * MINUTE
        )
    findings = engine.tick(T0 + DAY)
    assert finding_minutes(findings) == [("gw", "began", 51)]
    assert [line.value for line in findings[0].evidence if line.quantity == "count"] == [300]
    assert len(findings[0].evidence) == 12


def test_a_silent_child_is_reported_itself_while_others_report(books: Books, kinds: Kinds) -> None:
    engine = engine_with(books, kinds)
    findings = []
    for minute in range(0, 120, 10):
        findings += feed_from(engine, minute * MINUTE, *CHILDREN[:2])
    assert finding_minutes(findings) == [("gas-2", "began", 40), ("gas-3", "began", 40), ("gas-4", "began", 40)]


def test_children_that_were_silent_before_do_not_count_against_the_gateway(books: Books, kinds: Kinds) -> None:
    slow = [Device(f"slow-{n}", "gas_alarm", attributes={"gateway": "gw", "report_every": "1h"}) for n in range(3)]
    engine = engine_with(books, kinds, GATEWAY, *CHILDREN, *slow)
    findings = [*feed_from(engine, 0)]
    for twenty in range(1, 72):
        findings += feed_from(engine, twenty * 20 * MINUTE, slow[twenty % 3])
    assert finding_minutes(findings) == [(f"gas-{n}", "began", 40) for n in range(5)]


@pytest.mark.parametrize("registered", [True, False])
def test_a_danger_through_an_absent_gateway_is_reported_and_ends_its_absence(
    books: Books, kinds: Kinds, registered: bool
) -> None:
    engine = engine_with(books, kinds, *([GATEWAY] if registered else []), *CHILDREN)
    feed_from(engine, 0)
    assert finding_minutes(engine.tick(T0 + HOUR)) == [("gw", "began", 22)]
    (alarm,) = engine.feed([reading_of(CHILDREN[0], 61 * MINUTE, alarm=True)], T0 + 61 * MINUTE)
    assert (alarm.rule, alarm.phase) == ("gas-alarm", FindingPhase.BEGAN)
    assert finding_minutes(engine.tick(T0 + 62 * MINUTE)) == [("gw", "ended", 61)]


def test_an_alarm_behind_an_offline_gateway_goes_stale(books: Books, kinds: Kinds) -> None:
    engine = engine_with(books, kinds)
    engine.feed([reading_of(CHILDREN[0], 0, alarm=True)], T0)
    engine.mark_offline(["gw"], T0 + MINUTE)
    assert [(finding.rule, finding.phase.value) for finding in engine.tick(T0 + HOUR)] == [
        ("gateway-offline", "began"), ("gas-alarm", "stale"),
    ]  # fmt: skip


def test_a_child_that_reports_another_way_does_not_end_the_absence_of_a_gateway_reported_offline(
    books: Books, kinds: Kinds
) -> None:
    engine = engine_with(books, kinds)
    engine.mark_offline(["gw", "gas-0"], T0)
    engine.mark_offline(["gw"], T0 + MINUTE)
    findings = []
    for minute in range(0, 240, 10):
        findings += feed_from(engine, minute * MINUTE + 1, *CHILDREN[:2])
    assert finding_minutes(findings) == [("gw", "began", 2)]
    assert finding_minutes(engine.record_alive(["gw"], T0 + 4 * HOUR)) == [("gw", "ended", 240)]


def test_a_gateway_with_its_own_report_interval_is_reported_absent_once(books: Books, kinds: Kinds) -> None:
    reporting = Device("gw", "gateway", attributes={"report_every": "1m"})
    engine = engine_with(books, kinds, reporting, Device("gas-0", "gas_alarm", attributes={"gateway": "gw"}))
    assert finding_minutes(engine.tick(T0 + DAY)) == [("gw", "began", 5)]
    assert finding_minutes(feed_from(engine, DAY + 1, Device("gas-0", "gas_alarm"))) == []
    findings = engine.tick(T0 + DAY + 20 * MINUTE)
    assert [(finding.rule, finding.phase.value) for finding in findings] == [
        ("gateway-offline", "ended"), ("device-offline", "began"), ("gateway-offline", "began"),
    ]  # fmt: skip


def test_a_device_that_its_platform_reports_flapping_is_reported_to_maintenance_once(
    books: Books, kinds: Kinds
) -> None:
    door = Device("door", "door")
    engine, findings = engine_with(books, kinds, door), list[Finding]()
    for hour in range(8):
        findings += engine.mark_offline(["door"], T0 + hour * HOUR)
        findings += engine.record_alive(["door"], T0 + hour * HOUR + 5 * MINUTE)
    assert [(finding.rule, finding.phase.value, (finding.now - T0) // HOUR) for finding in findings] == [
        ("device-flapping", "began", 3)
    ]


def test_an_absence_announced_by_the_platform_counts_once(books: Books, kinds: Kinds) -> None:
    engine, findings = engine_with(books, kinds, Device("door", "door")), list[Finding]()
    for hour in range(4):
        findings += engine.mark_offline(["door"], T0 + hour * HOUR)
        findings += engine.record_alive(["door"], T0 + hour * HOUR + 30 * MINUTE)
    flaps = [(finding.now - T0) // HOUR for finding in findings if finding.rule == "device-flapping"]
    assert flaps == [3]


def test_devices_behind_a_flapping_gateway_are_not_reported_flapping(books: Books, kinds: Kinds) -> None:
    engine, findings = engine_with(books, kinds), list[Finding]()
    for at in range(0, 120 * MINUTE, 20 * MINUTE):
        findings += engine.mark_offline(["gas-0", "gw"], T0 + at)
        findings += engine.record_alive(["gas-0", "gw"], T0 + at + MINUTE)
        findings += feed_from(engine, at + 2 * MINUTE)
    assert [(str(finding.subject), finding.rule) for finding in findings] == [("gw", "device-flapping")]


def test_a_gateway_that_reports_while_its_children_are_silent_is_absent_until_one_of_them_reports(
    books: Books, kinds: Kinds
) -> None:
    reporting = Device("gw", "gateway", attributes={"report_every": "1m"})
    engine, findings = engine_with(books, kinds, reporting, *CHILDREN), list[Finding]()
    findings += feed_from(engine, 0)
    for minute in range(1, 120):
        findings += engine.record_alive(["gw"], T0 + minute * MINUTE)
        if minute == 60:
            restored = Engine([books["device"], books["gas"]], kinds, BUILDING)
            restored.restore(engine.snapshot())
            restored.register([reporting, *CHILDREN], T0 + HOUR)
            engine = restored
        if minute == 90:
            findings += feed_from(engine, 90 * MINUTE + 1)
    assert finding_minutes(findings) == [("gw", "began", 22), ("gw", "ended", 91), ("gw", "began", 113)]


def test_the_absence_of_a_silent_gateway_ends_with_its_own_report(books: Books, kinds: Kinds) -> None:
    reporting = Device("gw", "gateway", attributes={"report_every": "1m"})
    slow = [Device(f"slow-{n}", "gas_alarm", attributes={"gateway": "gw", "report_every": "1d"}) for n in range(3)]
    engine = engine_with(books, kinds, reporting, *slow)
    feed_from(engine, 0, *slow)
    engine.record_alive(["gw"], T0 + MINUTE)
    assert finding_minutes(engine.tick(T0 + HOUR)) == [("gw", "began", 6)]
    assert finding_minutes(engine.record_alive(["gw"], T0 + HOUR + 1)) == [("gw", "ended", 60)]


def test_an_outage_is_not_counted_as_silence_of_a_gateway(books: Books, kinds: Kinds) -> None:
    engine = engine_with(books, kinds)
    feed_from(engine, 0)
    engine.outage(T0 + MINUTE, None)
    assert engine.tick(T0 + 6 * HOUR) == []
    engine.outage(T0 + MINUTE, T0 + 6 * HOUR)
    assert engine.tick(T0 + 6 * HOUR + 10 * MINUTE) == []
    assert finding_minutes(engine.tick(T0 + 7 * HOUR)) == [("gw", "began", 381)]


@pytest.mark.parametrize("at", [1, 3, 5, 59, 90])
def test_a_crash_at_any_time_changes_nothing(books: Books, kinds: Kinds, at: int) -> None:
    def finding_minutes_of(crash: bool) -> list[tuple[str, str, int]]:
        engine, findings = engine_with(books, kinds), list[Finding]()
        feed_from(engine, 0)
        engine.mark_offline(["gw"], T0 + 2 * MINUTE)
        for minute in range(1, 240):
            if minute == 60:
                findings += engine.record_alive(["gw"], T0 + HOUR + 30_000)
            if crash and minute == at:
                restored = Engine([books["device"], books["gas"]], kinds, BUILDING)
                restored.restore(engine.snapshot())
                restored.register([*CHILDREN, GATEWAY], T0 + minute * MINUTE)
                engine = restored
            findings += engine.tick(T0 + minute * MINUTE)
        return finding_minutes(findings)

    assert finding_minutes_of(crash=True) == finding_minutes_of(crash=False)
    assert finding_minutes_of(crash=False)[:2] == [("gw", "began", 4), ("gw", "ended", 60)]


def test_an_unregistered_gateway_named_by_a_platform_is_a_subject_of_the_system(books: Books, kinds: Kinds) -> None:
    children = [
        Device(f"z-{n}", "door", attributes={"gateway": "system/zigbee2mqtt", "report_every": "10m"}) for n in range(3)
    ]
    engine = engine_with(books, kinds, *children)
    engine.mark_offline(["system/zigbee2mqtt"], T0 + MINUTE)
    (finding,) = engine.tick(T0 + HOUR)
    assert (finding.subject, finding.device, finding.place) == (Subject("system", "zigbee2mqtt"), None, None)


def test_an_unregistered_gateway_without_children_is_not_reported_absent(books: Books, kinds: Kinds) -> None:
    engine = engine_with(books, kinds, *CHILDREN)
    engine.register([Device(child.id, child.kind, attributes={"report_every": "1d"}) for child in CHILDREN], T0)
    assert engine.tick(T0 + 3 * DAY) == []


def test_an_unregistered_device_has_no_gateway_and_no_device_is_its_own_gateway(books: Books, kinds: Kinds) -> None:
    engine = engine_with(books, kinds, *CHILDREN, Device("self", "door", attributes={"gateway": "self"}))
    engine.unregister(["gas-0", "gas-1"], T0)
    assert sorted(engine.gateways.known["gw"].children) == ["gas-2", "gas-3", "gas-4"]
    assert engine.states["self"].parent_gateway is None
    engine.register([GATEWAY], T0)
    engine.unregister(["gw"], T0)
    assert engine.gateways.known["gw"].implied
    assert finding_minutes(engine.tick(T0 + HOUR)) == [("gw", "began", 22)]


def test_a_device_of_any_kind_may_be_a_gateway(books: Books, kinds: Kinds) -> None:
    panel = Device("gw", "fire_panel", attributes={"report_every": "5m"})
    engine = engine_with(books, kinds, panel, *CHILDREN)
    assert [(finding.rule, str(finding.subject)) for finding in engine.tick(T0 + HOUR)] == [("device-offline", "gw")]
    assert finding_minutes(engine.feed([reading_of(panel, 61 * MINUTE, alarm=False)], T0 + 61 * MINUTE)) == [
        ("gw", "ended", 61)
    ]
