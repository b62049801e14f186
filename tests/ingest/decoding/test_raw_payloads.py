"""Radio bytes of registered devices are replaced, in their place, by what a codec makes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import Any

from domain import Device, Identity, RefusalReason
from ingest.codecs import Codec, CodecFailed, DecodeCall, Decoded
from ingest.codecs.registry import make_codec
from ingest.decoding.raw_payloads import decode_raw_payloads
from ingest.frame import Frame
from ingest.results import AdapterItem, DecodedFrame, RawPayload, RawReading, Rejection

NOW = 1_795_269_600_000
CODEC = make_codec("m.js", b"function Decoder() {}")


class Runner:
    """Runs no code: the answer to a payload is looked up by its bytes."""

    versions: Mapping[str, str] = {}

    def __init__(self, answers: Mapping[bytes, Decoded | CodecFailed]) -> None:
        self.answers = answers
        self.batches: list[int] = []

    def find(self, *models: str | None) -> Codec | None:
        return CODEC if "m" in models else None

    def decode(self, calls: Sequence[DecodeCall]) -> list[Decoded | CodecFailed]:
        self.batches.append(len(calls))
        return [self.answers[call.data] for call in calls]


def raw(identity: str, data: bytes, model: str | None = "m") -> RawReading:
    return RawReading("lora", identity, None, {"rssi_dbm": -90}, 7, model, raw=RawPayload(data))


def decode(items: list[AdapterItem], runner: Any, step: int = 10) -> list[AdapterItem]:
    devices = {name: Device(name, "gas_alarm", identities=(Identity("lora", name),)) for name in ("a", "b")}
    decoded = [None, DecodedFrame(Frame("t", b"", NOW, "bulk"), "lora", items)]

    def find(_platform: str, identity: str, _aliases: tuple[str, ...]) -> Device | None:
        return devices.get(identity)

    for _ in decode_raw_payloads(decoded, runner, find, UTC, lambda _platform, fields: "gas" in fields, step):
        pass
    return items


def test_each_payload_is_replaced_in_its_place_and_unregistered_devices_keep_their_bytes() -> None:
    runner = Runner({b"1": Decoded({"lel_pct": 3}), b"2": Decoded({})})
    plain = RawReading("lora", "a", None, {"alarm": True})
    unknown = raw("nobody", b"1")

    items = decode([raw("a", b"1"), plain, unknown, raw("b", b"2")], runner)

    assert [{"rssi_dbm": -90, "lel_pct": 3}, {"alarm": True}, {"rssi_dbm": -90}, {"rssi_dbm": -90}] == [
        item.fields for item in items if isinstance(item, RawReading)
    ]
    assert [None, None, unknown.raw, None] == [item.raw for item in items if isinstance(item, RawReading)]


def test_payloads_are_decoded_in_batches_of_the_given_size() -> None:
    runner = Runner({b"1": Decoded({"lel_pct": 3})})
    decode([raw("a", b"1") for _ in range(5)], runner, step=2)

    assert [2, 2, 1] == runner.batches


def test_without_a_codec_the_bytes_are_rejected_with_the_model() -> None:
    for runner in (None, Runner({})):
        (rejection,) = decode([raw("a", b"\x01\x02", model="x")], runner)

        assert isinstance(rejection, Rejection)
        assert RefusalReason.NO_CODEC is rejection.reason
        assert "(0102)" in rejection.detail
        assert "'x'" in rejection.detail


def test_fields_that_the_codec_calls_wrong_are_rejected_but_a_danger_in_them_counts() -> None:
    failures = {b"1": CodecFailed("bad", partial_fields={"gas": True}), b"2": CodecFailed("bad")}
    items = decode([raw("a", b"1"), raw("b", b"2")], Runner(failures))

    assert [True, False] == [item.danger for item in items if isinstance(item, Rejection)]
