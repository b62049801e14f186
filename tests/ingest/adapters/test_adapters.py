"""Each adapter against the examples beside it: frames that must be decoded and frames that must be refused."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import ingest.adapters
from domain import Device, Identity, RefusalReason
from ingest.adapters import ADAPTERS, FILTERS, VERSIONS, decode, platform_for_topic
from ingest.decoding.decoder import Decoder
from ingest.frame import Frame
from ingest.results import Rejection
from tests.support.many_cases import many_cases
from tests.support.yaml_text import load_yaml

FOLDER = Path(ingest.adapters.__file__).parent
EVIDENCE = {path.stem: load_yaml(path.read_text()) for path in FOLDER.glob("*.yaml")}
RECEIVED = 1767225660000


def cases(part: str) -> list[Any]:
    return [
        pytest.param(book, case, id=f"{name}: {case['name']}") for name, book in EVIDENCE.items() for case in book[part]
    ]


def frame_of(book: dict[str, Any], case: dict[str, Any]) -> Frame:
    binary = case.get("payload_base64")
    payload = case["payload"].encode() if binary is None else b64decode(binary.replace(" ", ""))
    return Frame(case["topic"], payload, book.get("received", RECEIVED), "bulk")


def device_of(book: dict[str, Any], spec: dict[str, Any] | None) -> Device:
    platform, device_spec = book["adapter"], spec or {"kind": "gas_alarm", "identity": "gas-1"}
    identity = device_spec["identity"]
    identities = () if platform == "native" else (Identity(platform, identity),)
    return Device(
        identity if platform == "native" else "ours",
        device_spec["kind"],
        device_spec.get("model"),
        identities=identities,
    )


@many_cases(("book", "case"), cases("read"))
def test_this_frame_is_decoded(
    book: dict[str, Any], case: dict[str, Any], build_decoder: Callable[..., Decoder]
) -> None:
    device = device_of(book, case.get("device"))
    result = build_decoder(device, filters=book.get("filters")).decode([frame_of(book, case)])

    assert [(reading.at, reading.values) for reading in result.readings] == [
        (item["at"], item["values"]) for item in case.get("readings", [])
    ]
    assert [refusal.reason for refusal in result.refusals] == case.get("reasons", [])
    events = [(event.kind, event.online) for event in result.events]
    assert events == ([(case["note"]["kind"], case["note"]["online"])] if "note" in case else [])


@many_cases(("book", "case"), cases("refuse"))
def test_this_frame_is_refused(
    book: dict[str, Any], case: dict[str, Any], build_decoder: Callable[..., Decoder]
) -> None:
    device = device_of(book, case.get("device"))
    result = build_decoder(device, filters=book.get("filters")).decode([frame_of(book, case)])

    assert ([], []) == (result.readings, result.events)
    assert [RefusalReason(case["reason"])] == [refusal.reason for refusal in result.refusals]
    assert all(refusal.detail and refusal.source == book["adapter"] for refusal in result.refusals)


def test_every_adapter_has_accepted_and_refused_examples_and_a_version() -> None:
    assert set(ADAPTERS) == set(EVIDENCE) == set(VERSIONS)
    assert all(book["adapter"] == name and book["read"] and book["refuse"] for name, book in EVIDENCE.items())


def test_every_adapter_has_topic_filters() -> None:
    assert set(ADAPTERS) <= set(FILTERS)


@pytest.mark.parametrize(
    ("topic", "platform"),
    [
        ("fengshao/v1/a/up", "native"),
        ("v3/app@ttn/devices/d/up", "tts"),
        ("homeassistant/sensor/x/config", "homeassistant"),
        ("tele/plug/SENSOR", "tasmota"),
        ("shellies/shellygas-1/sensor/gas", "shelly"),
        ("spBv1.0/g/DDATA/e/d", "sparkplug"),
        ("/sys/pk/dn/thing/event/property/post", "alink"),
        ("$oc/devices/d/sys/properties/report", "iotda"),
        ("v1/up/x", "ctwing"),
        ("v1/gateway/telemetry", "thingsboard"),
        ("/product/device/properties/report", "jetlinks"),
        ("wmbusmeters/1", "wmbusmeters"),
        ("hj212/1", "hj212"),
        ("setracker/1", "setracker"),
        ("somebody/else", None),
    ],
)
def test_a_topic_belongs_to_one_platform_and_is_refused_without_an_adapter(topic: str, platform: str | None) -> None:
    assert platform == platform_for_topic(topic)
    if platform not in ADAPTERS:
        spec = decode(platform, Frame(topic, b"{}", RECEIVED, "bulk"))
        assert isinstance(spec, Rejection)
        assert spec.reason is RefusalReason.NO_CODEC


def test_telemetry_of_me_is_refused_because_it_does_not_identify_a_device() -> None:
    spec = decode("thingsboard", Frame("v1/devices/me/telemetry", b"{}", RECEIVED, "bulk"))

    assert isinstance(spec, Rejection)
    assert "the broker must rewrite `me`" in spec.detail
