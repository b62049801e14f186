"""Refusals are made: with their bytes, their reason, the device if it is ours, and whether it may be a danger.

It knows no platform and judges no value.
"""

from __future__ import annotations

from collections.abc import Callable, Set

from domain import Device, Reason
from ingest.decoding.danger_detection import DangerDetector
from ingest.frame import REPLAY_SESSION, Frame
from ingest.mappings.field_values import Objection
from ingest.results import RawReading, Refusal, Rejection

FindDevice = Callable[[str, str, tuple[str, ...]], Device | None]
"""The registered device of this platform, identity and other names."""


class RefusalBuilder:
    """`payload_max` bytes of a message are kept with its refusal."""

    def __init__(self, suspicion: DangerDetector, find: FindDevice, payload_max: int) -> None:
        self._danger, self._find, self._payload_max = suspicion, find, payload_max
        self._frame: Frame | None = None
        self._head = b""
        self._danger_by_reason: dict[tuple[Reason, str | None], bool] = {}

    def from_rejection(
        self, rejected: Rejection, platform: str | None, frame: Frame, told: Set[str] = frozenset()
    ) -> Refusal:
        """`told`: the devices whose danger this very message tells in readings; it is not told once more."""
        device = self._device_of(rejected, platform)
        again = bool(told) and (not rejected.danger or (device is not None and device.id in told))
        danger = not again and self.may_be_danger(rejected, platform, frame)
        return self.build(
            frame, platform, rejected.identity, Objection(rejected.reason, rejected.detail, danger), device
        )

    def may_be_danger(self, rejected: Rejection, platform: str | None, frame: Frame) -> bool:
        """What the adapter says, or what the bytes look like to a device of this kind."""
        device = self._device_of(rejected, platform)
        return rejected.danger or self._looks_dangerous(frame, rejected.reason, device.kind if device else None)

    def _set_frame(self, frame: Frame) -> None:
        """Of many refusals of one message the bytes are cut and searched once: they may be a megabyte."""
        if frame is not self._frame:
            self._frame, self._head, self._danger_by_reason = frame, frame.payload[: self._payload_max], {}

    def _looks_dangerous(self, frame: Frame, reason: Reason, kind: str | None) -> bool:
        self._set_frame(frame)
        if (reason, kind) not in self._danger_by_reason:
            self._danger_by_reason[reason, kind] = self._danger.in_unreadable(frame, reason, kind)
        return self._danger_by_reason[reason, kind]

    def _device_of(self, rejected: Rejection, platform: str | None) -> Device | None:
        if platform is None or rejected.identity is None:
            return None
        return self._find(platform, rejected.identity, rejected.aliases)

    def for_unknown_kind(self, frame: Frame, draft: RawReading, device: Device) -> Refusal:
        """What a device says of whose kind nobody knows a quantity."""
        danger = self._danger.in_fields(draft.platform, draft.fields)
        detail = f"{device.id} is of kind {device.kind!r}, which nobody described"
        return self.build(frame, draft.platform, draft.identity, Objection(Reason.NO_MAPPING, detail, danger), device)

    def build(
        self, frame: Frame, platform: str | None, identity: str | None, why: Objection, device: Device | None = None
    ) -> Refusal:
        """The refusal of a message, or of one thing in it."""
        self._set_frame(frame)
        return Refusal(
            frame.received,
            platform or "mqtt",
            frame.topic,
            self._head,
            why.reason,
            why.detail.replace("\x00", "\\0"),  # no database takes a NUL in text
            platform,
            identity,
            why.danger,
            device=device,
            replayed=frame.session == REPLAY_SESSION,
        )
