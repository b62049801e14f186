"""A gateway's births are lost on their way: its lamps are decoded again once the service has asked for them."""

import pytest

from app.config.catalog import load_kinds, load_mappings
from app.score.rebirths import EdgeNodes
from app.score.traffic import frames_of
from domain import HOUR, Device, Identity
from ingest.decoding.decoder import Decoder
from ingest.decoding.device_index import DeviceIndex
from ingest.frame import Frame
from simulators.events import Measurement
from simulators.wire import MessageHeader, Sent, sparkplug

NOW = 1_795_172_000_000
LAMPS = [
    Device(f"lamp-{n}", "lamp_post", None, None, (Identity("sparkplug", f"fengshu/gw-7/lamp{n}"),)) for n in (1, 2)
]


def report(number: int, seq: int) -> list[Frame]:
    header = MessageHeader(f"fengshu/gw-7/lamp{number}", NOW, 0, kind="lamp_post", gateway_seq=seq)
    (message,) = sparkplug.encode(Measurement(f"lamp-{number}", {"on": False}), header)
    frames = frames_of(Sent(NOW, NOW, f"lamp-{number}", message))
    assert isinstance(frames, list)
    return frames


def heard(decoder: Decoder, frames: list[Frame]) -> list[str]:
    """The devices of the readings, and the reasons of refusals."""
    result = decoder.decode(frames)
    return [reading.device for reading in result.readings] + [one.reason.value for one in result.refusals]


@pytest.fixture
def decoder() -> Decoder:
    kinds = load_kinds()
    decoder = Decoder(kinds, load_mappings(kinds))
    decoder.device_index = DeviceIndex(LAMPS)
    return decoder


def test_lost_births_are_asked_for_and_given(decoder: Decoder):
    nodes = EdgeNodes(LAMPS)
    assert heard(decoder, report(1, 4)) == ["no_codec"]
    births = nodes.answers(decoder, NOW + HOUR)
    assert [frame.topic.split("/")[2] for frame in births] == ["NBIRTH", "DBIRTH", "DBIRTH"]
    assert not decoder.rebirth_requests
    assert heard(decoder, births) == []
    assert heard(decoder, report(2, 5)) == ["lamp-2"]
    assert decoder.rebirth_requests, "a number was skipped"
    assert nodes.answers(decoder, NOW + HOUR) == [], "nothing is undecodable"
