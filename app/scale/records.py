"""What ingest workers write to Kafka: topics, and the records of received messages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import blake2b
from typing import Final

import msgspec
from msgspec import Struct

from app.pipeline import unread_verdicts
from app.pipeline.device_gateways import device_of_event
from app.pipeline.refused_dangers import danger_findings
from app.scale.keys import KeyedRegistry
from domain import Finding, Instant, Reading
from ingest.decoding.decoder import Decoder
from ingest.frame import Frame
from ingest.results import IngestResult
from rules.hosts.keyed.events import KeyedReadings, Presence, encode_event

FRAMES: Final = "fengshao.frames"
"""Every message as received: MessagePack of the frame, by MQTT topic. The journal of the cluster."""
READINGS: Final = "fengshao.readings"
"""Events of the rules, by their key."""
FINDINGS: Final = "fengshao.findings"
REFUSALS: Final = "fengshao.refusals"
FRAME_MAX_BYTES: Final = 900_000
"""Kafka takes records below 1,000,000 bytes (message.max.bytes). One that it refuses would stop its worker, and then
the next one: a larger message is refused as too large, as on one machine above its own limit."""
READINGS_MAX: Final = 500
"""Readings of a record: a batch becomes some times longer by being decoded."""
_pack = msgspec.msgpack.Encoder().encode
_json = msgspec.json.Encoder().encode


class Record(Struct, frozen=True):
    """One record for a topic. `at` is its timestamp: the time of arrival."""

    topic: str
    key: str
    value: bytes
    at: Instant


class RecordBuilder:
    """Decodes frames to records."""

    def __init__(self, decoder: Decoder, registry: KeyedRegistry) -> None:
        self._decoder, self._registry = decoder, registry
        self.readings = self.refusals = 0

    def records(self, frames: Sequence[Frame]) -> list[Record]:
        """Every frame as it came, and what it holds. Each frame is decoded by itself: its readings bear its digest."""
        return [record for frame in frames for record in self._of_frame(frame)]

    def _of_frame(self, frame: Frame) -> Iterator[Record]:
        now = frame.received
        yield Record(FRAMES, frame.topic, _pack(frame), now)
        result = self._decoder.decode([frame])
        self.readings += len(result.readings)
        self.refusals += len(result.refusals)
        for key, readings in self._by_key(result.readings).items():
            for start in range(0, len(readings), READINGS_MAX):
                # Parts of one message are told apart: one that comes again is passed over part by part.
                part, origin = tuple(readings[start : start + READINGS_MAX]), _origin(frame)
                event = KeyedReadings(now, part, origin and origin + start, frame.dup)
                yield Record(READINGS, key, encode_event(key, event), now)
        yield from self._presence(result, now)
        for refusal in result.refusals:
            yield Record(REFUSALS, refusal.topic, _json(refusal), now)
        for finding in self._findings(result):
            yield Record(FINDINGS, finding.device or finding.id, _json(finding), now)

    def _by_key(self, readings: Sequence[Reading]) -> dict[str, list[Reading]]:
        found: dict[str, list[Reading]] = {}
        for reading in readings:
            found.setdefault(self._registry.key_of(reading.device), []).append(reading)
        return found

    def _presence(self, result: IngestResult, now: Instant) -> Iterator[Record]:
        for event in result.events:
            device = device_of_event(event)
            if device is not None and event.online is not None:
                key = self._registry.key_of(device)
                presence = Presence(now, (device,)) if event.online else Presence(now, offline=(device,))
                yield Record(READINGS, key, encode_event(key, presence), now)

    def _findings(self, result: IngestResult) -> Sequence[Finding]:
        community = self._registry.community
        dangers = danger_findings(result.refusals, self._decoder.urgent_kinds, community)
        return [*dangers, *unread_verdicts.findings(result.unread_verdicts, community)]


def _origin(frame: Frame) -> int:
    """A digest of a message that the broker may deliver again; 0 for one that it will not (QoS 0)."""
    if not frame.qos:
        return 0
    digest = blake2b(frame.topic.encode(), digest_size=8)
    digest.update(frame.payload)
    return int.from_bytes(digest.digest()) >> 1
