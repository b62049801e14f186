"""Random stories: whatever is said in whatever order, findings alternate, crashes and repetitions change nothing."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain import HOUR, SECOND, Device, Finding, FindingPhase, Person, Place, Reading, Value
from domain.kind import Kind
from domain.people import community
from rules.engine.engine import Engine
from rules.rulebook.model import Rulebook

pytestmark = pytest.mark.no_cover

T0 = 1_767_225_600_000
ELDERS = community(people=[Person("li", "李奶奶", home="home", attributes={"lives_alone": True})])
DEVICE = Device("gas-1", "gas_alarm", attributes={"report_every": "1m"})
ENDS = (FindingPhase.ENDED, FindingPhase.WITHDRAWN)

Story = list[tuple[int, int, dict[str, Value]]]
values = st.fixed_dictionaries(
    {},
    optional={
        "alarm": st.booleans(),
        "lel_pct": st.sampled_from([0, 5, 7, 10, 19, 24, 25, 60]),
        "co_ppm": st.sampled_from([0, 29, 40, 50, 299, 300]),
        "fault": st.booleans(),
        "test": st.booleans(),
    },
)
LIVES = st.one_of(
    st.tuples(
        st.just("wristband"),
        st.fixed_dictionaries(
            {},
            optional={
                "sos": st.booleans(),
                "fall": st.booleans(),
                "heart_rate_bpm": st.sampled_from([35, 44, 80, 128, 150]),
                "worn": st.booleans(),
            },
        ),
    ),
    st.tuples(
        st.just("water_meter"),
        st.fixed_dictionaries(
            {}, optional={"volume_m3": st.sampled_from([1.0, 1.001, 1.5, 0.1]), "leak": st.booleans()}
        ),
    ),
    st.tuples(
        st.just("manhole"),
        st.fixed_dictionaries(
            {},
            optional={
                "opened": st.booleans(),
                "tilt_deg": st.sampled_from([-20, 0, 12, 30]),
                "water_level_mm": st.sampled_from([0, 1300, 1600, 2600]),
            },
        ),
    ),
)
other_stories = st.lists(st.tuples(st.sampled_from([5, 60, 3600]), st.sampled_from([0, 0, 300]), LIVES), max_size=50)
stories = st.lists(st.tuples(st.integers(1, 400), st.sampled_from([0, 0, 0, 5, 90, 1000]), values), max_size=60)


def readings(story: Story) -> list[Reading]:
    """Each step so many seconds after the last; some arrive with an event time that lies back."""
    readings, now = [], T0
    for gap, late, said in story:
        now += gap * SECOND
        readings.append(Reading("gas-1", "gas_alarm", now - late * SECOND, now, said))
    return readings


def some(kinds: dict[str, Kind], *names: str) -> dict[str, Kind]:
    """Those of a story: an engine compiles every rule for every kind, and stories build engines by the hundred."""
    return {name: kinds[name] for name in sorted({*names, "gateway"})}


def fresh(books: dict[str, Rulebook], kinds: dict[str, Kind]) -> Engine:
    engine = Engine([books["gas"], books["device"]], some(kinds, DEVICE.kind), community())
    engine.register([DEVICE], T0)
    return engine


def end(readings: list[Reading]) -> int:
    return (readings[-1].received if readings else T0) + 12 * HOUR


def plain(books: dict[str, Rulebook], kinds: dict[str, Kind], readings: list[Reading]) -> list[Finding]:
    engine = fresh(books, kinds)
    findings = [finding for reading in readings for finding in engine.feed([reading], reading.received)]
    return findings + engine.tick(end(readings))


@settings(max_examples=60, deadline=None)
@given(story=stories)
def test_a_crash_between_any_two_events_changes_nothing(
    books: dict[str, Rulebook], kinds: dict[str, Kind], story: Story
) -> None:
    heard = readings(story)
    engine, findings = fresh(books, kinds), list[Finding]()
    for reading in heard:
        snapshot, engine = engine.snapshot(), fresh(books, kinds)
        engine.restore(snapshot)
        findings += engine.feed([reading], reading.received)
        findings += engine.tick(reading.received)
    snapshot, engine = engine.snapshot(), fresh(books, kinds)
    engine.restore(snapshot)
    assert findings + engine.tick(end(heard)) == plain(books, kinds, heard)


@settings(max_examples=60, deadline=None)
@given(story=stories)
def test_hearing_everything_twice_changes_nothing(
    books: dict[str, Rulebook], kinds: dict[str, Kind], story: Story
) -> None:
    heard = readings(story)
    twice = [reading for once in heard for reading in (once, once)]
    assert plain(books, kinds, twice) == plain(books, kinds, heard)


@settings(max_examples=60, deadline=None)
@given(story=stories)
def test_findings_of_a_rule_alternate_between_beginning_and_end_and_never_share_an_id(
    books: dict[str, Rulebook], kinds: dict[str, Kind], story: Story
) -> None:
    findings = plain(books, kinds, readings(story))
    for rule in {finding.rule for finding in findings}:
        life = [finding for finding in findings if finding.rule == rule]
        assert life[0].phase is FindingPhase.BEGAN
        for before, after in pairwise(life):
            assert (after.phase is FindingPhase.BEGAN) is (before.phase in ENDS)
            assert (after.id == before.id) is (after.phase is not FindingPhase.BEGAN)
            assert before.now <= after.now


@settings(max_examples=60, deadline=None)
@given(story=stories, cut=st.integers(1, 5))
def test_how_readings_are_cut_into_batches_changes_nothing(
    books: dict[str, Rulebook], kinds: dict[str, Kind], story: Story, cut: int
) -> None:
    heard = readings(story)
    engine, findings = fresh(books, kinds), list[Finding]()
    for start in range(0, len(heard), cut):
        batch = heard[start : start + cut]
        findings += engine.feed(batch, batch[-1].received)
    assert findings + engine.tick(end(heard)) == plain(books, kinds, heard)


@settings(max_examples=60, deadline=None)
@given(story=stories)
def test_an_alarm_bit_is_always_told_at_once(books: dict[str, Rulebook], kinds: dict[str, Kind], story: Story) -> None:
    heard = readings(story)
    firing = False
    engine = fresh(books, kinds)
    for reading in heard:
        findings = [f for f in engine.feed([reading], reading.received) if f.rule == "gas-alarm"]
        if reading.values.get("alarm") is True and reading.values.get("test") is not True and not firing:
            assert FindingPhase.BEGAN in [finding.phase for finding in findings]
        firing = bool(engine.states["gas-1"].rule_states.get("gas-alarm"))


@settings(max_examples=60, deadline=None)
@given(story=other_stories)
def test_a_crash_changes_nothing_for_other_kinds_either(
    books: dict[str, Rulebook], kinds: dict[str, Kind], story: list[tuple[int, int, tuple[str, dict[str, Value]]]]
) -> None:
    lived = some(kinds, *(kind for _, _, (kind, _) in story))

    def town() -> Engine:
        engine = Engine(list(books.values()), lived, ELDERS)
        engine.register([Device(name, name, place="home") for _, _, (name, _) in story], T0)
        return engine

    readings, now = [], T0
    for gap, late, (kind, said) in story:
        now += gap * SECOND
        readings.append(Reading(kind, kind, now - late * SECOND, now, said))
    steady, crashing, one, other = town(), town(), list[Finding](), list[Finding]()
    for reading in readings:
        one += steady.feed([reading], reading.received)
        snapshot, crashing = crashing.snapshot(), town()
        crashing.restore(snapshot)
        other += crashing.feed([reading, reading], reading.received)
    assert one + steady.tick(now + 100 * HOUR) == other + crashing.tick(now + 100 * HOUR)


SMOKES = [f"smoke-{n}" for n in range(4)]
BUILDING = community(
    places=[
        Place("b", "1栋", "building", cell="g"),
        *(Place(f"h-{name}", name, "household", parent="b") for name in [*SMOKES, "lift"]),
    ]
)


def stairs(books: dict[str, Rulebook], kinds: dict[str, Kind]) -> Engine:
    engine = Engine([books["fire"], books["device"]], some(kinds, "smoke_alarm", "ebike_lift"), BUILDING)
    devices = [Device(name, "smoke_alarm", place=f"h-{name}") for name in SMOKES]
    engine.register([*devices, Device("lift", "ebike_lift", place="h-lift")], T0)
    return engine


@settings(max_examples=60, deadline=None)
@given(
    story=st.lists(
        st.tuples(
            st.sampled_from([1, 20, 200, 2000]),
            st.sampled_from([0, 0, 0, 100]),
            st.sampled_from([*SMOKES, "lift"]),
            st.booleans(),
        ),
        max_size=60,
    )
)
def test_what_is_found_of_a_building_survives_crashes_and_repetition_and_alternates(
    books: dict[str, Rulebook], kinds: dict[str, Kind], story: list[tuple[int, int, str, bool]]
) -> None:
    steady, crashing, one, other, now = stairs(books, kinds), stairs(books, kinds), list[Finding](), list[Finding](), T0
    for gap, late, name, danger in story:
        now += gap * SECOND
        kind, quantity = ("ebike_lift", "present") if name == "lift" else ("smoke_alarm", "alarm")
        reading = Reading(name, kind, now - late * SECOND, now, {quantity: danger})
        one += steady.feed([reading], now)
        snapshot, crashing = crashing.snapshot(), stairs(books, kinds)
        crashing.restore(snapshot)
        other += crashing.feed([reading, reading], now)
    assert one + steady.tick(now + 100 * HOUR) == other + crashing.tick(now + 100 * HOUR)
    for rule in ("fire-building", "fire-ebike"):
        life = [finding.phase for finding in one if finding.rule == rule]
        assert life[::2] == [FindingPhase.BEGAN] * len(life[::2])
        assert set(life[1::2]) <= {FindingPhase.ENDED}
