"""Drafts that hold raw bytes get their fields: each device's codec reads them, a whole run at once. It knows no frame.

One uplink may hold many readings; each becomes a draft of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import tzinfo
from typing import Protocol

from msgspec.structs import replace

from domain import Device, Instant, Reason
from ingest.codecs import Codec, CodecFailed, DecodeCall, Decoded
from ingest.formats.lorawan_history import split_history
from ingest.results import AdapterItem, DecodedFrame, RawPayload, RawReading, Rejection
from ingest.timestamps import is_plausible, parse_timestamp

RawCall = tuple[RawReading, RawPayload, Device, Instant]
"""A draft with its raw bytes, the device that said so, and the instant the message came."""


class CodecRunner(Protocol):
    """What reads raw bytes (ingest/codecs/runtime.py)."""

    @property
    def versions(self) -> dict[str, str]: ...

    def find(self, *models: str | None) -> Codec | None: ...

    def decode(self, calls: Sequence[DecodeCall]) -> list[Decoded | CodecFailed]: ...


IsDangerous = Callable[[str, Mapping[str, object]], bool]
"""Whether the fields of a platform's device tell of a danger."""


FindDevice = Callable[[str, str, tuple[str, ...]], Device | None]
"""The registered device of this platform, identity and other names."""


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
    decoder: CodecRunner | None, found: Sequence[RawCall], zone: tzinfo, dangerous: IsDangerous
) -> list[list[RawReading | Rejection]]:
    """For each draft, in order, what it became."""
    codecs = [decoder.find(device.model, draft.model) if decoder else None for draft, _, device, _ in found]
    calls = [
        DecodeCall(codec, raw.data, raw.f_port, _device_time(draft, received, zone))
        for codec, (draft, raw, _, received) in zip(codecs, found, strict=True)
        if codec is not None
    ]
    outcomes = iter(decoder.decode(calls) if decoder and calls else [])
    return [
        [_no_codec(*each)] if codec is None else _to_readings(each[0], next(outcomes), dangerous)
        for codec, each in zip(codecs, found, strict=True)
    ]


def _device_time(draft: RawReading, received: Instant, zone: tzinfo) -> Instant:
    """When the platform heard it; with an insane clock, when we did."""
    at = parse_timestamp(draft.at, zone) if draft.at is not None else None
    return at if at is not None and is_plausible(at, received) else received


def _no_codec(draft: RawReading, raw: RawPayload, device: Device, _received: Instant) -> Rejection:
    model = device.model or draft.model
    wanted = f"no codec in codecs.d speaks for model {model[:80]!r}" if model else f"{device.id} has no model"
    detail = f"{len(raw.data)} raw bytes on port {raw.f_port} ({raw.data[:24].hex()}): {wanted}"
    return Rejection(Reason.NO_CODEC, detail, draft.identity, aliases=draft.aliases)


def _to_readings(
    draft: RawReading, outcome: Decoded | CodecFailed, dangerous: IsDangerous
) -> list[RawReading | Rejection]:
    """What a codec itself calls wrong is not believed; but a danger in it is told as one."""
    if isinstance(outcome, CodecFailed):
        danger = any(dangerous(draft.platform, fields) for _, fields in split_history(outcome.partial_fields))
        return [Rejection(Reason.CODEC_FAILED, outcome.detail, draft.identity, danger, draft.aliases)]
    moments = split_history(outcome.fields) or [(None, {})]
    return [
        _current_reading(draft, fields) if at is None else _past_reading(draft, at, fields) for at, fields in moments
    ]


def _current_reading(draft: RawReading, fields: dict[str, object]) -> RawReading:
    """A payload without fields is still a sign of life: the signal's strength was not measured, no more is said."""
    said = {**draft.fields, **fields} or {"rssi_dbm": None}
    return replace(draft, fields=said, raw=None)


def _past_reading(draft: RawReading, at: object, fields: dict[str, object]) -> RawReading:
    """A reading of the past bears its own time and no number."""
    return replace(draft, at=at, fields=fields, seq=None, raw=None)
