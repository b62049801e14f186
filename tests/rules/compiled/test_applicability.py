"""An engine with its optimisations (value tests, applicability) emits the findings of one that evaluates everything."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain import HOUR, MINUTE, Attribute, Device, Finding, Instant, Person, Place, Quality, Reading, Value
from domain.kind import Kind
from domain.people import Community, community
from rules.compiled.applicability import ApplicabilityIndex, ApplicableRules
from rules.compiled.reading_plan import Guard, ReadingPlan
from rules.engine.community_index import CommunityIndex
from rules.engine.engine import Engine
from rules.engine.reading_processor import ReadingProcessor
from rules.language.analysis import possible_results
from rules.language.nodes import AttributeRef
from rules.language.parser import parse
from rules.rulebook.model import Rulebook
from rules.state.device import DeviceState
from tests.support.long_form import examples

T0: Instant = 1_767_225_600_000
PLACES = [Place("home", "402", "household", lat=31.0, lon=121.0)]
KINDS = ("gas_alarm", "wristband", "water_meter", "manhole", "door")
DEVICES = [Device(kind, kind, place="home", attributes={"person": "li", "report_every": "5m"}) for kind in KINDS]
attribute_sets = st.fixed_dictionaries(
    {},
    optional={
        "lives_alone": st.booleans(),
        "away": st.sampled_from([True, "no", "是"]),
        "wanders": st.just(True),
        "age": st.sampled_from([8, 80]),
        "pregnant": st.just(True),
        "heart_high": st.just(100),
        "fence_lat": st.just(31.0),
        "fence_lon": st.just(121.0),
        "fence_m": st.just(300),
    },
)
VALUES: dict[str, list[tuple[str, list[Value]]]] = {
    "gas_alarm": [
        ("alarm", [False, False, True]), ("lel_pct", [0, 8, 12, 30]), ("test", [False, False, True]),
        ("battery_pct", [88, 79.5, 80, 20, 15, 100]), ("battery_low", [False, False, True]),
    ],
    "wristband": [
        ("heart_rate_bpm", [45, 70, 70, 95, 110, 140]), ("spo2_pct", [90, 95, 98]), ("steps", [0, 10, 200, 5000]),
        ("fall", [False, False, True]), ("worn", [True, True, False]), ("lat", [31.0, 31.1]), ("lon", [121.0, 121.1]),
        ("body_temp_c", [35.0, 36.5, 39.5]),
    ],
    "water_meter": [("volume_m3", [1.0, 1.0, 1.001, 1.5, 3.0, 0.1]), ("leak", [False, False, True])],
    "manhole": [("water_level_mm", [100, 120, 500, 1600]), ("opened", [False, False, True]), ("tilt_deg", [0, 20])],
    "door": [("opened", [False, True])],
}  # fmt: skip
steps = st.lists(
    st.tuples(
        st.sampled_from([0, 1, 5, 5, 5, 30, 400]),
        st.sampled_from([0] * 9 + [7, 60]),
        st.sampled_from(KINDS),
        st.lists(st.integers(0, 59), min_size=8, max_size=8),
        st.sampled_from([None] * 9 + [Quality.IMPLAUSIBLE, Quality.RETAINED]),
    ),
    max_size=70,
)
Step = tuple[int, int, str, list[int], Quality | None]


class FullEvaluation(ReadingProcessor):
    """Evaluates every rule for every reading."""

    def evaluate_context_rules(
        self, state: DeviceState, reading: Reading, _: ReadingPlan, now: Instant, out: list[Finding],
        ahead_of_backlog: bool,
    ) -> None:  # fmt: skip
        self.evaluate_all(state, reading, now, out, ahead_of_backlog)


def full_engine(*arguments: Any, **options: Any) -> Engine:
    """An engine without shortcuts."""
    engine = Engine(*arguments, **options)
    shared = engine._readings
    engine._readings = FullEvaluation(shared._engine_state, shared._conditions, shared._absences, shared._self_tests)
    for ruleset in engine.rulesets.values():
        ruleset.is_stateless = False
        ruleset.value_tests = tuple(Guard(name, lambda _: True) for name in ruleset.kind_definition.quantities)
        ruleset.applicability = AllRulesApplicable(ruleset.conditional_rules, ruleset.plan_reading)
    return engine


class AllRulesApplicable(ApplicabilityIndex):
    """Every rule may begin, whatever the attributes are."""

    def rules_for(self, device: Device, community: Any) -> ApplicableRules:
        return ApplicableRules(self, community, tuple(rule for rule, _ in self._rules))


def readings(steps: list[Step]) -> list[Reading]:
    readings, now = [], T0
    for gap, late, kind, numbers, doubt in steps:
        now += gap * MINUTE
        # Every third number leaves a quantity out.
        values = {
            name: choices[n % len(choices)] for (name, choices), n in zip(VALUES[kind], numbers, strict=False) if n % 3
        }
        doubts = {} if doubt is None or not values else {next(iter(values)): doubt}
        readings.append(Reading(kind, kind, now - late * MINUTE, now, values, doubts))
    return readings


def remembered(state: DeviceState) -> object:
    """What a reading teaches, whether a rule was evaluated or not."""
    kept = state.snapshot()
    return kept.last_arrival, kept.max_event_time, kept.last_values, kept.histories, kept.baselines, kept.trends


def registry_with(attributes: dict[str, Attribute]) -> Community:
    return community(places=PLACES, people=[Person("li", "李奶奶", home="home", attributes=attributes)])


@settings(max_examples=examples(120, short=25), deadline=None)
@given(steps=steps, attributes=attribute_sets, later_attributes=attribute_sets, change_at=st.integers(0, 70))
def test_an_engine_with_optimisations_emits_the_findings_of_full_evaluation(
    books: dict[str, Rulebook],
    kinds: dict[str, Kind],
    steps: list[Step],
    attributes: dict[str, Attribute],
    later_attributes: dict[str, Attribute],
    change_at: int,
) -> None:
    results: list[tuple[list[Finding], list[object]]] = []
    for make in (Engine, full_engine):
        engine = make(list(books.values()), kinds, registry_with(attributes), emit_shadow=True)
        findings = engine.register(DEVICES, T0)
        for number, reading in enumerate(readings(steps)):
            if number == change_at:
                engine.community = registry_with(later_attributes)
            findings += engine.feed([reading], reading.received)
        findings += engine.tick(T0 + 60 * HOUR)
        results.append((findings, [remembered(state) for state in engine.states.values()]))
    assert results[0] == results[1]


def test_known_attributes_decide_which_results_are_possible() -> None:
    alone, fence = AttributeRef("person", "alone"), AttributeRef("person", "fence_lat")
    absent, present = {alone: (False, False), fence: (False, False)}, {alone: (True, True), fence: (False, True)}
    for condition, when_absent, when_present in (
        ("person.alone and x > 1", False, True),
        ("person.alone or x > 1", True, True),
        ("not person.alone", True, False),
        ("not (person.alone or x > 1)", True, False),
        ("x > person.fence_lat", False, True),
        ("x > default(person.fence_lat, 300)", True, True),
        ("abs(person.fence_lat - x) > 1", False, True),
        ("not x > person.fence_lat", False, True),
        ("distance_m(lat, lon, person.fence_lat, person.fence_lon) > 3", False, True),
        ("(person.alone and x > 1) == true", True, True),
        ("(not person.alone) == true", True, True),
        ("time.hour > 3 and finding.leak", True, True),
    ):
        assert (possible_results(parse(condition), absent)[0], possible_results(parse(condition), present)[0]) == (
            when_absent,
            when_present,
        ), condition


def test_devices_with_the_same_attributes_share_their_applicable_rules(
    books: dict[str, Rulebook], kinds: dict[str, Kind]
) -> None:
    engine = Engine(list(books.values()), kinds, registry_with({}))
    applicability, registry_index = (
        engine.rulesets["wristband"].applicability,
        CommunityIndex(registry_with({"lives_alone": True})),
    )
    band, other = Device("a", "wristband", attributes={"person": "li"}), Device("b", "wristband", place="home")
    assert isinstance(applicability, ApplicabilityIndex)
    assert applicability.rules_for(band, registry_index) is applicability.rules_for(other, registry_index)
    names = {rule.name for rule, _ in applicability.rules_for(band, registry_index).context_rules}
    assert "band-still" in names
    assert "band-geofence" not in names


def test_readings_with_ever_other_quantities_use_no_more_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rules.compiled.applicability.PLANS_MAX", 2)

    def plan(names: Sequence[str], _rules: Any) -> ReadingPlan:
        return ReadingPlan(names, (), (), is_stateless=True, has_histories=False, remembered=(), trends=())

    applicable = ApplicabilityIndex((), plan).rules_for(DEVICES[0], CommunityIndex(community()))
    for name in ("alarm", "lel_pct", "test"):
        applicable.plan_for({name: 1})
    assert list(applicable._plans) == [("test",)]
