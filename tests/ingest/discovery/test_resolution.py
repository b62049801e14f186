"""Device classes, units and labels become quantities of the kind."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from domain import Device, Identity, RefusalReason
from ingest.decoding.decoder import Decoder
from tests.ingest.discovery.home_assistant import TOPIC, device, frame, has_danger, values


def test_a_gas_meter_is_no_gas_alarm(build_decoder: Callable[..., Decoder]) -> None:
    decoder = build_decoder(device("gas_alarm"))
    meter = {"dev_cla": "gas", "unit_of_meas": "m³", "stat_t": TOPIC, "val_tpl": "{{ value_json.u }}"}
    decoder.decode([frame("homeassistant/sensor/kitchen/meter/config", meter)])

    result = decoder.decode([frame(TOPIC, {"u": 1}, at) for at in (0, 1_000)])

    assert ([], False) == (values(result), has_danger(result))
    assert [(RefusalReason.NO_MAPPING, "ours")] == [
        (refusal.reason, refusal.device.id) for refusal in result.refusals if refusal.device
    ]


def test_a_switch_or_a_number_is_no_verdict_of_the_device(build_decoder: Callable[..., Decoder]) -> None:
    decoder = build_decoder(
        device("gas_alarm"), Device("meter", "water_meter", identities=(Identity("homeassistant", "wm"),))
    )
    result = decoder.decode(
        [frame("homeassistant/switch/kitchen/state", "ON"), frame("homeassistant/number/wm/state", "12")]
    )

    assert ([], False) == (values(result), has_danger(result))


@pytest.mark.parametrize(
    ("on", "off", "value", "opened"),
    [
        ("true", "false", True, False),  # a contact that is true is closed
        ("false", "true", False, True),
        ("OPEN", "CLOSED", "OPEN", True),
        ("OPEN", "CLOSED", "closed", False),
    ],
)
def test_a_contact_without_a_class(
    build_decoder: Callable[..., Decoder], on: str, off: str, value: object, opened: bool
) -> None:
    decoder = build_decoder(device("door"))
    about = {"stat_t": TOPIC, "val_tpl": "{{ value_json.contact }}", "pl_on": on, "pl_off": off}
    decoder.decode([frame("homeassistant/binary_sensor/kitchen/config", about)])

    assert [{"opened": opened}] == values(decoder.decode([frame(TOPIC, {"contact": value})]))


def test_two_verdicts_of_one_quantity_are_one_danger(build_decoder: Callable[..., Decoder]) -> None:
    decoder = build_decoder(device("gas_alarm"))
    parts = {
        name: {"p": "binary_sensor", "dev_cla": of, "val_tpl": f"{{{{ value_json.{name} }}}}", "pl_on": 1, "pl_off": 0}
        for name, of in (("g", "gas"), ("c", "carbon_monoxide"))
    }
    decoder.decode(
        [frame("homeassistant/device/kitchen/config", {"dev": {"ids": "kitchen"}, "stat_t": TOPIC, "cmps": parts})]
    )

    result = decoder.decode(
        [frame(TOPIC, {"g": 1, "c": 0}), frame(TOPIC, {"g": 0, "c": 1}), frame(TOPIC, {"g": 0, "c": 0})]
    )

    assert [{"alarm": True}, {"alarm": True}, {"alarm": False}] == values(result)


def test_a_concentration_without_a_class_is_known_by_its_unit(build_decoder: Callable[..., Decoder]) -> None:
    decoder = build_decoder(device("gas_alarm"))
    parts = {
        "x": {"p": "sensor", "unit_of_meas": "%LEL", "val_tpl": "{{ value_json.x }}"},
        "y": {"p": "sensor", "unit_of_meas": "lx", "val_tpl": "{{ value_json.y }}"},
        "z": {"p": "sensor", "val_tpl": "{{ value_json.z }}"},
        "w": {"p": "sensor", "dev_cla": "wind_speed", "val_tpl": "{{ value_json.w }}"},
    }
    decoder.decode(
        [frame("homeassistant/device/kitchen/config", {"dev": {"ids": "kitchen"}, "stat_t": TOPIC, "cmps": parts})]
    )

    result = decoder.decode([frame(TOPIC, {"x": 12.5, "y": 3, "z": 4, "w": "calm"})])

    assert [{"lel_pct": 12.5}] == values(result)
    assert 2 == len([refusal for refusal in result.refusals if "has no quantity for" in refusal.detail])


def test_a_number_that_only_another_platforms_mapping_has_keeps_its_name(build_decoder: Callable[..., Decoder]) -> None:
    decoder = build_decoder(device("smoke_alarm", "0x1", "zigbee2mqtt"))
    about = {"stat_t": "zigbee2mqtt/0x1", "val_tpl": "{{ value_json.voltage }}", "unit_of_meas": "mV"}
    decoder.decode([frame("homeassistant/sensor/0x1/voltage/config", about)])

    assert [{"battery_v": 3.1}] == values(decoder.decode([frame("zigbee2mqtt/0x1", {"voltage": 3100})]))


def test_a_number_of_an_unregistered_device_is_no_danger(build_decoder: Callable[..., Decoder]) -> None:
    decoder = build_decoder()
    decoder.decode(
        [frame("homeassistant/sensor/q/u/config", {"dev_cla": "gas", "unit_of_meas": "m³", "stat_t": TOPIC})]
    )

    assert [False] == [each.danger for each in decoder.decode([frame(TOPIC, "1")]).refusals]


def test_an_entity_without_a_class_is_also_known_by_its_own_name(build_decoder: Callable[..., Decoder]) -> None:
    decoder = build_decoder(device("smoke_alarm"))
    template = "{{ 'alarm' if value_json.code in [3, 4] else 'normal' }}"
    decoder.decode([frame("homeassistant/sensor/kitchen/smoke/config", {"stat_t": TOPIC, "val_tpl": template})])

    result = decoder.decode([frame(TOPIC, {"code": 3}), frame(TOPIC, {"code": 1})])

    assert [{"alarm": True}, {"alarm": False}] == values(result)


def test_a_danger_of_another_kind_is_refused_by_name(build_decoder: Callable[..., Decoder]) -> None:
    decoder = build_decoder(device("smoke_alarm"))
    about = {"stat_t": TOPIC, "dev_cla": "gas", "pl_on": "OFF", "pl_off": "ON"}
    decoder.decode([frame("homeassistant/binary_sensor/kitchen/m/config", about)])

    assert [True, False] == [has_danger(decoder.decode([frame(TOPIC, word)])) for word in ("OFF", "ON")]
