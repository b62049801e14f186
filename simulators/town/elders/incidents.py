"""The kinds of incidents of elders: what the devices report of each, and what changes in the days meanwhile.

Until when to notify (all of it ours where no source is named):

- a minute after a band or a button reports a fall or a call for help; a nurse within 5 minutes, a service within 30;
- 30 minutes after vital signs have reached what NEWS2 scores 3 (pulse >= 131 or <= 40, SpO2 <= 91): three reports of a
  band, since one may be a slipped sensor; two hours after a fever of 39.1 °C (NEWS2 scores 2);
- 25 hours after the last sign of activity: the care programmes call after 24 (domain facts B.3);
- 25 minutes after someone who loses the way is 200 m from home at night;
- faults of devices in the digest of the next day.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Final

from msgspec import Struct

from domain import DAY, HOUR, MINUTE, SECOND, Value
from simulators.models.vital_signs import BEATS_PER_DEGREE, NORMAL_BODY_C
from simulators.town.carried import carries
from simulators.town.elders.courses import Course
from simulators.town.elders.homes import Home, HomeDevice, has_body_temperature
from simulators.town.incident_kinds import NOTIFY_HEALTH_WITHIN
from simulators.town.plays import Play, Report, Truth

NOTIFY_CALL_WITHIN: Final = MINUTE
NOTIFY_VITALS_WITHIN: Final = 30 * MINUTE
NOTIFY_FEVER_WITHIN: Final = 2 * HOUR
NOTIFY_ABSENCE_WITHIN: Final = 25 * HOUR
NOTIFY_WANDERING_WITHIN: Final = 25 * MINUTE
_HELP_KEY: Final = 1


class ElderPlay(Struct, frozen=True):
    """The reports of an incident, and the courses of the days meanwhile, relative to its begin."""

    play: Play
    courses: tuple[Course, ...] = ()


class ElderKind(Struct, frozen=True):
    """One kind of incident. `suits` tells whether a home has the devices for it, `about` which of them it is about."""

    kind: str
    title: str
    hazard: str
    suits: Callable[[Home], bool]
    make: Callable[[Home, Random], ElderPlay]
    hours: tuple[int, int] = (0, 24)
    about: Callable[[Home], tuple[HomeDevice, ...]] = lambda home: home.devices
    life_safety: bool = False
    nuisance: bool = False


def _has_band(home: Home) -> bool:
    """A band whose format carries calls for help, falls and vital signs."""
    needed = ("sos", "fall", "heart_rate_bpm", "spo2_pct", "battery_pct")
    return bool(home.bands) and all(carries(home.bands[0].device, quantity) for quantity in needed)


def _bands(home: Home) -> tuple[HomeDevice, ...]:
    return home.bands


def _buttons(home: Home) -> tuple[HomeDevice, ...]:
    return home.buttons


def _event(after_ms: int, device: HomeDevice, values: dict[str, Value]) -> Report:
    return Report(after_ms, device.id, values, urgent=True)


def _fall_hard(home: Home, random: Random) -> ElderPlay:
    """A hard fall: the band reports it some seconds after the impact, and the person lies until help comes."""
    return _detected_fall(home, random, "跌倒在地")


def _fall_toilet(home: Home, random: Random) -> ElderPlay:
    return _detected_fall(home, random, "夜间如厕跌倒")


def _detected_fall(home: Home, random: Random, what: str) -> ElderPlay:
    detected = round(random.uniform(8.0, 40.0) * SECOND)
    lies = round(random.uniform(20.0, 90.0) * MINUTE)
    pulse = random.uniform(88.0, 112.0)
    values: dict[str, Value] = {"fall": True, "worn": True, "heart_rate_bpm": round(pulse)}
    return ElderPlay(
        Play(
            (_event(detected, home.bands[0], values),),
            lies,
            detected + NOTIFY_CALL_WITHIN,
            (Truth(0, home.bands[0].id, what),),
        ),
        (Course(0, lies, still=True, pulse_bpm=pulse, ramp_ms=2 * MINUTE),),
    )


def _fall_soft(home: Home, random: Random) -> ElderPlay:
    """Slides down a wall: no impact for the band to see. The person presses for help after some minutes."""
    pressed = round(random.uniform(2.0, 15.0) * MINUTE)
    lies = pressed + round(random.uniform(15.0, 60.0) * MINUTE)
    by_button = bool(home.buttons) and random.random() < 0.3
    by_band = _event(pressed, home.bands[0], {"sos": True, "worn": True})
    report = _help_by_button(home, pressed) if by_button else by_band
    truth = Truth(0, home.bands[0].id, "滑倒，起不来")
    return ElderPlay(
        Play((report,), lies, pressed + NOTIFY_CALL_WITHIN, (truth,)),
        (Course(0, lies, still=True, pulse_bpm=random.uniform(84.0, 104.0), ramp_ms=5 * MINUTE),),
    )


def _help_by_button(home: Home, after_ms: int) -> Report:
    return _event(after_ms, home.buttons[0], {"sos": True, "key": _HELP_KEY})


def _sos_band(home: Home, random: Random) -> ElderPlay:
    lasts = round(random.uniform(15.0, 45.0) * MINUTE)
    play = Play((_event(0, home.bands[0], {"sos": True, "worn": True}),), lasts, NOTIFY_CALL_WITHIN)
    return ElderPlay(play, (Course(0, lasts, still=True),))


def _sos_button(home: Home, random: Random) -> ElderPlay:
    lasts = round(random.uniform(15.0, 45.0) * MINUTE)
    return ElderPlay(Play((_help_by_button(home, 0),), lasts, NOTIFY_CALL_WITHIN), (Course(0, lasts, still=True),))


def _mispress(home: Home, random: Random) -> ElderPlay:
    """Pressed in the sleeve and taken back within the minute that bands allow."""
    taken_back = round(random.uniform(8.0, 45.0) * SECOND)
    band = home.bands[0]
    pressed = _event(0, band, {"sos": True, "worn": True})
    return ElderPlay(Play((pressed, _event(taken_back, band, {"sos": False, "worn": True})), 2 * MINUTE))


def _key_of(home: Home, name: str) -> int:
    return int(home.buttons[0].device.attributes[name])


def _nurse_call(home: Home, _random: Random) -> ElderPlay:
    report = _event(0, home.buttons[0], {"key": _key_of(home, "key_medical")})
    return ElderPlay(Play((report,), 20 * MINUTE, 5 * MINUTE))


def _service_call(home: Home, _random: Random) -> ElderPlay:
    report = _event(0, home.buttons[0], {"key": _key_of(home, "key_service")})
    return ElderPlay(Play((report,), 40 * MINUTE, 30 * MINUTE))


def _illness(home: Home, what: str, course: Course, notify_ms: int) -> ElderPlay:
    return ElderPlay(Play((), course.end, notify_ms, (Truth(0, home.bands[0].id, what),)), (course,))


def _fever(home: Home, random: Random) -> ElderPlay:
    """Over hours to 39.6 °C and more, for one to two and a half days."""
    ramp = round(random.uniform(4.0, 8.0) * HOUR)
    celsius = random.uniform(39.6, 40.2)
    pulse = 74.0 + BEATS_PER_DEGREE * (celsius - NORMAL_BODY_C)
    lasts = round(random.uniform(24.0, 60.0) * HOUR)
    return _illness(
        home, "发热", Course(0, lasts, body_c=celsius, pulse_bpm=pulse, ramp_ms=ramp), ramp + NOTIFY_FEVER_WITHIN
    )


def _tachycardia(home: Home, random: Random) -> ElderPlay:
    ramp = round(random.uniform(2.0, 15.0) * MINUTE)
    lasts = round(random.uniform(1.5, 5.0) * HOUR)
    course = Course(0, lasts, pulse_bpm=random.uniform(138.0, 155.0), ramp_ms=ramp)
    return _illness(home, "心动过速", course, ramp + NOTIFY_VITALS_WITHIN)


def _bradycardia(home: Home, random: Random) -> ElderPlay:
    ramp = round(random.uniform(5.0, 30.0) * MINUTE)
    lasts = round(random.uniform(1.5, 5.0) * HOUR)
    course = Course(0, lasts, pulse_bpm=random.uniform(32.0, 38.0), ramp_ms=ramp)
    return _illness(home, "心动过缓", course, ramp + NOTIFY_VITALS_WITHIN)


def _low_oxygen(home: Home, random: Random) -> ElderPlay:
    ramp = round(random.uniform(0.5, 2.0) * HOUR)
    lasts = round(random.uniform(6.0, 30.0) * HOUR)
    course = Course(0, lasts, spo2_pct=random.uniform(84.0, 89.5), pulse_bpm=98.0, ramp_ms=ramp)
    return _illness(home, "血氧过低", course, ramp + NOTIFY_VITALS_WITHIN)


def _wandering(home: Home, random: Random) -> ElderPlay:
    """Leaves at night and walks on at 0.9 m/s: 200 m from home after six minutes at the latest."""
    lasts = round(random.uniform(1.2, 3.0) * HOUR)
    course = Course(0, lasts, walk_m_s=0.9, far_m=random.uniform(900.0, 2500.0))
    notify = 6 * MINUTE + NOTIFY_WANDERING_WITHIN
    return ElderPlay(Play((), lasts, notify, (Truth(0, home.bands[0].id, "夜间离家走失"),)), (course,))


def _no_activity(home: Home, random: Random) -> ElderPlay:
    """Goes to bed and does not get up again, until somebody comes."""
    lasts = round(random.uniform(30.0, 44.0) * HOUR)
    truth = Truth(0, home.devices[0].id, "卧床不起，久未活动")
    return ElderPlay(Play((), lasts, NOTIFY_ABSENCE_WITHIN, (truth,)), (Course(0, lasts, still=True),))


def _band_off(_home: Home, random: Random) -> ElderPlay:
    """Taken off after washing, found again in the evening."""
    lasts = round(random.uniform(3.0, 10.0) * HOUR)
    return ElderPlay(Play((), lasts), (Course(0, lasts, off=True),))


def _band_left_home(_home: Home, random: Random) -> ElderPlay:
    lasts = round(random.uniform(1.0, 4.0) * HOUR)
    return ElderPlay(Play((), lasts), (Course(0, lasts, off=True),))


def _band_battery(_home: Home, random: Random) -> ElderPlay:
    """Not charged: reported at 14 % and below for ten hours, then silent until charged the day after."""
    empty = round(random.uniform(8.0, 12.0) * HOUR)
    charged = empty + round(random.uniform(20.0, 30.0) * HOUR)
    courses = (Course(0, empty, battery_pct=14.0), Course(empty, charged, silent=True))
    return ElderPlay(Play((), max(charged, NOTIFY_HEALTH_WITHIN), NOTIFY_HEALTH_WITHIN), courses)


def _away(_home: Home, random: Random) -> ElderPlay:
    """With a daughter for some days, and told to no one: the known false alarm of the care programmes."""
    lasts = round(random.uniform(1.5, 3.5) * DAY)
    return ElderPlay(Play((), lasts), (Course(0, lasts, away=True),))


def _band_with_temperature(home: Home) -> bool:
    return bool(home.bands) and has_body_temperature(home.bands[0])


def _button_with_keys(home: Home) -> bool:
    """A button with the keys registered, whose format carries the number of a key."""
    if not home.buttons:
        return False
    device = home.buttons[0].device
    return carries(device, "key") and "key_medical" in device.attributes and "key_service" in device.attributes


def _watched_alone(home: Home) -> bool:
    return home.living_alone and bool(home.doors) and bool(home.motions)


def _wandering_band(home: Home) -> bool:
    return home.wanders and bool(home.bands) and carries(home.bands[0].device, "lat")


def _has_button(home: Home) -> bool:
    return bool(home.buttons)


ELDER_INCIDENTS: Final = {
    kind.kind: kind
    for kind in (
        ElderKind("fall_hard", "独居老人跌倒", "person", _has_band, _fall_hard, (6, 22), life_safety=True),
        ElderKind("fall_toilet_night", "夜间如厕跌倒", "person", _has_band, _fall_toilet, (0, 5), life_safety=True),
        ElderKind("fall_soft", "滑倒后求救", "person", _has_band, _fall_soft, (6, 22), life_safety=True),
        ElderKind("fever", "发热", "person", _band_with_temperature, _fever, about=_bands),
        ElderKind("tachycardia", "心动过速", "person", _has_band, _tachycardia, about=_bands, life_safety=True),
        ElderKind("bradycardia", "心动过缓", "person", _has_band, _bradycardia, about=_bands, life_safety=True),
        ElderKind("low_oxygen", "血氧过低", "person", _has_band, _low_oxygen, about=_bands, life_safety=True),
        ElderKind("sos_band", "手环求救", "person", _has_band, _sos_band, about=_bands, life_safety=True),
        ElderKind("sos_button", "一键呼叫求救", "person", _has_button, _sos_button, about=_buttons, life_safety=True),
        ElderKind("nurse_call", "呼叫医护", "person", _button_with_keys, _nurse_call, (7, 22), _buttons),
        ElderKind("service_call", "服务呼叫", "service", _button_with_keys, _service_call, (8, 20), _buttons),
        ElderKind("wandering", "走失", "person", _wandering_band, _wandering, (0, 3), life_safety=True),
        ElderKind("no_activity", "久未活动", "person", _watched_alone, _no_activity, (21, 23), life_safety=True),
        ElderKind("band_battery_dead", "手环没电", "person", _has_band, _band_battery, about=_bands),
        ElderKind("sos_mispress", "误按求救", "person", _has_band, _mispress, (7, 22), _bands, nuisance=True),
        ElderKind("band_off", "手环摘下", "person", _has_band, _band_off, (7, 11), _bands, nuisance=True),
        ElderKind("band_left_home", "忘戴手环", "person", _has_band, _band_left_home, (8, 16), _bands, nuisance=True),
        ElderKind("away_unregistered", "探亲未登记", "person", _watched_alone, _away, (8, 10), nuisance=True),
    )
}
"""Every kind of incident of elders by name."""
