"""Raw LoRaWAN payloads for the fuzz: devices bound to codecs of several styles, and one hostile codec."""

from __future__ import annotations

import json
import random
from base64 import b64encode
from itertools import cycle
from pathlib import Path

import yaml
from msgspec import Struct

from domain import Device, Identity
from ingest.codecs.registry import CODEC_SUFFIXES, BindingBook, build_registry
from ingest.codecs.runtime import CodecRuntime

CODECS = Path(__file__).resolve().parent.parent / "tests" / "ingest" / "codecs"
HOSTILE = b"""
function decodeUplink(input) {
  switch (input.bytes[0] % 9) {
    case 0: while (true) {}
    case 1: throw { toString: function () { throw 1; } };
    case 2: return { data: { alarm: true, lel_pct: NaN, leak: "yes", at: 1e300 }, errors: ["no"] };
    case 3: return { data: [[[[]]]] };
    case 4: return { data: { __proto__: null, length: -1, "": { "": [undefined, function () {}] } } };
    case 5: var deep = {}; for (var i = 0; i < 5000; i++) deep = { d: deep }; return { data: deep };
    case 6: return { data: "x".repeat(1 << 20) };
    case 7: return { data: { at: "2026-01-01", readings: [{ at: 0, sos: true }, { at: -1 }, null] }, warnings: 7 };
    default: return undefined;
  }
}
"""
KINDS = cycle(("water_leak", "gas_alarm", "smoke_alarm", "sos_button", "manhole", "water_meter"))


class Sender(Struct, frozen=True):
    """One device: its EUI, its port and valid payloads."""

    eui: str
    port: int
    payloads: tuple[bytes, ...]


class Radio:
    """The devices, their codecs, and their uplinks as messages of a network server."""

    def __init__(self) -> None:
        files = {file.name: file.read_bytes() for file in sorted(CODECS.iterdir()) if file.suffix in CODEC_SUFFIXES}
        files["hostile.js"] = HOSTILE
        book = BindingBook.model_validate(yaml.safe_load((CODECS / "bindings.yaml").read_text("utf-8")))
        self.codecs = CodecRuntime(build_registry(files, book))
        self.senders = [_sender(number, Path(name)) for number, name in enumerate(files)]
        self.devices = [
            Device(
                f"radio-{sender.eui}", next(KINDS), Path(name).stem, identities=(Identity("chirpstack", sender.eui),)
            )
            for sender, name in zip(self.senders, files, strict=True)
        ]

    def message(self, chance: random.Random) -> tuple[str, bytes]:
        """One uplink with its bytes unchanged or mutated."""
        sender = chance.choice(self.senders)
        raw = bytearray(chance.choice(sender.payloads))
        for _ in range(chance.randint(0, 3)):
            at = chance.randint(0, len(raw))
            raw[at : at + chance.randint(0, 2)] = chance.randbytes(chance.randint(0, 3))
        port = sender.port if chance.random() < 0.8 else chance.randint(0, 255)
        event = {
            "deviceInfo": {"applicationId": "fuzz", "devEui": sender.eui},
            "fPort": port,
            "data": b64encode(raw).decode(),
        }
        return f"application/fuzz/device/{sender.eui}/event/up", json.dumps(event).encode()


def _sender(number: int, file: Path) -> Sender:
    examples = CODECS / f"{file.stem}_examples.yaml"
    example_list = yaml.safe_load(examples.read_text("utf-8"))["examples"] if examples.exists() else []
    raw = tuple(bytes.fromhex(example["bytes"]) for example in example_list if isinstance(example.get("bytes"), str))
    port = next((example["port"] for example in example_list if "port" in example), 1)
    return Sender(f"f0220000000000{number:02x}", port, raw or tuple(bytes([first, 5, 0, 1]) for first in range(9)))
