"""Raw radio bytes in raw readings are decoded by the codecs of their devices, many at once.

One uplink may hold many readings; each becomes a raw reading of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import tzinfo
from typing import Protocol

from msgspec.structs import replace

from domain import Device, Instant, RefusalReason
from ingest.codecs import Codec, CodecFailed, DecodeCall, Decoded
from ingest.discovery.resolution import FindDevice
from ingest.formats.lorawan_history import split_history
from ingest.results import AdapterItem, DecodedFrame, RawPayload, RawReading, Rejection
from ingest.timestamps import is_plausible, parse_timestamp

RawCall = tuple[RawReading, RawPayload, Device, Instant]
"""A raw reading with its radio bytes, its device, and the time of reception."""


class CodecRunner(Protocol):
    """Runs codecs (ingest/codecs/runtime.py)."""

    @property
    def versions(self) -> dict[str, str]: ...

    def find(self, *models: str | None) -> Codec | None: ...

    def decode(self, calls: Sequence[DecodeCall]) -> list[Decoded | CodecFailed]: ...


IsDangerous = Callable[[str, Mapping[str, object]], bool]
"""Whether a platform's fields hold a danger bit of any kind."""


def decode_raw_payloads(
    decoded: Sequence[object],
    codecs: CodecRunner | None,
    find: FindDevice,
    zone: tzinfo,
    is_dangerous: IsDangerous,
    step: int,
) -> Iterator[None]:
    """Replace, in the outputs of decoded frames, raw bytes of registered devices by what their codec makes of them.

    `step` payloads are decoded at once, with a pause after them: calls one by one cost three times more.
    """
    calls: list[RawCall] = []
    places: list[tuple[list[AdapterItem], int]] = []
    for item in decoded:
        if isinstance(item, DecodedFrame) and isinstance(item.output, list):
            for index, raw_reading in enumerate(item.output):
                if type(raw_reading) is RawReading and raw_reading.raw is not None:
                    device = find(raw_reading.platform, raw_reading.identity, raw_reading.aliases)
                    if device is not None:
                        calls.append((raw_reading, raw_reading.raw, device, item.frame.received))
                        places.append((item.output, index))
    results: list[list[RawReading | Rejection]] = []
    for start in range(0, len(calls), step):
        results += decode_batch(codecs, calls[start : start + step], zone, is_dangerous)
        yield
    # From the end, so that the indexes of earlier items stay.
    for (output, index), raw_readings in zip(reversed(places), reversed(results), strict=True):
        output[index : index + 1] = raw_readings


def decode_batch(
    runner: CodecRunner | None, raw_calls: Sequence[RawCall], zone: tzinfo, is_dangerous: IsDangerous
) -> list[list[RawReading | Rejection]]:
    """What each raw reading became, in order."""
    codecs = [
        runner.find(device.model, raw_reading.model) if runner else None for raw_reading, _, device, _ in raw_calls
    ]
    calls = [
        DecodeCall(codec, raw.data, raw.f_port, _device_time(raw_reading, received, zone))
        for codec, (raw_reading, raw, _, received) in zip(codecs, raw_calls, strict=True)
        if codec is not None
    ]
    outcomes = iter(runner.decode(calls) if runner and calls else [])
    return [
        [_no_codec(*raw_call)] if codec is None else _to_readings(raw_call[0], next(outcomes), is_dangerous)
        for codec, raw_call in zip(codecs, raw_calls, strict=True)
    ]


def _device_time(raw_reading: RawReading, received: Instant, zone: tzinfo) -> Instant:
    """When the platform received the bytes; the time of our reception if that is not plausible."""
    at = parse_timestamp(raw_reading.at, zone) if raw_reading.at is not None else None
    return at if at is not None and is_plausible(at, received) else received


def _no_codec(raw_reading: RawReading, raw: RawPayload, device: Device, _received: Instant) -> Rejection:
    model = device.model or raw_reading.model
    cause = f"no codec in codecs.d speaks for model {model[:80]!r}" if model else f"{device.id} has no model"
    detail = f"{len(raw.data)} raw bytes on port {raw.f_port} ({raw.data[:24].hex()}): {cause}"
    return Rejection(RefusalReason.NO_CODEC, detail, raw_reading.identity, aliases=raw_reading.aliases)


def _to_readings(
    raw_reading: RawReading, outcome: Decoded | CodecFailed, is_dangerous: IsDangerous
) -> list[RawReading | Rejection]:
    """Raw readings without raw bytes. Fields that the codec itself calls wrong are rejected, but a danger counts."""
    if isinstance(outcome, CodecFailed):
        danger = any(is_dangerous(raw_reading.platform, fields) for _, fields in split_history(outcome.partial_fields))
        detail, identity = outcome.detail, raw_reading.identity
        return [Rejection(RefusalReason.CODEC_FAILED, detail, identity, danger, raw_reading.aliases)]
    moments = split_history(outcome.fields) or [(None, {})]
    return [
        _current_reading(raw_reading, fields) if at is None else _past_reading(raw_reading, at, fields)
        for at, fields in moments
    ]


def _current_reading(raw_reading: RawReading, fields: dict[str, object]) -> RawReading:
    """A payload without fields is still a sign of life: it gets a signal strength that was not measured."""
    fields = {**raw_reading.fields, **fields} or {"rssi_dbm": None}
    return replace(raw_reading, fields=fields, raw=None)


def _past_reading(raw_reading: RawReading, at: object, fields: dict[str, object]) -> RawReading:
    """A reading of the past has its own time and no seq."""
    return replace(raw_reading, at=at, fields=fields, seq=None, raw=None)
