"""The EventSource of bins, lamp posts, cameras for falling objects, e-bike detectors and gateways."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from random import Random
from typing import Final

from domain import Device, Instant
from simulators.events import Batch, Incident, Measurement, TimedEvent
from simulators.models.device_behaviour import gateway_of
from simulators.town.incident_kinds import IncidentKind
from simulators.town.play_source import PlaySource
from simulators.town.street.devices import STREET_KINDS, StreetIndex
from simulators.town.street.incidents import GATEWAY_DOWN, STREET_KINDS_OF_INCIDENTS
from simulators.town.town import Town


class StreetSource(PlaySource[StreetIndex]):
    """See EventSource."""

    def __init__(self) -> None:
        super().__init__(STREET_KINDS, StreetIndex, STREET_KINDS_OF_INCIDENTS)


STREET_INCIDENTS: Final[Mapping[str, IncidentKind[StreetIndex]]] = {
    kind.kind: kind for kind in STREET_KINDS_OF_INCIDENTS
}
"""Every kind of incident of these devices by name."""


def suitable_devices(town: Town, kind: str, seed: int) -> tuple[str, ...]:
    """Devices on which an incident of a kind can play, by seed; none when the town has none."""
    devices = STREET_INCIDENTS[kind].pick(StreetIndex(town), Random(f"{seed}/drill/{kind}"))
    return tuple(device.id for device in devices)


def gateway_outages(incidents: Sequence[Incident]) -> list[tuple[str, Instant, Instant]]:
    """The gateways that are down by these incidents, from when and until when."""
    return [(one.devices[0], one.begin, one.end) for one in incidents if one.kind == GATEWAY_DOWN]


def reachable(
    events: Iterable[TimedEvent], devices: Sequence[Device], incidents: Sequence[Incident]
) -> Iterator[TimedEvent]:
    """The events of all sources without what is measured behind a gateway while it is down: nothing keeps it."""
    gateways = {device.id: gateway for device in devices if (gateway := gateway_of(device)) is not None}
    down: dict[str, list[tuple[Instant, Instant]]] = {}
    for gateway, begin, end in gateway_outages(incidents):
        down.setdefault(gateway, []).append((begin, end))
    for timed in events:
        if not isinstance(timed.event, Measurement | Batch):
            yield timed
            continue
        spans = down.get(gateways.get(timed.event.device, ""), ())
        if not any(begin <= timed.at < end for begin, end in spans):
            yield timed
