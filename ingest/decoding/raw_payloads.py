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
from ingest.frame import Frame
from ingest.results import Draft, RawPayload, Rejected
from ingest.timestamps import is_sane, read_instant

Found = tuple[Draft, RawPayload, Device, Instant]
"""A draft with its raw bytes, the device that said so, and the instant the message came."""


class Decoder(Protocol):
    """What reads raw bytes (ingest/codecs/runtime.py)."""

    @property
    def versions(self) -> dict[str, str]: ...

    def find(self, *models: str | None) -> Codec | None: ...

    def decode(self, calls: Sequence[DecodeCall]) -> list[Decoded | CodecFailed]: ...


Dangerous = Callable[[str, Mapping[str, object]], bool]
"""Whether the fields of a platform's device tell of a danger."""


Find = Callable[[str, str, tuple[str, ...]], Device | None]
"""The registered device of this platform, identity and other names."""


def open_in_steps(
    frames: Sequence[Frame],
    said: Sequence[object],
    decoder: Decoder | None,
    find: Find,
    zone: tzinfo,
    dangerous: Dangerous,
    step: int,
) -> Iterator[None]:
    """Raw bytes of known devices become fields in place, `step` at once: calls one by one cost three times more."""
    found: list[Found] = []
    homes: list[tuple[list[object], int]] = []
    for frame, drafts in zip(frames, said, strict=True):
        for index, draft in enumerate(drafts if isinstance(drafts, list) else ()):
            if type(draft) is Draft and draft.raw is not None:
                device = find(draft.platform, draft.identity, draft.also)
                if device is not None and isinstance(drafts, list):
                    found.append((draft, draft.raw, device, frame.received))
                    homes.append((drafts, index))
    opened: list[list[Draft | Rejected]] = []
    for start in range(0, len(found), step):
        opened += open_raw(decoder, found[start : start + step], zone, dangerous)
        yield
    # From the end, so that the places of those before stay.
    for (drafts, index), became in zip(reversed(homes), reversed(opened), strict=True):
        drafts[index : index + 1] = became


def open_raw(
    decoder: Decoder | None, found: Sequence[Found], zone: tzinfo, dangerous: Dangerous
) -> list[list[Draft | Rejected]]:
    """For each draft, in order, what it became."""
    codecs = [decoder.find(device.model, draft.model) if decoder else None for draft, _, device, _ in found]
    calls = [
        DecodeCall(codec, raw.data, raw.f_port, _said_at(draft, received, zone))
        for codec, (draft, raw, _, received) in zip(codecs, found, strict=True)
        if codec is not None
    ]
    outcomes = iter(decoder.decode(calls) if decoder and calls else [])
    return [
        [_no_codec(*each)] if codec is None else _read(each[0], next(outcomes), dangerous)
        for codec, each in zip(codecs, found, strict=True)
    ]


def _said_at(draft: Draft, received: Instant, zone: tzinfo) -> Instant:
    """When the platform heard it; with an insane clock, when we did."""
    at = read_instant(draft.at, zone) if draft.at is not None else None
    return at if at is not None and is_sane(at, received) else received


def _no_codec(draft: Draft, raw: RawPayload, device: Device, _received: Instant) -> Rejected:
    model = device.model or draft.model
    wanted = f"no codec in codecs.d speaks for model {model[:80]!r}" if model else f"{device.id} has no model"
    detail = f"{len(raw.data)} raw bytes on port {raw.f_port} ({raw.data[:24].hex()}): {wanted}"
    return Rejected(Reason.NO_CODEC, detail, draft.identity, also=draft.also)


def _read(draft: Draft, outcome: Decoded | CodecFailed, dangerous: Dangerous) -> list[Draft | Rejected]:
    """What a codec itself calls wrong is not believed; but a danger in it is told as one."""
    if isinstance(outcome, CodecFailed):
        danger = any(dangerous(draft.platform, fields) for _, fields in split_history(outcome.partial_fields))
        return [Rejected(Reason.CODEC_FAILED, outcome.detail, draft.identity, danger, draft.also)]
    moments = split_history(outcome.fields) or [(None, {})]
    return [_present(draft, fields) if at is None else _past(draft, at, fields) for at, fields in moments]


def _present(draft: Draft, fields: dict[str, object]) -> Draft:
    """A payload without fields is still a sign of life: the signal's strength was not measured, no more is said."""
    said = {**draft.fields, **fields} or {"rssi_dbm": None}
    return replace(draft, fields=said, raw=None)


def _past(draft: Draft, at: object, fields: dict[str, object]) -> Draft:
    """A reading of the past bears its own time and no number."""
    return replace(draft, at=at, fields=fields, seq=None, raw=None)
