"""The kinds of incidents of gas alarms: which devices, when, and what happens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Final

from msgspec import structs

from domain import DAY, HOUR, SECOND, Device, Value
from simulators.models.carbon_monoxide import BLOCKED_FLUE_M3H, CHARCOAL_M3H_PER_KW
from simulators.town.carried import carries
from simulators.town.incident_kinds import IncidentKind, health_play, pick_one, self_test_play
from simulators.town.plays import Play, joined
from simulators.town.rooms.gas_plays import Kitchen, Release, Stairs, play_gas
from simulators.town.rooms.index import RoomIndex
from simulators.town.rooms.sensors import has_valve, measures_co
from simulators.town.rooms.values import ordinary_values, room_device

_COOKING: Final = ((6, 8), (11, 13), (17, 19))
_EVENING: Final = ((18, 23),)
_ANY: Final = ((0, 24),)


def _burner_unlit(index: RoomIndex, devices: Sequence[Device], random: Random) -> Play:
    release = Release(
        "灶火未点燃，燃气外泄",
        gas_m3h=random.uniform(0.30, 0.45),
        air_changes_h=random.uniform(0.4, 0.9),
        respond_s=random.uniform(180, 900),
    )
    return play_gas(index.kitchen(devices[0]), release)


def _hose_off(index: RoomIndex, devices: Sequence[Device], random: Random) -> Play:
    release = Release(
        "厨房软管脱落",
        gas_m3h=random.uniform(1.5, 2.7),
        air_changes_h=random.uniform(0.4, 0.9),
        respond_s=random.uniform(240, 1200),
    )
    return play_gas(index.kitchen(devices[0]), release)


def _pinhole(index: RoomIndex, devices: Sequence[Device], random: Random) -> Play:
    """A corroded pipe before the valve: the level rises over hours to a few times the set-point."""
    kitchen = index.kitchen(devices[0])
    changes = random.uniform(0.25, 0.4)
    wanted = random.uniform(1.6, 2.6) * kitchen.set_pct / 100 * 0.05
    release = Release(
        "燃气管微漏",
        gas_m3h=wanted * kitchen.volume_m3 * changes,
        air_changes_h=changes,
        respond_s=random.uniform(600, 2400),
        behind_valve=False,
    )
    return play_gas(kitchen, release, longest_s=12 * 3600, step_s=5)


def _poisoned(_index: RoomIndex, devices: Sequence[Device], _random: Random) -> Play:
    """Silicone vapour has poisoned the sensor: its self-diagnosis reports a fault until it is replaced."""
    return health_play(devices[0], {**_quiet(devices[0]), "fault": True}, lasts_ms=4 * DAY)


def _expired(_index: RoomIndex, devices: Sequence[Device], _random: Random) -> Play:
    return health_play(devices[0], {**_quiet(devices[0]), "expired": True}, lasts_ms=4 * DAY)


def _quiet(device: Device) -> dict[str, Value]:
    return ordinary_values(room_device(device), 0, 0, 0)


def _boil_over(index: RoomIndex, devices: Sequence[Device], random: Random) -> Play:
    """Noticed, lit again and the hood on before the level is dangerous."""
    kitchen = index.kitchen(devices[0])
    until_half = 0.4 * kitchen.set_pct / 100 * 0.05 * kitchen.volume_m3 / 0.4 * 3600
    release = Release(
        "汤溢熄火，随即重新点燃",
        gas_m3h=0.4,
        air_changes_h=1.0,
        stops_s=min(random.uniform(40, 150), until_half),
        then_air_changes_h=20.0,
    )
    return play_gas(kitchen, release)


def _cooking_wine(index: RoomIndex, devices: Sequence[Device], random: Random) -> Play:
    """Alcohol vapour around the detector, to which metal-oxide sensors respond as to gas: the alarm is real, the gas
    is not.
    """
    near = _near_field(index, devices[0], volume_m3=1.5)
    peak_pct = near.set_pct * random.uniform(1.3, 2.0)
    lasts_s = near.delay_s + random.uniform(20, 60)
    vapour_m3h = peak_pct / 100 * 0.05 * near.volume_m3 * 30
    release = Release(
        "料酒、酒精气味触发探头",
        gas_m3h=vapour_m3h * 1.3,
        air_changes_h=30,
        stops_s=lasts_s + 130,
        then_air_changes_h=60,
        behind_valve=False,
    )
    return play_gas(near, release)


def _near_field(index: RoomIndex, device: Device, volume_m3: float) -> Kitchen:
    return structs.replace(index.kitchen(device), volume_m3=volume_m3)


def _catering_leak(index: RoomIndex, devices: Sequence[Device], random: Random) -> Play:
    release = Release(
        "餐馆后厨燃气泄漏",
        gas_m3h=random.uniform(3.0, 6.0),
        air_changes_h=random.uniform(1.0, 2.0),
        respond_s=random.uniform(180, 900),
    )
    return play_gas(index.kitchen(devices[0]), release)


def _catering_light(index: RoomIndex, devices: Sequence[Device], random: Random) -> Play:
    """A wok range lit late: gas around the detector for some seconds, then the exhaust takes it."""
    near = _near_field(index, devices[0], volume_m3=0.6)
    release = Release(
        "猛火灶点火，瞬时燃气",
        gas_m3h=random.uniform(3, 6),
        air_changes_h=400,
        stops_s=random.uniform(4, 9),
        then_air_changes_h=400,
    )
    return play_gas(near, release)


def _explosion(index: RoomIndex, devices: Sequence[Device], random: Random) -> Play:
    """A torn hose without a valve, unattended, and a spark: the detector burns with the kitchen."""
    release = Release(
        "软管脱落无人在家，遇火花爆燃",
        gas_m3h=random.uniform(2.2, 2.7),
        air_changes_h=0.3,
        respond_s=1e9,
        ignites_pct=random.uniform(105, 140),
    )
    play = play_gas(index.kitchen(devices[0]), release)
    return structs.replace(play, ends_ms=play.ends_ms + round(random.uniform(2, 5) * HOUR))


def _riser(index: RoomIndex, devices: Sequence[Device], random: Random) -> Play:
    """A leak in the stairwell enters several kitchens of the building, the lower ones more."""
    leak_m3h = random.uniform(9.0, 15.0)
    respond_s = random.uniform(900, 1800)
    plays = []
    for number, device in enumerate(devices):
        stairs = Stairs(leak_m3h, exchange_h=1.2 - 0.12 * number)
        release = Release("楼道立管泄漏，多户进气", respond_s=respond_s, behind_valve=False, stairs=stairs)
        plays.append(play_gas(index.kitchen(device), release, longest_s=2 * 3600, step_s=2))
    return joined(plays)


def _water_heater(index: RoomIndex, devices: Sequence[Device], random: Random) -> Play:
    """A bath in winter with the flue blocked: poison within a quarter of an hour."""
    release = Release(
        "热水器烟道堵塞，一氧化碳",
        co_m3h=random.uniform(*BLOCKED_FLUE_M3H),
        air_changes_h=random.uniform(0.4, 0.8),
        respond_s=random.uniform(240, 900),
    )
    return play_gas(index.kitchen(devices[0]), release)


def _charcoal(index: RoomIndex, devices: Sequence[Device], random: Random) -> Play:
    """A brazier of 2 to 4 kW in a closed room of twice the kitchen's volume."""
    kitchen = index.kitchen(devices[0])
    room = structs.replace(kitchen, volume_m3=2 * kitchen.volume_m3)
    release = Release(
        "室内炭火取暖，一氧化碳",
        co_m3h=random.uniform(2.0, 4.0) * random.uniform(*CHARCOAL_M3H_PER_KW),
        air_changes_h=random.uniform(0.3, 0.6),
        respond_s=random.uniform(300, 1200),
        behind_valve=False,
    )
    return play_gas(room, release)


