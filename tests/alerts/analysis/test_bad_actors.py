"""The ten devices and rules with the most alarms."""

from __future__ import annotations

from alerts.analysis.bad_actors import BadActor, BadActors, bad_actors
from alerts.analysis.facts import FindingBegin


def begun(rule: str, device: str | None, times: int, disposition: str | None = None) -> list[FindingBegin]:
    return [FindingBegin(0, rule, device, disposition)] * times


def test_one_detector_with_most_of_the_alarms_is_named_with_what_they_turned_out_to_be() -> None:
    findings = [
        *begun("gas-alarm", "gas-402", 6, "false_alarm"),
        *begun("gas-alarm", "gas-402", 2, "real"),
        *begun("home-welfare", None, 1),
        *begun("band-fall", "band-1", 1, "device_fault"),
    ]
    found = bad_actors(findings)
    assert found.devices == (BadActor("gas-402", 8, 0.8, 2, 6), BadActor("band-1", 1, 0.1, 0, 1))
    assert [actor.id for actor in found.rules] == ["gas-alarm", "band-fall", "home-welfare"]
    assert found.share_of_top_ten == 0.9


def test_only_ten_are_listed_and_a_quiet_month_has_none() -> None:
    many = [finding for number in range(12) for finding in begun("r", f"d{number:02d}", 12 - number)]
    assert [actor.id for actor in bad_actors(many).devices] == [f"d{number:02d}" for number in range(10)]
    assert bad_actors([]) == BadActors()
