"""Findings that mean more together: whom they gather about, what counts, when it is over, and what a restart keeps."""

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
TOWN = community(
    places=[
        Place("b1", "1栋", "building", cell="g1"),
        *(Place(f"h{n}", f"{n}01", "household", parent="b1") for n in range(1, 6)),
    ],
    cells=[Cell("g1", "一格", "cell")],
    people=[Person("li", "李", home="h2")],
)


def gathering(at_least: int = 2, **changes: Any) -> dict[str, Any]:
    parts = [{"rules": ["smoke"], "at_least": at_least}]
    return {**BUILDING, "gather": {"within": "10m", "parts": parts}, **changes}


def engine_of(kinds: Kinds, *rules: dict[str, Any], town: Community = TOWN) -> Engine:
    engine = Engine([Rulebook.model_validate({"hazard": "fire", "rules": list(rules)})], kinds, town)
    engine.register([Device(f"s{n}", "smoke_alarm", place=f"h{n}", attributes={"line": "L"}) for n in range(1, 6)], T0)
    return engine


def said(device: str, at: int, **values: Value) -> Reading:
    return Reading(device, "smoke_alarm", T0 + at, T0 + at, values)


def feed(engine: Engine, *readings: Reading) -> list[Finding]:
    return [finding for reading in readings for finding in engine.feed([reading], reading.received)]


def words(findings: list[Finding], rule: str = "many") -> list[str]:
    return [f"{finding.subject} {finding.phase.value}" for finding in findings if finding.rule == rule]


def test_two_devices_of_a_building_are_one_finding_about_the_building(kinds: Kinds) -> None:
    engine = engine_of(kinds, SMOKE, gathering())
    assert words(feed(engine, said("s1", 0, alarm=True), said("s1", 1, alarm=True))) == []
    (_, found) = feed(engine, said("s2", MINUTE, alarm=True))
    assert (found.subject, found.device, found.place) == (Subject("building", "b1"), None, "b1")
    assert found.id == f"many@1/building:b1/{T0 + MINUTE}"
    assert [(line.quantity, line.value, line.limit) for line in found.evidence] == [
        ("count", 2, 2), ("一", "1栋101", None), ("一", "1栋201", None),
    ]  # fmt: skip
    assert words(feed(engine, said("s1", 2 * MINUTE, alarm=False))) == []
    assert words(feed(engine, said("s2", 3 * MINUTE, alarm=False))) == ["building:b1 ended"]
    assert engine.groups.states["building/b1"].rule_states == {}


def test_what_is_over_and_too_old_is_forgotten_and_so_is_the_group(kinds: Kinds) -> None:
    engine = engine_of(kinds, SMOKE, gathering())
    feed(engine, said("s1", 0, alarm=True), said("s1", MINUTE, alarm=False))
    assert len(engine.groups.states["building/b1"].members) == 1
    feed(engine, said("s2", HOUR, alarm=True))
    assert [member.device for member in engine.groups.states["building/b1"].members.values()] == ["s2"]

    engine = engine_of(kinds, SMOKE, gathering(gather={"parts": [{"rules": ["smoke"], "at_least": 2}]}))
    feed(engine, said("s1", 0, alarm=True), said("s1", MINUTE, alarm=False))
    assert engine.groups.states == {}


def test_findings_stand_together_only_while_all_of_them_stand(kinds: Kinds) -> None:
    engine = engine_of(kinds, SMOKE, gathering(gather={"parts": [{"rules": ["smoke"], "at_least": 2}]}, hold="1m"))
    feed(engine, said("s1", 0, alarm=True), said("s2", DAY, alarm=True))
    assert words(engine.tick(T0 + DAY + MINUTE)) == ["building:b1 began"]
    assert words(feed(engine, said("s3", DAY + HOUR, alarm=True))) == []
    assert words(feed(engine, said("s1", DAY + 2 * HOUR, alarm=False))) == []
    assert words(feed(engine, said("s3", DAY + 2 * HOUR, alarm=False))) == ["building:b1 ended"]


def test_an_all_clear_that_comes_while_others_stand_changes_nothing(kinds: Kinds) -> None:
    engine = engine_of(kinds, SMOKE, gathering(3, release="5m"))
    feed(engine, *(said(f"s{n}", n, alarm=True) for n in (1, 2, 3)))
    assert words(feed(engine, *(said(f"s{n}", MINUTE, alarm=False) for n in (1, 2)))) == []
    assert words(feed(engine, said("s3", MINUTE, alarm=False))) == []
    assert words(feed(engine, said("s4", 2 * MINUTE, alarm=True))) == []
    assert words(engine.tick(T0 + HOUR)) == []


