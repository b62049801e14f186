"""Random histories of hours, inhibition, latches and resets: crashes, repetition, batches change nothing, hosts agree,
and at any time every rule is in the state that the last values, the hours and the other findings require.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from domain import HOUR, MINUTE, SECOND, Device, Finding, Instant, Place, Reading, Value
from domain.people import community
from rules.engine.engine import Engine
from rules.hosts.embedded import EmbeddedHost
from rules.hosts.replay import Event, ReadingBatch, Reset, play
from tests.support.long_form import examples
from tests.support.rule_builders import Kinds, book, building_group, rule, shanghai_time

T0 = shanghai_time("2026-01-01T21:30")
NIGHT = "time.hour >= 22 and time.hour < 23"
RULES = [
    rule("held", when="lel_pct >= 10", only_if="not finding.cause"),
    rule("third", when="co_ppm >= 50 and not finding.held"),
    rule("cause", when="alarm"),
    rule("night", when=f"tamper and ({NIGHT})"),
    rule("by-night", when="fault", only_if=f"{NIGHT} or finding.many"),
    building_group("cause", "night", at_least=3),
]
RULES_WITH_TIMES = [
    {**RULES[0], "hold": "30s", "release": "1m"},
    {**RULES[1], "hold": "5m", "latch": True},
    {**RULES[2], "latch": True},
    {**RULES[3], "hold": "10m", "release": "5m", "if_silent": "wait"},
    {**RULES[4], "grades": [{"severity": "critical", "when": "time.minute >= 1350"}]},
    {**RULES[5], "only_if": f"not ({NIGHT})", "latch": True},
    rule("silent", absent={"after": "20m"}, only_if=NIGHT),
    rule("mute", absent={"quantity": "lel_pct", "after": "10m"}, only_if="not finding.cause"),
]
HOMES = {"a": "h1", "b": "h1", "c": "h2"}
COMMUNITY = community(
    places=[Place("b1", "1栋", "building"), *(Place(name, name, "household", parent="b1") for name in ("h1", "h2"))]
)
value_sets = st.fixed_dictionaries(
    {},
    optional={
        "alarm": st.booleans(),
        "lel_pct": st.sampled_from([1, 12]),
        "co_ppm": st.sampled_from([1, 60]),
        "tamper": st.booleans(),
        "fault": st.booleans(),
    },
)
Step = tuple[int, str, dict[str, Value] | str, int]
histories = st.lists(
    st.tuples(
        st.sampled_from([1, 20, 90, 600, 1500]),
        st.sampled_from(sorted(HOMES)),
        st.one_of(value_sets, value_sets, value_sets, st.sampled_from(["cause", "third", "many"])),
        st.sampled_from([0, 0, 0, 5, 700]),
    ),
    max_size=40,
)


def new_engine(kinds: Kinds, rules: Sequence[dict[str, object]]) -> Engine:
    engine = Engine([book(*rules)], kinds, COMMUNITY)
    devices = [Device(name, "gas_alarm", place=home, attributes={"report_every": "1d"}) for name, home in HOMES.items()]
    engine.register(devices, T0)
    return engine


def events_of(history: Sequence[Step], late: bool = True) -> list[Event]:
    found, now = list[Event](), T0
    for gap, device, change, late_s in history:
        now += gap * SECOND
        if isinstance(change, str):
            found.append(Reset(now, change))
        elif change:
            at = now - late_s * SECOND * late
            found.append(ReadingBatch(now, [Reading(device, "gas_alarm", at, now, change)]))
    return found


def end(found: Sequence[Event]) -> Instant:
    return (found[-1].now if found else T0) + 3 * HOUR  # type: ignore[union-attr]


@settings(max_examples=examples(60, short=12), deadline=None)
@given(history=histories)
def test_crashes_and_repeated_readings_change_nothing(kinds: Kinds, history: list[Step]) -> None:
    found = events_of(history)
    steady, crashing, steady_findings, crashing_findings = (
        new_engine(kinds, RULES_WITH_TIMES),
        new_engine(kinds, RULES_WITH_TIMES),
        list[Finding](),
        list[Finding](),
    )
    for event in found:
        steady_findings += play(steady, [event])
        snapshot, crashing = crashing.snapshot(), new_engine(kinds, RULES_WITH_TIMES)
        crashing.restore(snapshot)
        twice = (
            ReadingBatch(event.now, [*event.readings, *event.readings]) if isinstance(event, ReadingBatch) else event
        )
        crashing_findings += play(crashing, [twice])
    for limit in range(1, 20):  # time advances in small steps, with a crash after each
        snapshot, crashing = crashing.snapshot(), new_engine(kinds, RULES_WITH_TIMES)
        crashing.restore(snapshot)
        crashing_findings += crashing.tick(end(found), limit=limit)
    assert steady_findings + steady.tick(end(found)) == crashing_findings + crashing.tick(end(found))


@settings(max_examples=examples(40, short=10), deadline=None)
@given(history=histories, cut=st.integers(1, 5))
def test_hosts_agree_for_every_division_into_batches(kinds: Kinds, history: list[Step], cut: int) -> None:
    found = events_of(history)
    plain = list(play(new_engine(kinds, RULES_WITH_TIMES), found, end(found)))
    pieces, held = list[Event](), list[Reading]()
    for event in [*found, None]:
        if held and (event is None or isinstance(event, Reset) or len(held) >= cut):
            pieces.append(ReadingBatch(held[-1].received, held))
            held = []
        if isinstance(event, ReadingBatch):
            held = [*held, *event.readings]
        elif event is not None:
            pieces.append(event)
    assert list(play(new_engine(kinds, RULES_WITH_TIMES), pieces, end(found))) == plain
    assert asyncio.run(play_embedded(new_engine(kinds, RULES_WITH_TIMES), found)) == plain


async def play_embedded(engine: Engine, found: Sequence[Event]) -> list[Finding]:
    findings: list[Finding] = []

    async def deliver(emitted: Sequence[Finding]) -> None:
        findings.extend(emitted)

    host = EmbeddedHost(engine, deliver)
    for event in found:
        if isinstance(event, ReadingBatch):
            await host.feed(event.readings, event.now)
        else:
            findings.extend(play(engine, [event]))
    while (due := engine.next_timer()) is not None and due <= end(found):
        await host.run_timers(due)
    return findings


@settings(max_examples=examples(60, short=12), deadline=None)
@given(history=histories, pause=st.sampled_from([1, 30 * MINUTE, 80 * MINUTE, 2 * HOUR]))
def test_every_rule_is_in_the_state_that_values_hours_and_findings_require(
    kinds: Kinds, history: list[Step], pause: int
) -> None:
    engine, last = new_engine(kinds, RULES), {name: dict[str, Value]() for name in HOMES}
    found = [event for event in events_of(history, late=False) if isinstance(event, ReadingBatch)]
    for event in found:
        list(play(engine, [event]))
        for reading in event.readings:
            last[reading.device] |= reading.values
    now = (found[-1].now if found else T0) + pause
    engine.tick(now)
    hour = (now // HOUR + 8) % 24
    many = "many" in (engine.groups.states["building/b1"].rule_states if "building/b1" in engine.groups.states else {})
    for name, values in last.items():
        active = engine.states[name].rule_states if name in engine.states else {}
        assert ("cause" in active) is (values.get("alarm") is True)
        assert ("night" in active) is (values.get("tamper") is True and hour == 22)
        # `only_if` prevents a beginning and ends nothing.
        if values.get("lel_pct") != 12:
            assert "held" not in active
        elif "cause" not in active:
            assert "held" in active
        if values.get("fault") is not True:
            assert "by-night" not in active
        elif hour == 22 or many:
            assert "by-night" in active
        assert ("third" in active) is (values.get("co_ppm") == 60 and "held" not in active)
