"""The kinds of incidents of smoke alarms and fire panels, and power cuts of a building."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Final

from msgspec import structs

from domain import DAY, HOUR, MINUTE, SECOND, Device, Instant, Value
from simulators.models.device_behaviour import EPOCH, behaviour_of, heartbeat_jitter
from simulators.models.distributions import key_of
from simulators.models.smoke import Fire
from simulators.town.carried import carries
from simulators.town.incident_kinds import NOTIFY_HEALTH_WITHIN, IncidentKind, health_play, pick_one, self_test_play
from simulators.town.plays import Play, Report, joined
from simulators.town.rooms.fire_plays import Blaze, play_panel, play_smoke
from simulators.town.rooms.index import RoomIndex
from simulators.town.rooms.sensors import is_on_mains
from simulators.town.rooms.values import ordinary_values, room_device

_COOKING: Final = ((6, 8), (11, 13), (17, 19))
_ANY: Final = ((0, 24),)
_MISSED_REPORTS: Final = 3
"""Practice: offline after two to three reporting periods (domain facts B.6, unverified)."""


def _flaming(index: RoomIndex, devices: Sequence[Device], random: Random) -> Play:
    """A fire in a flat whose smoke comes into the stairwell after some minutes, and from there to a neighbour."""
    blaze = Blaze(
        "住宅起火",
        Fire(random.choice(("slow", "medium", "fast")), random.uniform(0.08, 0.25)),
        out_s=round(random.uniform(900, 2100)),
    )
    plays = [play_smoke(index.smoke_room(devices[0]), blaze)]
    for number, device in enumerate(devices[1:], 1):
        room = index.smoke_room(device)
        away = structs.replace(room, hot=False, reached_s=round(number * random.uniform(100, 240)), part=0.15 / number)
        plays.append(structs.replace(play_smoke(away, blaze), notify_ms=None))
    return joined(plays)


def _smouldering(index: RoomIndex, devices: Sequence[Device], random: Random) -> Play:
    """A cigarette in bedding, an electric blanket: little heat, slow dense smoke."""
    blaze = Blaze(
        "床品阴燃",
        Fire(None, random.uniform(0.15, 0.3), smoulder_g_s=random.uniform(0.03, 0.08)),
        out_s=round(random.uniform(1500, 3000)),
        air_changes_h=0.5,
    )
    return play_smoke(index.smoke_room(devices[0]), blaze)


def _ebike(index: RoomIndex, devices: Sequence[Device], random: Random) -> Play:
    """A lithium battery that burns while charging on the stairs: the floors above fill with smoke one after another."""
    fire = Fire("ultra_fast", random.uniform(0.2, 0.3))
    blaze = Blaze("楼道电动车充电起火", fire, out_s=round(random.uniform(900, 1800)))
    plays = []
    for number, device in enumerate(one for one in devices if one.kind == "smoke_alarm"):
        room = index.smoke_room(device)
        climbed = structs.replace(room, hot=number == 0, reached_s=number * 15, part=0.7**number)
        plays.append(play_smoke(climbed, blaze))
    first_ms = min(report.after_ms for play in plays for report in play.reports)
    ends_ms = max(play.ends_ms for play in plays)
    plays += [play_panel(one.id, first_ms, ends_ms) for one in devices if one.kind == "fire_panel"]
    return joined(plays)


def _cooking_smoke(index: RoomIndex, devices: Sequence[Device], random: Random) -> Play:
    """Oil smoke from the wok fills the flat until the window is opened."""
    return _nuisance_smoke(index, devices[0], "爆炒油烟", random)


def _steam(index: RoomIndex, devices: Sequence[Device], random: Random) -> Play:
    """Steam of a shower drifts under the detector: droplets scatter light as smoke does."""
    return _nuisance_smoke(index, devices[0], "浴室水汽", random)


def _nuisance_smoke(index: RoomIndex, device: Device, what: str, random: Random) -> Play:
    """Smoke at 1.1 to 1.6 times the threshold of this detector for two to four minutes."""
    room = index.smoke_room(device)
    lasts_s = random.uniform(120, 240)
    mass_rate = 1.4 * random.uniform(1.1, 1.6) * room.threshold_m * room.volume_m3 / (0.1 * lasts_s)
    fire = Fire(None, 0.1, smoulder_g_s=mass_rate)
    return play_smoke(room, Blaze(what, fire, out_s=round(lasts_s), then_air_changes_h=25.0))


def _quiet(device: Device, at: Instant = EPOCH) -> dict[str, Value]:
    return ordinary_values(room_device(device), 0, at, 0)


def _smoke_fault(_index: RoomIndex, devices: Sequence[Device], _random: Random) -> Play:
    return health_play(devices[0], {**_quiet(devices[0]), "fault": True}, lasts_ms=4 * DAY)


def _panel_fault(_index: RoomIndex, devices: Sequence[Device], _random: Random) -> Play:
    return health_play(devices[0], {"alarm": False, "fault": True}, lasts_ms=2 * DAY)


def _battery(_index: RoomIndex, devices: Sequence[Device], random: Random) -> Play:
    """A cell that gives out: reported at 19 % and below for two days, then silence until it is replaced."""
    device, level = devices[0], 19
    reports = []
    for after in range(0, 2 * DAY, behaviour_of(device).report_ms):
        reports.append(Report(after, device.id, {**_quiet(device), "battery_pct": max(level, 1)}))
        level -= random.randint(1, 3)
    return Play(tuple(reports), 6 * DAY, NOTIFY_HEALTH_WITHIN)


def _self_test(_index: RoomIndex, devices: Sequence[Device], random: Random) -> Play:
    quiet = _quiet(devices[0])
    return self_test_play(devices[0], {**quiet, "alarm": True}, quiet, lasts_ms=random.randint(5, 30) * SECOND)


def _short_cut(_index: RoomIndex, devices: Sequence[Device], random: Random) -> Play:
    """The building is dark for some minutes: with the power all its mains devices return within a minute."""
    return _power_cut(devices, random.randint(5, 110) * MINUTE)


def _long_cut(_index: RoomIndex, devices: Sequence[Device], random: Random) -> Play:
    return _power_cut(devices, random.randint(6, 10) * HOUR)


def _power_cut(devices: Sequence[Device], lasts_ms: int) -> Play:
    reports = [
        Report(lasts_ms + heartbeat_jitter(key_of(device.id), lasts_ms), device.id, _quiet(device))
        for device in devices
    ]
    shortest = min(behaviour_of(device).report_ms for device in devices)
    noticed = (_MISSED_REPORTS + 2) * shortest
    return Play(
        tuple(sorted(reports, key=lambda report: report.after_ms)),
        lasts_ms + MINUTE,
        noticed if noticed < lasts_ms else None,
    )


def _room(index: RoomIndex, random: Random) -> tuple[Device, ...]:
    return pick_one(index.rooms, random)


def _room_and_stairs(index: RoomIndex, random: Random) -> tuple[Device, ...]:
    """The alarm of a flat, up to two of the landings of its stairwell and one of another flat there."""
    home = pick_one(index.rooms, random)
    if not home:
        return ()
    near = [one for one in index.in_unit_of(home[0], "smoke_alarm") if one.place != home[0].place]
    return (*home, *index.landings_of(home[0])[:2], *near[:1])


def _stairs_and_panel(index: RoomIndex, random: Random) -> tuple[Device, ...]:
    """Up to four landings of one stairwell from any floor upwards, and the fire panel of the building."""
    first = pick_one(index.corridors, random)
    if not first:
        return ()
    landings = index.landings_of(first[0])
    climbed = landings[landings.index(first[0]) :][:4]
    return (*climbed, *index.in_building_of(first[0], "fire_panel")[:1])


def _smoke_alarm_that_reports(quantity: str) -> Callable[[RoomIndex, Random], tuple[Device, ...]]:
    """Picks a smoke alarm on a battery that reports this quantity."""

    def pick(index: RoomIndex, random: Random) -> tuple[Device, ...]:
        every = index.rooms + index.corridors
        return pick_one([one for one in every if carries(one, quantity) and not is_on_mains(one)], random)

    return pick


def _panel(index: RoomIndex, random: Random) -> tuple[Device, ...]:
    return pick_one(index.panels, random)


def _dark_building(index: RoomIndex, random: Random) -> tuple[Device, ...]:
    buildings = index.buildings()
    inside = index.in_building(buildings[random.randrange(len(buildings))]) if buildings else ()
    return tuple(device for device in inside if is_on_mains(device))


FIRE_KINDS: Final = (
    IncidentKind("flaming_fire", "住宅起火", "fire", _room_and_stairs, _flaming, _ANY, life_safety=True),
    IncidentKind("smouldering_fire", "阴燃冒烟", "fire", _room, _smouldering, _ANY, life_safety=True),
    IncidentKind("ebike_fire", "楼道电动车充电起火", "fire", _stairs_and_panel, _ebike, _ANY, life_safety=True),
    IncidentKind("smoke_fault", "烟感故障", "fire", _smoke_alarm_that_reports("fault"), _smoke_fault),
    IncidentKind("smoke_battery_dead", "烟感电池耗尽", "device", _smoke_alarm_that_reports("battery_pct"), _battery),
    IncidentKind("fire_panel_fault", "消防主机故障", "fire", _panel, _panel_fault, _ANY),
    IncidentKind("power_cut_long", "整楼长时间停电", "device", _dark_building, _long_cut, _ANY),
    IncidentKind("power_cut", "停电后同时上线", "device", _dark_building, _short_cut, _ANY, nuisance=True),
    IncidentKind("cooking_smoke", "油烟误报", "fire", _room, _cooking_smoke, _COOKING, nuisance=True),
    IncidentKind("shower_steam", "水汽误报", "fire", _room, _steam, ((19, 22),), nuisance=True),
    IncidentKind(
        "smoke_self_test", "烟感自检", "fire", _smoke_alarm_that_reports("test"), _self_test, ((8, 18),), nuisance=True
    ),
)