def test_an_end_begins_nothing(kinds: Kinds) -> None:
    engine = engine_of(kinds, SMOKE, gathering(latch=True))
    feed(engine, said("s1", 0, alarm=True), said("s2", 1, alarm=True), said("s3", 2, alarm=True))
    assert words(engine.reset("building/b1", "many", T0 + 3)) == ["building:b1 ended"]
    assert words(feed(engine, said("s1", 4, alarm=False))) == []


def test_who_belongs_nowhere_gathers_nowhere_and_a_person_carries_to_the_own_home(kinds: Kinds) -> None:
    near = CommunityIndex(TOWN)
    carried = Device("band", "wristband", place="nowhere", attributes={"person": "li"})
    groups = {of: near.group_of(carried, of) for of in ("household", "building", "cell", "line")}
    assert {of: group and (group.id, group.place) for of, group in groups.items()} == {
        "household": ("household/h2", "h2"), "building": ("building/b1", "b1"), "cell": ("cell/g1", "h2"), "line": None,
    }  # fmt: skip
    assert near.group_of(Device("x", "door"), "cell") is None
    engine = engine_of(kinds, SMOKE, gathering(1), town=community())
    assert words(feed(engine, said("s1", 0, alarm=True))) == []


@pytest.mark.parametrize(("of", "id_"), [("cell", "g1"), ("line", "L"), ("building", "b1")])
def test_a_group_goes_on_after_a_restart_with_its_members_and_its_place(kinds: Kinds, of: str, id_: str) -> None:
    rules = (SMOKE, gathering(of=of, release="10m"))
    engine = engine_of(kinds, *rules)
    feed(engine, said("s1", 0, alarm=True))
    for at, device, alarm, told in (
        (1, "s2", True, [f"{of}:{id_} began"]), (2, "s1", False, []), (3, "s2", False, []),
    ):  # fmt: skip
        restored = engine_of(kinds, *rules)
        restored.restore(engine.snapshot())
        engine = restored
        assert words(feed(engine, said(device, at, alarm=alarm))) == told
    restored = engine_of(kinds, *rules)
    restored.restore(engine.snapshot())
    (ended,) = restored.tick(T0 + HOUR)
    assert (ended.subject, ended.place, ended.phase.value) == (
        Subject(of, id_),
        "b1" if of == "building" else "h1",
        "ended",
    )
    assert explain(restored, "many", f"{of}/{id_}")["known"] is True


def test_groups_of_rules_that_are_gone_are_forgotten(kinds: Kinds) -> None:
    engine = engine_of(kinds, SMOKE, gathering())
    feed(engine, said("s1", 0, alarm=True), said("s2", 1, alarm=True))
    restored = engine_of(kinds, SMOKE)
    restored.restore(engine.snapshot())
    assert restored.groups.states == {}
    assert [finding.rule for finding in feed(restored, said("s1", 2, alarm=False))] == ["smoke"]


def test_a_device_that_is_moved_leaves_where_it_had_joined(kinds: Kinds) -> None:
    engine = engine_of(kinds, SMOKE, gathering())
    feed(engine, said("s1", 0, alarm=True), said("s2", 1, alarm=True))
    engine.register([Device(f"s{n}", "smoke_alarm", place="elsewhere") for n in (1, 2)], T0 + 2)
    assert words(feed(engine, *(said(f"s{n}", 3, alarm=False) for n in (1, 2)))) == ["building:b1 ended"]


def test_a_device_that_is_taken_away_leaves_its_group(kinds: Kinds) -> None:
    engine = engine_of(kinds, SMOKE, gathering())
    feed(engine, said("s1", 0, alarm=True), said("s2", 1, alarm=True))
    assert [(finding.rule, finding.phase.value) for finding in engine.unregister(["s1", "s2"], T0 + 2)] == [
        ("smoke", "stale"), ("smoke", "stale"), ("many", "ended"),
    ]  # fmt: skip


def test_only_if_may_ask_about_the_place_of_a_group(kinds: Kinds) -> None:
    for old, told in ((True, ["building:b1 began"]), (False, [])):
        places = [Place("b1", "1栋", "building", attributes={"old": old})]
        homes = [Place(f"h{n}", "x", "household", parent="b1") for n in (1, 2)]
        engine = engine_of(kinds, SMOKE, gathering(only_if="place.old"), town=community(places=[*places, *homes]))
        assert words(feed(engine, said("s1", 0, alarm=True), said("s2", 1, alarm=True))) == told


