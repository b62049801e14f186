"""CloudEvents and their signatures: vectors of the specifications, round trips, and what is refused."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.channels.cloudevents import (
    MAX_EVENT_BYTES,
    CloudEvent,
    InvalidEvent,
    InvalidSignature,
    decode,
    encode,
    secret_fault,
    sign,
    verify,
)

NOW = 1_767_333_900_000
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
"""The secret of the Standard Webhooks 1.0 specification's example."""
EVENT = CloudEvent(
    id="mjwaid1k10",
    source="https://grid.example/枫树社区",
    type="cn.fengshao.alert.opened",
    time=NOW,
    subject="31",
    data={"title": "燃气泄漏"},
    extensions={"traceparent": "00-1"},
)


def test_an_event_in_the_json_format_of_the_specification() -> None:
    assert json.loads(encode(EVENT)) == {
        "specversion": "1.0",
        "id": "mjwaid1k10",
        "source": "https://grid.example/枫树社区",
        "type": "cn.fengshao.alert.opened",
        "time": "2026-01-02T06:05:00.000Z",
        "datacontenttype": "application/json",
        "subject": "31",
        "traceparent": "00-1",
        "data": {"title": "燃气泄漏"},
    }


_NAMES = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=20).filter(
    lambda name: name not in (*CloudEvent.__struct_fields__, "specversion", "datacontenttype")
)
_TEXT = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=40)


@given(
    _TEXT,
    _TEXT,
    st.integers(0, 4_000_000_000_000),
    st.dictionaries(_TEXT, st.one_of(st.integers(-(2**53), 2**53), _TEXT, st.booleans(), st.none()), max_size=5),
    st.dictionaries(_NAMES, _TEXT, max_size=3),
)
def test_an_event_that_was_sent_is_the_event_that_is_read(
    event_id: str, source: str, at: int, data: dict[str, Any], extensions: dict[str, str]
) -> None:
    event = CloudEvent(event_id, source, "t", at, data, subject="s", dataschema="x:y", extensions=extensions)
    assert decode(encode(event)) == event


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"specversion": "0.3"}, "specversion"),
        ({"id": ""}, "id"),
        ({"id": 7}, "id"),
        ({"source": None}, "source"),
        ({"type": ""}, "type"),
        ({"subject": 3}, "subject"),
        ({"time": "yesterday"}, "time"),
        ({"time": "2026-01-02T14:05:00"}, "offset"),
        ({"time": None}, "time"),
        ({"data": "text"}, "data"),
        ({"Not Allowed": "x"}, "Not Allowed"),
        ({"extension": {"deep": 1}}, "extension"),
    ],
)
def test_an_event_with_a_fault_is_refused_with_its_attribute(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidEvent, match=named):
        decode(json.dumps(json.loads(encode(EVENT)) | changes).encode())


@pytest.mark.parametrize("body", [b"", b"[]", b"\xff", b"{}", b"x" * (MAX_EVENT_BYTES + 1), b'{"a":' * 9000])
def test_what_is_no_event_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidEvent):
        decode(body)


def test_whole_numbers_and_booleans_are_attributes_too() -> None:
    read = json.loads(encode(EVENT)) | {"sequence": 7, "sampled": True}
    assert decode(json.dumps(read).encode()).extensions == {"traceparent": "00-1", "sequence": "7", "sampled": "true"}


def test_an_event_that_no_receiver_need_accept_is_not_sent() -> None:
    with pytest.raises(InvalidEvent, match="bytes"):
        encode(CloudEvent("1", "s", "t", NOW, {"text": "长" * MAX_EVENT_BYTES}))
    with pytest.raises(InvalidEvent, match="Upper"):
        encode(CloudEvent("1", "s", "t", NOW, {}, extensions={"Upper": "x"}))
    with pytest.raises(InvalidEvent, match="data"):
        encode(CloudEvent("1", "s", "t", NOW, {}, extensions={"data": "x"}))


def test_the_example_signature_of_standard_webhooks() -> None:
    """Its id, time and body; the signature as computed by the reference implementations."""
    body = b'{"test": 2432232314}'
    headers = sign("msg_p5jXN8AQM9LWM0D4loKWxJek", body, [SECRET], 1_614_265_330_000)
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert headers["Idempotency-Key"] == headers["webhook-id"] == "msg_p5jXN8AQM9LWM0D4loKWxJek"


def test_a_secret_is_exchanged_without_a_gap() -> None:
    body, other = encode(EVENT), "a-second-secret-of-32-characters"
    headers = sign(EVENT.id, body, [SECRET, other], NOW)
    for held in ([SECRET], [other], ["not-this-one", other]):
        assert verify({name.upper(): value for name, value in headers.items()}, body, held, NOW) == EVENT.id


@pytest.mark.parametrize(
    ("changes", "body", "late_ms", "reason"),
    [
        ({}, b"{}", 0, "match"),
        ({"webhook-id": "another"}, None, 0, "match"),
        ({"webhook-id": ""}, None, 0, "missing"),
        ({"webhook-timestamp": "soon"}, None, 0, "missing"),
        ({"webhook-timestamp": "١٧٦٧٣٣٣٩٠٠"}, None, 0, "missing"),
        ({"webhook-signature": "v1a,AAAA"}, None, 0, "match"),
        ({"webhook-signature": "v1,签名"}, None, 0, "match"),
        ({}, None, 300_001, "five minutes"),
        ({}, None, -300_001, "five minutes"),
    ],
)
def test_a_forged_changed_or_old_request_is_refused(
    changes: dict[str, str], body: bytes | None, late_ms: int, reason: str
) -> None:
    sent = encode(EVENT)
    headers = sign(EVENT.id, sent, [SECRET], NOW) | changes
    with pytest.raises(InvalidSignature, match=reason):
        verify(headers, sent if body is None else body, [SECRET], NOW + late_ms)


@pytest.mark.parametrize(
    ("secret", "fault"),
    [
        (SECRET, None),
        ("x" * 24, None),
        ("x" * 23, "23 bytes"),
        ("whsec_" + base64.b64encode(b"short").decode(), "5 bytes"),
        ("whsec_not base64", "base64"),
    ],
)
def test_a_secret_that_is_too_short_or_cut_is_named(secret: str, fault: str | None) -> None:
    found = secret_fault(secret)
    assert found is None if fault is None else fault in (found or "")
