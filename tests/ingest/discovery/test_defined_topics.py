"""Topics that discovery defined, alone and beside the adapter of another platform."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from domain import Device, Identity
from ingest.decoding.decoder import Decoder
from ingest.results import DeviceEventKind
from tests.ingest.discovery.home_assistant import CONFIG, TOPIC, device, frame, smoke_config, values


def test_a_whole_device_has_many_readings_on_one_topic(build_decoder: Callable[..., Decoder]) -> None:
    decoder = build_decoder(device("gas_alarm", "ea1"))
    components = {
        "g": {"p": "binary_sensor", "dev_cla": "gas", "val_tpl": "{{ 'ON' if value_json.g > 3 else 'OFF' }}"},
        "l": {"p": "sensor", "unit_of_meas": "%LEL", "val_tpl": "{{ value_json.l | float / 10 }}"},
        "b": {"p": "sensor", "dev_cla": "battery", "unit_of_meas": "V", "val_tpl": "{{ value_json.b }}"},
        "low": {"p": "binary_sensor", "dev_cla": "battery", "val_tpl": "{{ value_json.low }}", "pl_on": "true"},
        "c": {"p": "sensor", "dev_cla": "carbon_monoxide", "unit_of_meas": "ppm", "val_tpl": "{{ value_json.c }}"},
        "t": {"p": "sensor", "dev_cla": "temperature", "unit_of_meas": "°F", "val_tpl": "{{ value_json.t }}"},
        "h": {"p": "sensor", "dev_cla": "humidity", "unit_of_meas": "%", "val_tpl": "{{ value_json.h }}"},
        "gone": {"p": "sensor"},
    }
    config = {"dev": {"ids": "ea1"}, "~": "ch/ea1", "stat_t": "~/s", "avty_t": "~/lwt", "cmps": components}
    decoder.decode([frame("homeassistant/device/ea1/config", config)])

    result = decoder.decode([frame("ch/ea1/s", {"g": 5, "l": 123, "b": 3.1, "low": True, "c": 12, "t": 140, "h": 40})])
    dead = decoder.decode([frame("ch/ea1/lwt", "offline")])

    expected = {"alarm": True, "lel_pct": 12.3, "battery_v": 3.1, "battery_low": True, "co_ppm": 12, "temp_c": 60.0}
    assert [expected] == values(result)
    assert [(DeviceEventKind.AVAILABILITY, False, "ours")] == [
        (event.kind, event.online, event.device) for event in dead.events
    ]


@pytest.mark.parametrize(
    ("platform", "identity", "topic", "value", "leak"),
    [
        ("tasmota", "plug", "tele/plug/SENSOR", {"Switch1": "OFF"}, True),
        ("tasmota", "plug", "tele/plug/SENSOR", {"Switch1": "ON"}, False),
        ("zigbee2mqtt", "0x1", "zigbee2mqtt/0x1", {"Switch1": "OFF", "battery": 7}, True),
        ("shelly", "shellyflood-1", "shellies/shellyflood-1/sensor/flood", "OFF", True),
    ],
)
def test_a_definition_goes_before_the_words_of_another_platform(
    build_decoder: Callable[..., Decoder], platform: str, identity: str, topic: str, value: object, leak: bool
) -> None:
    decoder = build_decoder(device("water_leak", identity, platform))
    template = {"val_tpl": "{{ value_json.Switch1 }}"} if isinstance(value, dict) else {}
    about = {"stat_t": topic, "pl_on": "OFF", "pl_off": "ON", "dev_cla": "moisture", **template}
    decoder.decode([frame("homeassistant/binary_sensor/x/y/config", about)])

    result = decoder.decode([frame(topic, value)])

    assert [leak] == [each["leak"] for each in values(result)]


def test_a_device_registered_by_its_description_is_found_on_another_platforms_topic(
    build_decoder: Callable[..., Decoder],
) -> None:
    decoder = build_decoder(device("water_leak", "cellar"))
    about: dict[str, object] = {
        "stat_t": "tele/plug/SENSOR",
        "val_tpl": "{{ value_json.W }}",
        "dev_cla": "moisture",
        "dev": {"ids": "cellar"},
    }
    decoder.decode([frame("homeassistant/binary_sensor/x/y/config", about)])

    assert [{"leak": True}] == values(decoder.decode([frame("tele/plug/SENSOR", {"W": "ON"})]))


def test_zigbee2mqtts_own_description_changes_nothing(build_decoder: Callable[..., Decoder]) -> None:
    decoder = build_decoder(device("smoke_alarm", "0x1", "zigbee2mqtt"))
    about = {"stat_t": "zigbee2mqtt/0x1", "val_tpl": "{{ value_json.smoke }}", "dev_cla": "smoke", "pl_on": "false"}
    decoder.decode([frame(CONFIG, {**about, "o": {"name": "Zigbee2MQTT"}})])

    assert [{"alarm": True}] == values(decoder.decode([frame("zigbee2mqtt/0x1", {"smoke": True})]))


@pytest.mark.parametrize("platform", ["esphome", "homeassistant"])
@pytest.mark.parametrize(
    "filters", [{"esphome": ["kitchen-gas/#"]}, {"homeassistant": ["homeassistant/#", "kitchen-gas/#"]}]
)
def test_a_topic_that_a_site_subscribes_is_read_by_its_definition(
    build_decoder: Callable[..., Decoder], platform: str, filters: dict[str, list[str]]
) -> None:
    if platform == "esphome" and "esphome" not in filters:
        filters = {**filters, "esphome": ["kitchen-gas/+/+/state", "kitchen-gas/status"]}
    decoder = build_decoder(device("gas_alarm", "kitchen-gas", platform), filters=filters)
    about = {"dev_cla": "gas", "stat_t": "kitchen-gas/binary_sensor/g/state", "pl_on": "OFF", "pl_off": "ON"}
    about |= {"avty_t": "kitchen-gas/status", "uniq_id": "ESPg", "dev": {"ids": "240ac4"}}  # type: ignore[dict-item]

    described = decoder.decode([frame("homeassistant/binary_sensor/kitchen-gas/g/config", about)])
    result = decoder.decode([frame("kitchen-gas/binary_sensor/g/state", "OFF")])

    assert ([], [{"alarm": True}]) == (described.refusals, values(result))


def test_attributes_are_read_as_far_as_they_are_mapped_and_refused_never(build_decoder: Callable[..., Decoder]) -> None:
    decoder = build_decoder(device("smoke_alarm"))
    decoder.decode([frame(CONFIG, smoke_config(json_attr_t="site/kitchen/attr"))])

    result = decoder.decode([frame("site/kitchen/attr", {"battery": 80, "colour": "red"})])
    other = decoder.decode([frame("site/kitchen/attr", {"colour": "red"}), frame("site/kitchen/attr", "red")])

    assert ([{"battery_pct": 80}], []) == (values(result), result.refusals)
    assert ([], [], 2) == (other.readings, other.refusals, len(other.events))


def test_statestream_publishes_units_and_classes_on_topics_of_their_own(build_decoder: Callable[..., Decoder]) -> None:
    decoder, base = build_decoder(device("water_meter")), "homeassistant/sensor/kitchen"
    decoder.decode([frame(f"{base}/unit_of_measurement", '"gal"'), frame(f"{base}/device_class", '"water"')])

    result = decoder.decode([frame(f"{base}/state", "1000")])
    noise = decoder.decode(
        [frame(f"{base}/{leaf}", '"x"') for leaf in ("last_changed", "friendly_name", "color_mode", "foo")]
    )
    gone = decoder.decode([frame(f"{base}/unit_of_measurement", ""), frame(f"{base}/state", "1000")])

    assert [{"volume_m3": 3.785411784}] == values(result)
    assert ([], [], 4) == (noise.readings, noise.refusals, len(noise.events))
    assert [{"volume_m3": 1000}] == values(gone)


def test_statestream_of_unregistered_entities_is_not_refused(build_decoder: Callable[..., Decoder]) -> None:
    result = build_decoder().decode(
        [frame(f"homeassistant/light/hall/{leaf}", "1") for leaf in ("brightness", "foo", "rgb_color")]
    )

    assert [] == result.refusals


def test_several_devices_on_one_topic_are_separated_by_their_templates(build_decoder: Callable[..., Decoder]) -> None:
    decoder = build_decoder(
        Device("one", "water_leak", identities=(Identity("homeassistant", "s1"),)),
        Device("two", "water_leak", identities=(Identity("homeassistant", "s2"),)),
    )
    for name in ("s1", "s2"):
        template = f"{{% if value_json.id == '{name}' %}}{{{{ value_json.leak }}}}{{% endif %}}"
        about = {"dev_cla": "moisture", "stat_t": "rf/433", "val_tpl": template, "pl_on": 1, "pl_off": 0}
        decoder.decode([frame(f"homeassistant/binary_sensor/{name}/leak/config", {**about, "dev": {"ids": [name]}})])

    result = decoder.decode([frame("rf/433", {"id": "s2", "leak": 1})])

    assert [("two", {"leak": True})] == [(reading.device, reading.values) for reading in result.readings]


def test_a_whole_definition_goes_before_parts_of_statestream(build_decoder: Callable[..., Decoder]) -> None:
    decoder, base = build_decoder(device("water_meter")), "homeassistant/sensor/kitchen"
    decoder.decode([frame(f"{base}/unit_of_measurement", '"gal"')])
    decoder.decode([frame(f"{base}/config", {"dev_cla": "water", "unit_of_meas": "L", "stat_t": f"{base}/state"})])

    assert [{"volume_m3": 1.0}] == values(decoder.decode([frame(f"{base}/state", "1000")]))


def test_an_event_of_the_platforms_own_adapter_stays_an_event(build_decoder: Callable[..., Decoder]) -> None:
    decoder = build_decoder(device("smoke_alarm", "plug", "tasmota"))
    decoder.decode([frame(CONFIG, smoke_config(state_topic="tele/plug/LWT"))])

    assert [DeviceEventKind.AVAILABILITY] == [
        each.kind for each in decoder.decode([frame("tele/plug/LWT", "Online")]).events
    ]


def test_a_template_that_is_not_understood_leaves_the_other_platforms_reading(
    build_decoder: Callable[..., Decoder],
) -> None:
    decoder = build_decoder(device("smoke_alarm", "0x1", "zigbee2mqtt"))
    decoder.decode([frame(CONFIG, smoke_config(state_topic="zigbee2mqtt/0x1", val_tpl="{{ states('x') }}"))])

    assert [{"alarm": True}] == values(decoder.decode([frame("zigbee2mqtt/0x1", {"smoke": True})]))


def test_a_settable_entity_measures_nothing_on_a_topic_of_its_own(build_decoder: Callable[..., Decoder]) -> None:
    decoder = build_decoder(device("smoke_alarm"))
    decoder.decode([frame("homeassistant/number/kitchen/level/config", {"stat_t": TOPIC, "dev": {"ids": ["kitchen"]}})])

    result = decoder.decode([frame(TOPIC, "12")])

    assert ([], [], 1) == (result.readings, result.refusals, len(result.events))


def test_attributes_that_are_no_json_are_an_event(build_decoder: Callable[..., Decoder]) -> None:
    result = build_decoder(device("smoke_alarm")).decode([frame("homeassistant/light/kitchen/foo", "red {")])

    assert ([], 1) == (result.refusals, len(result.events))


def test_a_payload_that_the_platforms_adapter_rejects_is_read_by_the_definition(
    build_decoder: Callable[..., Decoder],
) -> None:
    decoder = build_decoder(device("smoke_alarm"))
    decoder.decode([frame(CONFIG, smoke_config(state_topic="tele/plug/SENSOR"))])

    result = decoder.decode([frame("tele/plug/SENSOR", "ON")])

    assert [{"alarm": True}] == values(result)
    assert [] == result.refusals


def test_a_discovered_value_inside_an_object_leaves_nothing_of_the_object(
    build_decoder: Callable[..., Decoder],
) -> None:
    decoder = build_decoder(device("smoke_alarm"))
    decoder.decode([frame(CONFIG, smoke_config(value_template="{{ value_json.a.b }}"))])

    result = decoder.decode([frame(TOPIC, {"a": {"b": "ON"}})])

    assert [{"alarm": True}] == values(result)
    assert [] == result.refusals
