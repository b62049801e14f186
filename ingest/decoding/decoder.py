"""Decodes frames: every frame becomes readings, device events or refusals, or is counted as a duplicate.

Deterministic: the only time used is `Frame.received`, so that a replayed journal gives the same readings again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import tzinfo
from io import BytesIO
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct, field
from msgspec.structs import replace

from domain import Device, Instant, Reading, RefusalReason
from domain.kind import Kind
from ingest.adapters import VERSIONS, native
from ingest.adapters.sparkplug.state import SparkplugState
from ingest.decoding.danger_detection import DangerDetector
from ingest.decoding.device_index import DeviceIndex
from ingest.decoding.device_timezones import DeviceTimezones
from ingest.decoding.fast_path import FastPath, JsonObject
from ingest.decoding.message import MessageContext, limit_fields
from ingest.decoding.plans import Plans
from ingest.decoding.raw_payloads import CodecRunner, decode_raw_payloads
from ingest.decoding.readings import ReadingProcessor
from ingest.decoding.refusals import RefusalBuilder
from ingest.decoding.refused_items import RefusedItems
from ingest.decoding.snapshot import decode_snapshot, encode_in_steps
from ingest.decoding.state import DecoderState
from ingest.decoding.unmapped_fields import UnmappedFields
from ingest.decoding.unregistered_devices import UnregisteredDevices
from ingest.decoding.validation import has_danger_bit
from ingest.discovery.discovery import Discovery
from ingest.discovery.resolution import fields_by_class, find_device
from ingest.frame import Frame
from ingest.mappings.mapping import MappingBook
from ingest.results import (
    AdapterItem,
    DecodedFrame,
    DeviceEvent,
    DeviceEventKind,
    IngestResult,
    Rejection,
    UnreadVerdictEvent,
    liveness_event,
)
from ingest.routing.routes import Filters, Routes

STEP_READINGS: Final = 250
"""Raw readings that are processed without a pause; in a pause urgent messages are processed."""


class DecoderSettings(Struct, frozen=True):
    """`zone` is for device times without an offset; `zones` and `filters` are by platform."""

    zone: tzinfo = field(default_factory=lambda: ZoneInfo("Asia/Shanghai"))
    zones: Mapping[str, tzinfo] = {}
    filters: Filters = {}
    refusal_payload_max: int = 65_536
    unmapped_max: int = 1_000


class Decoder:
    """Decodes frames with the registry, the kinds and the mappings of a site.

    `device_index` and `codecs` may be replaced between two calls, kinds and mappings by `apply_mappings`.
    """

    def __init__(
        self, kinds: Mapping[str, Kind], mappings: Sequence[MappingBook], settings: DecoderSettings | None = None
    ) -> None:
        self._settings = settings or DecoderSettings()
        self.routes = Routes(self._settings.filters)
        self.codecs: CodecRunner | None = None
        self._device_index, self._fast_path = DeviceIndex(), FastPath()
        self._timezones = DeviceTimezones(self._settings.zone, self._settings.zones)
        self._state = DecoderState(Discovery(platform_by_filter=self.routes.platform_of))
        self.apply_mappings(kinds, mappings)

    def apply_mappings(self, kinds: Mapping[str, Kind], mappings: Sequence[MappingBook]) -> None:
        """Use these kinds and mappings from the next frame on. The state of devices stays."""
        self._kinds, self._books = kinds, mappings
        self.urgent_kinds = frozenset(name for name, kind in kinds.items() if kind.urgent)
        self._plans = Plans(kinds, mappings)
        self._danger = DangerDetector(kinds, mappings)
        self._unmapped_fields = UnmappedFields(self._danger, self._settings.unmapped_max)
        self._refusals = RefusalBuilder(
            self._danger, lambda *name: self._device_index.find(*name), self._settings.refusal_payload_max
        )
        self._use_state(self._state)

    def _use_state(self, state: DecoderState) -> None:
        self._state = state
        self._fast_path.invalidate()
        self._readings = ReadingProcessor(
            state, self._plans, self._timezones, self._refusals, self._unmapped_fields, self._fast_path
        )

    # -- registry and state -----------------------------------------------------------------------------------------

    @property
    def device_index(self) -> DeviceIndex:
        """The registered devices."""
        return self._device_index

    @device_index.setter
    def device_index(self, device_index: DeviceIndex) -> None:
        self._device_index = device_index
        self._fast_path.invalidate()

    def update_registry(
        self, removed: Iterable[str], changed: Iterable[Device], now: Instant = 0
    ) -> list[UnreadVerdictEvent]:
        """Apply changes of the registry. Returns the ends of the unread verdicts of `removed` device ids."""
        self._device_index.update(removed := list(removed), changed)
        self._fast_path.invalidate()
        return list(self._state.earlier.unread_verdicts.end_removed(removed, now))

    @property
    def unmapped_fields(self) -> dict[tuple[str, str, str], int]:
        """Number of values that no quantity of the kind takes, by platform, kind and field."""
        return self._unmapped_fields.counts

    @property
    def versions(self) -> dict[str, str]:
        """Versions of what decodes: adapter and mapping of each platform, and each codec."""
        books = {book.platform: book.version for book in self._books}
        adapters = {name: f"adapter {version}, mapping {books.get(name, 0)}" for name, version in VERSIONS.items()}
        return {**adapters, **(self.codecs.versions if self.codecs else {})}

    @property
    def rebirth_requests(self) -> set[str]:
        """Sparkplug edge nodes (`group/edge`) that must get `Node Control/Rebirth`; the sender removes each."""
        return self._state.sparkplug.rebirth_requests

    @property
    def undecodable_nodes(self) -> set[str]:
        """Those of `rebirth_requests` of which nothing can be decoded before their birth."""
        return self._state.sparkplug.undecodable_nodes()

    def is_registered(self, platform: str, identity: str) -> bool:
        """Whether a platform's identity belongs to a registered device."""
        return self._device_index.find(platform, identity) is not None

    def guess_kind(self, platform: str, names: Iterable[str]) -> str | None:
        """The kind that a device with these fields most likely is, if there is exactly one."""
        return self._danger.guess_kind(platform, names)

    def snapshot(self, received_since: Instant = 0) -> bytes:
        """The state as bytes, with the duplicate windows of devices that sent something since then."""
        out = BytesIO()
        for _ in encode_in_steps(self._state, out, received_since):
            pass
        return out.getvalue()

    def snapshot_in_steps(self, out: BytesIO) -> Iterator[None]:
        """Write what `snapshot` returns, suspended after every some devices; nothing may be decoded until the end."""
        return encode_in_steps(self._state, out)

    def restore(self, snapshot: bytes) -> None:
        """Continue with the state of a snapshot. Raises msgspec.DecodeError for other bytes."""
        self._use_state(decode_snapshot(snapshot, self.routes.platform_of))

    # -- frames -----------------------------------------------------------------------------------------------------

    def decode(self, frames: Sequence[Frame]) -> IngestResult:
        """Decode frames in their order."""
        result = IngestResult()
        for _ in self.decode_in_steps(frames, result):
            pass
        return result

    def decode_in_steps(self, frames: Sequence[Frame], result: IngestResult) -> Iterator[None]:
        """As `decode`, suspended after every STEP_READINGS raw readings of a message: one may hold 50,000.

        Other frames may be decoded while it is suspended.
        """
        redelivered = self._state.redelivery.redelivered(frames) if frames else ()
        if not redelivered:
            frames = frames[self._fast_path.decode(frames, result) :]
        if frames:
            yield from self._decode_unusual(frames, redelivered, result)

    def _decode_unusual(
        self, frames: Sequence[Frame], redelivered: Collection[int], result: IngestResult
    ) -> Iterator[None]:
        """Frames of which the first, or the ones at the indexes `redelivered`, are not ordinary."""
        decoded: list[DecodedFrame | JsonObject | None] = [
            None if index in redelivered else self._fast_path.parse(frame) or self._decode_frame(frame)
            for index, frame in enumerate(frames)
        ]
        zone, is_dangerous = self._settings.zone, self._danger.in_fields
        yield from decode_raw_payloads(decoded, self.codecs, self._device_index.find, zone, is_dangerous, STEP_READINGS)
        for frame, item in zip(frames, decoded, strict=True):
            try:
                if isinstance(item, dict):
                    raw_reading = self._fast_path.validate(item, frame, result)
                    if raw_reading is not None:
                        yield from self._process_items([raw_reading], native.PLATFORM, frame, result)
                elif item is not None and isinstance(item.output, list):
                    platform = self._state.discovery.platform_of(item)
                    yield from self._process_items(item.output, platform, frame, result)
                else:
                    self._apply_decoded(item, result)
            except Exception as fault:  # noqa: BLE001 (a message that cannot be processed must not stop those after it)
                platform = item.platform if isinstance(item, DecodedFrame) else native.PLATFORM
                result.refusals.append(self._refusals.from_rejection(_failure(fault), platform, frame))

    def _decode_frame(self, frame: Frame) -> DecodedFrame:
        """Decode with all that frames before it described, also those of the same batch."""
        decoded = self._read_frame(frame)
        try:
            return self._state.discovery.apply(decoded, self._read_frame, self, self._state.earlier.repeats)
        except Exception as fault:  # noqa: BLE001 (a description that fails must not stop the frames after it)
            return replace(decoded, output=_failure(fault))

    def _read_frame(self, frame: Frame, sparkplug: SparkplugState | None = None) -> DecodedFrame:
        if frame.size is not None:
            detail = f"{frame.size} bytes; only the first {len(frame.payload)} were kept"
            return DecodedFrame(frame, self.routes.platform_of(frame.topic), Rejection(RefusalReason.TOO_LARGE, detail))
        try:
            decoded = self.routes.decode(frame, self._state.sparkplug if sparkplug is None else sparkplug)
            return self._state.discovery.read(decoded)
        except Exception as fault:  # noqa: BLE001 (a frame that makes its adapter fail must not stop those after it)
            return DecodedFrame(frame, self.routes.platform_of(frame.topic), _failure(fault))

    def _apply_decoded(self, decoded: DecodedFrame | None, result: IngestResult) -> None:
        """A whole message that is a duplicate (None), a rejection or an event."""
        if decoded is None:
            result.duplicates += 1
        elif isinstance(decoded.output, Rejection):
            refusal = self._refusals.from_rejection(decoded.output, decoded.platform, decoded.frame)
            result.refusals.append(refusal)
        else:
            assert isinstance(decoded.output, DeviceEvent)
            result.events.append(self._with_device(decoded.output, decoded.frame))

    def _process_items(
        self, items: Sequence[AdapterItem], platform: str | None, frame: Frame, result: IngestResult
    ) -> Iterator[None]:
        refused = RefusedItems(self._refusals, platform, frame)
        unregistered = UnregisteredDevices(self._danger, self._state.discovery.hints)
        message = MessageContext(frame, len(items), result, refused, unregistered)
        first_reading = len(result.readings)
        try:
            for number, item in enumerate(items, 1):
                self._process_item(limit_fields(item), message)
                if number % STEP_READINGS == 0:
                    yield
            for number, refusal in enumerate(unregistered.refusals(self._refusals, frame), 1):
                refused.add(refusal)
                if number % STEP_READINGS == 0:
                    yield
        finally:
            readings = result.readings[first_reading:] if refused.any_rejected else ()
            result.refusals += refused.refusals(
                {reading.device for reading in readings if self._reports_danger(reading)}
            )

    def _process_item(self, item: AdapterItem, message: MessageContext) -> None:
        if isinstance(item, Rejection):
            message.refused_items.add_rejection(item)
        elif isinstance(item, DeviceEvent):
            message.result.events.append(self._with_device(item, message.frame))
        elif (device := find_device(item, self._device_index.find)) is not None:
            self._readings.process(item, device, message)
        elif item.is_attributes:
            message.result.events.append(liveness_event(item, None, message.frame.received))
        else:
            message.unregistered.add(item)

    def _with_device(self, event: DeviceEvent, frame: Frame) -> DeviceEvent:
        device = self._device_index.find(event.platform, event.identity, event.aliases) if event.identity else None
        if device is not None and event.kind is DeviceEventKind.JOIN:
            self._state.duplicates.pop(device.id, None)  # its counter starts again
            self._fast_path.invalidate()
        return replace(event, device=device.id if device else None, at=frame.received)

    def _reports_danger(self, reading: Reading) -> bool:
        quantities = self._kinds[reading.kind].quantities
        return any(value is True and quantities[name].danger for name, value in reading.values.items())

    # -- danger before the frame is journaled -----------------------------------------------------------------------

    def has_danger(self, frame: Frame) -> bool:
        """Whether the frame holds a danger, as far as that shows without a codec. Changes no state.

        Raw bytes of an urgent kind count as danger: what they mean is known only when their codec has run.
        """
        decoded = self._read_frame(frame, self._state.sparkplug.copy_for_peek(frame.topic))
        items = decoded.output if isinstance(decoded.output, list) else [decoded.output]
        try:
            return any(self._is_dangerous(item, decoded) for item in items)
        except Exception:  # noqa: BLE001 (decoding the frame after the journal refuses it with this fault)
            return self._danger.in_unreadable(frame, RefusalReason.CODEC_FAILED)

    def _is_dangerous(self, item: AdapterItem, decoded: DecodedFrame) -> bool:
        if isinstance(item, Rejection):
            return self._refusals.may_be_danger(item, decoded.platform, decoded.frame)
        if isinstance(item, DeviceEvent):
            return False
        device = find_device(item, self._device_index.find)
        plan = self._plans.for_reading(item, device) if device is not None else None
        if device is None or plan is None:
            fields = self._state.discovery.hints.explain(item.platform, item.identity, fields_by_class(item))
            return self._danger.in_fields(item.platform, fields)
        explained, _ = self._readings.with_definitions(item, plan)
        is_urgent_raw = explained.raw is not None and self._kinds[device.kind].urgent
        return has_danger_bit(plan, explained.fields) or is_urgent_raw


def _failure(fault: Exception) -> Rejection:
    return Rejection(RefusalReason.CODEC_FAILED, f"{type(fault).__name__}: {fault}"[:200])
