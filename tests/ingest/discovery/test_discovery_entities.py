"""Entities of Home Assistant as readings: events, triggers, valves, attributes, statestream; what measures nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from domain import Device, Identity
from ingest.decoding.decoder import Decoder
from ingest.frame import Frame
from ingest.results import DeviceEventKind, IngestResult

NOW = 1795904000000
CONFIG = "homeassistant/binary_sensor/kitchen/smoke/config"
TOPIC = "site/kitchen/smoke"


def a(kind: str, identity: str = "kitchen", platform: str = "homeassistant") -> Device:
    return Device("ours", kind, identities=(Identity(platform, identity),))


def say(topic: str, said: object, at: int = 0, retain: bool = False) -> Frame:
    payload = said.encode() if isinstance(said, str) else json.dumps(said).encode()
    return Frame(topic, payload, NOW + at, "bulk", retain=retain)


def smoke(**more: Any) -> dict[str, Any]:
    about = {"device_class": "smoke", "state_topic": TOPIC, "unique_id": "s1", "device": {"identifiers": ["kitchen"]}}
    return {**about, **more}


def values(heard: IngestResult) -> list[Mapping[str, Any]]:
    return [each.values for each in heard.readings]


def told(heard: IngestResult) -> bool:
    return any(each.danger for each in heard.refusals)


@pytest.mark.parametrize(
    ("word", "values_", "danger"),
    [
        ("press", [{"sos": True}], False),
        ("long_press", [{"sos": True}], False),
        ("release", [], False),
        ("qwx", [], True),
    ],
)
def test_an_event_entity(
    listener: Callable[..., Decoder], word: str, values_: list[dict[str, Any]], danger: bool
) -> None:
    ours = listener(a("sos_button"))
    about = {"stat_t": "bt/b1", "evt_typ": ["press", "long_press"], "dev_cla": "button", "dev": {"ids": ["kitchen"]}}
    ours.decode([say("homeassistant/event/kitchen/action/config", about)])
    templated = {**about, "stat_t": "bt/b2", "val_tpl": '{ {"event_type": value_json.e} | tojson }'}
    ours.decode([say("homeassistant/event/kitchen/other/config", templated)])

    heard = ours.decode([say("bt/b1", {"event_type": word})])

    assert (values_, danger) == (values(heard), told(heard))
    assert [] == values(ours.decode([say("bt/b1", {"other": 1}), say("bt/b1", "x")]))


def test_a_trigger_is_a_press_by_its_payload_and_an_unlisted_one_is_told(listener: Callable[..., Decoder]) -> None:
    ours = listener(a("sos_button"))
    about = {"atype": "trigger", "t": "bt/b1", "type": "button_short_press", "pl": "A1", "dev": {"ids": ["kitchen"]}}
    release = {**about, "type": "button_long_release", "pl": "A2"}
    ours.decode([say("homeassistant/device_automation/kitchen/a/config", about)])
    ours.decode([say("homeassistant/device_automation/kitchen/b/config", release)])
    ours.decode([say("homeassistant/device_automation/kitchen/c/config", {"atype": "trigger", "t": "bt/c"})])

    press, over, strange, empty = (ours.decode([say("bt/b1", word)]) for word in ("A1", "A2", "A3", ""))

    assert ([{"sos": True}], [], []) == (values(press), values(over), values(strange))
    assert [False, True] == [told(over), told(strange)]
    assert ["a retained state was cleared"] == [each.detail for each in empty.events]


@pytest.mark.parametrize(
    ("kind", "component", "word", "expected"),
    [
        ("gas_alarm", "valve", "open", {"valve_closed": False}),
        ("gas_alarm", "valve", "closed", {"valve_closed": True}),
        ("manhole", "cover", "open", {"opened": True}),
        ("door", "cover", "closed", {"opened": False}),
        ("lamp_post", "light", "ON", {"on": True}),
    ],
)
def test_other_things_with_two_states(
    listener: Callable[..., Decoder], kind: str, component: str, word: str, expected: dict[str, Any]
) -> None:
    ours = listener(a(kind))
    ours.decode([say(f"homeassistant/{component}/kitchen/config", {"stat_t": TOPIC, "dev": {"ids": ["kitchen"]}})])

    assert [expected] == values(ours.decode([say(TOPIC, word)]))


def test_a_lamp_in_json(listener: Callable[..., Decoder]) -> None:
    ours = listener(a("lamp_post"))
    about = {"stat_t": TOPIC, "schema": "json", "dev": {"ids": ["kitchen"]}}
    ours.decode([say("homeassistant/light/kitchen/config", about)])

    assert [{"on": True}] == values(ours.decode([say(TOPIC, {"state": "ON"})]))


def test_a_switch_or_a_number_is_not_what_the_device_watches_for(listener: Callable[..., Decoder]) -> None:
    ours = listener(a("gas_alarm"), Device("meter", "water_meter", identities=(Identity("homeassistant", "wm"),)))
    heard = ours.decode([say("homeassistant/switch/kitchen/state", "ON"), say("homeassistant/number/wm/state", "12")])

    assert ([], False) == (values(heard), told(heard))


@pytest.mark.parametrize("word", ["unavailable", "unknown", "None", ""])
def test_a_state_that_nobody_knows_is_no_reading(listener: Callable[..., Decoder], word: str) -> None:
    ours = listener(a("smoke_alarm"))
    ours.decode([say(CONFIG, smoke(val_tpl="{{ value_json.v }}"))])

    heard = ours.decode([say(TOPIC, {"v": word})])

    assert ([], [], 1) == (heard.readings, heard.refusals, len(heard.events))


def test_a_template_that_does_not_fit_is_told_by_name(listener: Callable[..., Decoder]) -> None:
    ours = listener(a("gas_alarm"))
    about = {"dev_cla": "temperature", "stat_t": TOPIC, "val_tpl": "{{ value_json.t | float }}", "unit_of_meas": "°C"}
    ours.decode([say("homeassistant/sensor/kitchen/t/config", about)])

    wrong, no_json = ours.decode([say(TOPIC, {"t": "warm"})]), ours.decode([say(TOPIC, "warm")])

    assert "does not fit" in wrong.refusals[0].detail
    assert "reads JSON" in no_json.refusals[0].detail


def test_attributes_are_read_as_far_as_they_are_known_and_are_no_noise(listener: Callable[..., Decoder]) -> None:
    ours = listener(a("smoke_alarm"))
    ours.decode([say(CONFIG, smoke(json_attr_t="site/kitchen/attr"))])

    heard = ours.decode([say("site/kitchen/attr", {"battery": 80, "colour": "red"})])
    other = ours.decode([say("site/kitchen/attr", {"colour": "red"}), say("site/kitchen/attr", "red")])

    assert ([{"battery_pct": 80}], []) == (values(heard), heard.refusals)
    assert ([], [], 2) == (other.readings, other.refusals, len(other.events))


def test_statestream_tells_units_and_classes_on_topics_of_their_own(listener: Callable[..., Decoder]) -> None:
    ours, base = listener(a("water_meter")), "homeassistant/sensor/kitchen"
    ours.decode([say(f"{base}/unit_of_measurement", '"gal"'), say(f"{base}/device_class", '"water"')])

    heard = ours.decode([say(f"{base}/state", "1000")])
    noise = ours.decode(
        [say(f"{base}/{leaf}", '"x"') for leaf in ("last_changed", "friendly_name", "color_mode", "foo")]
    )
    gone = ours.decode([say(f"{base}/unit_of_measurement", ""), say(f"{base}/state", "1000")])

    assert [{"volume_m3": 3.785411784}] == values(heard)
    assert ([], [], 4) == (noise.readings, noise.refusals, len(noise.events))
    assert [{"volume_m3": 1000}] == values(gone)


def test_statestream_of_nobodys_entities_is_no_noise(listener: Callable[..., Decoder]) -> None:
    heard = listener().decode(
        [say(f"homeassistant/light/hall/{leaf}", "1") for leaf in ("brightness", "foo", "rgb_color")]
    )

    assert [] == heard.refusals


def test_several_devices_on_one_topic_are_told_apart_by_their_templates(listener: Callable[..., Decoder]) -> None:
    ours = listener(
        Device("one", "water_leak", identities=(Identity("homeassistant", "s1"),)),
        Device("two", "water_leak", identities=(Identity("homeassistant", "s2"),)),
    )
    for name in ("s1", "s2"):
        template = f"{{% if value_json.id == '{name}' %}}{{{{ value_json.leak }}}}{{% endif %}}"
        about = {"dev_cla": "moisture", "stat_t": "rf/433", "val_tpl": template, "pl_on": 1, "pl_off": 0}
        ours.decode([say(f"homeassistant/binary_sensor/{name}/leak/config", {**about, "dev": {"ids": [name]}})])

    heard = ours.decode([say("rf/433", {"id": "s2", "leak": 1})])

    assert [("two", {"leak": True})] == [(each.device, each.values) for each in heard.readings]


def test_what_is_remembered_is_bounded(listener: Callable[..., Decoder], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.definitions.DEFINITIONS_MAX", 2)
    monkeypatch.setattr("ingest.discovery.discovery.EARLY_MAX", 1)
    ours = listener(a("smoke_alarm"))
    for number in range(4):
        ours.decode([say(f"homeassistant/binary_sensor/k{number}/config", smoke(state_topic=f"t/{number}"))])
    ours.decode([say(f"u/{number}", "ON", retain=True) for number in range(3)])

    heard = [values(ours.decode([say(f"t/{number}", "ON")])) for number in range(4)]
    late = [
        ours.decode([say(f"homeassistant/binary_sensor/u{n}/config", smoke(state_topic=f"u/{n}"))]) for n in range(3)
    ]

    assert [[], [], [{"alarm": True}], [{"alarm": True}]] == heard
    assert [[], [], []] == [values(each) for each in late[:2]] + [[]]


def test_a_message_too_large_for_a_template_and_one_of_no_single_value(listener: Callable[..., Decoder]) -> None:
    ours = listener(a("gas_alarm"))
    large = {"dev_cla": "temperature", "stat_t": TOPIC, "val_tpl": "{{ value_json.t }}", "dev": {"ids": ["kitchen"]}}
    plain = {"dev_cla": "temperature", "stat_t": "site/plain", "dev": {"ids": ["kitchen"]}}
    state = {"dev_cla": "gas", "stat_t": "site/state", "dev": {"ids": ["kitchen"]}}
    ours.decode(
        [say("homeassistant/sensor/kitchen/t/config", large), say("homeassistant/sensor/kitchen/p/config", plain)]
    )
    ours.decode([say("homeassistant/binary_sensor/kitchen/g/config", state)])

    assert "a template reads" in ours.decode([say(TOPIC, {"t": 1, "x": "y" * 70_000})]).refusals[0].detail
    assert [{"lel_pct": 3}] == values(ours.decode([say("site/plain", {"lel_pct": 3})]))
    assert "is neither 'ON'" in ours.decode([say("site/state", {"a": 1})]).refusals[0].detail


def test_a_whole_description_goes_before_what_statestream_tells(listener: Callable[..., Decoder]) -> None:
    ours, base = listener(a("water_meter")), "homeassistant/sensor/kitchen"
    ours.decode([say(f"{base}/unit_of_measurement", '"gal"')])
    ours.decode([say(f"{base}/config", {"dev_cla": "water", "unit_of_meas": "L", "stat_t": f"{base}/state"})])

    assert [{"volume_m3": 1.0}] == values(ours.decode([say(f"{base}/state", "1000")]))


def test_what_a_platform_says_of_itself_stays_a_note(listener: Callable[..., Decoder]) -> None:
    ours = listener(a("smoke_alarm", "plug", "tasmota"))
    ours.decode([say(CONFIG, smoke(state_topic="tele/plug/LWT"))])

    assert [DeviceEventKind.AVAILABILITY] == [
        each.kind for each in ours.decode([say("tele/plug/LWT", "Online")]).events
    ]


def test_a_template_that_is_not_understood_leaves_another_platform_to_itself(listener: Callable[..., Decoder]) -> None:
    ours = listener(a("smoke_alarm", "0x1", "zigbee2mqtt"))
    ours.decode([say(CONFIG, smoke(state_topic="zigbee2mqtt/0x1", val_tpl="{{ states('x') }}"))])

    assert [{"alarm": True}] == values(ours.decode([say("zigbee2mqtt/0x1", {"smoke": True})]))


def test_a_thing_that_is_set_says_nothing_on_a_topic_of_its_own(listener: Callable[..., Decoder]) -> None:
    ours = listener(a("smoke_alarm"))
    ours.decode([say("homeassistant/number/kitchen/level/config", {"stat_t": TOPIC, "dev": {"ids": ["kitchen"]}})])

    heard = ours.decode([say(TOPIC, "12")])

    assert ([], [], 1) == (heard.readings, heard.refusals, len(heard.events))


@pytest.mark.parametrize(
    ("on", "off", "said", "opened"),
    [
        ("true", "false", True, False),  # a contact that is true is closed
        ("false", "true", False, True),
        ("OPEN", "CLOSED", "OPEN", True),
        ("OPEN", "CLOSED", "closed", False),
    ],
)
def test_a_contact_without_a_class(
    listener: Callable[..., Decoder], on: str, off: str, said: object, opened: bool
) -> None:
    ours = listener(a("door"))
    about = {"stat_t": TOPIC, "val_tpl": "{{ value_json.contact }}", "pl_on": on, "pl_off": off}
    ours.decode([say("homeassistant/binary_sensor/kitchen/config", about)])

    assert [{"opened": opened}] == values(ours.decode([say(TOPIC, {"contact": said})]))


def test_two_verdicts_of_one_quantity_are_one_danger(listener: Callable[..., Decoder]) -> None:
    ours = listener(a("gas_alarm"))
    parts = {
        name: {"p": "binary_sensor", "dev_cla": of, "val_tpl": f"{{{{ value_json.{name} }}}}", "pl_on": 1, "pl_off": 0}
        for name, of in (("g", "gas"), ("c", "carbon_monoxide"))
    }
    ours.decode(
        [say("homeassistant/device/kitchen/config", {"dev": {"ids": "kitchen"}, "stat_t": TOPIC, "cmps": parts})]
    )

    heard = ours.decode([say(TOPIC, {"g": 1, "c": 0}), say(TOPIC, {"g": 0, "c": 1}), say(TOPIC, {"g": 0, "c": 0})])

    assert [{"alarm": True}, {"alarm": True}, {"alarm": False}] == values(heard)


def test_a_concentration_without_a_class_is_known_by_its_unit(listener: Callable[..., Decoder]) -> None:
    ours = listener(a("gas_alarm"))
    parts = {
        "x": {"p": "sensor", "unit_of_meas": "%LEL", "val_tpl": "{{ value_json.x }}"},
        "y": {"p": "sensor", "unit_of_meas": "lx", "val_tpl": "{{ value_json.y }}"},
        "z": {"p": "sensor", "val_tpl": "{{ value_json.z }}"},
        "w": {"p": "sensor", "dev_cla": "wind_speed", "val_tpl": "{{ value_json.w }}"},
    }
    ours.decode(
        [say("homeassistant/device/kitchen/config", {"dev": {"ids": "kitchen"}, "stat_t": TOPIC, "cmps": parts})]
    )

    heard = ours.decode([say(TOPIC, {"x": 12.5, "y": 3, "z": 4, "w": "calm"})])

    assert [{"lel_pct": 12.5}] == values(heard)
    assert 2 == len([each for each in heard.refusals if "has no quantity for" in each.detail])


def test_a_press_without_a_payload_is_any_message(listener: Callable[..., Decoder]) -> None:
    ours = listener(a("sos_button"))
    about = {"atype": "trigger", "t": "bt/b1", "type": "button_short_press", "dev": {"ids": ["kitchen"]}}
    ours.decode([say("homeassistant/device_automation/kitchen/a/config", about)])

    assert [{"sos": True}] == values(ours.decode([say("bt/b1", {"any": 1})]))


@pytest.mark.parametrize(
    ("word", "expected"),
    [("smoke detected", [{"alarm": True}]), ("all clear", [{"alarm": False}])],
)
def test_a_word_beside_the_usual_pair_is_left_to_the_vocabulary(
    listener: Callable[..., Decoder], word: str, expected: list[dict[str, Any]]
) -> None:
    ours = listener(a("smoke_alarm"))
    ours.decode([say(CONFIG, smoke())])

    assert expected == values(ours.decode([say(TOPIC, word)]))


def test_an_attribute_that_is_no_json_is_a_note(listener: Callable[..., Decoder]) -> None:
    heard = listener(a("smoke_alarm")).decode([say("homeassistant/light/kitchen/foo", "red {")])

    assert ([], 1) == (heard.refusals, len(heard.events))


def test_a_number_that_only_another_platforms_table_knows_keeps_its_name(listener: Callable[..., Decoder]) -> None:
    ours = listener(a("smoke_alarm", "0x1", "zigbee2mqtt"))
    about = {"stat_t": "zigbee2mqtt/0x1", "val_tpl": "{{ value_json.voltage }}", "unit_of_meas": "mV"}
    ours.decode([say("homeassistant/sensor/0x1/voltage/config", about)])

    assert [{"battery_v": 3.1}] == values(ours.decode([say("zigbee2mqtt/0x1", {"voltage": 3100})]))


def test_a_definition_of_nobody_we_know_is_no_danger_of_a_number(listener: Callable[..., Decoder]) -> None:
    ours = listener()
    ours.decode([say("homeassistant/sensor/q/u/config", {"dev_cla": "gas", "unit_of_meas": "m³", "stat_t": TOPIC})])

    assert [False] == [each.danger for each in ours.decode([say(TOPIC, "1")]).refusals]


def test_an_entity_without_a_class_is_also_known_by_its_own_name(listener: Callable[..., Decoder]) -> None:
    ours = listener(a("smoke_alarm"))
    template = "{{ 'alarm' if value_json.code in [3, 4] else 'normal' }}"
    ours.decode([say("homeassistant/sensor/kitchen/smoke/config", {"stat_t": TOPIC, "val_tpl": template})])

    heard = ours.decode([say(TOPIC, {"code": 3}), say(TOPIC, {"code": 1})])

    assert [{"alarm": True}, {"alarm": False}] == values(heard)


def test_a_danger_of_another_kind_is_told(listener: Callable[..., Decoder]) -> None:
    ours = listener(a("smoke_alarm"))
    about = {"stat_t": TOPIC, "dev_cla": "gas", "pl_on": "OFF", "pl_off": "ON"}
    ours.decode([say("homeassistant/binary_sensor/kitchen/m/config", about)])

    assert [True, False] == [told(ours.decode([say(TOPIC, word)])) for word in ("OFF", "ON")]
