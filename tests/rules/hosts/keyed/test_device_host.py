"""The keyed hosts: every trial, one key at a time, each state decoded from its bytes; redelivery, removal, resets."""

from __future__ import annotations

import pytest

from benchmarks.cluster.trials import keyed_trials
from domain import MINUTE, Device, FindingPhase, Place, Reading, Value
from domain.kind import Kind
from domain.people import community
from rules.engine.engine import Engine
from rules.hosts.keyed.events import KeyedReadings, Presence, Registered
from rules.hosts.keyed.registry import RegistrySlice, registry_slice
from rules.hosts.keyed.store import RecentlyUsed
from rules.hosts.replay import ConnectionLost, ConnectionRestored, Outage, Reset
from rules.rulebook.model import Rulebook
from rules.trials.model import START, TrialBook
from tests.support.keyed_hosts import DEVICES, GROUPS, KeyedHosts
from tests.support.long_form import examples

PLACES = [Place("b1", "1栋", "building"), Place("h1", "101", "household", parent="b1")]
TOWN = community(PLACES)


def gas(name: str) -> Device:
    return Device(name, "gas_alarm", place="h1")


def readings(
    at: int, device: str = "gas-1", origin: int = 0, redelivered: bool = False, **values: Value
) -> KeyedReadings:
    one = Reading(device, "gas_alarm", START + at, START + at, values)
    return KeyedReadings(START + at, (one,), origin, redelivered)


@pytest.fixture
def hosts(books: dict[str, Rulebook], kinds: dict[str, Kind]) -> KeyedHosts:
    return KeyedHosts(books.values(), kinds)


def registered(*devices: Device, at: int = 0) -> Registered:
    return Registered(START + at, registry_slice(devices, TOWN))


def phases(hosts: KeyedHosts, rule: str) -> list[FindingPhase]:
    return [finding.phase for finding in hosts.findings if finding.rule == rule]


@pytest.mark.long_form
@pytest.mark.parametrize(("cached_keys", "every"), [(1, examples(1, short=3)), (1_000, 7)])
def test_every_trial_gives_the_same_findings_with_keyed_state(
    books: dict[str, Rulebook], trials: dict[str, TrialBook], kinds: dict[str, Kind], cached_keys: int, every: int
) -> None:
    hosts = KeyedHosts(books.values(), kinds, cached_keys)
    for trial in keyed_trials(books, trials, kinds)[::every]:
        hosts.findings.clear()
        hosts.play(trial.events(), trial.scenario.end)
        assert trial.got(hosts.findings) == trial.expected(), trial.name
    assert hosts.errors == []


def test_a_redelivered_message_is_evaluated_once_and_a_second_press_twice(hosts: KeyedHosts) -> None:
    hosts.apply("gas-1", readings(0, alarm=False, origin=1))
    hosts.apply("gas-1", readings(10, alarm=True, origin=7))
    hosts.apply("gas-1", readings(20, alarm=False, origin=7, redelivered=True))
    assert phases(hosts, "gas-alarm") == [FindingPhase.BEGAN]
    state = hosts.stores[DEVICES, "gas-1"].state
    hosts.apply("gas-1", readings(30, alarm=False, origin=7))
    assert hosts.stores[DEVICES, "gas-1"].state != state


def test_a_restart_between_two_events_changes_nothing(hosts: KeyedHosts) -> None:
    hosts.apply("gas-1", registered(gas("gas-1")))
    hosts.apply("gas-1", readings(0, lel_pct=15))
    hosts.restart()
    hosts.advance(START + 29_999)
    assert phases(hosts, "gas-low") == []
    hosts.restart()
    hosts.advance(START + 30_000)
    assert phases(hosts, "gas-low") == [FindingPhase.BEGAN]
    assert hosts.findings[-1].place == "h1"


def test_a_device_that_leaves_the_registry_goes_stale(hosts: KeyedHosts) -> None:
    hosts.apply("k", registered(gas("gas-1"), gas("gas-2")))
    hosts.apply("k", readings(0, alarm=True))
    hosts.apply("k", registered(gas("gas-2"), at=1_000))
    assert phases(hosts, "gas-alarm") == [FindingPhase.BEGAN, FindingPhase.STALE]


def test_offline_devices_are_reported_and_come_back(hosts: KeyedHosts) -> None:
    hosts.apply("gas-1", registered(gas("gas-1")))
    hosts.apply("gas-1", Presence(START, offline=("gas-1",)))
    hosts.advance(START + 30 * MINUTE)
    assert [finding.phase for finding in hosts.findings] == [FindingPhase.BEGAN]
    hosts.play([(START + 31 * MINUTE, "gas-1", Presence(START + 31 * MINUTE, online=("gas-1",)))], START + 32 * MINUTE)
    assert [finding.phase for finding in hosts.findings] == [FindingPhase.BEGAN, FindingPhase.ENDED]


