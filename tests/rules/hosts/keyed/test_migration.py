"""A job goes on from a savepoint under changed rulebooks: what is active keeps its id, what no rule judges ends."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from domain import MINUTE, Device, Finding, FindingPhase, Place, Reading, Value
from domain.findings import ENDED_BY_RULE_CHANGE
from domain.kind import Kind
from domain.people import community
from rules.hosts.keyed.events import KeyedReadings, Registered
from rules.hosts.keyed.migration import version_of
from rules.hosts.keyed.registry import registry_slice
from rules.rulebook.model import Rulebook
from rules.trials.model import START
from tests.support.keyed_hosts import DEVICES, KeyedHosts

TOWN = community([Place("b1", "1栋", "building"), Place("h1", "101", "household", parent="b1")])
NAMES = ("gas-1", "gas-2", "gas-3")
BEGAN, ENDED = FindingPhase.BEGAN, FindingPhase.ENDED
Books = dict[str, Rulebook]


def without(books: Books, *names: str) -> list[Rulebook]:
    return [
        book.model_copy(update={"rules": [rule for rule in book.rules if rule.name not in names]})
        for book in books.values()
    ]


def renamed(books: Books, name: str) -> list[Rulebook]:
    """The rulebooks with another version of the book that holds a rule."""
    holds: Callable[[Rulebook], bool] = lambda book: any(rule.name == name for rule in book.rules)  # noqa: E731
    return [book.model_copy(update={"version": 99}) if holds(book) else book for book in books.values()]


@pytest.fixture
def hosts(books: Books, kinds: dict[str, Kind]) -> KeyedHosts:
    hosts = KeyedHosts(books.values(), kinds, emit_shadow=False)
    for name in NAMES:
        device = Device(name, "gas_alarm", place="h1")
        hosts.apply(name, Registered(START, registry_slice([device], TOWN)))
        read(hosts, 1_000, name, alarm=True)
    hosts.advance(START + 2_000)
    return hosts


def read(hosts: KeyedHosts, at: int, name: str, origin: int = 0, **values: Value) -> None:
    now = START + at
    reading = Reading(name, "gas_alarm", now, now, values)
    hosts.apply(name, KeyedReadings(now, (reading,), origin, bool(origin)))


def of(hosts: KeyedHosts, rule: str) -> list[Finding]:
    return [finding for finding in hosts.findings if finding.rule == rule]


def test_a_finding_keeps_its_id_under_a_changed_rulebook(hosts: KeyedHosts, books: Books) -> None:
    hosts.restart(renamed(books, "gas-alarm"))
    for name in NAMES:
        read(hosts, 60_000, name, alarm=False)
    hosts.advance(START + 120 * MINUTE)
    began, ended = [one for one in of(hosts, "gas-alarm") if one.device == "gas-1"]
    assert (began.phase, ended.phase, ended.id) == (BEGAN, ENDED, began.id)
    assert [one.phase for one in of(hosts, "gas-building")] == [BEGAN, ENDED]


def test_findings_of_removed_rules_end_with_the_reason(hosts: KeyedHosts, books: Books) -> None:
    hosts.restart(without(books, "gas-alarm", "gas-building"))
    for name in NAMES:
        read(hosts, 60_000, name, alarm=True)
    hosts.advance(START + 61_000)
    ended = [one for one in of(hosts, "gas-alarm") if one.phase is ENDED]
    assert [one.device for one in ended] == list(NAMES)
    assert ended[0].evidence[-1].quantity == ENDED_BY_RULE_CHANGE
    assert hosts.errors == []


def test_a_building_ends_when_its_rule_is_gone(hosts: KeyedHosts, books: Books) -> None:
    hosts.restart(without(books, "gas-building"))
    read(hosts, 60_000, "gas-1", lel_pct=0)
    hosts.advance(START + 61_000)
    began, ended = of(hosts, "gas-building")
    assert (began.phase, ended.phase, ended.id) == (BEGAN, ENDED, began.id)
    assert hosts.errors == []


def test_a_new_rule_over_buildings_gathers_what_is_active(books: Books, kinds: dict[str, Kind]) -> None:
    hosts = KeyedHosts(without(books, "gas-building"), kinds, emit_shadow=False)
    for name in NAMES:
        hosts.apply(name, Registered(START, registry_slice([Device(name, "gas_alarm", place="h1")], TOWN)))
        read(hosts, 1_000, name, alarm=True)
    hosts.advance(START + 2_000)
    assert of(hosts, "gas-building") == []
    hosts.restart(books.values())
    for name in NAMES:
        read(hosts, 60_000, name, alarm=True)
    hosts.advance(START + 61_000)
    assert [one.phase for one in of(hosts, "gas-building")] == [BEGAN]


def test_a_message_that_comes_again_after_the_change_still_migrates(hosts: KeyedHosts, books: Books) -> None:
    read(hosts, 3_000, "gas-1", origin=7, alarm=True)
    hosts.restart(without(books, "gas-alarm"))
    read(hosts, 4_000, "gas-1", origin=7, alarm=True)
    assert [one.phase for one in of(hosts, "gas-alarm") if one.device == "gas-1"] == [BEGAN, ENDED]


def test_states_of_several_changes_ago_are_migrated_and_those_of_no_known_one_are_read(
    hosts: KeyedHosts, books: Books, kinds: dict[str, Kind]
) -> None:
    hosts.restart(renamed(books, "gas-alarm"))
    hosts.restart(without(books, "gas-alarm"))
    read(hosts, 60_000, "gas-1", alarm=True)
    assert [one.phase for one in of(hosts, "gas-alarm") if one.device == "gas-1"] == [BEGAN, ENDED]
    unknown = KeyedHosts(books.values(), kinds, emit_shadow=False)
    unknown.stores.update(hosts.stores)
    unknown.timers.update(hosts.timers)
    read(unknown, 60_000, "gas-2", alarm=False)
    unknown.advance(START + 120 * MINUTE)
    assert [one.phase for one in of(unknown, "gas-alarm")] == [ENDED]
    assert version_of(books.values()) != version_of(without(books, "gas-alarm"))
    assert (DEVICES, "gas-1") in unknown.stores
