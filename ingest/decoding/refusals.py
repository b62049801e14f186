"""Refusals are made: with their bytes, their reason, the device if it is ours, and whether it may be a danger.

It knows no platform and judges no value.
"""

from __future__ import annotations

from collections.abc import Callable, Set

from domain import Device, Reason
from ingest.decoding.danger_detection import Suspicion
from ingest.frame import REPLAY, Frame
from ingest.mappings.field_values import Objection
from ingest.results import Draft, Refusal, Rejected

Find = Callable[[str, str, tuple[str, ...]], Device | None]
"""The registered device of this platform, identity and other names."""


class Refusing:
    """`payload_max` bytes of a message are kept with its refusal."""

    def __init__(self, suspicion: Suspicion, find: Find, payload_max: int) -> None:
        self._suspicion, self._find, self._payload_max = suspicion, find, payload_max
        self._frame: Frame | None = None
        self._head = b""
        self._dangerous: dict[tuple[Reason, str | None], bool] = {}

    def rejected(self, rejected: Rejected, platform: str | None, frame: Frame, told: Set[str] = frozenset()) -> Refusal:
        """`told`: the devices whose danger this very message tells in readings; it is not told once more."""
        device = self._whose(rejected, platform)
        again = bool(told) and (not rejected.danger or (device is not None and device.id in told))
        danger = not again and self.may_be_danger(rejected, platform, frame)
        return self.refuse(
            frame, platform, rejected.identity, Objection(rejected.reason, rejected.detail, danger), device
        )

    def may_be_danger(self, rejected: Rejected, platform: str | None, frame: Frame) -> bool:
        """What the adapter says, or what the bytes look like to a device of this kind."""
        device = self._whose(rejected, platform)
        return rejected.danger or self._looks_dangerous(frame, rejected.reason, device.kind if device else None)

    def _look_at(self, frame: Frame) -> None:
        """Of many refusals of one message the bytes are cut and searched once: they may be a megabyte."""
        if frame is not self._frame:
            self._frame, self._head, self._dangerous = frame, frame.payload[: self._payload_max], {}

    def _looks_dangerous(self, frame: Frame, reason: Reason, kind: str | None) -> bool:
        self._look_at(frame)
        if (reason, kind) not in self._dangerous:
            self._dangerous[reason, kind] = self._suspicion.unread(frame, reason, kind)
        return self._dangerous[reason, kind]

    def _whose(self, rejected: Rejected, platform: str | None) -> Device | None:
        if platform is None or rejected.identity is None:
            return None
        return self._find(platform, rejected.identity, rejected.also)

    def undescribed(self, frame: Frame, draft: Draft, device: Device) -> Refusal:
        """What a device says of whose kind nobody knows a quantity."""
        danger = self._suspicion.dangerous(draft.platform, draft.fields)
        detail = f"{device.id} is of kind {device.kind!r}, which nobody described"
        return self.refuse(frame, draft.platform, draft.identity, Objection(Reason.NO_MAPPING, detail, danger), device)

    def refuse(
        self, frame: Frame, platform: str | None, identity: str | None, why: Objection, device: Device | None = None
    ) -> Refusal:
        """The refusal of a message, or of one thing in it."""
        self._look_at(frame)
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
            replayed=frame.session == REPLAY,
        )
