"""Leak detectors on floors of kitchens and bathrooms: a heartbeat, and the verdict as soon as it changes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from typing import Final

from domain import DAY, HOUR, MINUTE, SECOND, Device, Instant
from domain.duration import parse_duration
from simulators.events import Incident, Measurement, TimedEvent
from simulators.town.calendar_days import Calendar
from simulators.town.town import Period
from simulators.town.water.catalogue import KINDS, Effect

_AGAIN_MS: Final = HOUR
"""A wet detector repeats its verdict."""
_DRY_AFTER_MS: Final = 2 * MINUTE


def detector_events(
    detectors: Sequence[Device], incidents: Sequence[Incident], calendar: Calendar, period: Period, seed: int
) -> Iterator[TimedEvent]:
    """The reports of a period in order of time."""
    wet = _wet_spans(incidents)
    for day in calendar.days(period):
        until = min(day.midnight + DAY, period.end)
        events = [event for device in detectors for event in _heartbeats(device, wet, day.midnight, until, seed)]
        events += [event for event in _verdicts(wet) if day.midnight <= event.at < until]
        events.sort(key=lambda timed: timed.at)
        yield from events


def _wet_spans(incidents: Sequence[Incident]) -> dict[str, list[tuple[Instant, Instant]]]:
    spans: dict[str, list[tuple[Instant, Instant]]] = {}
    for incident in incidents:
        kind = KINDS.get(incident.kind)
        if kind is not None and kind.effect is Effect.WET:
            for device in incident.devices:
                spans.setdefault(device, []).append((incident.begin, incident.end + _DRY_AFTER_MS))
    return spans


def _heartbeats(
    device: Device, wet: dict[str, list[tuple[Instant, Instant]]], begin: Instant, end: Instant, seed: int
) -> Iterator[TimedEvent]:
    random = Random(f"{seed}/leak/{device.id}")
    every = max(parse_duration(str(device.attributes.get("report_every", "1d"))), HOUR)
    first, battery = random.randrange(every), random.randint(62, 100)
    for at in range(begin + first, end, every):
        is_wet = any(since <= at < until for since, until in wet.get(device.id, ()))
        yield TimedEvent(at, Measurement(device.id, {"leak": is_wet, "battery_pct": battery}))


def _verdicts(wet: dict[str, list[tuple[Instant, Instant]]]) -> Iterator[TimedEvent]:
    for device, spans in wet.items():
        for begin, end in spans:
            for at in range(begin + 5 * SECOND, end, _AGAIN_MS):
                yield TimedEvent(at, Measurement(device, {"leak": True}, urgent=True))
            yield TimedEvent(end, Measurement(device, {"leak": False}, urgent=True))
