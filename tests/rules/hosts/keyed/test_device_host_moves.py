"""The registry changes while devices are in alarm: both stages find of buildings and lines what one engine finds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import pytest
from msgspec.structs import replace

from domain import MINUTE, Device, Finding, FindingPhase, Place, Reading, Value
from domain.kind import Kind
from domain.people import Community, community
from rules.engine.engine import Engine
from rules.hosts.keyed.events import KeyedReadings, Registered
from rules.hosts.keyed.registry import registry_slice
from rules.rulebook.model import Rulebook
from rules.trials.model import START
from tests.support.keyed_hosts import KeyedHosts

BUILDINGS = [Place("b1", "1栋", "building"), Place("b2", "2栋", "building")]
HOMES = [Place(f"h{n}", f"{n}", "household", parent="b1") for n in range(1, 7)]
AWAY = [Place(f"h{n}", f"{n}", "household", parent="b2") for n in range(11, 17)]
TOWN = community([*BUILDINGS, *HOMES, *AWAY])
DETECTORS = tuple(Device(f"gas-{n}", "gas_alarm", place=f"h{n}") for n in range(1, 7))
COVERS = tuple(Device(f"m-{n}", "manhole", place="b1", attributes={"line": "L1", "order": n}) for n in range(1, 7))

Change = Callable[[Sequence[Device]], Sequence[Device]]


class Both:
    """One engine with all devices, and the keyed hosts with a key for each: the same events."""

    def __init__(self, books: dict[str, Rulebook], kinds: dict[str, Kind]) -> None:
        self.whole, self.hosts = (
            Engine(list(books.values()), kinds, TOWN, emit_shadow=True),
            KeyedHosts(books.values(), kinds),
        )
        self.devices: dict[str, Device] = {}
        self.expected: list[Finding] = []

    def registry(self, at: int, devices: Sequence[Device], town: Community = TOWN) -> None:
        """The registry holds these devices from now on."""
        now, names = START + at, {device.id for device in devices}
        self.expected += self.whole.tick(now - 1)
        self.whole.community = town
        removed = [name for name in self.devices if name not in names]
        self.expected += self.whole.unregister(removed, now)
        self.expected += self.whole.register(devices, now)
        self.hosts.advance(now - 1)
        for name in removed:
            self.hosts.apply(name, Registered(now, registry_slice([], town)))
        for device in devices:
            self.hosts.apply(device.id, Registered(now, registry_slice([device], town)))
        self.devices = {device.id: device for device in devices}

    def read(self, at: int, device: Device, **values: Value) -> None:
        now = START + at
        readings = (Reading(device.id, device.kind, now, now, values),)
        self.expected += self.whole.feed(readings, now)
        self.hosts.play([(now, device.id, KeyedReadings(now, readings))])

    def until(self, at: int) -> None:
        self.expected += self.whole.tick(START + at)
        self.hosts.advance(START + at)

    def found(self, type: str) -> list[tuple[str, FindingPhase, int]]:
        """Of subjects of a type, the same from both."""
        whole, keyed = (
            sorted((one.subject.id, one.phase, one.now - START) for one in findings if one.subject.type == type)
            for findings in (self.expected, self.hosts.findings)
        )
        assert keyed == whole
        assert self.hosts.errors == []
        return sorted(whole, key=lambda one: one[2])


@pytest.fixture
def both(books: dict[str, Rulebook], kinds: dict[str, Kind]) -> Both:
    return Both(books, kinds)


def in_alarm(both: Both) -> None:
    both.registry(0, DETECTORS)
    for n, device in enumerate(DETECTORS):
        both.read(1_000 + n, device, alarm=True)
    both.until(5_000)
    assert [(name, phase) for name, phase, _ in both.found("building")] == [("b1", FindingPhase.BEGAN)]


def test_devices_that_move_in_alarm_leave_their_building_and_join_the_other(both: Both) -> None:
    in_alarm(both)
    moved = [replace(device, place=f"h1{n}") for n, device in enumerate(DETECTORS, 1)]
    both.registry(10_000, moved)
    both.until(15_000)
    began = [name for name, phase, _ in both.found("building") if phase is FindingPhase.BEGAN]
    assert began == ["b1", "b2"]
    for device in moved:
        both.read(60_000, device, alarm=False)
    both.until(3 * 60 * MINUTE)
    ended = {name for name, phase, _ in both.found("building") if phase is FindingPhase.ENDED}
    assert ended == {"b1", "b2"}
    for device in DETECTORS[:3]:  # the old building is free for the next alarm
        both.read(4 * 60 * MINUTE, replace(device, id=device.id), alarm=True)
    both.until(5 * 60 * MINUTE)
    both.found("building")


CHANGES: dict[str, Change] = {
    "one moves": lambda before: [replace(before[0], place="h11"), *before[1:]],
    "one is removed": lambda before: before[1:],
    "one is replaced by another": lambda before: [replace(before[0], id="gas-new"), *before[1:]],
    "one becomes another kind": lambda before: [replace(before[0], kind="smoke_alarm"), *before[1:]],
    "one loses its place": lambda before: [replace(before[0], place=None), *before[1:]],
    "one moves within the building": lambda before: [replace(before[0], place="h2"), *before[1:]],
    "all lose their places": lambda before: [replace(device, place=None) for device in before],
    "one has another model": lambda before: [replace(before[0], model="other"), *before[1:]],
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_of_a_device_in_alarm_gives_the_findings_of_one_engine(both: Both, change: Change) -> None:
    in_alarm(both)
    both.registry(10_000, change(DETECTORS))
    both.hosts.restart()
    both.until(20_000)
    both.found("building")
    for n, device in enumerate(both.devices.values()):
        both.read(60_000 + n, device, alarm=False)
    both.until(3 * 60 * MINUTE)
    phases = [phase for name, phase, _ in both.found("building") if name == "b1"]
    assert FindingPhase.ENDED in phases


def test_a_house_that_is_moved_to_another_building_takes_its_alarms_along(both: Both) -> None:
    in_alarm(both)
    moved = community([*BUILDINGS, *(replace(home, parent="b2") for home in HOMES), *AWAY])
    both.registry(10_000, DETECTORS, moved)
    both.until(20_000)
    began = [name for name, phase, _ in both.found("building") if phase is FindingPhase.BEGAN]
    assert began == ["b1", "b2"]


def test_covers_that_are_moved_to_another_line_in_alarm_leave_the_first(both: Both) -> None:
    both.registry(0, COVERS)
    for n, cover in enumerate(COVERS):
        both.read(1_000 + n, cover, flooded=True, water_level_mm=900)
    both.until(20 * MINUTE)
    both.found("line")
    other = [replace(cover, attributes={**cover.attributes, "line": "L2"}) for cover in COVERS]
    both.registry(21 * MINUTE, other)
    both.until(60 * MINUTE)
    assert {name for name, _, _ in both.found("line")} == {"L1", "L2"}


def test_a_renamed_building_keeps_its_finding(both: Both) -> None:
    in_alarm(both)
    both.read(9_000, DETECTORS[1], lel_pct=15)  # a rule that waits belongs to no group yet
    renamed = community([Place("b1", "甲栋", "building"), BUILDINGS[1], *HOMES, *AWAY])
    both.registry(10_000, DETECTORS, renamed)
    both.until(20_000)
    both.read(60_000, DETECTORS[0], alarm=False)
    both.read(61_000, DETECTORS[0], alarm=True)
    both.until(3 * 60 * MINUTE)
    both.found("building")
    assert all(earlier.now <= later.now for earlier, later in pairwise(both.expected))