@pytest.mark.parametrize(("restarted", "silent"), [(True, []), (False, [FindingPhase.BEGAN])])
def test_a_restart_of_the_whole_installation_makes_no_device_look_silent(
    hosts: KeyedHosts, restarted: bool, silent: list[FindingPhase]
) -> None:
    """For thirty days nothing could be received. The first clock after it would report every device."""
    down, up = START + 60 * MINUTE, START + 30 * 24 * 60 * MINUTE
    hosts.apply("gas-1", registered(gas("gas-1")))
    hosts.apply("gas-1", readings(1_000, lel_pct=0))
    hosts.advance(down)
    hosts.restart()
    if restarted:
        hosts.apply("gas-1", Outage(down, up))
    hosts.advance(up)
    assert phases(hosts, "device-offline") == silent
    hosts.advance(up + 30 * 24 * 60 * MINUTE)
    assert phases(hosts, "device-offline") == [FindingPhase.BEGAN]


def test_an_outage_goes_to_the_groups_of_a_device(hosts: KeyedHosts) -> None:
    hosts.apply("gas-1", registered(gas("gas-1")))
    hosts.apply("gas-1", Outage(START + 1, START + MINUTE))
    assert hosts.timers[GROUPS, "building/b1"] == START + 1
    hosts.advance(START + 2 * MINUTE)
    assert (hosts.timers[GROUPS, "building/b1"], hosts.errors) == (None, [])


def test_two_alarms_in_a_building_are_found_in_the_second_stage(hosts: KeyedHosts) -> None:
    for name in ("gas-1", "gas-2", "gas-3"):
        hosts.apply(name, registered(gas(name)))
        hosts.apply(name, readings(1_000, name, alarm=True))
    assert not [finding for finding in hosts.findings if finding.subject.type == "building"]
    hosts.restart()
    hosts.advance(START + 1_000)
    (found,) = [finding for finding in hosts.findings if finding.subject.type == "building"]
    assert (found.subject.id, found.place) == ("b1", "b1")
    assert [line.value for line in found.evidence][1:] == ["1栋101"] * 3
    hosts.apply("gas-1", ConnectionLost(START + 2_000))
    hosts.apply("gas-1", ConnectionRestored(START + 2_000, START + 3_000))
    hosts.advance(START + 4_000)
    assert not hosts.errors


def test_a_reset_of_a_group_goes_to_the_group(hosts: KeyedHosts, books: dict[str, Rulebook]) -> None:
    rule = next(rule.name for book in books.values() for rule in book.rules if rule.of == "building")
    hosts.apply("building/b1", Reset(START, rule, "building/b1"))
    hosts.apply("gas-1", registered(gas("gas-1")))
    hosts.apply("gas-1", Reset(START + 5, "gas-high"))
    assert [where for where in hosts.timers if where[0] == GROUPS] == [(GROUPS, "building/b1")]
    hosts.advance(START + 10)
    assert hosts.timers[GROUPS, "building/b1"] is None


def test_an_error_of_ours_about_one_device_is_reported(hosts: KeyedHosts, monkeypatch: pytest.MonkeyPatch) -> None:
    hosts.apply("gas-1", registered(gas("gas-1")))
    bad = KeyedReadings(START, (Reading("gas-1", "gas_alarm", START, START, {"test": True}),))
    monkeypatch.setattr("rules.engine.reading_processor.ReadingProcessor.evaluate_all", lambda *_: 1 / 0)
    hosts.devices.apply("gas-1", bad, hosts.stores[DEVICES, "gas-1"])
    step = hosts.devices.apply("gas-1", bad, hosts.stores[DEVICES, "gas-1"])
    assert "ZeroDivisionError" in step.errors[0]


def test_the_state_used_longest_ago_is_dropped() -> None:
    kept: RecentlyUsed[int] = RecentlyUsed(2)
    kept.put("a", 1)
    kept.put("b", 2)
    assert kept.get("a") == 1
    kept.put("c", 3)
    assert (kept.get("a"), kept.get("b"), kept.get("c")) == (1, None, 3)


def test_an_empty_registry_slice_has_no_devices(kinds: dict[str, Kind]) -> None:
    assert Engine([], kinds, RegistrySlice().as_community()).register([], 0) == []


def test_devices_that_leave_the_registry_leave_their_building(
    hosts: KeyedHosts, books: dict[str, Rulebook], kinds: dict[str, Kind]
) -> None:
    """The building's finding went on for ever, so that the next one there was told to nobody."""
    devices = [gas(name) for name in ("gas-1", "gas-2", "gas-3")]
    whole = Engine(books.values(), kinds, TOWN)
    whole.register(devices, START)
    expected = []
    for device in devices:
        hosts.apply(device.id, registered(device))
        event = readings(1_000, device.id, alarm=True)
        hosts.apply(device.id, event)
        expected += whole.feed(event.readings, event.now)
    hosts.advance(START + 2_000)
    for device in devices:
        hosts.apply(device.id, registered(at=10_000))
    expected += whole.unregister([device.id for device in devices], START + 10_000)
    end = START + 60 * MINUTE
    hosts.advance(end)
    expected += whole.tick(end)
    of_building = [finding.phase for finding in expected if finding.subject.type == "building"]
    assert [finding.phase for finding in hosts.findings if finding.subject.type == "building"] == of_building
