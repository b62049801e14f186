"""Replay in parts: for any partition of the devices, the parts together give the findings of one engine."""

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
from tests.support.long_form import examples

T0 = 1_767_225_600_000
HOMES = [f"{building}-{home}" for building in "abc" for home in range(2)]
COMMUNITY = community(
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
RULE = {"title": {"zh": "一", "en": "x"}, "severity": "low", "source": "test"}
GROUP_BOOK: dict[str, Any] = {
    "hazard": "fire",
    "rules": [
        {**RULE, "name": "cell-gas", "of": "cell", "gather": {"within": "1h", "parts": [{"rules": ["gas-building"]}]}},
        {**RULE, "name": "leaky", "kind": "water_meter", "when": "leak", "only_if": "not finding.cell_gas"},
    ],
}
UNREGISTERED, GATEWAY = Device("stranger", "gas_alarm"), Device("gw-0", "gateway")
VALUES: dict[str, list[dict[str, Value]]] = {
    "smoke_alarm": [{"alarm": True}, {"alarm": False}],
    "gas_alarm": [{"alarm": True}, {"alarm": True, "lel_pct": 30}, {"alarm": False, "lel_pct": 0}],
    "manhole": [{"flooded": True}, {"flooded": False}, {"water_level_mm": 900}, {"water_level_mm": 100}],
    "water_meter": [{"leak": True}, {"leak": False}, {"volume_m3": 1.0}],
    "lamp_post": [{"on": True}],
    "gateway": [{}],
}
steps = st.lists(
    st.tuples(st.integers(0, 40), st.sampled_from([*DEVICES, UNREGISTERED, GATEWAY]), st.integers(0, 3)),
    min_size=1,
    max_size=60,
)
outage_spans = st.lists(st.tuples(st.integers(0, 1500), st.integers(1, 300)), max_size=2)


@pytest.fixture(scope="module")
def replay_job(books: dict[str, Rulebook], kinds: dict[str, Kind]) -> ReplayJob:
    all_books = [*books.values(), Rulebook.model_validate(GROUP_BOOK)]
    used_kinds = {name: kinds[name] for name in VALUES}  # an engine compiles every rule for each kind
    return ReplayJob([all_books, [books["gas"]]], used_kinds, COMMUNITY, DEVICES, T0)


def readings(steps: list[tuple[int, Device, int]]) -> list[Reading]:
    readings, now = [], T0
    for gap, device, late_min in steps:
        now += gap * MINUTE
        choices = VALUES[device.kind]
        readings.append(Reading(device.id, device.kind, now - late_min * MINUTE, now, choices[late_min % len(choices)]))
    return readings


def ordered(found: list[list[Finding]]) -> list[list[str]]:
    return [sorted(map(repr, findings)) for findings in found]


@settings(max_examples=examples(15, short=4), deadline=None)
@given(steps=steps, spans=outage_spans, count=st.integers(2, 4), chunk=st.integers(1, 20))
def test_parts_together_give_the_findings_of_one_engine(
    replay_job: ReplayJob, steps: list[tuple[int, Device, int]], spans: list[tuple[int, int]], count: int, chunk: int
) -> None:
    outages = [Outage(T0 + at * MINUTE, T0 + (at + length) * MINUTE) for at, length in spans]
    events = list(chunk_events(readings(steps), outages, chunk))
    part_of = partition(DEVICES, replay_job.engines(), CommunityIndex(COMMUNITY), count)
    found: list[list[Finding]] = [[], []]
    devices_of_parts = [[device for device in DEVICES if part_of[device.id] == part] for part in range(count)]
    engines = [
        ReplayEngines(ReplayJob(replay_job.sets, replay_job.kinds, COMMUNITY, devices, T0))
        for devices in devices_of_parts
    ]
    for event in events:
        for replayed_part, share in zip(engines, route(event, part_of, count), strict=True):
            replayed_part.apply(share)  # type: ignore[arg-type]  # no end among them
    for replayed_part in engines:
        replayed_part.advance_to(T0 + 96 * HOUR)
        found = [[*before, *more] for before, more in zip(found, replayed_part.found, strict=True)]
    assert ordered(found) == ordered(run_replay(replay_job, events, T0 + 96 * HOUR))


def test_devices_of_a_group_stay_in_one_part_and_the_others_are_spread_evenly(replay_job: ReplayJob) -> None:
    part_of = partition(DEVICES, replay_job.engines(), CommunityIndex(COMMUNITY), 3)
    together = {part_of[f"{kind}-{home}"] for kind in ("smoke", "gas", "meter") for home in HOMES if home[0] in "ab"}
    assert len(together) == 1
    assert {part_of["well-1"]} == {part_of["well-3"], part_of["well-5"]}
    assert set(part_of.values()) == {0, 1, 2}
    alone = partition(
        DEVICES,
        ReplayJob([replay_job.sets[1]], replay_job.kinds, COMMUNITY, DEVICES, T0).engines(),
        CommunityIndex(COMMUNITY),
        3,
    )
    assert sorted(list(alone.values()).count(part) for part in range(3)) == [10, 11, 11]


def test_two_processes_give_the_findings_of_one(replay_job: ReplayJob) -> None:
    steps = [(n % 7, DEVICES[n * 5 % len(DEVICES)], n) for n in range(300)] + [(1, UNREGISTERED, 0)]
    events = list(chunk_events(readings(steps), [Outage(T0 + HOUR, T0 + 2 * HOUR)], 20))
    alone, parallel = (run_replay(replay_job, events, T0 + 96 * HOUR, processes) for processes in (1, 2))
    assert ordered(alone) == ordered(parallel)
    assert [finding.now for finding in parallel[0]] == sorted(finding.now for finding in alone[0])