def test_a_cause_that_speaks_silences_its_consequences_and_raises_others(kinds: Kinds) -> None:
    fault = {
        **SMOKE,
        "name": "fault",
        "when": "fault",
        "only_if": "not finding.smoke and not finding.many",
        "hold": "1m",
    }
    hot = {**SMOKE, "name": "hot", "when": "temp_c >= 50", "grades": [{"severity": "critical", "when": "finding.many"}]}
    hot["only_if"] = "not finding.nobody_wrote_this"
    engine = engine_of(kinds, SMOKE, fault, hot, gathering(3, of="line", name="line"), gathering())
    assert words(feed(engine, said("s1", 0, fault=True)), "fault") == []
    feed(engine, said("s1", 1, alarm=True))
    assert words(engine.tick(T0 + HOUR), "fault") == []
    assert words(feed(engine, said("s1", 2 * HOUR, fault=True)), "fault") == []
    assert "fault" not in engine.states["s1"].rule_states

    feed(engine, said("s2", 1, alarm=True))
    (finding,) = [finding for finding in feed(engine, said("s4", 2 * HOUR, temp_c=60)) if finding.rule == "hot"]
    assert finding.severity is Severity.CRITICAL
    assert words(feed(engine, said("s5", 2 * HOUR, fault=True)), "fault") == []


def test_a_cause_that_speaks_during_a_hold_ends_the_hold(kinds: Kinds) -> None:
    fault = {**SMOKE, "name": "fault", "when": "fault", "only_if": "not finding.smoke", "hold": "1m"}
    engine = engine_of(kinds, SMOKE, fault)
    feed(engine, said("s1", 0, fault=True), said("s1", 1, alarm=True), said("s1", 2, fault=True))
    assert "fault" not in engine.states["s1"].rule_states


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "smoke_alarm"}, "gather speaks of findings, not of devices: remove kind"),
        ({"of": "device"}, "findings gather in a household, building, cell or line: write of: building"),
        ({"gather": {"parts": []}}, "at least 1 item"),
    ],
)
def test_what_cannot_gather_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Rulebook.model_validate({"hazard": "fire", "rules": [gathering(**changes)]})


def test_a_rule_about_readings_needs_a_kind_and_speaks_of_a_device_or_a_person() -> None:
    for changes, message in (({"kind": None}, "kind is missing"), ({"of": "building"}, "write of: device")):
        with pytest.raises(ValidationError, match=message):
            Rulebook.model_validate({"hazard": "fire", "rules": [{**SMOKE, **changes}]})


def test_every_mistake_of_a_gathering_is_named(kinds: Kinds) -> None:
    def faults(*rules: dict[str, Any]) -> list[str]:
        return [
            fault.message for fault in check(Rulebook.model_validate({"hazard": "fire", "rules": list(rules)}), kinds)
        ]

    assert faults(SMOKE, gathering()) == []
    assert faults(gathering(1)) == ["one finding is no more than it says by itself: write at_least, or a second part"]
    own = {"parts": [{"rules": ["many"], "at_least": 2}]}
    assert faults(gathering(gather=own)) == ["many gathers its own findings: name other rules"]
    assert faults(gathering(show=["alarm"])) == ["findings show themselves: remove show and grades"]
    night = {**SMOKE, "only_if": "time.hours >= 22"}
    assert faults(night) == ["no time.hours: write time.hour"]


def test_a_rule_nobody_wrote_is_named_with_the_nearest() -> None:
    books = [Rulebook.model_validate({"hazard": "fire", "rules": [{**SMOKE, "only_if": "finding.smoky"}]})]
    other = Rulebook.model_validate({"hazard": "fire", "rules": [{**SMOKE, "name": "smoky"}]})
    assert [fault.message for _, fault in check_references(books)] == ["no rule smoky in any book: write smoke"]
    assert check_references(books, [other]) == []
    counts = {**SMOKE, "chatter": {"rules": ["smok"]}, "release": "1d", "when": None}
    wrong = [Rulebook.model_validate({"hazard": "fire", "rules": [SMOKE, {**counts, "name": "again"}]})]
    assert [fault.message for _, fault in check_references(wrong)] == ["no rule smok in any book: write smoke"]
