"""The second stage: what the first stage repeats after a recovery counts once, and order of arrival changes nothing."""

from __future__ import annotations

from itertools import permutations

from domain import Device, Place
from domain.kind import Kind
from domain.people import community
from rules.hosts.keyed.events import GroupChange
from rules.hosts.keyed.group_host import GroupHost
from rules.hosts.keyed.registry import registry_slice
from rules.rulebook.model import Rulebook
from rules.state.group import MemberChange
from rules.trials.model import START
from tests.support.keyed_hosts import MemoryStore

TOWN = community([Place("b1", "1栋", "building"), Place("h1", "101", "household", parent="b1")])


def alarm(name: str, at: int, begins: bool = True) -> GroupChange:
    device = Device(name, "gas_alarm", place="h1")
    change = MemberChange(device, "gas-alarm", START, begins, START + at, START + at)
    return GroupChange(change, registry_slice([device], TOWN))


def test_the_order_of_arrival_changes_no_finding(books: dict[str, Rulebook], kinds: dict[str, Kind]) -> None:
    host = GroupHost(list(books.values()), kinds)
    changes = [alarm("gas-1", 1), alarm("gas-2", 2), alarm("gas-3", 3), alarm("gas-1", 4, begins=False)]
    seen = set()
    for number, order in enumerate(permutations(changes)):
        store = MemoryStore()
        for change in order:
            step = host.add(f"building/b1-{number}", change, store)
        assert step.wake_at == START + 1
        step = host.advance(f"building/b1-{number}", START + 5, store)
        seen.add(tuple((finding.id, finding.phase, finding.now) for finding in step.findings))
    assert len(seen) == 1
    assert seen.pop()


def test_a_repeated_change_waits_once(books: dict[str, Rulebook], kinds: dict[str, Kind]) -> None:
    host, store = GroupHost(list(books.values()), kinds), MemoryStore()
    host.add("building/b1", alarm("gas-1", 1), store)
    once = store.state
    host.add("building/b1", alarm("gas-1", 1), store)
    assert store.state == once


def test_a_finding_that_nothing_gathers_changes_nothing(books: dict[str, Rulebook], kinds: dict[str, Kind]) -> None:
    host, store = GroupHost(list(books.values()), kinds), MemoryStore()
    change = MemberChange(Device("gas-1", "gas_alarm", place="h1"), "gas-low", START, True, START, START)
    host.add("building/b1", GroupChange(change, registry_slice([change.device], TOWN)), store)
    step = host.advance("building/b1", START, store)
    assert (step.findings, step.wake_at) == ([], None)
