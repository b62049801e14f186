"""Mutations of the real frames beside the adapters, and raw payloads through codecs: no exception, and every message
has an outcome.

    python -m benchmarks.fuzz [--messages 1000000] [--seed 1]

messages = read + noted + refused + duplicate + mixed. Readings are evaluated by all rulebooks and can be encoded.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from base64 import b64decode
from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import msgspec
import yaml

import ingest.adapters
from app.config.catalog import load_kinds, load_mappings, load_rulebook_files, rulebook_files
from benchmarks.fuzz_radio import Radio
from domain import Device, Identity
from domain.people import community
from ingest.decoding.decoder import Decoder
from ingest.decoding.device_index import DeviceIndex
from ingest.frame import Frame
from ingest.mqtt.danger_prefilter import DangerPrefilter
from ingest.results import IngestResult
from rules.engine.engine import Engine

RECEIVED = 1_767_225_660_000
SNAPSHOT_EVERY = 20_000
NASTY: tuple[object, ...] = (
    *(
        None,
        True,
        False,
        0,
        -1,
        1,
        255,
        2**31,
        2**63,
        -(2**63) - 1,
        10**400,
        1e308,
        -0.0,
        0.1,
        1767225600,
        1767225600123,
    ),
    *("", "1", "true", "NaN", "null", "\x00", "中文", "é" * 300, "2026-01-01T00:00:00Z", "0x" + "f" * 16, "SOS"),
    *([], {}, [[]], [None], {"value": 1}, {"": {}}, ["a"] * 50),
)
WORDS = (b"NaN", b"Infinity", b"-1e999", b'"\\ud800"', b"\xff\xfe", b"\xef\xbb\xbf", b"[" * 3_000, b"null", b"{", b"}")


class Corpus:
    """The frames of all evidence files, the devices that send them, and devices with codecs."""

    def __init__(self) -> None:
        self.frames: list[tuple[str, bytes]] = []
        devices: dict[tuple[str, str], Device] = {}
        for file in sorted(Path(ingest.adapters.__file__).parent.glob("*.yaml")):
            book = yaml.safe_load(file.read_text("utf-8"))
            for case in (*book["read"], *book["refuse"]):
                binary = case.get("payload_base64")
                payload = case["payload"].encode() if binary is None else b64decode(binary.replace(" ", ""))
                self.frames.append((case["topic"], payload))
                self._add_device(
                    book["adapter"], case.get("device") or {"kind": "gas_alarm", "identity": "gas-1"}, devices
                )
        self.radio = Radio()
        self.devices = [*devices.values(), *self.radio.devices]

    def _add_device(self, platform: str, device_fields: dict[str, Any], devices: dict[tuple[str, str], Device]) -> None:
        identity = device_fields["identity"]
        device_id = identity if platform == "native" else f"ours-{len(devices)}"
        identities = () if platform == "native" else (Identity(platform, identity),)
        devices.setdefault(
            (platform, identity),
            Device(device_id, device_fields["kind"], device_fields.get("model"), identities=identities),
        )


class Mutator:
    """Seeded changes of bytes, of JSON and of topics."""

    def __init__(self, corpus: Corpus, seed: int) -> None:
        self._chance, self._frames, self._radio = random.Random(seed), corpus.frames, corpus.radio
        self._json = [(topic, payload) for topic, payload in corpus.frames if payload[:1] in (b"{", b"[")]
        self._mutations: tuple[Callable[[str, bytes], tuple[str, bytes]], ...] = (
            *(self._unchanged, self._change_bytes, self._change_bytes, self._splice, self._cut, self._insert_word),
            *(self._mutate_json, self._mutate_json, self._mutate_json, self._change_topic, self._radio_message),
        )

    def frame(self, number: int) -> Frame:
        chance = self._chance
        topic, payload = chance.choice(self._mutations)(*chance.choice(self._frames))
        packet_id = chance.choice((None, number % 50 + 1))
        size = len(payload) + 5_000_000 if chance.random() < 0.002 else None
        dup, retain = chance.random() < 0.02, chance.random() < 0.02
        return Frame(topic, payload, RECEIVED + number, "bulk", 1 if packet_id else 0, packet_id, dup, retain, size)

    def _unchanged(self, topic: str, payload: bytes) -> tuple[str, bytes]:
        return topic, payload

    def _change_bytes(self, topic: str, payload: bytes) -> tuple[str, bytes]:
        changed = bytearray(payload or b"\0")
        for _ in range(self._chance.randint(1, 4)):
            changed[self._chance.randrange(len(changed))] = self._chance.randrange(256)
        return topic, bytes(changed)

    def _splice(self, topic: str, payload: bytes) -> tuple[str, bytes]:
        other = self._chance.choice(self._frames)[1]
        return topic, payload[: self._chance.randint(0, len(payload))] + other[self._chance.randint(0, len(other)) :]

    def _cut(self, topic: str, payload: bytes) -> tuple[str, bytes]:
        start, end = sorted(self._chance.choices(range(len(payload) + 1), k=2))
        return topic, payload[:start] + payload[end:] * self._chance.choice((0, 1, 1, 2))

    def _insert_word(self, topic: str, payload: bytes) -> tuple[str, bytes]:
        at = self._chance.randint(0, len(payload))
        return topic, payload[:at] + self._chance.choice(WORDS) + payload[at:]

    def _change_topic(self, topic: str, payload: bytes) -> tuple[str, bytes]:
        levels = topic.split("/")
        other = self._chance.choice(self._frames)[0].split("/")
        at = self._chance.randrange(len(levels))
        levels[at : at + 1] = self._chance.choice(([], [""], ["x" * 300], [self._chance.choice(other)], other, ["😀"]))
        return "/".join(levels), payload

    def _radio_message(self, _topic: str, _payload: bytes) -> tuple[str, bytes]:
        return self._radio.message(self._chance)

    def _mutate_json(self, _topic: str, _payload: bytes) -> tuple[str, bytes]:
        topic, payload = self._chance.choice(self._json)
        try:
            value = msgspec.json.decode(payload)
        except msgspec.DecodeError:
            return topic, payload
        for _ in range(self._chance.randint(1, 3)):
            value = self._change(value)
        return topic, _text(value)

    def _change(self, value: Any) -> Any:
        """Replaces, deletes or duplicates one value somewhere inside."""
        if not isinstance(value, dict | list) or not value or self._chance.random() < 0.1:
            return deepcopy(self._chance.choice(NASTY))
        key = self._chance.choice(list(value) if isinstance(value, dict) else range(len(value)))
        if self._chance.random() < 0.15:
            del value[key]
        elif isinstance(value, dict) and self._chance.random() < 0.15:
            value[self._chance.choice(("ts", "time", "value", "seq", "alarm", "test", "", key + key))] = value[key]
        else:
            value[key] = self._change(value[key])
        return value


def _text(value: object) -> bytes:
    """Encodes JSON; a number of 400 digits, which msgspec does not encode, as Python writes it."""
    try:
        return msgspec.json.encode(value)
    except (OverflowError, ValueError):
        return repr(value).replace("'", '"').replace("True", "true").replace("None", "null").encode()


def outcome(result: IngestResult) -> str:
    """The outcome of one message."""
    parts = {
        "read": len(result.readings),
        "noted": len(result.events),
        "refused": len(result.refusals),
        "duplicate": result.duplicates,
    }
    outcomes = [name for name, count in parts.items() if count]
    return outcomes[0] if len(outcomes) == 1 else "mixed" if outcomes else "nothing"


def fuzz(messages: int, seed: int) -> Counter[str]:
    """Counts the outcomes. Raises AssertionError for an exception of any part, and for a message without an outcome."""
    corpus, kinds = Corpus(), load_kinds()
    books = load_mappings(kinds, None)
    decoder, engine = (
        Decoder(kinds, books),
        Engine(load_rulebook_files(kinds, rulebook_files(None)), kinds, community()),
    )
    decoder.device_index, decoder.codecs = DeviceIndex(corpus.devices), corpus.radio.codecs
    engine.register(corpus.devices, RECEIVED)
    prefilter = DangerPrefilter(kinds, books, decoder.has_danger)
    mutator, outcomes = Mutator(corpus, seed), Counter[str]()
    for number in range(messages):
        frame = mutator.frame(number)
        try:
            prefilter([frame])
            result = decoder.decode([frame])
            msgspec.json.encode(result.readings), msgspec.json.encode(result.events)
            [refusal.detail.encode() for refusal in result.refusals]
            engine.feed(result.readings, frame.received)
        except Exception as fault:
            raise AssertionError(f"seed {seed}, message {number}: {frame!r}") from fault
        outcomes[outcome(result)] += 1
        assert result.readings or result.events or result.refusals or result.duplicates, f"became nothing: {frame!r}"
        if number % SNAPSHOT_EVERY == 0:
            decoder.restore(decoder.snapshot())
    return outcomes


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    started = time.perf_counter()
    outcomes = fuzz(arguments.messages, arguments.seed)
    report = " + ".join(f"{count} {name}" for name, count in sorted(outcomes.items()))
    print(f"{arguments.messages} messages = {report}; {time.perf_counter() - started:.0f} s")
    return 0 if sum(outcomes.values()) == arguments.messages else 1


if __name__ == "__main__":
    sys.exit(main())
