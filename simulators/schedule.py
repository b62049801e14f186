"""A town and its scores on one line of time: from a seed and a start to timed facts, without a clock.

It knows nothing of platforms or brokers. The iterator never ends: take what the time allows.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct

from domain import SECOND, Device, Instant
from simulators.models.devices import Voice, voice_of
from simulators.scenario import Score
from simulators.scenario_player import Moment, perform
from simulators.wire import Utterance

_PACE_MS: Final[Mapping[str, tuple[int, int]]] = {
    "gas_alarm": (20 * SECOND, 40 * SECOND),
    "wristband": (15 * SECOND, 45 * SECOND),
    "water_meter": (30 * SECOND, 60 * SECOND),
    "manhole": (30 * SECOND, 60 * SECOND),
}
"""A demo shows in a minute what the field shows in an hour: far denser than the kinds' reporting plans."""
_OTHER_PACE_MS: Final = (30 * SECOND, 60 * SECOND)
_FIRST_WITHIN_MS: Final = 15 * SECOND


class DemoSite(Struct, frozen=True):
    """The devices that live in the demo, and the time zone of their days."""

    devices: Sequence[Device]
    timezone: str = "Asia/Shanghai"


def play(site: DemoSite, scores: Sequence[Score], seed: int, start: Instant) -> Iterator[Moment]:
    """Everything that is said and that happens from `start` on, in order of time."""
    return heapq.merge(
        _quiet_where_a_score_plays(site, scores, seed, start),
        *(_performances(site, score, seed, start) for score in scores),
        key=lambda moment: moment.at,
    )


def stage(site: DemoSite, score: Score, seed: int, turn: int) -> Device | None:
    """The device at which a score plays for the `turn`-th time: all homes once before any twice.

    Only native gas alarms in homes can play: they tell a concentration beside their verdict.
    """
    homes = [device for device in site.devices if device.kind == f"{score.hazard}_alarm" and _is_native_home(device)]
    if not homes:
        return None
    round_, place = divmod(turn, len(homes))
    return Random(f"{seed}/{score.name}/{round_}").sample(homes, len(homes))[place]


def _is_native_home(device: Device) -> bool:
    native = all(identity.platform == "native" for identity in device.identities)
    return native and device.attributes.get("use", "home") == "home"


def _performances(site: DemoSite, score: Score, seed: int, start: Instant) -> Iterator[Moment]:
    turn = 0
    while (device := stage(site, score, seed, turn)) is not None:
        yield from perform(score, device.id, start + score.first_after + turn * score.every)
        turn += 1


def _quiet_where_a_score_plays(site: DemoSite, scores: Sequence[Score], seed: int, start: Instant) -> Iterator[Moment]:
    """Ordinary life, but a device that plays in a score says nothing of its own meanwhile."""
    for moment in _ordinary_life(site, seed, start):
        assert isinstance(moment.fact, Utterance)
        if moment.fact.device not in _players(site, scores, seed, moment.at - start):
            yield moment


def _players(site: DemoSite, scores: Sequence[Score], seed: int, elapsed: int) -> set[str]:
    playing = set()
    for score in scores:
        turn, into = divmod(elapsed - score.first_after, score.every)
        if turn >= 0 and into <= score.lasts / score.time_lapse and (device := stage(site, score, seed, turn)):
            playing.add(device.id)
    return playing


def _ordinary_life(site: DemoSite, seed: int, start: Instant) -> Iterator[Moment]:
    zone = ZoneInfo(site.timezone)
    voices: dict[str, tuple[Device, Voice]] = {
        device.id: (device, voice_of(device, seed, zone)) for device in site.devices
    }
    pace = Random(f"{seed}/pace")
    due = [(start + pace.randrange(_FIRST_WITHIN_MS), device.id) for device in site.devices]
    heapq.heapify(due)
    while due:
        at, name = due[0]
        device, voice = voices[name]
        yield Moment(at, Utterance(name, voice.say(at)))
        heapq.heapreplace(due, (at + pace.randint(*_PACE_MS.get(device.kind, _OTHER_PACE_MS)), name))