def _self_test(_index: RoomIndex, devices: Sequence[Device], random: Random) -> Play:
    quiet = _quiet(devices[0])
    return self_test_play(devices[0], {**quiet, "alarm": True}, quiet, lasts_ms=random.randint(5, 40) * SECOND)


def _home(index: RoomIndex, random: Random) -> tuple[Device, ...]:
    return pick_one(index.homes, random)


def _home_with_co(index: RoomIndex, random: Random) -> tuple[Device, ...]:
    return pick_one([device for device in index.homes if measures_co(device)], random)


def _home_that_reports(quantity: str) -> Callable[[RoomIndex, Random], tuple[Device, ...]]:
    """Picks a home whose gas alarm reports this quantity."""
    return lambda index, random: pick_one([device for device in index.homes if carries(device, quantity)], random)


def _catering(index: RoomIndex, random: Random) -> tuple[Device, ...]:
    return pick_one(index.catering, random)


def _several_homes(index: RoomIndex, random: Random) -> tuple[Device, ...]:
    """Three to five kitchens of one stairwell, from the lowest on; none in a stairwell with fewer."""
    stairwells = index.stairwells_with_kitchens(at_least=3)
    if not stairwells:
        return ()
    return tuple(stairwells[random.randrange(len(stairwells))][: random.randint(3, 5)])


def _home_without_valve(index: RoomIndex, random: Random) -> tuple[Device, ...]:
    return pick_one([device for device in index.homes if not has_valve(device)], random)


GAS_KINDS: Final = (
    IncidentKind("burner_unlit", "灶火未点燃漏气", "gas", _home, _burner_unlit, _COOKING, life_safety=True),
    IncidentKind("kitchen_leak", "厨房软管泄漏", "gas", _home, _hose_off, _ANY, life_safety=True),
    IncidentKind("gas_pinhole", "燃气管微漏", "gas", _home, _pinhole, _ANY, life_safety=True),
    IncidentKind("catering_leak", "餐馆后厨泄漏", "gas", _catering, _catering_leak, _EVENING, life_safety=True),
    IncidentKind("gas_explosion", "燃气爆燃", "gas", _home_without_valve, _explosion, _ANY, life_safety=True),
    IncidentKind("riser_leak", "楼道多户燃气", "gas", _several_homes, _riser, _ANY, life_safety=True),
    IncidentKind("co_water_heater", "热水器一氧化碳", "gas", _home_with_co, _water_heater, _EVENING, life_safety=True),
    IncidentKind("co_charcoal", "炭火一氧化碳", "gas", _home_with_co, _charcoal, _EVENING, life_safety=True),
    IncidentKind("sensor_expired", "燃气探头到期", "gas", _home_that_reports("expired"), _expired),
    IncidentKind("sensor_poisoned", "燃气探头中毒失效", "gas", _home_that_reports("fault"), _poisoned),
    IncidentKind("boil_over", "汤溢熄火", "gas", _home, _boil_over, _COOKING, nuisance=True),
    IncidentKind("cooking_wine", "料酒误报", "gas", _home, _cooking_wine, _COOKING, nuisance=True),
    IncidentKind("catering_light", "餐馆猛火灶点火", "gas", _catering, _catering_light, _COOKING, nuisance=True),
    IncidentKind(
        "gas_self_test", "燃气报警器自检", "gas", _home_that_reports("test"), _self_test, ((8, 18),), nuisance=True
    ),
)
