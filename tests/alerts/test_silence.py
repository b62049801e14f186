"""Silences: the findings they cover, those they never cover, and invalid silences."""

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
    silence_.id: silence_
    for silence_ in (
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


def is_covered(silence_: Silence, finding_: Finding, now: int = NOW) -> bool:
    return find_silence([silence_], finding_, DEVICES, PLACES, now) is silence_


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
def test_all_matchers_must_be_equal_and_a_place_includes_its_descendants(
    matchers: dict[str, Any], covered: bool
) -> None:
    assert is_covered(silence(**matchers), finding()) is covered


def test_a_finding_without_a_place_or_device_is_matched_by_its_other_fields() -> None:
    assert not is_covered(silence(place="site"), finding(place=None))
    assert is_covered(silence(place="attic"), finding(place="attic"))
    assert not is_covered(silence(kind="gas_alarm"), finding(device="stranger"))
    assert is_covered(silence(hazard="device"), finding(device=None))


def test_a_silence_covers_from_its_begin_until_before_its_end() -> None:
    silence_ = silence(rule="battery-low")
    assert [
        is_covered(silence_, finding(), at)
        for at in (silence_.since - 1, silence_.since, silence_.until - 1, silence_.until)
    ] == [
        False,
        True,
        True,
        False,
    ]
    ended = Silence(
        1, silence_.matchers, silence_.since, silence_.until, "w-li", "李四", "检修", silence_.since, NOW, "w-li"
    )
    assert (ended.over_at, is_covered(ended, finding(), NOW - 1), is_covered(ended, finding(), NOW)) == (
        NOW,
        True,
        False,
    )


def test_of_several_silences_the_longest_applies() -> None:
    short, long, third = silence(1, rule="battery-low"), silence(2, until=NOW + DAY, device="gas-1"), silence(3)
    assert find_silence([short, third, long], finding(), DEVICES, PLACES, NOW) is long
    assert find_silence([], finding(), DEVICES, PLACES, NOW) is None


def test_a_gas_alarm_is_silenced_locally_and_for_a_few_hours_only() -> None:
    gas = finding(**GAS)
    assert is_covered(silence(place="b3"), gas)
    assert is_covered(silence(device="gas-1", place="site"), gas)
    assert not is_covered(silence(hazard="gas"), gas)
    assert not is_covered(silence(place="site"), gas)
    assert not is_covered(silence(until=NOW + DAY, device="gas-1"), gas)
    assert not is_covered(silence(since=NOW - 8 * DAY, until=NOW + HOUR, device="gas-1"), gas)


@pytest.mark.parametrize(
    ("matchers", "hours", "reason", "faults"),
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
def test_a_silence_that_could_hide_too_much_is_refused(
    matchers: dict[str, Any], hours: int, reason: str, faults: list[SilenceFault]
) -> None:
    until = NOW + hours * HOUR
    assert list(silence_faults(Matchers(**matchers), NOW, until, reason, RULES, PLACES, NOW)) == faults


def test_a_silence_in_the_past_is_refused() -> None:
    faults = silence_faults(Matchers(rule="battery-low"), NOW - DAY, NOW, "检修", RULES, PLACES, NOW)
    assert list(faults) == [SilenceFault.PAST]


def test_every_fault_names_its_field() -> None:
    assert FAULT_FIELDS.keys() == set(SilenceFault)


def test_the_whole_site_is_the_root_of_all_places() -> None:
    assert [is_whole_site(silence_, PLACES) for silence_ in (None, "site", "b3", "attic")] == [
        False,
        True,
        False,
        False,
    ]


def test_a_silence_of_a_minor_rule_does_not_affect_life_safety() -> None:
    assert reaches_life_safety(Matchers(), RULES)
    assert not reaches_life_safety(Matchers(rule="battery-low"), RULES)


def test_road_works_of_days_leave_critical_dangers_out() -> None:
    wanted = Matchers(place="b3", except_critical=True)
    assert list(silence_faults(wanted, NOW, NOW + 3 * DAY, "道路施工", RULES, PLACES, NOW)) == []
    assert is_covered(silence(place="b3", except_critical=True), finding())
    assert not is_covered(silence(place="b3", except_critical=True), finding(**GAS))
    nothing = Matchers(except_critical=True)
    assert list(silence_faults(nothing, NOW, NOW + DAY, "施工", RULES, PLACES, NOW)) == [SilenceFault.EMPTY]


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
    except_critical=st.booleans(),
)


@given(_MATCHERS, st.integers(1, 2 * MAX_MS))
def test_no_silence_hides_a_critical_danger_site_wide_or_for_long(matchers: Matchers, length_ms: int) -> None:
    silence_ = Silence(1, matchers, NOW, NOW + length_ms, "w-li", "李四", "检修", NOW)
    if is_covered(silence_, finding(**GAS)):
        assert matchers.device == "gas-1" or matchers.place == "b3"
        assert length_ms <= MAX_LIFE_SAFETY_MS
        # A silence that covers it is valid.
        assert list(silence_faults(matchers, NOW, silence_.until, "检修", RULES, PLACES, NOW)) == []
