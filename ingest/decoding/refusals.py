"""Builds refusals: with their bytes, their reason, the registered device, and whether they may be a danger."""

from __future__ import annotations

from collections.abc import Set

from domain import Device, RefusalReason
from ingest.decoding.danger_detection import DangerDetector
from ingest.discovery.resolution import FindDevice
from ingest.frame import REPLAY_SESSION, Frame
from ingest.mappings.field_values import Objection
from ingest.results import RawReading, Refusal, Rejection


class RefusalBuilder:
    """`payload_max` bytes of a message are kept with its refusal."""

    def __init__(self, danger: DangerDetector, find: FindDevice, payload_max: int) -> None:
        self._danger, self._find, self._payload_max = danger, find, payload_max
        self._frame: Frame | None = None
        self._head = b""
        self._danger_by_reason: dict[tuple[RefusalReason, str | None], bool] = {}

    def from_rejection(
        self, rejection: Rejection, platform: str | None, frame: Frame, reported: Set[str] = frozenset()
    ) -> Refusal:
        """`reported`: devices whose danger the readings of the same message report; it is not reported again."""
        device = self._device_of(rejection, platform)
        is_reported = bool(reported) and (not rejection.danger or (device is not None and device.id in reported))
        danger = not is_reported and self.may_be_danger(rejection, platform, frame)
        objection = Objection(rejection.reason, rejection.detail, danger)
        return self.build(frame, platform, rejection.identity, objection, device)

    def may_be_danger(self, rejection: Rejection, platform: str | None, frame: Frame) -> bool:
        """What the adapter found, or what the bytes look like for a device of this kind."""
        if rejection.danger:
            return True
        device = self._device_of(rejection, platform)
        return self._looks_dangerous(frame, rejection.reason, device.kind if device else None)

    def _set_frame(self, frame: Frame) -> None:
        """For many refusals of one message its bytes are cut and searched once: they may be a megabyte."""
        if frame is not self._frame:
            self._frame, self._head, self._danger_by_reason = frame, frame.payload[: self._payload_max], {}

    def _looks_dangerous(self, frame: Frame, reason: RefusalReason, kind: str | None) -> bool:
        self._set_frame(frame)
        if (reason, kind) not in self._danger_by_reason:
            self._danger_by_reason[reason, kind] = self._danger.in_unreadable(frame, reason, kind)
        return self._danger_by_reason[reason, kind]

    def _device_of(self, rejection: Rejection, platform: str | None) -> Device | None:
        if platform is None or rejection.identity is None:
            return None
        return self._find(platform, rejection.identity, rejection.aliases)

    def for_unknown_kind(self, frame: Frame, raw_reading: RawReading, device: Device) -> Refusal:
        """The refusal of a raw reading of a device whose kind has no description."""
        danger = self._danger.in_fields(raw_reading.platform, raw_reading.fields)
        detail = f"{device.id} is of kind {device.kind!r}, which nobody described"
        objection = Objection(RefusalReason.NO_MAPPING, detail, danger)
        return self.build(frame, raw_reading.platform, raw_reading.identity, objection, device)

    def build(
        self,
        frame: Frame,
        platform: str | None,
        identity: str | None,
        objection: Objection,
        device: Device | None = None,
    ) -> Refusal:
        """The refusal of a message, or of one value in it."""
        self._set_frame(frame)
        return Refusal(
            frame.received,
            platform or "mqtt",
            frame.topic,
            self._head,
            objection.reason,
            objection.detail.replace("\x00", "\\0"),  # no database takes a NUL in text
            platform,
            identity,
            objection.danger,
            device=device,
            replayed=frame.session == REPLAY_SESSION,
        )
