"""Random stories of hours, inhibition, latches and resets: crashes, repetition, cuts change nothing, hosts agree, and
whenever time stands still every rule stands exactly where the last values, the hours and the other findings say.
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
from tests.support.rule_builders import Kinds, book, building_group, rule, shanghai_time

T0 = shanghai_time("2026-01-01T21:30")
NIGHT = "time.hour >= 22 and time.hour < 23"
PLAIN = [
    rule("held", when="lel_pct >= 10", only_if="not finding.cause"),
    rule("third", when="co_ppm >= 50 and not finding.held"),
    rule("cause", when="alarm"),
    rule("night", when=f"tamper and ({NIGHT})"),
    rule("by-night", when="fault", only_if=f"{NIGHT} or finding.many"),
    building_group("cause", "night", at_least=3),
]
WAITING = [
    {**PLAIN[0], "hold": "30s", "release": "1m"},
    {**PLAIN[1], "hold": "5m", "latch": True},
    {**PLAIN[2], "latch": True},
    {**PLAIN[3], "hold": "10m", "release": "5m", "if_silent": "wait"},
    {**PLAIN[4], "grades": [{"severity": "critical", "when": "time.minute >= 1350"}]},
    {**PLAIN[5], "only_if": f"not ({NIGHT})", "latch": True},
    rule("silent", absent={"after": "20m"}, only_if=NIGHT),
    rule("mute", absent={"quantity": "lel_pct", "after": "10m"}, only_if="not finding.cause"),
]
HOMES = {"a": "h1", "b": "h1", "c": "h2"}
TOWN = community(
    places=[Place("b1", "1栋", "building"), *(Place(name, name, "household", parent="b1") for name in ("h1", "h2"))]
)
said = st.fixed_dictionaries(
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
stories = st.lists(
    st.tuples(
        st.sampled_from([1, 20, 90, 600, 1500]),
        st.sampled_from(sorted(HOMES)),
        st.one_of(said, said, said, st.sampled_from(["cause", "third", "many"])),
        st.sampled_from([0, 0, 0, 5, 700]),
    ),
    max_size=40,
)


def town(kinds: Kinds, rules: Sequence[dict[str, object]]) -> Engine:
    engine = Engine([book(*rules)], kinds, TOWN)
    devices = [Device(name, "gas_alarm", place=home, attributes={"report_every": "1d"}) for name, home in HOMES.items()]
    engine.register(devices, T0)
    return engine


def events(story: Sequence[Step], late: bool = True) -> list[Event]:
    found, now = list[Event](), T0
    for gap, device, what, behind in story:
        now += gap * SECOND
        if isinstance(what, str):
            found.append(Reset(now, what))
        elif what:
            at = now - behind * SECOND * late
            found.append(ReadingBatch(now, [Reading(device, "gas_alarm", at, now, what)]))
    return found


def end(found: Sequence[Event]) -> Instant:
    return (found[-1].now if found else T0) + 3 * HOUR  # type: ignore[union-attr]


@settings(max_examples=60, deadline=None)
@given(story=stories)
def test_a_crash_between_any_two_events_and_hearing_all_twice_change_nothing(kinds: Kinds, story: list[Step]) -> None:
    found = events(story)
    steady, crashing, one, other = town(kinds, WAITING), town(kinds, WAITING), list[Finding](), list[Finding]()
    for event in found:
        one += play(steady, [event])
        snapshot, crashing = crashing.snapshot(), town(kinds, WAITING)
        crashing.restore(snapshot)
        twice = (
            ReadingBatch(event.now, [*event.readings, *event.readings]) if isinstance(event, ReadingBatch) else event
        )
        other += play(crashing, [twice])
    for limit in range(1, 20):  # time goes on in small pieces, a crash between each
        snapshot, crashing = crashing.snapshot(), town(kinds, WAITING)
        crashing.restore(snapshot)
        other += crashing.tick(end(found), limit=limit)
    assert one + steady.tick(end(found)) == other + crashing.tick(end(found))


@settings(max_examples=40, deadline=None)
@given(story=stories, cut=st.integers(1, 5))
def test_hosts_agree_however_the_readings_are_cut(kinds: Kinds, story: list[Step], cut: int) -> None:
    found = events(story)
    plain = list(play(town(kinds, WAITING), found, end(found)))
    pieces, held = list[Event](), list[Reading]()
    for event in [*found, None]:
        if held and (event is None or isinstance(event, Reset) or len(held) >= cut):
            pieces.append(ReadingBatch(held[-1].received, held))
            held = []
        if isinstance(event, ReadingBatch):
            held = [*held, *event.readings]
        elif event is not None:
            pieces.append(event)
    assert list(play(town(kinds, WAITING), pieces, end(found))) == plain
    assert asyncio.run(embedded(town(kinds, WAITING), found)) == plain


async def embedded(engine: Engine, found: Sequence[Event]) -> list[Finding]:
    told: list[Finding] = []

    async def deliver(findings: Sequence[Finding]) -> None:
        told.extend(findings)

    host = EmbeddedHost(engine, deliver)
    for event in found:
        if isinstance(event, ReadingBatch):
            await host.feed(event.readings, event.now)
        else:
            told.extend(play(engine, [event]))
    while (due := engine.next_timer()) is not None and due <= end(found):
        await host.run_timers(due)
    return told


@settings(max_examples=60, deadline=None)
@given(story=stories, pause=st.sampled_from([1, 30 * MINUTE, 80 * MINUTE, 2 * HOUR]))
def test_every_rule_stands_where_values_hours_and_findings_say(kinds: Kinds, story: list[Step], pause: int) -> None:
    engine, last = town(kinds, PLAIN), {name: dict[str, Value]() for name in HOMES}
    found = [event for event in events(story, late=False) if isinstance(event, ReadingBatch)]
    for event in found:
        list(play(engine, [event]))
        for reading in event.readings:
            last[reading.device] |= reading.values
    now = (found[-1].now if found else T0) + pause
    engine.tick(now)
    hour = (now // HOUR + 8) % 24
    many = "many" in (engine.groups.states["building/b1"].rule_states if "building/b1" in engine.groups.states else {})
    for name, values in last.items():
        stands = engine.states[name].rule_states if name in engine.states else {}
        assert ("cause" in stands) is (values.get("alarm") is True)
        assert ("night" in stands) is (values.get("tamper") is True and hour == 22)
        # `only_if` keeps from beginning and ends nothing.
        if values.get("lel_pct") != 12:
            assert "held" not in stands
        elif "cause" not in stands:
            assert "held" in stands
        if values.get("fault") is not True:
            assert "by-night" not in stands
        elif hour == 22 or many:
            assert "by-night" in stands
        assert ("third" in stands) is (values.get("co_ppm") == 60 and "held" not in stands)
