"""Shelly: counted presses, retained alarms, alarms of unregistered devices."""

from __future__ import annotations

from collections.abc import Callable

from domain import Quality
from ingest.decoding.decoder import Decoder
from tests.ingest.adapters.home_platforms import frame_of, named_on


def test_two_presses_of_a_shelly_button_are_two_and_a_repetition_is_none(build_decoder: Callable[..., Decoder]) -> None:
    decoder = build_decoder(named_on("shelly", "sos_button", "shellybutton1-A4CF12"))
    topic = "shellies/shellybutton1-A4CF12/input_event/0"
    result = decoder.decode([frame_of(topic, {"event": "S", "event_cnt": count}) for count in (1, 2, 2)])

    assert (len(result.readings), result.duplicates) == (2, 1)


def test_a_retained_shelly_alarm_is_state_of_unknown_age(build_decoder: Callable[..., Decoder]) -> None:
    decoder = build_decoder(named_on("shelly", "gas_alarm", "shellygas-1"))
    (reading,) = decoder.decode([frame_of("shellies/shellygas-1/sensor/gas", "heavy", retain=True)]).readings

    assert (reading.values, reading.doubts) == ({"alarm": True}, {"alarm": Quality.RETAINED})


def test_gas_of_an_unregistered_device_is_reported(build_decoder: Callable[..., Decoder]) -> None:
    frames = [
        frame_of("shellies/shellygas-1/sensor/gas", "heavy"),
        frame_of("shellies/shellygas-1/sensor/gas", "test"),
        frame_of("shellies/shellygas-1/sensor/gas", "none"),
    ]
    refused = build_decoder().decode(frames).refusals

    assert [(item.danger, item.proposed_kind) for item in refused] == [
        (True, "gas_alarm"),
        (False, "gas_alarm"),
        (False, "gas_alarm"),
    ]
