"""All events of a demo in order of time: ordinary measurements of every device, and scenarios. Deterministic by seed.

The iterator never ends; the publisher takes events as their time comes.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct

from domain import SECOND, Device, Instant
from simulators.events import Measurement, TimedEvent
from simulators.models.devices import DeviceModel, device_model
from simulators.scenario import Scenario
from simulators.scenario_player import play_scenario

_INTERVAL_MS: Final[Mapping[str, tuple[int, int]]] = {
    "gas_alarm": (20 * SECOND, 40 * SECOND),
    "wristband": (15 * SECOND, 45 * SECOND),
    "water_meter": (30 * SECOND, 60 * SECOND),
    "manhole": (30 * SECOND, 60 * SECOND),
}
"""Shortest and longest reporting interval: far below the kinds' reporting plans, so that a demo shows changes."""
_DEFAULT_INTERVAL_MS: Final = (30 * SECOND, 60 * SECOND)
_FIRST_WITHIN_MS: Final = 15 * SECOND


class DemoSite(Struct, frozen=True):
    """The devices of a demo, and their time zone."""

    devices: Sequence[Device]
    timezone: str = "Asia/Shanghai"


def build_schedule(site: DemoSite, scenarios: Sequence[Scenario], seed: int, start: Instant) -> Iterator[TimedEvent]:
    """All events from `start` on, in order of time."""
    return heapq.merge(
        _ordinary_events_without_busy_devices(site, scenarios, seed, start),
        *(_scenario_events(site, scenario, seed, start) for scenario in scenarios),
        key=lambda timed: timed.at,
    )


def pick_device(site: DemoSite, scenario: Scenario, seed: int, turn: int) -> Device | None:
    """The device on which a scenario plays for the `turn`-th time: every home once before any twice.

    Only native gas alarms in homes are picked: they measure a concentration beside their alarm bit.
    """
    homes = [device for device in site.devices if device.kind == f"{scenario.hazard}_alarm" and _is_native_home(device)]
    if not homes:
        return None
    round_, index = divmod(turn, len(homes))
    return Random(f"{seed}/{scenario.name}/{round_}").sample(homes, len(homes))[index]


def _is_native_home(device: Device) -> bool:
    native = all(identity.platform == "native" for identity in device.identities)
    return native and device.attributes.get("use", "home") == "home"


def _scenario_events(site: DemoSite, scenario: Scenario, seed: int, start: Instant) -> Iterator[TimedEvent]:
    turn = 0
    while (device := pick_device(site, scenario, seed, turn)) is not None:
        yield from play_scenario(scenario, device.id, start + scenario.first_after + turn * scenario.every)
        turn += 1


def _ordinary_events_without_busy_devices(
    site: DemoSite, scenarios: Sequence[Scenario], seed: int, start: Instant
) -> Iterator[TimedEvent]:
    """Ordinary measurements without those of a device on which a scenario plays at that time."""
    for timed in _ordinary_events(site, seed, start):
        assert isinstance(timed.event, Measurement)
        if timed.event.device not in _busy_devices(site, scenarios, seed, timed.at - start):
            yield timed


def _busy_devices(site: DemoSite, scenarios: Sequence[Scenario], seed: int, elapsed: int) -> set[str]:
    busy = set()
    for scenario in scenarios:
        turn, elapsed_in_turn = divmod(elapsed - scenario.first_after, scenario.every)
        if turn < 0 or elapsed_in_turn > scenario.lasts / scenario.time_lapse:
            continue
        if device := pick_device(site, scenario, seed, turn):
            busy.add(device.id)
    return busy


def _ordinary_events(site: DemoSite, seed: int, start: Instant) -> Iterator[TimedEvent]:
    zone = ZoneInfo(site.timezone)
    models: dict[str, tuple[Device, DeviceModel]] = {
        device.id: (device, device_model(device, seed, zone)) for device in site.devices
    }
    intervals = Random(f"{seed}/pace")
    due = [(start + intervals.randrange(_FIRST_WITHIN_MS), device.id) for device in site.devices]
    heapq.heapify(due)
    while due:
        at, name = due[0]
        device, model = models[name]
        yield TimedEvent(at, Measurement(name, model.measure(at)))
        heapq.heapreplace(due, (at + intervals.randint(*_INTERVAL_MS.get(device.kind, _DEFAULT_INTERVAL_MS)), name))
