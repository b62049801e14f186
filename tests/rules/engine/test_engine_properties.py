"""Random histories: findings alternate in any order of readings; crashes and repetitions change nothing."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from domain import HOUR, SECOND, Device, Finding, FindingPhase, Person, Place, Reading, Value
from domain.kind import Kind
from domain.people import community
from rules.engine.engine import Engine
from rules.rulebook.model import Rulebook
from tests.support.long_form import examples

T0 = 1_767_225_600_000
ELDERS = community(people=[Person("li", "李奶奶", home="home", attributes={"lives_alone": True})])
DEVICE = Device("gas-1", "gas_alarm", attributes={"report_every": "1m"})
ENDS = (FindingPhase.ENDED, FindingPhase.WITHDRAWN)

History = list[tuple[int, int, dict[str, Value]]]
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
DEVICE_VALUES = st.one_of(
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
other_histories = st.lists(
    st.tuples(st.sampled_from([5, 60, 3600]), st.sampled_from([0, 0, 300]), DEVICE_VALUES), max_size=50
)
histories = st.lists(st.tuples(st.integers(1, 400), st.sampled_from([0, 0, 0, 5, 90, 1000]), values), max_size=60)


def readings(history: History) -> list[Reading]:
    """Each step so many seconds after the last; some have an event time in the past."""
    readings, now = [], T0
    for gap, late, values in history:
        now += gap * SECOND
        readings.append(Reading("gas-1", "gas_alarm", now - late * SECOND, now, values))
    return readings


def kinds_of(kinds: dict[str, Kind], *names: str) -> dict[str, Kind]:
    """The kinds of one history: an engine compiles every rule for every kind, and these tests build hundreds."""
    return {name: kinds[name] for name in sorted({*names, "gateway"})}


def new_engine(books: dict[str, Rulebook], kinds: dict[str, Kind]) -> Engine:
    engine = Engine([books["gas"], books["device"]], kinds_of(kinds, DEVICE.kind), community())
    engine.register([DEVICE], T0)
    return engine


def end(readings: list[Reading]) -> int:
    return (readings[-1].received if readings else T0) + 12 * HOUR


def feed_each(books: dict[str, Rulebook], kinds: dict[str, Kind], readings: list[Reading]) -> list[Finding]:
    engine = new_engine(books, kinds)
    findings = [finding for reading in readings for finding in engine.feed([reading], reading.received)]
    return findings + engine.tick(end(readings))


@settings(max_examples=examples(60, short=12), deadline=None)
@given(history=histories)
def test_a_crash_between_any_two_events_changes_nothing(
    books: dict[str, Rulebook], kinds: dict[str, Kind], history: History
) -> None:
    received_readings = readings(history)
    engine, findings = new_engine(books, kinds), list[Finding]()
    for reading in received_readings:
        snapshot, engine = engine.snapshot(), new_engine(books, kinds)
        engine.restore(snapshot)
        findings += engine.feed([reading], reading.received)
        findings += engine.tick(reading.received)
    snapshot, engine = engine.snapshot(), new_engine(books, kinds)
    engine.restore(snapshot)
    assert findings + engine.tick(end(received_readings)) == feed_each(books, kinds, received_readings)


@settings(max_examples=examples(60, short=12), deadline=None)
@given(history=histories)
def test_delivering_every_reading_twice_changes_nothing(
    books: dict[str, Rulebook], kinds: dict[str, Kind], history: History
) -> None:
    received_readings = readings(history)
    twice = [reading for once in received_readings for reading in (once, once)]
    assert feed_each(books, kinds, twice) == feed_each(books, kinds, received_readings)


@settings(max_examples=examples(60, short=12), deadline=None)
@given(history=histories)
def test_findings_of_a_rule_alternate_between_begin_and_end_and_share_no_id(
    books: dict[str, Rulebook], kinds: dict[str, Kind], history: History
) -> None:
    findings = feed_each(books, kinds, readings(history))
    for rule in {finding.rule for finding in findings}:
        of_rule = [finding for finding in findings if finding.rule == rule]
        assert of_rule[0].phase is FindingPhase.BEGAN
        for before, after in pairwise(of_rule):
            assert (after.phase is FindingPhase.BEGAN) is (before.phase in ENDS)
            assert (after.id == before.id) is (after.phase is not FindingPhase.BEGAN)
            assert before.now <= after.now


@settings(max_examples=examples(60, short=12), deadline=None)
@given(history=histories, cut=st.integers(1, 5))
def test_how_readings_are_cut_into_batches_changes_nothing(
    books: dict[str, Rulebook], kinds: dict[str, Kind], history: History, cut: int
) -> None:
    received_readings = readings(history)
    engine, findings = new_engine(books, kinds), list[Finding]()
    for start in range(0, len(received_readings), cut):
        batch = received_readings[start : start + cut]
        findings += engine.feed(batch, batch[-1].received)
    assert findings + engine.tick(end(received_readings)) == feed_each(books, kinds, received_readings)


@settings(max_examples=examples(60, short=12), deadline=None)
@given(history=histories)
def test_an_alarm_bit_is_always_reported_at_once(
    books: dict[str, Rulebook], kinds: dict[str, Kind], history: History
) -> None:
    received_readings = readings(history)
    firing = False
    engine = new_engine(books, kinds)
    for reading in received_readings:
        findings = [f for f in engine.feed([reading], reading.received) if f.rule == "gas-alarm"]
        if reading.values.get("alarm") is True and reading.values.get("test") is not True and not firing:
            assert FindingPhase.BEGAN in [finding.phase for finding in findings]
        firing = bool(engine.states["gas-1"].rule_states.get("gas-alarm"))


@settings(max_examples=examples(60, short=12), deadline=None)
@given(history=other_histories)
def test_a_crash_changes_nothing_for_other_kinds_either(
    books: dict[str, Rulebook], kinds: dict[str, Kind], history: list[tuple[int, int, tuple[str, dict[str, Value]]]]
) -> None:
    used_kinds = kinds_of(kinds, *(kind for _, _, (kind, _) in history))

    def new_community_engine() -> Engine:
        engine = Engine(list(books.values()), used_kinds, ELDERS)
        engine.register([Device(name, name, place="home") for _, _, (name, _) in history], T0)
        return engine

    readings, now = [], T0
    for gap, late, (kind, values) in history:
        now += gap * SECOND
        readings.append(Reading(kind, kind, now - late * SECOND, now, values))
    steady, crashing, steady_findings, crashing_findings = (
        new_community_engine(),
        new_community_engine(),
        list[Finding](),
        list[Finding](),
    )
    for reading in readings:
        steady_findings += steady.feed([reading], reading.received)
        snapshot, crashing = crashing.snapshot(), new_community_engine()
        crashing.restore(snapshot)
        crashing_findings += crashing.feed([reading, reading], reading.received)
    assert steady_findings + steady.tick(now + 100 * HOUR) == crashing_findings + crashing.tick(now + 100 * HOUR)


SMOKES = [f"smoke-{n}" for n in range(4)]
BUILDING = community(
    places=[
        Place("b", "1栋", "building", cell="g"),
        *(Place(f"h-{name}", name, "household", parent="b") for name in [*SMOKES, "lift"]),
    ]
)


def building_engine(books: dict[str, Rulebook], kinds: dict[str, Kind]) -> Engine:
    engine = Engine([books["fire"], books["device"]], kinds_of(kinds, "smoke_alarm", "ebike_lift"), BUILDING)
    devices = [Device(name, "smoke_alarm", place=f"h-{name}") for name in SMOKES]
    engine.register([*devices, Device("lift", "ebike_lift", place="h-lift")], T0)
    return engine


@settings(max_examples=examples(60, short=12), deadline=None)
@given(
    history=st.lists(
        st.tuples(
            st.sampled_from([1, 20, 200, 2000]),
            st.sampled_from([0, 0, 0, 100]),
            st.sampled_from([*SMOKES, "lift"]),
            st.booleans(),
        ),
        max_size=60,
    )
)
def test_findings_of_a_building_survive_crashes_and_repetition_and_alternate(
    books: dict[str, Rulebook], kinds: dict[str, Kind], history: list[tuple[int, int, str, bool]]
) -> None:
    steady, crashing, steady_findings, crashing_findings, now = (
        building_engine(books, kinds),
        building_engine(books, kinds),
        list[Finding](),
        list[Finding](),
        T0,
    )
    for gap, late, name, danger in history:
        now += gap * SECOND
        kind, quantity = ("ebike_lift", "present") if name == "lift" else ("smoke_alarm", "alarm")
        reading = Reading(name, kind, now - late * SECOND, now, {quantity: danger})
        steady_findings += steady.feed([reading], now)
        snapshot, crashing = crashing.snapshot(), building_engine(books, kinds)
        crashing.restore(snapshot)
        crashing_findings += crashing.feed([reading, reading], now)
    assert steady_findings + steady.tick(now + 100 * HOUR) == crashing_findings + crashing.tick(now + 100 * HOUR)
    for rule in ("fire-building", "fire-ebike"):
        phases = [finding.phase for finding in steady_findings if finding.rule == rule]
        assert phases[::2] == [FindingPhase.BEGAN] * len(phases[::2])
        assert set(phases[1::2]) <= {FindingPhase.ENDED}
