"""Group rules: subjects of groups, counting members, begin and end, restart."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from domain import DAY, HOUR, MINUTE, Cell, Device, Finding, Person, Place, Reading, Severity, Subject, Value
from domain.kind import Kind
from domain.people import Community, community
from rules.engine.community_index import CommunityIndex
from rules.engine.engine import Engine
from rules.rulebook.check import check
from rules.rulebook.model import Rulebook
from rules.rulebook.references import check_references
from rules.tools.explain import explain

Kinds = dict[str, Kind]
T0 = 1_767_225_600_000
RULE: dict[str, Any] = {"title": {"zh": "一", "en": "x"}, "severity": "high", "source": "test"}
SMOKE = {**RULE, "name": "smoke", "kind": "smoke_alarm", "when": "alarm"}
BUILDING = {**RULE, "name": "many", "of": "building", "gather": {"within": "10m", "parts": [{"rules": ["smoke"]}]}}
COMMUNITY = community(
    places=[
        Place("b1", "1栋", "building", cell="g1"),
        *(Place(f"h{n}", f"{n}01", "household", parent="b1") for n in range(1, 6)),
    ],
    cells=[Cell("g1", "一格", "cell")],
    people=[Person("li", "李", home="h2")],
)


def group_rule(at_least: int = 2, **changes: Any) -> dict[str, Any]:
    parts = [{"rules": ["smoke"], "at_least": at_least}]
    return {**BUILDING, "gather": {"within": "10m", "parts": parts}, **changes}


def engine_of(kinds: Kinds, *rules: dict[str, Any], registry: Community = COMMUNITY) -> Engine:
    engine = Engine([Rulebook.model_validate({"hazard": "fire", "rules": list(rules)})], kinds, registry)
    engine.register([Device(f"s{n}", "smoke_alarm", place=f"h{n}", attributes={"line": "L"}) for n in range(1, 6)], T0)
    return engine


def reading_of(device: str, at: int, **values: Value) -> Reading:
    return Reading(device, "smoke_alarm", T0 + at, T0 + at, values)


def feed(engine: Engine, *readings: Reading) -> list[Finding]:
    return [finding for reading in readings for finding in engine.feed([reading], reading.received)]


def phases_of(findings: list[Finding], rule: str = "many") -> list[str]:
    return [f"{finding.subject} {finding.phase.value}" for finding in findings if finding.rule == rule]


def test_two_devices_of_a_building_are_one_finding_about_the_building(kinds: Kinds) -> None:
    engine = engine_of(kinds, SMOKE, group_rule())
    assert phases_of(feed(engine, reading_of("s1", 0, alarm=True), reading_of("s1", 1, alarm=True))) == []
    (_, found) = feed(engine, reading_of("s2", MINUTE, alarm=True))
    assert (found.subject, found.device, found.place) == (Subject("building", "b1"), None, "b1")
    assert found.id == f"many@1/building:b1/{T0 + MINUTE}"
    assert [(line.quantity, line.value, line.limit) for line in found.evidence] == [
        ("count", 2, 2), ("一", "1栋101", None), ("一", "1栋201", None),
    ]  # fmt: skip
    assert phases_of(feed(engine, reading_of("s1", 2 * MINUTE, alarm=False))) == []
    assert phases_of(feed(engine, reading_of("s2", 3 * MINUTE, alarm=False))) == ["building:b1 ended"]
    assert engine.groups.states["building/b1"].rule_states == {}


def test_ended_members_outside_the_window_are_dropped_and_so_are_empty_groups(kinds: Kinds) -> None:
    engine = engine_of(kinds, SMOKE, group_rule())
    feed(engine, reading_of("s1", 0, alarm=True), reading_of("s1", MINUTE, alarm=False))
    assert len(engine.groups.states["building/b1"].members) == 1
    feed(engine, reading_of("s2", HOUR, alarm=True))
    assert [member.device for member in engine.groups.states["building/b1"].members.values()] == ["s2"]

    engine = engine_of(kinds, SMOKE, group_rule(gather={"parts": [{"rules": ["smoke"], "at_least": 2}]}))
    feed(engine, reading_of("s1", 0, alarm=True), reading_of("s1", MINUTE, alarm=False))
    assert engine.groups.states == {}


def test_a_group_without_a_window_counts_active_findings_only(kinds: Kinds) -> None:
    engine = engine_of(kinds, SMOKE, group_rule(gather={"parts": [{"rules": ["smoke"], "at_least": 2}]}, hold="1m"))
    feed(engine, reading_of("s1", 0, alarm=True), reading_of("s2", DAY, alarm=True))
    assert phases_of(engine.tick(T0 + DAY + MINUTE)) == ["building:b1 began"]
    assert phases_of(feed(engine, reading_of("s3", DAY + HOUR, alarm=True))) == []
    assert phases_of(feed(engine, reading_of("s1", DAY + 2 * HOUR, alarm=False))) == []
    assert phases_of(feed(engine, reading_of("s3", DAY + 2 * HOUR, alarm=False))) == ["building:b1 ended"]


def test_an_all_clear_while_other_members_are_active_changes_nothing(kinds: Kinds) -> None:
    engine = engine_of(kinds, SMOKE, group_rule(3, release="5m"))
    feed(engine, *(reading_of(f"s{n}", n, alarm=True) for n in (1, 2, 3)))
    assert phases_of(feed(engine, *(reading_of(f"s{n}", MINUTE, alarm=False) for n in (1, 2)))) == []
    assert phases_of(feed(engine, reading_of("s3", MINUTE, alarm=False))) == []
    assert phases_of(feed(engine, reading_of("s4", 2 * MINUTE, alarm=True))) == []
    assert phases_of(engine.tick(T0 + HOUR)) == []


def test_the_end_of_a_member_begins_no_group(kinds: Kinds) -> None:
    engine = engine_of(kinds, SMOKE, group_rule(latch=True))
    feed(engine, reading_of("s1", 0, alarm=True), reading_of("s2", 1, alarm=True), reading_of("s3", 2, alarm=True))
    assert phases_of(engine.reset("building/b1", "many", T0 + 3)) == ["building:b1 ended"]
    assert phases_of(feed(engine, reading_of("s1", 4, alarm=False))) == []


def test_a_device_without_a_place_has_no_group_and_a_wristband_has_that_of_its_wearer(kinds: Kinds) -> None:
    registry_index = CommunityIndex(COMMUNITY)
    carried = Device("band", "wristband", place="nowhere", attributes={"person": "li"})
    groups = {of: registry_index.group_of(carried, of) for of in ("household", "building", "cell", "line")}
    assert {of: group and (group.id, group.place) for of, group in groups.items()} == {
        "household": ("household/h2", "h2"), "building": ("building/b1", "b1"), "cell": ("cell/g1", "h2"), "line": None,
    }  # fmt: skip
    assert registry_index.group_of(Device("x", "door"), "cell") is None
    engine = engine_of(kinds, SMOKE, group_rule(1), registry=community())
    assert phases_of(feed(engine, reading_of("s1", 0, alarm=True))) == []


@pytest.mark.parametrize(("of", "id_"), [("cell", "g1"), ("line", "L"), ("building", "b1")])
def test_a_group_keeps_its_members_and_place_over_a_restart(kinds: Kinds, of: str, id_: str) -> None:
    rules = (SMOKE, group_rule(of=of, release="10m"))
    engine = engine_of(kinds, *rules)
    feed(engine, reading_of("s1", 0, alarm=True))
    for at, device, alarm, expected in (
        (1, "s2", True, [f"{of}:{id_} began"]), (2, "s1", False, []), (3, "s2", False, []),
    ):  # fmt: skip
        restored = engine_of(kinds, *rules)
        restored.restore(engine.snapshot())
        engine = restored
        assert phases_of(feed(engine, reading_of(device, at, alarm=alarm))) == expected
    restored = engine_of(kinds, *rules)
    restored.restore(engine.snapshot())
    (ended,) = restored.tick(T0 + HOUR)
    assert (ended.subject, ended.place, ended.phase.value) == (
        Subject(of, id_),
        "b1" if of == "building" else "h1",
        "ended",
    )
    assert explain(restored, "many", f"{of}/{id_}")["known"] is True


def test_groups_of_removed_rules_are_dropped(kinds: Kinds) -> None:
    engine = engine_of(kinds, SMOKE, group_rule())
    feed(engine, reading_of("s1", 0, alarm=True), reading_of("s2", 1, alarm=True))
    restored = engine_of(kinds, SMOKE)
    restored.restore(engine.snapshot())
    assert restored.groups.states == {}
    assert [finding.rule for finding in feed(restored, reading_of("s1", 2, alarm=False))] == ["smoke"]


def test_a_moved_device_leaves_its_former_group(kinds: Kinds) -> None:
    engine = engine_of(kinds, SMOKE, group_rule())
    feed(engine, reading_of("s1", 0, alarm=True), reading_of("s2", 1, alarm=True))
    moved = engine.register([Device(f"s{n}", "smoke_alarm", place="elsewhere") for n in (1, 2)], T0 + 2)
    assert phases_of(moved) == ["building:b1 ended"]
    assert phases_of(feed(engine, *(reading_of(f"s{n}", 3, alarm=False) for n in (1, 2)))) == []


def test_an_unregistered_device_leaves_its_group(kinds: Kinds) -> None:
    engine = engine_of(kinds, SMOKE, group_rule())
    feed(engine, reading_of("s1", 0, alarm=True), reading_of("s2", 1, alarm=True))
    assert [(finding.rule, finding.phase.value) for finding in engine.unregister(["s1", "s2"], T0 + 2)] == [
        ("smoke", "stale"), ("smoke", "stale"), ("many", "ended"),
    ]  # fmt: skip


def test_only_if_may_refer_to_the_place_of_a_group(kinds: Kinds) -> None:
    for old, expected in ((True, ["building:b1 began"]), (False, [])):
        places = [Place("b1", "1栋", "building", attributes={"old": old})]
        homes = [Place(f"h{n}", "x", "household", parent="b1") for n in (1, 2)]
        engine = engine_of(kinds, SMOKE, group_rule(only_if="place.old"), registry=community(places=[*places, *homes]))
        assert phases_of(feed(engine, reading_of("s1", 0, alarm=True), reading_of("s2", 1, alarm=True))) == expected


def test_an_active_cause_inhibits_its_consequences_and_raises_the_severity_of_others(kinds: Kinds) -> None:
    fault = {
        **SMOKE,
        "name": "fault",
        "when": "fault",
        "only_if": "not finding.smoke and not finding.many",
        "hold": "1m",
    }
    hot = {**SMOKE, "name": "hot", "when": "temp_c >= 50", "grades": [{"severity": "critical", "when": "finding.many"}]}
    hot["only_if"] = "not finding.nobody_wrote_this"
    engine = engine_of(kinds, SMOKE, fault, hot, group_rule(3, of="line", name="line"), group_rule())
    assert phases_of(feed(engine, reading_of("s1", 0, fault=True)), "fault") == []
    feed(engine, reading_of("s1", 1, alarm=True))
    assert phases_of(engine.tick(T0 + HOUR), "fault") == []
    assert phases_of(feed(engine, reading_of("s1", 2 * HOUR, fault=True)), "fault") == []
    assert "fault" not in engine.states["s1"].rule_states

    feed(engine, reading_of("s2", 1, alarm=True))
    (finding,) = [finding for finding in feed(engine, reading_of("s4", 2 * HOUR, temp_c=60)) if finding.rule == "hot"]
    assert finding.severity is Severity.CRITICAL
    assert phases_of(feed(engine, reading_of("s5", 2 * HOUR, fault=True)), "fault") == []


def test_a_cause_that_begins_during_a_hold_ends_the_hold(kinds: Kinds) -> None:
    fault = {**SMOKE, "name": "fault", "when": "fault", "only_if": "not finding.smoke", "hold": "1m"}
    engine = engine_of(kinds, SMOKE, fault)
    feed(engine, reading_of("s1", 0, fault=True), reading_of("s1", 1, alarm=True), reading_of("s1", 2, fault=True))
    assert "fault" not in engine.states["s1"].rule_states


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "smoke_alarm"}, "gather speaks of findings, not of devices: remove kind"),
        ({"of": "device"}, "findings gather in a household, building, cell or line: write of: building"),
        ({"gather": {"parts": []}}, "at least 1 item"),
    ],
)
def test_an_invalid_group_rule_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Rulebook.model_validate({"hazard": "fire", "rules": [group_rule(**changes)]})


def test_a_rule_about_readings_needs_a_kind_and_is_about_a_device_or_a_person() -> None:
    for changes, message in (({"kind": None}, "kind is missing"), ({"of": "building"}, "write of: device")):
        with pytest.raises(ValidationError, match=message):
            Rulebook.model_validate({"hazard": "fire", "rules": [{**SMOKE, **changes}]})


def test_every_fault_of_a_group_rule_is_named(kinds: Kinds) -> None:
    def faults(*rules: dict[str, Any]) -> list[str]:
        return [
            fault.message for fault in check(Rulebook.model_validate({"hazard": "fire", "rules": list(rules)}), kinds)
        ]

    assert faults(SMOKE, group_rule()) == []
    assert faults(group_rule(1)) == ["one finding is no more than it says by itself: write at_least, or a second part"]
    assert faults(group_rule(1, record=True)) == []
    self_reference = {"parts": [{"rules": ["many"], "at_least": 2}]}
    assert faults(group_rule(gather=self_reference)) == ["many gathers its own findings: name other rules"]
    assert faults(group_rule(show=["alarm"])) == ["findings show themselves: remove show and grades"]
    night = {**SMOKE, "only_if": "time.hours >= 22"}
    assert faults(night) == ["no time.hours: write time.hour"]


def test_a_reference_to_an_unknown_rule_suggests_the_nearest() -> None:
    books = [Rulebook.model_validate({"hazard": "fire", "rules": [{**SMOKE, "only_if": "finding.smoky"}]})]
    other = Rulebook.model_validate({"hazard": "fire", "rules": [{**SMOKE, "name": "smoky"}]})
    assert [fault.message for _, fault in check_references(books)] == ["no rule smoky in any book: write smoke"]
    assert check_references(books, [other]) == []
    counts = {**SMOKE, "chatter": {"rules": ["smok"]}, "release": "1d", "when": None}
    wrong = [Rulebook.model_validate({"hazard": "fire", "rules": [SMOKE, {**counts, "name": "again"}]})]
    assert [fault.message for _, fault in check_references(wrong)] == ["no rule smok in any book: write smoke"]
