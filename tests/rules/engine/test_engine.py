"""The engine with many devices: subjects of findings, late, retained and missing readings, registry changes."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest

from domain import (
    HOUR,
    MINUTE,
    Device,
    Evidence,
    FindingPhase,
    Person,
    Place,
    Quality,
    Reading,
    Severity,
    Subject,
    Value,
)
from domain.kind import Kind
from domain.people import Community, community
from rules.engine.engine import Engine
from rules.rulebook.model import Rulebook
from rules.state.device import NO_RULE_STATES
from rules.tools.explain import explain
from tests.support.gas_readings import T0, feed, reading_at, reading_with_quality

Kinds = dict[str, Kind]
Books = dict[str, Rulebook]
LI = Person("li", "李奶奶", home="3-402", attributes={"lives_alone": True})
COMMUNITY = community(
    places=[Place("3-402", "402", "household", attributes={"old": True})], people=[LI, Person("wu", "吴")]
)


@pytest.fixture
def engine(books: Books, kinds: Kinds) -> Engine:
    return Engine(list(books.values()), kinds, COMMUNITY)


def engine_with_rule(kinds: Kinds, people: Community = COMMUNITY, **changes: Any) -> Engine:
    """An engine with a single rule."""
    written = {"name": "r", "title": {"zh": "一", "en": "x"}, "kind": "gas_alarm", "severity": "high", "source": "test"}
    book = Rulebook.model_validate({"hazard": "gas", "rules": [{**written, **changes}]})
    return Engine([book], kinds, people)


# -- contents of a finding ---------------------------------------------------------------------------------------


def test_a_finding_has_what_a_worker_needs_and_its_id_names_rule_subject_and_begin(engine: Engine) -> None:
    engine.register([Device("gas-1", "gas_alarm", place="3-402")], T0)
    (finding,) = engine.feed([reading_at(0, alarm=True, lel_pct=31.5)], T0)
    assert finding.id == f"gas-alarm@1/gas-1/{T0}"
    assert (finding.title, finding.advice, finding.hazard) == ("燃气泄漏", "勿动电器开关", "gas")
    assert (finding.subject, finding.device, finding.place) == (Subject("device", "gas-1"), "gas-1", "3-402")
    assert (finding.severity, finding.begin, finding.at, finding.now) == (Severity.CRITICAL, T0, T0, T0)
    assert Evidence("lel_pct", 31.5, "%LEL", None, T0) in finding.evidence
    assert finding.late_ms == 0


def test_evidence_shows_the_limit_that_was_exceeded_not_the_clearing_limit(engine: Engine) -> None:
    engine.feed([reading_at(0, lel_pct=15)], T0)
    (finding,) = engine.tick(T0 + 30_000)
    assert finding.evidence == (Evidence("lel_pct", 15, "%LEL", 10, T0),)
    assert (finding.begin, finding.at, finding.now) == (T0, T0 + 30_000, T0 + 30_000)


def test_a_finding_of_a_wristband_is_about_its_wearer_at_their_home(engine: Engine) -> None:
    band = Device("band-1", "wristband", place="hall", attributes={"person": "li"})
    engine.register([band, Device("band-2", "wristband", place="hall")], T0)
    engine.register([Device("band-3", "wristband", place="hall", attributes={"person": "wu"})], T0)
    engine.register([Device("band-4", "wristband", place="hall", attributes={"person": "gone"})], T0)
    findings = engine.feed([reading_at(0, f"band-{n}", "wristband", sos=True) for n in (1, 2, 3, 4)], T0)
    assert [(str(finding.subject), finding.place) for finding in findings] == [
        ("person:li", "3-402"),
        ("band-2", "hall"),
        ("person:wu", "hall"),
        ("person:gone", "hall"),
    ]
    assert findings[0].id == f"band-sos@3/person:li/{T0}"


def test_a_finding_keeps_its_id_when_registry_and_rulebook_change(books: Books, kinds: Kinds) -> None:
    before = Engine([books["wristband"]], kinds, COMMUNITY)
    before.register([Device("band-1", "wristband", attributes={"person": "li"})], T0)
    (began,) = before.feed([reading_at(0, "band-1", "wristband", fall=True)], T0)
    newer = books["wristband"].model_copy(update={"version": 2})
    after = Engine([newer], kinds, COMMUNITY)
    after.restore(before.snapshot())
    after.register([Device("band-1", "wristband", attributes={"person": "wu"})], T0)
    (withdrawn,) = after.feed([reading_at(9, "band-1", "wristband", fall=False)], T0 + 9)
    assert (withdrawn.phase, withdrawn.id) == (FindingPhase.WITHDRAWN, began.id)


# -- conditions about people and places ---------------------------------------------------------------------------


def test_only_if_refers_to_residents_of_the_place_for_a_fixed_device(kinds: Kinds) -> None:
    for place, expected in (("3-402", ["r began"]), ("3-403", []), (None, [])):
        engine = engine_with_rule(kinds, when="alarm", only_if="person.lives_alone")
        engine.register([Device("gas-1", "gas_alarm", place=place)], T0)
        assert feed(engine, reading_at(0, alarm=True)) == expected


def test_only_if_holds_when_it_holds_for_one_of_several_residents(kinds: Kinds) -> None:
    people = community(people=[Person("a", "甲", home="h", attributes={"frail": False}), Person("b", "乙", home="h")])
    engine = engine_with_rule(kinds, people, when="alarm", only_if="person.frail")
    engine.register([Device("gas-1", "gas_alarm", place="h")], T0)
    assert feed(engine, reading_at(0, alarm=True)) == []
    engine.community = community(people=[*people.people.values(), Person("c", "丙", home="h", attributes={"frail": 1})])
    assert engine.community.people["c"].name == "丙"
    assert feed(engine, reading_at(1, alarm=True)) == ["r began"]


def test_only_if_prevents_a_beginning_and_never_ends_a_finding(kinds: Kinds) -> None:
    engine = engine_with_rule(kinds, when="alarm", only_if="device.kitchen and place.old")
    engine.register([Device("gas-1", "gas_alarm", place="3-402", attributes={"kitchen": True})], T0)
    assert feed(engine, reading_at(0, alarm=True)) == ["r began"]
    engine.register([Device("gas-1", "gas_alarm", place="nowhere")], T0)
    assert feed(engine, reading_at(1, alarm=True)) == []
    assert feed(engine, reading_at(2, alarm=False), reading_at(3, alarm=True)) == ["r ended"]


def test_a_device_may_have_its_own_threshold(kinds: Kinds) -> None:
    engine = engine_with_rule(kinds, when="lel_pct >= device.limit")
    engine.register([Device("gas-1", "gas_alarm", attributes={"limit": 5}), Device("gas-2", "gas_alarm")], T0)
    assert feed(engine, reading_at(0, lel_pct=6), reading_at(0, "gas-2", lel_pct=99)) == ["r began"]


# -- implausible, test, retained and late readings ----------------------------------------------------------------


def test_an_implausible_value_is_not_evaluated(engine: Engine) -> None:
    assert feed(engine, reading_with_quality(0, Quality.IMPLAUSIBLE, "lel_pct", lel_pct=400, co_ppm=3)) == []
    assert engine.tick(T0 + HOUR) == []
    assert feed(engine, reading_with_quality(HOUR, Quality.CLOCK, alarm=True)) == ["gas-alarm began"]


def test_a_self_test_is_a_life_sign_and_no_danger(engine: Engine) -> None:
    engine.register([Device("gas-1", "gas_alarm")], T0)
    assert [finding.rule for finding in engine.tick(T0 + 4 * HOUR)] == ["device-offline"]
    assert feed(engine, reading_at(5 * HOUR, alarm=True, test=True)) == ["device-offline ended"]
    assert feed(engine, reading_at(5 * HOUR + 1, alarm=True, test=False)) == ["gas-alarm began"]
    assert feed(engine, reading_at(5 * HOUR + 2, alarm=False, test=True)) == []
    assert engine.tick(T0 + 6 * HOUR) == []


def test_a_retained_danger_is_reported_once_with_a_label_and_is_no_life_sign(engine: Engine) -> None:
    engine.register([Device("gas-1", "gas_alarm")], T0)
    retained = reading_with_quality(0, Quality.RETAINED, alarm=True)
    (finding,) = engine.feed([retained], T0)
    assert finding.late_ms == 1
    assert Evidence("retained", True, at=T0) in finding.evidence
    assert engine.states["gas-1"].last_arrival == 0
    assert feed(engine, retained, reading_at(10, alarm=False), reading_at(MINUTE + 10, alarm=False)) == [
        "gas-alarm ended"
    ]
    assert feed(engine, reading_with_quality(2 * MINUTE, Quality.RETAINED, alarm=True)) == []
    assert feed(engine, reading_at(3 * MINUTE, alarm=True)) == ["gas-alarm began"]


def test_a_retained_all_clear_ends_no_finding(engine: Engine) -> None:
    assert feed(engine, reading_at(0, alarm=True), reading_with_quality(MINUTE, Quality.RETAINED, alarm=False)) == [
        "gas-alarm began"
    ]
    assert feed(engine, reading_with_quality(HOUR, Quality.RETAINED, alarm=False)) == []


def test_a_late_danger_is_reported_with_its_delay(engine: Engine) -> None:
    (late,) = engine.feed([reading_at(0, alarm=True, late=HOUR)], T0 + HOUR)
    (prompt,) = engine.feed([reading_at(HOUR, "gas-2", alarm=True, late=2 * MINUTE)], T0 + HOUR + 2 * MINUTE)
    assert (late.late_ms, late.begin, late.now) == (HOUR, T0, T0 + HOUR)
    assert prompt.late_ms == 0


def test_a_late_danger_between_normal_readings_is_reported_and_ends_with_the_next_all_clear(engine: Engine) -> None:
    assert feed(engine, reading_at(HOUR, alarm=False)) == []
    assert feed(engine, reading_at(0, alarm=True, late=HOUR + 1)) == ["gas-alarm began"]
    assert feed(engine, reading_at(2 * HOUR, alarm=False), reading_at(2 * HOUR + MINUTE, alarm=False)) == [
        "gas-alarm ended"
    ]


def test_a_batch_is_evaluated_in_event_order_whatever_its_order(engine: Engine) -> None:
    strip = [reading_at(at * 1000, lel_pct=value, late=HOUR - at * 1000) for at, value in ((0, 2), (10, 12), (40, 13))]
    clears = [reading_at(at * 1000, lel_pct=2, late=HOUR - at * 1000) for at in (50, 110)]
    for batch in ([*strip, *clears], [*clears[::-1], *strip[::-1]]):
        other = Engine([], {}, COMMUNITY)
        other.state.rulesets = engine.rulesets
        assert [f.phase for f in other.feed(batch, T0 + HOUR)] == [FindingPhase.BEGAN, FindingPhase.ENDED]


def test_devices_in_one_batch_do_not_affect_each_other(engine: Engine) -> None:
    batch = [reading_at(9, alarm=True), reading_at(3, "gas-2", alarm=True), reading_at(1, "gas-2", late=2, alarm=False)]
    assert [finding.device for finding in engine.feed(batch, T0 + 9)] == ["gas-1", "gas-2"]


def test_a_frame_dated_in_the_future_does_not_advance_time(engine: Engine) -> None:
    engine.register([Device("gas-2", "gas_alarm")], T0)
    assert engine.feed([reading_at(0, late=30 * HOUR, lel_pct=1)], T0 + 1000) == []


# -- several quantities of one rule ---------------------------------------------------------------------------------


def test_a_rule_about_two_quantities_uses_the_last_value_of_the_other(kinds: Kinds) -> None:
    engine = engine_with_rule(kinds, when="lel_pct >= 10 and not valve_closed")
    assert feed(engine, reading_at(0, valve_closed=False), reading_at(5, lel_pct=20)) == ["r began"]
    assert feed(engine, reading_at(6, "gas-2", lel_pct=20)) == []
    old = engine_with_rule(kinds, when="lel_pct >= 10 and not valve_closed")
    assert feed(old, reading_at(0, valve_closed=False), reading_at(5 * HOUR, lel_pct=20)) == []


def test_a_late_reading_does_not_use_newer_values(kinds: Kinds) -> None:
    engine = engine_with_rule(kinds, when="lel_pct >= 10 and not valve_closed")
    assert feed(engine, reading_at(10, valve_closed=False), reading_at(5, late=6, lel_pct=20)) == []


def test_grades_may_refer_to_other_quantities(kinds: Kinds) -> None:
    graded = [{"severity": "critical", "when": "co_ppm > 100"}]
    engine = engine_with_rule(kinds, when="lel_pct >= 10", grades=graded)
    assert feed(engine, reading_at(0, co_ppm=200), reading_at(1, lel_pct=20)) == ["r began"]
    assert engine.states["gas-1"].rule_states["r"].severity is Severity.CRITICAL


def test_a_value_of_an_undeclared_type_affects_its_own_rules_only(engine: Engine) -> None:
    assert feed(engine, reading_at(0, lel_pct="much", alarm=True)) == ["gas-alarm began"]
    assert engine.state.type_errors == dict.fromkeys(
        ["gas-low", "gas-high", "gas-low-catering", "gas-high-catering"], 1
    )


def test_a_counter_value_that_is_no_number_is_not_kept(kinds: Kinds) -> None:
    engine = engine_with_rule(kinds, kind="water_meter", when="increase(volume_m3, 1h) > 1")
    assert (
        feed(engine, reading_at(0, "m", "water_meter", volume_m3="?"), reading_at(1, "m", "water_meter", leak=True))
        == []
    )


# -- time ---------------------------------------------------------------------------------------------------------


def test_timers_have_their_due_time_whenever_the_host_runs_them(books: Books, kinds: Kinds) -> None:
    def findings_with_ticks(*ticks: int) -> list[object]:
        engine = Engine(list(books.values()), kinds, COMMUNITY)
        findings = engine.feed([reading_at(0, lel_pct=15), reading_at(0, "gas-2", lel_pct=15)], T0)
        for at in ticks:
            findings += engine.tick(T0 + at)
        return [*findings, *engine.feed([reading_at(5 * MINUTE, lel_pct=1)], T0 + 5 * MINUTE)]

    assert findings_with_ticks() == findings_with_ticks(30_000) == findings_with_ticks(29_999, 31_000, 240_000)
    assert len(findings_with_ticks()) == 2


def test_a_reading_at_the_instant_a_hold_ends_is_evaluated_first(engine: Engine) -> None:
    assert feed(engine, reading_at(0, lel_pct=15), reading_at(30_000, lel_pct=8)) == []


def test_ticks_may_be_limited(engine: Engine) -> None:
    engine.feed([reading_at(0, f"gas-{n}", lel_pct=15) for n in range(5)], T0)
    assert engine.next_timer() == T0 + 30_000
    findings = [len(engine.tick(T0 + MINUTE, limit=2)) for _ in range(4)]
    assert findings == [2, 2, 1, 0]


def test_an_sos_that_overtakes_a_backlog_makes_no_device_absent(engine: Engine) -> None:
    band = Device("band-1", "wristband")
    engine.register([Device("gas-1", "gas_alarm", attributes={"report_every": "1m"}), band], T0)
    sos = reading_at(HOUR, "band-1", "wristband", sos=True)
    assert [finding.rule for finding in engine.feed([sos], T0 + HOUR, watermark=T0)] == ["band-sos"]
    backlog = [reading_at(minute * MINUTE, lel_pct=1) for minute in range(60)]
    assert feed(engine, *backlog) == []
    assert engine.states["band-1"].last_arrival == T0 + HOUR


def test_an_empty_engine_has_no_timers(engine: Engine) -> None:
    assert engine.next_timer() is None
    assert engine.tick(T0) == []


def test_a_firing_device_that_keeps_reporting_never_goes_stale(engine: Engine) -> None:
    readings = [reading_at(hour * HOUR, alarm=True) for hour in range(24)]
    assert feed(engine, *readings) == ["gas-alarm began"]
    assert [f.phase for f in engine.tick(T0 + 30 * HOUR)] == [FindingPhase.STALE]
    assert feed(engine, reading_at(31 * HOUR, temp_c=20)) == ["gas-alarm graded"]


# -- absence ------------------------------------------------------------------------------------------------------


def test_only_registered_devices_are_reported_absent_and_only_once(engine: Engine) -> None:
    assert feed(engine, reading_at(0, "stranger", lel_pct=1)) == []
    engine.register([Device("gas-1", "gas_alarm")], T0)
    findings = engine.tick(T0 + 48 * HOUR)
    assert [(f.device, f.rule, f.now - T0) for f in findings] == [("gas-1", "device-offline", 3 * HOUR + 10 * MINUTE)]
    assert findings[0].evidence == (Evidence("heard", None, "ms", 3 * HOUR + 10 * MINUTE, None),)


def test_absence_of_a_device_registered_later_counts_from_its_last_reading(engine: Engine) -> None:
    feed(engine, reading_at(0, lel_pct=1))
    engine.register([Device("gas-1", "gas_alarm")], T0 + HOUR)
    (finding,) = engine.tick(T0 + 9 * HOUR)
    assert (finding.now, finding.evidence[0].at) == (T0 + 3 * HOUR + 10 * MINUTE, T0)


def test_one_quantity_of_a_device_can_be_absent(kinds: Kinds) -> None:
    engine = engine_with_rule(kinds, absent={"quantity": "co_ppm", "after": "2h"})
    engine.register([Device("gas-1", "gas_alarm")], T0)
    assert feed(
        engine, reading_at(HOUR, co_ppm=1), reading_at(2 * HOUR, lel_pct=1), reading_at(3 * HOUR + 1, lel_pct=1)
    ) == ["r began"]
    assert feed(engine, reading_at(4 * HOUR, lel_pct=1), reading_at(5 * HOUR, co_ppm=1)) == ["r ended"]
    (finding,) = engine.tick(T0 + 8 * HOUR)
    assert finding.evidence == (Evidence("co_ppm", None, "ms", 2 * HOUR, T0 + 5 * HOUR),)


def test_an_absence_may_be_conditional_and_is_reevaluated(kinds: Kinds) -> None:
    engine = engine_with_rule(kinds, absent={"after": "2h"}, only_if="device.important")
    engine.register([Device("gas-1", "gas_alarm")], T0)
    assert engine.tick(T0 + 5 * HOUR) == []
    engine.register([Device("gas-1", "gas_alarm", attributes={"important": True})], T0 + 5 * HOUR)
    assert [finding.rule for finding in engine.tick(T0 + 7 * HOUR)] == ["r"]


def test_an_unreadable_report_interval_falls_back_to_that_of_the_kind(engine: Engine) -> None:
    engine.register([Device("gas-1", "gas_alarm", attributes={"report_every": "often"})], T0)
    assert engine.states["gas-1"].report_interval_ms == HOUR


def test_during_an_outage_no_device_is_reported_absent(engine: Engine) -> None:
    engine.register([Device("gas-1", "gas_alarm")], T0)
    engine.outage(T0 + HOUR, None)
    assert engine.tick(T0 + 10 * HOUR) == []
    engine.outage(T0 + HOUR, T0 + 10 * HOUR)
    (finding,) = engine.tick(T0 + 20 * HOUR)
    assert finding.now == T0 + 12 * HOUR + 10 * MINUTE


def test_during_an_outage_a_device_in_alarm_does_not_go_stale(engine: Engine) -> None:
    feed(engine, reading_at(0, alarm=True))
    engine.outage(T0 + HOUR, None)
    assert engine.tick(T0 + 10 * HOUR) == []
    engine.outage(T0 + HOUR, T0 + 10 * HOUR)
    assert [finding.now for finding in engine.tick(T0 + 20 * HOUR)] == [T0 + 12 * HOUR + 10 * MINUTE]


# -- the registry changes -----------------------------------------------------------------------------------------


def test_a_device_unregistered_in_alarm_goes_stale_and_its_health_findings_end(engine: Engine) -> None:
    engine.register([Device("gas-1", "gas_alarm")], T0)
    feed(engine, reading_at(0, alarm=True, fault=True), reading_at(6 * MINUTE, fault=True))
    findings = engine.unregister(["gas-1", "unknown"], T0 + HOUR)
    assert [(finding.rule, finding.phase) for finding in findings] == [
        ("gas-alarm", FindingPhase.STALE),
        ("gas-fault", FindingPhase.ENDED),
    ]
    assert engine.tick(T0 + 48 * HOUR) == []


def test_a_device_that_changes_its_kind_starts_without_state(engine: Engine) -> None:
    engine.register([Device("x", "gas_alarm")], T0)
    feed(engine, reading_at(0, "x", alarm=True))
    findings = engine.register([Device("x", "manhole")], T0 + 1)
    assert [finding.phase for finding in findings] == [FindingPhase.STALE]
    assert feed(engine, reading_at(2, "x", "manhole", opened=True)) == ["manhole-open began"]


def test_a_device_of_an_unknown_kind_is_accepted_and_not_evaluated(engine: Engine) -> None:
    engine.register([Device("x", "teapot")], T0)
    assert feed(engine, reading_at(0, "x", "teapot", alarm=True)) == []
    assert engine.next_timer() is None


def test_a_latched_rule_ends_only_when_a_person_resets_it(kinds: Kinds) -> None:
    engine = engine_with_rule(kinds, when="alarm", latch=True)
    assert feed(engine, reading_at(0, alarm=True), reading_at(HOUR, alarm=False)) == ["r began"]
    (ended,) = engine.reset("gas-1", "r", T0 + 2 * HOUR)
    assert ended.phase is FindingPhase.ENDED
    assert engine.reset("gas-1", "other", T0) == engine.reset("nobody", "r", T0) == []


# -- checkpoint ---------------------------------------------------------------------------------------------------


def test_devices_may_be_registered_before_or_after_a_restore(books: Books, kinds: Kinds) -> None:
    device = Device("gas-1", "gas_alarm")
    first = Engine(list(books.values()), kinds, COMMUNITY)
    first.register([device], T0)
    feed(first, reading_at(HOUR, alarm=True))
    expected = [(f.rule, f.phase, f.now) for f in Engine.tick(first, T0 + 9 * HOUR)]
    first = Engine(list(books.values()), kinds, COMMUNITY)
    first.register([device], T0)
    feed(first, reading_at(HOUR, alarm=True))
    for order in ("before", "after"):
        second = Engine(list(books.values()), kinds, COMMUNITY)
        if order == "before":
            second.register([device], T0 + 2 * HOUR)
        second.restore(first.snapshot())
        if order == "after":
            second.register([device], T0 + 2 * HOUR)
        assert [(f.rule, f.phase, f.now) for f in second.tick(T0 + 9 * HOUR)] == expected
    assert len(expected) == 2


def test_a_restart_does_not_postpone_the_absence_of_a_device_that_never_reported(books: Books, kinds: Kinds) -> None:
    first, second = (Engine(list(books.values()), kinds, COMMUNITY) for _ in range(2))
    first.register([Device("gas-1", "gas_alarm")], T0)
    second.restore(first.snapshot())
    second.register([Device("gas-1", "gas_alarm")], T0 + HOUR)
    assert [finding.now for finding in second.tick(T0 + 9 * HOUR)] == [T0 + 3 * HOUR + 10 * MINUTE]


def test_the_snapshot_of_a_device_with_another_kind_is_ignored(books: Books, kinds: Kinds) -> None:
    first = Engine(list(books.values()), kinds, COMMUNITY)
    feed(first, reading_at(0, "x", alarm=True))
    second = Engine(list(books.values()), kinds, COMMUNITY)
    second.register([Device("x", "door")], T0)
    second.restore(first.snapshot())
    assert second.states["x"].rule_states == {}


def test_state_of_removed_rules_windows_and_quantities_is_dropped(kinds: Kinds) -> None:
    first = engine_with_rule(kinds, kind="water_meter", when="increase(volume_m3, 1h) < 1 and leak")
    feed(first, reading_at(0, "m", "water_meter", volume_m3=1, leak=True))
    feed(first, reading_at(2 * HOUR, "m", "water_meter", volume_m3=1, leak=True))
    assert first.states["m"].rule_states
    second = engine_with_rule(kinds, name="s", kind="water_meter", when="burst")
    second.restore(first.snapshot())
    state = second.states["m"]
    assert (state.rule_states, state.histories, state.last_values) == ({}, None, None)


# -- explanations -------------------------------------------------------------------------------------------------


def test_a_rule_explains_its_state_for_a_device(engine: Engine) -> None:
    feed(engine, reading_at(0, lel_pct=15))
    explanation = explain(engine, "gas-low", "gas-1")
    assert (explanation["phase"], explanation["since"], explanation["wake_at"]) == ("pending", T0, T0 + 30_000)
    assert (explanation["needs"], explanation["hold_ms"]) == (["lel_pct"], 30_000)
    assert explanation["evidence"] == ["燃气浓度 15 %LEL（限值 10 %LEL）"]
    assert explain(engine, "gas-co", "gas-1")["phase"] == "quiet"
    assert explain(engine, "band-sos", "gas-1")["applies_to_kind"] is False
    assert explain(engine, "gas-low", "nobody")["known"] is False
    assert explain(engine, "device-offline", "gas-1")["needs"] == []


def test_evaluations_are_counted(engine: Engine) -> None:
    feed(engine, reading_at(0, alarm=False, lel_pct=1, co_ppm=1, fault=False, battery_pct=88, temp_c=20))
    assert engine.state.evaluations == 11


def test_a_rule_for_any_kind_applies_to_the_kinds_with_its_quantities(kinds: Kinds) -> None:
    engine = engine_with_rule(kinds, kind="any", when="lel_pct >= 10")
    assert [name for name, ruleset in engine.rulesets.items() if ruleset.by_name] == ["gas_alarm"]


def test_an_unregistered_device_from_a_snapshot_ends_its_absence_and_is_not_absent_again(engine: Engine) -> None:
    engine.register([Device("gas-1", "gas_alarm")], T0)
    engine.tick(T0 + 9 * HOUR)
    restored = Engine([], {}, COMMUNITY)
    restored.state.rulesets = engine.rulesets
    restored.restore(engine.snapshot())
    assert feed(restored, reading_at(10 * HOUR, lel_pct=1)) == ["device-offline ended"]
    assert restored.tick(T0 + 48 * HOUR) == []


def test_a_normal_reading_allocates_no_state(engine: Engine) -> None:
    values: dict[str, Value] = {"alarm": False, "lel_pct": 1.5, "co_ppm": 1, "fault": False, "battery_pct": 88}
    readings = [Reading(f"gas-{n}", "gas_alarm", T0 + n, T0 + n, values) for n in range(500)]
    engine.feed(readings, T0 + 1000)
    tracemalloc.start()
    before = tracemalloc.take_snapshot()
    engine.feed(readings, T0 + 1000)
    grown = tracemalloc.take_snapshot().compare_to(before, "filename")
    tracemalloc.stop()
    ours = [line for line in grown if "/rules/" in line.traceback[0].filename and "tests" not in str(line)]
    # One object kept of each reading would be 28 bytes at least; what a test runner keeps is less than that together.
    assert sum(line.size_diff for line in ours) < 8 * len(readings)
    assert all(state.rule_states is NO_RULE_STATES for state in engine.states.values())
