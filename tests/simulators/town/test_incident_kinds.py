"""Which incidents of a period are drawn."""

from domain import DAY, MINUTE, Device
from simulators.town.incident_kinds import IncidentKind, incidents_of_period, pick_one
from simulators.town.plays import Play
from simulators.town.town import Period

START = 1_794_844_800_000
DEVICES = tuple(Device(f"gas-{number}", "gas_alarm") for number in range(40))


def kind(name: str, possible: bool = True) -> IncidentKind[tuple[Device, ...]]:
    return IncidentKind(
        name,
        name,
        "gas",
        lambda devices, random: pick_one(devices if possible else (), random),
        lambda _index, _devices, _random: Play((), 15 * MINUTE, MINUTE),
    )


KINDS = (kind("leak"), kind("fire"), kind("impossible", possible=False))


def drawn(days: int, per_week: float, seed: int) -> list[str]:
    period = Period(START, START + days * DAY)
    found = incidents_of_period(KINDS, DEVICES, period, "Asia/Shanghai", seed, per_week)
    assert all(period.start <= one.begin and (one.notify_by or 0) < period.end for one in found)
    assert found == sorted(found, key=lambda one: (one.begin, one.id))
    return [one.kind for one in found]


def test_in_a_week_every_kind_that_is_possible_happens():
    for seed in range(30):
        assert set(drawn(7, 1.0, seed)) == {"leak", "fire"}


def test_a_shorter_time_and_a_lower_rate_are_left_to_chance():
    assert any(set(drawn(6, 1.0, seed)) != {"leak", "fire"} for seed in range(30))
    assert any(set(drawn(7, 0.5, seed)) != {"leak", "fire"} for seed in range(30))
