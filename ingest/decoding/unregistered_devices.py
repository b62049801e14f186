"""What one message says about devices that nobody registered: one refusal for each of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from domain import Reason
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
    """The unregistered devices of one message, looked at draft by draft."""

    def __init__(self, suspicion: DangerDetector, described: DiscoveryHints) -> None:
        self._danger, self._hints = suspicion, described
        self._devices: dict[str, _UnregisteredDevice] = {}

    def add(self, draft: RawReading) -> None:
        """What it says, for the refusal."""
        one = self._devices.get(draft.identity)
        if one is None:
            one = self._devices[draft.identity] = _UnregisteredDevice(draft)
        said = fields_by_class(draft) if draft.entity_values else draft.fields
        fields = self._hints.explain(draft.platform, draft.identity, said)
        if len(one.names) < NAMES_MAX:
            one.names.update(fields)
        one.danger = one.danger or self._danger.in_fields(draft.platform, fields, one.first.model)

    def refusals(self, refusing: RefusalBuilder, frame: Frame) -> Iterator[Refusal]:
        """One for all that the message says about a device."""
        for one in self._devices.values():
            first = one.first
            detail = f"no device is called {first.identity[:120]!r} on {first.platform}"
            objection = Objection(Reason.UNKNOWN_DEVICE, detail, one.danger)
            refusal = refusing.build(frame, first.platform, first.identity, objection)
            yield replace(refusal, proposed_kind=self._danger.guess_kind(first.platform, one.names))
