"""Every short cut of the engine finds what the long way finds: quiet reflexes, and rules that cannot begin."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from domain import HOUR, MINUTE, Attribute, Device, Finding, Instant, Person, Place, Quality, Reading, Value
from domain.kind import Kind
from domain.people import Community, community
from rules.compiled.applicability import ApplicabilityIndex, ApplicableRules
from rules.engine.community_index import CommunityIndex
from rules.engine.engine import Engine
from rules.engine.reading_processor import ReadingProcessor
from rules.language.analysis import possible_results
from rules.language.nodes import AttributeRef as Asked
from rules.language.parser import parse
from rules.rulebook.model import Rulebook
from rules.state.device import DeviceState

T0: Instant = 1_767_225_600_000
PLACES = [Place("home", "402", "household", lat=31.0, lon=121.0)]
KINDS = ("gas_alarm", "wristband", "water_meter", "manhole", "door")
DEVICES = [Device(kind, kind, place="home", attributes={"person": "li", "report_every": "5m"}) for kind in KINDS]
wrote = st.fixed_dictionaries(
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
SAID: dict[str, list[tuple[str, list[Value]]]] = {
    "gas_alarm": [("alarm", [False, False, True]), ("lel_pct", [0, 8, 12, 30]), ("test", [False, False, True])],
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
        self, state: DeviceState, reading: Reading, now: Instant, out: list[Finding], ahead_of_backlog: bool, _: bool
    ) -> None:
        self.evaluate_all(state, reading, now, out, ahead_of_backlog)


def full_engine(*arguments: Any, **options: Any) -> Engine:
    """An engine without shortcuts."""
    engine = Engine(*arguments, **options)
    shared = engine._readings
    engine._readings = FullEvaluation(shared._engine_state, shared._conditions, shared._absences, shared._self_tests)
    for ruleset in engine.rulesets.values():
        ruleset.is_stateless = False
        ruleset.value_tests = {name: (lambda _: True,) for name in ruleset.value_tests}
        ruleset.applicability = Everything(ruleset.conditional_rules)
    return engine


class Everything(ApplicabilityIndex):
    """Whatever is written, any rule may begin."""

    def rules_for(self, device: Device, near: CommunityIndex) -> ApplicableRules:
        return ApplicableRules(self, near, tuple(rule for rule, _ in self._rules))


def readings(said: list[Step]) -> list[Reading]:
    readings, now = [], T0
    for gap, late, kind, words, doubt in said:
        now += gap * MINUTE
        # Every third number leaves a quantity unsaid.
        values = {name: said[n % len(said)] for (name, said), n in zip(SAID[kind], words, strict=False) if n % 3}
        doubts = {} if doubt is None or not values else {next(iter(values)): doubt}
        readings.append(Reading(kind, kind, now - late * MINUTE, now, values, doubts))
    return readings


def town(attributes: dict[str, Attribute]) -> Community:
    return community(places=PLACES, people=[Person("li", "李奶奶", home="home", attributes=attributes)])


@settings(max_examples=120, deadline=None)
@given(said=steps, written=wrote, later=wrote, turn=st.integers(0, 70))
def test_short_cuts_find_what_the_long_way_finds(
    books: dict[str, Rulebook],
    kinds: dict[str, Kind],
    said: list[Step],
    written: dict[str, Attribute],
    later: dict[str, Attribute],
    turn: int,
) -> None:
    found: list[list[Finding]] = []
    for make in (Engine, full_engine):
        engine = make(list(books.values()), kinds, town(written), emit_shadow=True)
        findings = engine.register(DEVICES, T0)
        for number, reading in enumerate(readings(said)):
            if number == turn:
                engine.community = town(later)
            findings += engine.feed([reading], reading.received)
        found.append(findings + engine.tick(T0 + 60 * HOUR))
    assert found[0] == found[1]


def test_what_is_written_decides_which_rules_may_begin() -> None:
    alone, fence = Asked("person", "alone"), Asked("person", "fence_lat")
    nobody, both = {alone: (False, False), fence: (False, False)}, {alone: (True, True), fence: (False, True)}
    for written, without, with_both in (
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
        assert (possible_results(parse(written), nobody)[0], possible_results(parse(written), both)[0]) == (
            without,
            with_both,
        ), written


def test_devices_of_which_the_same_is_written_share_their_rules(
    books: dict[str, Rulebook], kinds: dict[str, Kind]
) -> None:
    engine = Engine(list(books.values()), kinds, town({}))
    mindful, near = engine.rulesets["wristband"].applicability, CommunityIndex(town({"lives_alone": True}))
    band, other = Device("a", "wristband", attributes={"person": "li"}), Device("b", "wristband", place="home")
    assert isinstance(mindful, ApplicabilityIndex)
    assert mindful.rules_for(band, near) is mindful.rules_for(other, near)
    names = {rule.name for rule, _ in mindful.rules_for(band, near).context_rules}
    assert "band-still" in names
    assert "band-geofence" not in names
