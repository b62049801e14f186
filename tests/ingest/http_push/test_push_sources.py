"""HTTP pushes become the frames that the platform would have published over MQTT."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ingest.http_push import PUSH_SOURCES, PushRejected
from ingest.http_push.frames import PushResult

NOW = 1767225660000


def push(platform: str, body: object, **query: str) -> PushResult:
    return PUSH_SOURCES[platform]({}, query, body if isinstance(body, bytes) else json.dumps(body).encode(), NOW)


def topics(frames: PushResult) -> list[str]:
    assert isinstance(frames, list)
    assert all(
        (NOW, "http", 1, None) == (frame.received, frame.session, frame.qos, frame.packet_id) for frame in frames
    )
    return [frame.topic for frame in frames]


CHIRPSTACK = {"deviceInfo": {"applicationId": "a", "devEui": "0101010101010101"}}
IOTDA = {"resource": "device.property", "notify_data": {"header": {"device_id": "p_1"}, "body": {}}}


@pytest.mark.parametrize(
    ("platform", "body", "query", "topic"),
    [
        ("native", {"alarm": True}, {"device": "gas-1"}, "fengshao/v1/gas-1/up"),
        ("native", {"sos": True}, {"device": "b", "leaf": "alarm"}, "fengshao/v1/b/alarm"),
        ("native", b"not JSON", {"device": "b"}, "fengshao/v1/b/up"),
        ("chirpstack", CHIRPSTACK, {}, "application/a/device/0101010101010101/event/up"),
        ("chirpstack", CHIRPSTACK, {"event": "status"}, "application/a/device/0101010101010101/event/status"),
        ("ctwing", {"topic": "v1/up/ad19prof", "messageType": "dataReport"}, {}, "v1/up/ad19prof"),
        ("ctwing", {"messageType": "commandResponse"}, {}, "v1/up/commandResponse"),
        ("ctwing", [{"topic": "a/#", "messageType": "dataReport"}], {}, "v1/up/dataReport"),
        ("ctwing", b"not JSON", {}, "v1/up/push"),
        ("ctwing", {}, {}, "v1/up/push"),
        ("iotda", IOTDA, {}, "$oc/devices/p_1/sys/properties/report"),
        ("iotda", {**IOTDA, "resource": "device.status"}, {}, "$oc/devices/p_1/sys/status"),
        ("iotda", {**IOTDA, "resource": "else"}, {}, "$oc/devices/p_1/sys/messages/up"),
        ("jftech", {"bizData": {"deviceSn": "我是设备序列号"}}, {}, "jftech/我是设备序列号"),
        ("thingsboard", {"temperature": 3}, {"token": "T0"}, "v1/devices/T0/telemetry"),
        ("thingsboard", {"temperature": 3}, {"token": "T0", "device": "another"}, "v1/devices/T0/telemetry"),
        (
            "thingsboard",
            {"a": 3},
            {"device": "阳台", "leaf": "attributes"},
            "v1/devices/阳台/attributes",
        ),
    ],
)
def test_a_push_is_one_frame_with_unchanged_bytes_on_the_platforms_own_topic(
    platform: str, body: Any, query: dict[str, str], topic: str
) -> None:
    frames = push(platform, body, **query)

    assert [topic] == topics(frames)
    assert [body if isinstance(body, bytes) else json.dumps(body).encode()] == [frame.payload for frame in frames]  # type: ignore[union-attr]


def test_objects_with_a_device_are_one_frame_a_device_and_keep_their_numbers() -> None:
    body = (
        b'[{"device": "a", "v": 312.407, "n": 9007199254740993}, {"device": "b", "v": NaN}, {"device": "a", "v": 24}]'
    )
    frames = push("native", body)

    assert ["fengshao/v1/a/up", "fengshao/v1/b/up"] == topics(frames)
    assert [b'[{"v": 312.407, "n": 9007199254740993}, {"v": 24}]', b'[{"v": NaN}]'] == [
        frame.payload for frame in frames
    ]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("platform", "body", "query", "status", "field"),
    [
        ("native", {}, {"device": "a/b"}, 422, "device"),
        ("native", {}, {"device": "a", "leaf": "down"}, 422, "leaf"),
        ("native", b"{", {}, 400, ""),
        ("native", {"alarm": 1}, {}, 422, "device"),
        ("native", [{"device": "a"}, 3], {}, 422, "[1].device"),
        ("native", [], {}, 422, ""),
        ("chirpstack", {"deviceInfo": {"applicationId": "a"}}, {}, 422, "deviceInfo.devEui"),
        ("chirpstack", [], {}, 422, "deviceInfo.applicationId"),
        ("chirpstack", CHIRPSTACK, {"event": "#"}, 422, "event"),
        ("iotda", {}, {}, 422, "notify_data.header.device_id"),
        ("iotda", [], {}, 422, "notify_data.header.device_id"),
        ("iotda", {"notify_data": {}}, {}, 422, "notify_data.header.device_id"),
        ("jftech", {"bizData": {}}, {}, 422, "bizData.deviceSn"),
        ("jftech", [], {}, 422, "bizData.deviceSn"),
        ("jftech", {}, {}, 422, "bizData.deviceSn"),
        ("thingsboard", {}, {}, 401, "token"),
        ("thingsboard", {}, {"token": "me"}, 401, "token"),
        ("thingsboard", {}, {"token": "t", "leaf": "rpc"}, 404, "leaf"),
        ("thingsboard", b"", {"token": "t"}, 400, ""),
    ],
)
def test_a_push_without_a_device_is_rejected_with_what_to_send(
    platform: str, body: Any, query: dict[str, str], status: int, field: str
) -> None:
    answer = push(platform, body, **query)

    assert isinstance(answer, PushRejected)
    assert (status, field) == (answer.status, answer.field)
    assert answer.detail
