"""Encoding for the platform of each device."""

from __future__ import annotations

import json

from domain import HOUR, Device, Identity
from simulators.events import Batch, CitizenReport, Measurement, TimedEvent, TimedValues
from simulators.wire import Message
from simulators.wire.encoders import MessageEncoder

AT = 1_796_011_200_000
DEVICES = (
    Device("gas-1", "gas_alarm"),
    Device("gas-2", "gas_alarm", identities=(Identity("other", "x"), Identity("zigbee2mqtt", "kitchen"))),
    Device("meter-1", "water_meter"),
    Device("meter-2", "water_meter", identities=(Identity("chirpstack", "70b3d57ed0060001"),)),
)
DAY_OF_A_METER = tuple(TimedValues(AT - (2 - hour) * HOUR, {"volume_m3": 1.0 + hour}) for hour in range(3))


def payload(message: object) -> object:
    assert isinstance(message, Message)
    return json.loads(message.payload)


def test_a_device_speaks_on_the_platform_of_its_first_identity_that_has_an_encoder() -> None:
    encoder = MessageEncoder(DEVICES, AT)
    assert [encoder.platform(device.id) for device in DEVICES] == ["native", "zigbee2mqtt", "native", "chirpstack"]


def test_sequence_numbers_continue_on_the_next_day() -> None:
    encoder = MessageEncoder(DEVICES, AT)
    (first,) = encoder.encode(Measurement("gas-1", {}), AT)
    resumed = MessageEncoder(DEVICES, AT, counts=encoder.counts)
    (second,) = resumed.encode(Measurement("gas-1", {}), AT)
    assert (payload(first), payload(second)) == (
        {"ts": AT, "seq": AT // 1000 % 2**31},
        {"ts": AT, "seq": AT // 1000 % 2**31 + 1},
    )


def test_a_native_meter_uploads_its_day_in_one_message() -> None:
    (message,) = MessageEncoder(DEVICES, AT).encode_batch(Batch("meter-1", DAY_OF_A_METER))
    first_seq = AT // 1000 % 2**31
    assert payload(message) == [
        {"ts": AT - (2 - hour) * HOUR, "seq": first_seq + hour, "volume_m3": 1.0 + hour} for hour in range(3)
    ]


def test_a_batch_of_another_platform_is_a_message_for_each_instant() -> None:
    messages = MessageEncoder(DEVICES, AT).encode_batch(Batch("meter-2", DAY_OF_A_METER))
    assert len(messages) == 3


def test_a_wrong_clock_is_in_the_messages_of_devices_that_state_their_own_time() -> None:
    encoder = MessageEncoder(DEVICES, AT, device_time=lambda _, at: at + HOUR)
    (native,) = encoder.encode(Measurement("gas-1", {}), AT)
    (network,) = encoder.encode(Measurement("meter-2", {}), AT)
    assert payload(native)["ts"] == AT + HOUR  # type: ignore[index]
    assert payload(network)["time"] == "2026-11-30T04:00:00.000000000+00:00"  # type: ignore[index]


def test_reports_of_residents_are_no_messages_of_devices() -> None:
    events = [TimedEvent(AT, CitizenReport("b1", "gas", "有燃气味")), TimedEvent(AT, Measurement("gas-1", {}, True))]
    (sent,) = MessageEncoder(DEVICES, AT).send(events)
    assert (sent.sent_at, sent.arrives_at, sent.device, sent.urgent) == (AT, AT, "gas-1", True)
