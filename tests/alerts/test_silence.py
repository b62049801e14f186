"""Planned silences: what they cover, what they never cover, and which may not be made."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.silence import (
    FAULT_FIELDS,
    MAX_LIFE_SAFETY_MS,
    MAX_MS,
    Matchers,
    RuleSummary,
    Silence,
    SilenceFault,
    find_silence,
    is_whole_site,
    reaches_life_safety,
    silence_faults,
)
from domain import DAY, HOUR, Device, Finding, FindingPhase, Ledger, Place, Severity, Subject

NOW = 1_795_269_900_000
PLACES = {
    one.id: one
    for one in (
        Place("site", "枫树社区", "community"),
        Place("b3", "3栋", "building", "site"),
        Place("h402", "402", "household", "b3"),
        Place("b4", "4栋", "building", "site"),
    )
}
DEVICES = {"gas-1": Device("gas-1", "gas_alarm", place="h402")}
RULES = (
    RuleSummary("gas-alarm", "gas", ("gas_alarm",), "danger", "critical"),
    RuleSummary("battery-low", "device", ("any",), "health", "low"),
)


def finding(**changes: Any) -> Finding:
    values: dict[str, Any] = {
        "id": "battery-low@1/gas-1/1",
        "rule": "battery-low",
        "version": "1",
        "phase": FindingPhase.BEGAN,
        "hazard": "device",
        "title": "电量低",
        "severity": Severity.LOW,
        "ledger": Ledger.HEALTH,
        "subject": Subject("device", "gas-1"),
        "begin": NOW,
        "at": NOW,
        "now": NOW,
        "device": "gas-1",
        "place": "h402",
    }
    return Finding(**{**values, **changes})


GAS = {"rule": "gas-alarm", "hazard": "gas", "severity": Severity.CRITICAL, "ledger": Ledger.DANGER}


def silence(number: int = 1, since: int = NOW - HOUR, until: int = NOW + HOUR, **matchers: Any) -> Silence:
    return Silence(number, Matchers(**matchers), since, until, "w-li", "李四", "检修", since)


def covers(one: Silence, found: Finding, now: int = NOW) -> bool:
    return find_silence([one], found, DEVICES, PLACES, now) is one


@pytest.mark.parametrize(
    ("matchers", "covered"),
    [
        ({"rule": "battery-low"}, True),
        ({"rule": "gas-alarm"}, False),
        ({"hazard": "device", "kind": "gas_alarm"}, True),
        ({"kind": "wristband"}, False),
        ({"device": "gas-1"}, True),
        ({"device": "gas-2"}, False),
        ({"place": "h402"}, True),
        ({"place": "b3"}, True),
        ({"place": "site"}, True),
        ({"place": "b4"}, False),
        ({"ledger": Ledger.HEALTH, "severity": Severity.LOW}, True),
        ({"ledger": Ledger.HEALTH, "severity": Severity.HIGH}, False),
    ],
)
def test_everything_that_is_named_must_be_equal_and_a_place_reaches_down(
    matchers: dict[str, Any], covered: bool
) -> None:
    assert covers(silence(**matchers), finding()) is covered


def test_a_finding_without_a_place_or_of_an_unknown_device_is_matched_by_what_it_has() -> None:
    assert not covers(silence(place="site"), finding(place=None))
    assert covers(silence(place="attic"), finding(place="attic"))
    assert not covers(silence(kind="gas_alarm"), finding(device="stranger"))
    assert covers(silence(hazard="device"), finding(device=None))


def test_a_silence_covers_from_its_beginning_until_before_its_end_or_until_it_is_ended() -> None:
    one = silence(rule="battery-low")
    assert [covers(one, finding(), at) for at in (one.since - 1, one.since, one.until - 1, one.until)] == [
        False,
        True,
        True,
        False,
    ]
    ended = Silence(1, one.matchers, one.since, one.until, "w-li", "李四", "检修", one.since, NOW, "w-li")
    assert (ended.over_at, covers(ended, finding(), NOW - 1), covers(ended, finding(), NOW)) == (NOW, True, False)


def test_of_several_the_longest_counts() -> None:
    short, long, also = silence(1, rule="battery-low"), silence(2, until=NOW + DAY, device="gas-1"), silence(3)
    assert find_silence([short, also, long], finding(), DEVICES, PLACES, NOW) is long
    assert find_silence([], finding(), DEVICES, PLACES, NOW) is None


def test_a_gas_alarm_is_silenced_only_at_the_spot_and_for_a_few_hours() -> None:
    gas = finding(**GAS)
    assert covers(silence(place="b3"), gas)
    assert covers(silence(device="gas-1", place="site"), gas)
    assert not covers(silence(hazard="gas"), gas)
    assert not covers(silence(place="site"), gas)
    assert not covers(silence(until=NOW + DAY, device="gas-1"), gas)
    assert not covers(silence(since=NOW - 8 * DAY, until=NOW + HOUR, device="gas-1"), gas)


@pytest.mark.parametrize(
    ("matchers", "hours", "reason", "wrong"),
    [
        ({"device": "gas-1"}, 4, "检修", []),
        ({"place": "b3", "hazard": "gas"}, 4, "检修", []),
        ({"severity": Severity.HIGH}, 168, "检修", []),
        ({"ledger": Ledger.HEALTH}, 168, "检修", []),
        ({"rule": "battery-low"}, 168, "检修", []),
        ({"rule": "battery-low"}, 169, "检修", [SilenceFault.LONG]),
        ({"rule": "battery-low"}, 1, " \n", [SilenceFault.NO_REASON]),
        ({"rule": "battery-low"}, -1, "检修", [SilenceFault.ORDER]),
        ({}, 1, "检修", [SilenceFault.EMPTY, SilenceFault.BARE]),
        ({"hazard": "gas"}, 1, "检修", [SilenceFault.BARE]),
        ({"rule": "gas-alarm"}, 1, "检修", [SilenceFault.BARE]),
        ({"rule": "not-yet-written"}, 1, "检修", [SilenceFault.BARE]),
        ({"kind": "gas_alarm", "severity": Severity.CRITICAL}, 1, "检修", [SilenceFault.BARE]),
        ({"place": "site"}, 1, "检修", [SilenceFault.WHOLE_SITE]),
        ({"place": "b3"}, 5, "检修", [SilenceFault.LIFE_LONG]),
        ({"place": "site"}, 5, "检修", [SilenceFault.WHOLE_SITE, SilenceFault.LIFE_LONG]),
        ({"device": "gas-1"}, 169, "检修", [SilenceFault.LONG]),
    ],
)
def test_a_silence_that_could_hide_too_much_is_not_made(
    matchers: dict[str, Any], hours: int, reason: str, wrong: list[SilenceFault]
) -> None:
    until = NOW + hours * HOUR
    assert list(silence_faults(Matchers(**matchers), NOW, until, reason, RULES, PLACES, NOW)) == wrong


def test_a_silence_of_the_past_is_not_made() -> None:
    made = silence_faults(Matchers(rule="battery-low"), NOW - DAY, NOW, "检修", RULES, PLACES, NOW)
    assert list(made) == [SilenceFault.PAST]


def test_every_fault_names_its_field() -> None:
    assert FAULT_FIELDS.keys() == set(SilenceFault)


def test_the_whole_site_is_what_everything_lies_in() -> None:
    assert [is_whole_site(one, PLACES) for one in (None, "site", "b3", "attic")] == [False, True, False, False]


def test_a_rule_that_is_milder_reaches_no_life_safety() -> None:
    assert reaches_life_safety(Matchers(), RULES)
    assert not reaches_life_safety(Matchers(rule="battery-low"), RULES)


_NAMES = st.none() | st.sampled_from(["gas", "device", "gas-1", "b3", "site", "gas-alarm", "battery-low"])
_MATCHERS = st.builds(
    Matchers,
    rule=_NAMES,
    hazard=_NAMES,
    kind=st.none() | st.just("gas_alarm"),
    device=_NAMES,
    place=_NAMES,
    ledger=st.none() | st.sampled_from(Ledger),
    severity=st.none() | st.sampled_from(Severity),
)


@given(_MATCHERS, st.integers(1, 2 * MAX_MS))
def test_no_silence_whatever_was_made_hides_a_critical_danger_site_wide_or_for_long(
    matchers: Matchers, length_ms: int
) -> None:
    one = Silence(1, matchers, NOW, NOW + length_ms, "w-li", "李四", "检修", NOW)
    if covers(one, finding(**GAS)):
        assert matchers.device == "gas-1" or matchers.place == "b3"
        assert length_ms <= MAX_LIFE_SAFETY_MS
        # A silence that covers it could have been made.
        assert list(silence_faults(matchers, NOW, one.until, "检修", RULES, PLACES, NOW)) == []
