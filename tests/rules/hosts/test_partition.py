"""A past judged in parts: by whatever cut of the community, what is found is what one engine finds."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain import HOUR, MINUTE, Device, Finding, Place, Reading, Value
from domain.kind import Kind
from domain.people import community
from rules.engine.community_index import CommunityIndex
from rules.hosts.parallel import route, run_replay
from rules.hosts.partition import partition
from rules.hosts.replay import Outage, ReplayEngines, ReplayJob, chunk_events
from rules.rulebook.model import Rulebook

T0 = 1_767_225_600_000
HOMES = [f"{building}-{home}" for building in "abc" for home in range(2)]
TOWN = community(
    places=[
        *(Place(building, f"{building}栋", "building", cell="c" if building == "c" else "ab") for building in "abc"),
        *(Place(home, home, "household", parent=home[0]) for home in HOMES),
    ]
)
DEVICES = [
    *(Device(f"smoke-{home}", "smoke_alarm", place=home) for home in HOMES),
    *(Device(f"gas-{home}", "gas_alarm", place=home) for home in HOMES),
    *(Device(f"well-{n}", "manhole", attributes={"line": f"l{n % 2}", "order": n}) for n in range(6)),
    *(Device(f"meter-{home}", "water_meter", place=home) for home in HOMES),
    *(Device(f"lamp-{n}", "lamp_post", attributes={"gateway": f"gw-{n % 2}", "report_every": "5m"}) for n in range(6)),
]
WORDS = {"title": {"zh": "一", "en": "x"}, "severity": "low", "source": "test"}
ACROSS: dict[str, Any] = {
    "hazard": "fire",
    "rules": [
        {**WORDS, "name": "cell-gas", "of": "cell", "gather": {"within": "1h", "parts": [{"rules": ["gas-building"]}]}},
        {**WORDS, "name": "leaky", "kind": "water_meter", "when": "leak", "only_if": "not finding.cell_gas"},
    ],
}
STRANGER, GATEWAY = Device("stranger", "gas_alarm"), Device("gw-0", "gateway")
SAID: dict[str, list[dict[str, Value]]] = {
    "smoke_alarm": [{"alarm": True}, {"alarm": False}],
    "gas_alarm": [{"alarm": True}, {"alarm": True, "lel_pct": 30}, {"alarm": False, "lel_pct": 0}],
    "manhole": [{"flooded": True}, {"flooded": False}, {"water_level_mm": 900}, {"water_level_mm": 100}],
    "water_meter": [{"leak": True}, {"leak": False}, {"volume_m3": 1.0}],
    "lamp_post": [{"on": True}],
    "gateway": [{}],
}
steps = st.lists(
    st.tuples(st.integers(0, 40), st.sampled_from([*DEVICES, STRANGER, GATEWAY]), st.integers(0, 3)),
    min_size=1,
    max_size=60,
)
silences = st.lists(st.tuples(st.integers(0, 1500), st.integers(1, 300)), max_size=2)


@pytest.fixture(scope="module")
def scene(books: dict[str, Rulebook], kinds: dict[str, Kind]) -> ReplayJob:
    every = [*books.values(), Rulebook.model_validate(ACROSS)]
    ours = {name: kinds[name] for name in SAID}  # an engine compiles every rule for each kind
    return ReplayJob([every, [books["gas"]]], ours, TOWN, DEVICES, T0)


def readings(said: list[tuple[int, Device, int]]) -> list[Reading]:
    readings, now = [], T0
    for gap, device, word in said:
        now += gap * MINUTE
        words = SAID[device.kind]
        readings.append(Reading(device.id, device.kind, now - word * MINUTE, now, words[word % len(words)]))
    return readings


def ordered(found: list[list[Finding]]) -> list[list[str]]:
    return [sorted(map(repr, findings)) for findings in found]


@pytest.mark.no_cover
@settings(max_examples=15, deadline=None)
@given(said=steps, silent=silences, count=st.integers(2, 4), chunk=st.integers(1, 20))
def test_parts_find_together_what_one_engine_finds(
    scene: ReplayJob, said: list[tuple[int, Device, int]], silent: list[tuple[int, int]], count: int, chunk: int
) -> None:
    deaf = [Outage(T0 + at * MINUTE, T0 + (at + length) * MINUTE) for at, length in silent]
    events = list(chunk_events(readings(said), deaf, chunk))
    part_of = partition(DEVICES, scene.engines(), CommunityIndex(TOWN), count)
    found: list[list[Finding]] = [[], []]
    own = [[device for device in DEVICES if part_of[device.id] == part] for part in range(count)]
    judges = [ReplayEngines(ReplayJob(scene.sets, scene.kinds, TOWN, devices, T0)) for devices in own]
    for event in events:
        for judge, share in zip(judges, route(event, part_of, count), strict=True):
            judge.apply(share)  # type: ignore[arg-type]  # no end among them
    for judge in judges:
        judge.advance_to(T0 + 96 * HOUR)
        found = [[*before, *more] for before, more in zip(found, judge.found, strict=True)]
    assert ordered(found) == ordered(run_replay(scene, events, T0 + 96 * HOUR))


def test_what_gathers_stays_together_and_the_rest_is_spread_evenly(scene: ReplayJob) -> None:
    part_of = partition(DEVICES, scene.engines(), CommunityIndex(TOWN), 3)
    together = {part_of[f"{kind}-{home}"] for kind in ("smoke", "gas", "meter") for home in HOMES if home[0] in "ab"}
    assert len(together) == 1
    assert {part_of["well-1"]} == {part_of["well-3"], part_of["well-5"]}
    assert set(part_of.values()) == {0, 1, 2}
    alone = partition(
        DEVICES, ReplayJob([scene.sets[1]], scene.kinds, TOWN, DEVICES, T0).engines(), CommunityIndex(TOWN), 3
    )
    assert sorted(list(alone.values()).count(part) for part in range(3)) == [10, 11, 11]


def test_processes_find_what_one_finds(scene: ReplayJob) -> None:
    said = [(n % 7, DEVICES[n * 5 % len(DEVICES)], n) for n in range(300)] + [(1, STRANGER, 0)]
    events = list(chunk_events(readings(said), [Outage(T0 + HOUR, T0 + 2 * HOUR)], 20))
    alone, apart = (run_replay(scene, events, T0 + 96 * HOUR, processes) for processes in (1, 2))
    assert ordered(alone) == ordered(apart)
    assert [finding.now for finding in apart[0]] == sorted(finding.now for finding in alone[0])
