"""The last will of a gateway that is lost: read back by the decoder that a service has."""

from __future__ import annotations

from domain import HOUR, MINUTE, Device, Identity, Instant
from ingest.adapters.sparkplug.state import SparkplugState
from ingest.frame import Frame
from ingest.results import DeviceEvent
from ingest.routing.routes import Routes
from simulators.events import Measurement
from simulators.faults.fault import DeviceFacts
from simulators.faults.fault_set import FaultSet
from simulators.faults.last_wills import NOTICED_AFTER_MS, connection_messages
from simulators.wire import Message, MessageHeader, Sent, sparkplug

NOW: Instant = 1_767_225_600_000
GATEWAYS = [
    Device("gw-1", "gateway"),
    Device("gw-2", "gateway", identities=(Identity("alink", "pk/gw2"),)),
    Device("lamp-1", "lamp_post", None, None, (Identity("sparkplug", "ward/edge1/lamp1"),), {"gateway": "gw-2"}),
    Device("lamp-2", "lamp_post", None, None, (Identity("sparkplug", "ward/edge1/lamp2"),), {"gateway": "gw-2"}),
    Device("gas", "gas_alarm", None, None, (Identity("zigbee2mqtt", "gas"),), {"gateway": "gw-2"}),
]


def availability(messages: list[Sent], state: SparkplugState) -> list[tuple[Instant, str | None, bool | None]]:
    found = []
    for sent in messages:
        assert isinstance(sent.message, Message)
        frame = Frame(sent.message.topic, sent.message.payload, sent.arrives_at, "bulk")
        output = Routes().decode(frame, state).output
        events = [one for one in (output if isinstance(output, list) else [output]) if isinstance(one, DeviceEvent)]
        found += [(sent.arrives_at - NOW, one.identity, one.online) for one in events]
    return found


def test_a_native_gateway_is_offline_once_the_broker_notices_and_online_when_it_is_back() -> None:
    messages = connection_messages(GATEWAYS, [("gw-1", NOW, NOW + HOUR)])
    assert availability(messages, SparkplugState()) == [(NOTICED_AFTER_MS, "gw-1", False), (HOUR, "gw-1", True)]


def test_an_edge_node_dies_with_its_devices_and_its_data_has_names_again_after_its_births() -> None:
    state = SparkplugState()
    header = MessageHeader("ward/edge1/lamp1", NOW, 0, kind="lamp_post", is_first=True)
    for message in sparkplug.encode(Measurement("lamp-1", {"on": True}), header):
        Routes().decode(Frame(message.topic, message.payload, NOW, "bulk"), state)
    died, *born = connection_messages(GATEWAYS, [("gw-2", NOW, NOW + HOUR)])
    assert availability([died], state) == [
        (NOTICED_AFTER_MS, "ward/edge1", False),
        (NOTICED_AFTER_MS, "ward/edge1/lamp1", False),
    ]
    assert availability(born, state) == [
        (HOUR, "ward/edge1", True),
        (HOUR, "ward/edge1/lamp1", True),
        (HOUR, "ward/edge1/lamp2", True),
    ]
    later = MessageHeader("ward/edge1/lamp2", NOW + HOUR, 0, kind="lamp_post", gateway_seq=7)
    (data,) = sparkplug.encode(Measurement("lamp-2", {"on": False}), later)
    output = Routes().decode(Frame(data.topic, data.payload, NOW + HOUR, "bulk"), state).output
    assert [reading.fields for reading in output if not isinstance(reading, DeviceEvent)] == [{"on": False}]  # type: ignore[union-attr]


def test_an_outage_that_no_broker_notices_has_no_will() -> None:
    assert connection_messages(GATEWAYS, [("gw-1", NOW, NOW + MINUTE)]) == []


def test_the_outages_are_those_of_the_fault_and_its_log_is_unchanged() -> None:
    facts = {
        "gas": DeviceFacts("gas", "gas_alarm", "zigbee2mqtt", gateway="gw-1"),
        "gw-1": DeviceFacts("gw-1", "gateway", "native"),
    }
    faults = FaultSet({"gateway_down": {"share": 1.0}, "broker_down": {"share": 1.0}}, facts, seed=5)
    before = faults.effects("gas", NOW, NOW + 24 * HOUR)
    outages = faults.gateway_outages(NOW, NOW + 24 * HOUR)
    spans = [(max(start, NOW), min(end, NOW + 24 * HOUR)) for gateway, start, end in outages if gateway == "gw-1"]
    assert spans == [(one.start, one.end) for one in before if one.fault == "gateway_down"]
    assert faults.effects("gas", NOW, NOW + 24 * HOUR) == before
    assert faults.counts == {"gateway_down": 0, "broker_down": 0}
    down = next(one for one in before if one.fault == "broker_down")
    assert (faults.broker_is_down(down.start), faults.broker_is_down(down.start - 1)) == (True, False)
    assert FaultSet({}, facts, seed=5).gateway_outages(NOW, NOW + HOUR) == []
    assert not FaultSet({}, facts, seed=5).broker_is_down(NOW)
