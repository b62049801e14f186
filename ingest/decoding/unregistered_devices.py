"""Unregistered devices in one message: one refusal for each of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from domain import RefusalReason
from ingest.decoding.danger_detection import DangerDetector
from ingest.decoding.refusals import RefusalBuilder
from ingest.discovery.hints import DiscoveryHints
from ingest.discovery.resolution import fields_by_class
from ingest.frame import Frame
from ingest.mappings.field_values import Objection
from ingest.results import RawReading, Refusal

NAMES_MAX: Final = 200
"""Field names of a device by which its kind is guessed."""


class _UnregisteredDevice:
    def __init__(self, first: RawReading) -> None:
        self.first = first
        self.names: set[str] = set()
        self.danger = False


class UnregisteredDevices:
    """Collects the raw readings of unregistered devices of one message."""

    def __init__(self, danger: DangerDetector, hints: DiscoveryHints) -> None:
        self._danger, self._hints = danger, hints
        self._devices: dict[str, _UnregisteredDevice] = {}

    def add(self, raw_reading: RawReading) -> None:
        """Add the field names and the danger of one raw reading."""
        device = self._devices.get(raw_reading.identity)
        if device is None:
            device = self._devices[raw_reading.identity] = _UnregisteredDevice(raw_reading)
        platform = raw_reading.platform
        by_class = fields_by_class(raw_reading) if raw_reading.entity_values else raw_reading.fields
        fields = self._hints.explain(platform, raw_reading.identity, by_class)
        if len(device.names) < NAMES_MAX:
            device.names.update(fields)
        device.danger = device.danger or self._danger.in_fields(platform, fields, device.first.model)

    def refusals(self, builder: RefusalBuilder, frame: Frame) -> Iterator[Refusal]:
        """One refusal for each device, whatever the number of its raw readings."""
        for device in self._devices.values():
            platform, identity = device.first.platform, device.first.identity
            detail = f"no device is called {identity[:120]!r} on {platform}"
            objection = Objection(RefusalReason.UNKNOWN_DEVICE, detail, device.danger)
            refusal = builder.build(frame, platform, identity, objection)
            yield replace(refusal, proposed_kind=self._danger.guess_kind(platform, device.names))
