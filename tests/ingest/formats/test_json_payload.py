"""JSON and scalar payloads."""

from __future__ import annotations

from ingest.adapters import decode, platform_for_topic
from ingest.formats.json_payload import read_scalar
from ingest.results import Rejection
from tests.ingest.adapters.home_platforms import frame_of


def test_bytes_that_are_not_text_are_refused_as_a_scalar() -> None:
    for topic in (
        "zigbee2mqtt/Kitchen/gas",
        "shellies/shellygas-1/sensor/gas",
        "stat/plug/POWER",
        "homeassistant/sensor/a/state",
    ):
        content = decode(platform_for_topic(topic), frame_of(topic, b"\xff\xfe\xfd"))
        assert isinstance(content, Rejection)
    assert read_scalar(b"null") is None
