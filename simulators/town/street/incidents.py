"""The kinds of incidents in the street and in lifts: what happens, and what the devices report of it.

Times and sizes are ours unless a source is given; the rules they meet are those of practice (docs/town.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Final

from domain import DAY, HOUR, MINUTE, SECOND, Device, Value
from simulators.models.distributions import key_of
from simulators.town.incident_kinds import NOTIFY_HEALTH_WITHIN, IncidentKind, Pick, health_play, pick_one
from simulators.town.plays import Play, Report, Truth
from simulators.town.street.devices import StreetIndex, upright_deg

NOTIFY_STREET_MS: Final = 5 * MINUTE
"""From the first report of an event in the street until a person on duty is notified."""
NOTIFY_GATEWAY_MS: Final = 2 * HOUR
_ANY: Final = ((0, 24),)
_DAY: Final = ((8, 20),)


def _one_of(kind: str) -> Pick[StreetIndex]:
    def pick(index: StreetIndex, random: Random) -> tuple[Device, ...]:
        return pick_one(index.of_kind(kind), random)

    return pick


def _bin_overflow(_index: StreetIndex, devices: Sequence[Device], random: Random) -> Play:
    """A collection is missed: full within the evening, overflowing until the truck comes the next morning or later."""
    bin_ = devices[0].id
    reports: list[Report] = []
    fill, after = random.randint(70, 84), 0
    while after < 4 * HOUR:
        reports.append(Report(after, bin_, {"fill_pct": fill, "full": False}))
        fill, after = min(89, fill + random.randint(3, 9)), after + HOUR
    ends = random.randint(12, 30) * HOUR
    for number, at in enumerate(range(after, ends, 6 * HOUR)):
        reports.append(Report(at, bin_, {"fill_pct": min(100, 94 + 3 * number), "full": True}, urgent=number == 0))
    reports.append(Report(ends, bin_, {"fill_pct": 3, "full": False}, urgent=True))
    truths = (Truth(after, bin_, "垃圾桶满溢"), Truth(ends, bin_, "清运"))
    return Play(tuple(reports), ends + SECOND, after + NOTIFY_HEALTH_WITHIN, truths)


def _bin_covered(_index: StreetIndex, devices: Sequence[Device], random: Random) -> Play:
    """A bag on the sensor for some minutes: a distance of nothing, as if the bin were full."""
    bin_, lasts = devices[0].id, random.randint(2, 7) * MINUTE
    reports = (
        Report(0, bin_, {"fill_pct": random.randint(95, 100), "full": False}),
        Report(lasts, bin_, {"fill_pct": random.randint(20, 60), "full": False}),
    )
    return Play(reports, lasts + SECOND)


def _bin_battery(_index: StreetIndex, devices: Sequence[Device], _random: Random) -> Play:
    values: dict[str, Value] = {"full": False, "battery_pct": 14, "battery_low": True}
    return health_play(devices[0], values, lasts_ms=3 * DAY, every_ms=6 * HOUR)


def _lamp_values(on: bool, tilt_deg: float) -> dict[str, Value]:
    return {"on": on, "tilt_deg": tilt_deg}


def _lamp_tilted(_index: StreetIndex, devices: Sequence[Device], random: Random) -> Play:
    """A truck backs into the post: it leans until it is set upright or cut off."""
    lamp, tilt = devices[0], round(random.uniform(14.0, 40.0), 1)
    ends = random.randint(2, 8) * HOUR
    reports = [Report(0, lamp.id, _lamp_values(False, tilt), urgent=True)]
    reports += [Report(at, lamp.id, _lamp_values(False, tilt)) for at in range(2 * MINUTE, ends, 30 * MINUTE)]
    reports.append(Report(ends, lamp.id, _lamp_values(False, upright_deg(key_of(lamp.id))), urgent=True))
    truths = (Truth(0, lamp.id, "灯杆被撞倾斜"), Truth(ends, lamp.id, "扶正"))
    return Play(tuple(reports), ends + SECOND, NOTIFY_STREET_MS, truths)


def _lamp_swings(_index: StreetIndex, devices: Sequence[Device], random: Random) -> Play:
    """A gust, or somebody who leans on it: beyond the limit for some seconds."""
    lamp, lasts = devices[0], random.randint(10, 40) * SECOND
    upright = upright_deg(key_of(lamp.id))
    reports = (
        Report(0, lamp.id, _lamp_values(False, round(random.uniform(10.5, 14.0), 1)), urgent=True),
        Report(lasts, lamp.id, _lamp_values(False, upright), urgent=True),
    )
    return Play(reports, lasts + SECOND)


def _lamp_dark(_index: StreetIndex, devices: Sequence[Device], random: Random) -> Play:
    """A lamp that stays dark from one evening on, until it is mended by day."""
    lamp, upright = devices[0], upright_deg(key_of(devices[0].id))
    ends = random.choice((1, 2)) * DAY - 4 * HOUR
    reports = [Report(at, lamp.id, _lamp_values(False, upright)) for at in range(0, ends, HOUR)]
    return Play(tuple(reports), ends, NOTIFY_HEALTH_WITHIN, (Truth(0, lamp.id, "路灯不亮"),))


def _object_falls(_index: StreetIndex, devices: Sequence[Device], random: Random) -> Play:
    """Something is thrown from a window; sometimes more follows within a minute."""
    camera = devices[0].id
    times = [0, *sorted(random.randint(5, 60) * SECOND for _ in range(random.choice((0, 0, 1, 2))))]
    reports = [Report(at, camera, {"seen": True}, urgent=True) for at in times]
    reports.append(Report(2 * MINUTE, camera, {"seen": False}))
    return Play(tuple(reports), 2 * MINUTE + SECOND, NOTIFY_STREET_MS, (Truth(0, camera, "高空抛物"),))


def _bird_flies(_index: StreetIndex, devices: Sequence[Device], _random: Random) -> Play:
    """A bird or a plastic bag that the camera takes for an object: nothing in its message shows the difference."""
    camera = devices[0].id
    reports = (Report(0, camera, {"seen": True}, urgent=True), Report(MINUTE, camera, {"seen": False}))
    return Play(reports, MINUTE + SECOND, None, (Truth(0, camera, "飞鸟误识别"),))


def _camera_test(_index: StreetIndex, devices: Sequence[Device], random: Random) -> Play:
    camera, lasts = devices[0].id, random.randint(10, 60) * SECOND
    reports = (
        Report(0, camera, {"seen": True, "test": True}, urgent=True),
        Report(lasts, camera, {"seen": False, "test": False}),
    )
    return Play(reports, lasts + SECOND)


def _ebike_enters(_index: StreetIndex, devices: Sequence[Device], random: Random) -> Play:
    """An e-bike goes up: seen until it is out, in half of the cases after the doors were held for a while."""
    lift, lasts = devices[0].id, random.randint(25, 180) * SECOND
    reports = (Report(0, lift, {"present": True}, urgent=True), Report(lasts, lift, {"present": False}, urgent=True))
    return Play(reports, lasts + SECOND, NOTIFY_STREET_MS, (Truth(0, lift, "电动车进电梯"),))


def _pram_enters(_index: StreetIndex, devices: Sequence[Device], random: Random) -> Play:
    """A pram or a wheelchair that is taken for an e-bike in one or two pictures."""
    lift, lasts = devices[0].id, random.randint(1, 3) * SECOND
    reports = (Report(0, lift, {"present": True}, urgent=True), Report(lasts, lift, {"present": False}, urgent=True))
    return Play(reports, lasts + SECOND)


def _light_gateway(index: StreetIndex, random: Random) -> tuple[Device, ...]:
    gateway = pick_one(index.light_gateways, random)
    return (*gateway, *index.behind[gateway[0].id]) if gateway else ()


def _gateway_down(_index: StreetIndex, devices: Sequence[Device], random: Random) -> Play:
    """A gateway without power or network for hours: silence, also of all that is behind it (see `reachable`)."""
    ends = random.randint(4, 9) * HOUR
    values: dict[str, Value] = {"temp_c": 24, "rssi_dbm": -80}
    reports = (Report(ends, devices[0].id, values),)
    truths = (Truth(0, devices[0].id, "网关掉线"), Truth(ends, devices[0].id, "网关恢复"))
    return Play(reports, ends + SECOND, NOTIFY_GATEWAY_MS, truths)


def _gateway_restarts(_index: StreetIndex, devices: Sequence[Device], random: Random) -> Play:
    """A restart for an update: one or two reports are missing."""
    lasts = random.randint(8, 19) * MINUTE
    return Play((Report(lasts, devices[0].id, {"temp_c": 24, "rssi_dbm": -80}),), lasts + SECOND)


def _any_gateway(index: StreetIndex, random: Random) -> tuple[Device, ...]:
    return pick_one(index.light_gateways, random)


GATEWAY_DOWN: Final = "gateway_down"
_LIFT_HOURS: Final = ((7, 9), (17, 22))
STREET_KINDS_OF_INCIDENTS: Final[Sequence[IncidentKind[StreetIndex]]] = (
    IncidentKind("bin_overflow", "垃圾桶满溢", "street", _one_of("bin"), _bin_overflow, ((16, 20),)),
    IncidentKind("bin_battery_low", "垃圾桶电量低", "device", _one_of("bin"), _bin_battery, _ANY),
    IncidentKind("lamp_tilted", "灯杆倾斜", "street", _one_of("lamp_post"), _lamp_tilted, _ANY),
    IncidentKind("lamp_dark", "路灯不亮", "street", _one_of("lamp_post"), _lamp_dark, ((18, 20),)),
    IncidentKind("falling_object", "高空抛物", "street", _one_of("falling_object"), _object_falls, ((8, 23),)),
    IncidentKind("ebike_in_lift", "电动车进电梯", "fire", _one_of("ebike_lift"), _ebike_enters, _LIFT_HOURS),
    IncidentKind(GATEWAY_DOWN, "网关掉线", "device", _light_gateway, _gateway_down, ((8, 15),)),
    IncidentKind("bin_covered", "杂物遮挡垃圾桶", "street", _one_of("bin"), _bin_covered, _DAY, nuisance=True),
    IncidentKind("lamp_swings", "灯杆晃动", "street", _one_of("lamp_post"), _lamp_swings, _ANY, nuisance=True),
    IncidentKind("bird_seen", "飞鸟误识别", "street", _one_of("falling_object"), _bird_flies, _DAY, nuisance=True),
    IncidentKind("camera_test", "摄像机测试", "street", _one_of("falling_object"), _camera_test, _DAY, nuisance=True),
    IncidentKind("pram_in_lift", "婴儿车误识别", "fire", _one_of("ebike_lift"), _pram_enters, _DAY, nuisance=True),
    IncidentKind("gateway_restart", "网关重启", "device", _any_gateway, _gateway_restarts, _ANY, nuisance=True),
)
