"""Home Assistant's discovery defines readings: states, templates, units, events, and topics beyond our filters."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import Device, Identity, Quality, RefusalReason
from domain.kind import Kind
from ingest.decoding.decoder import Decoder
from ingest.decoding.device_index import DeviceIndex
from ingest.frame import Frame
from ingest.mappings.mapping import MappingBook
from ingest.results import DeviceEventKind, IngestResult

NOW = 1795904000000
CONFIG = "homeassistant/binary_sensor/kitchen/smoke/config"
TOPIC = "site/kitchen/smoke"


def a(kind: str, identity: str = "kitchen", platform: str = "homeassistant") -> Device:
    return Device("ours", kind, identities=(Identity(platform, identity),))


class Understanding:
    """Kinds and mappings under a short name: a failing example prints its arguments."""

    def __init__(self, kinds: dict[str, Kind], books: list[MappingBook]) -> None:
        self._kinds, self._books = kinds, books

    def __repr__(self) -> str:
        return "Understanding(…)"

    def listener(self, device: Device) -> Decoder:
        made = Decoder(self._kinds, self._books)
        made.device_index = DeviceIndex([device])
        return made


@pytest.fixture(scope="session")
def understanding(kinds: dict[str, Kind], books: list[MappingBook]) -> Understanding:
    return Understanding(kinds, books)


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


PAIRS = [
    ("ON", "OFF"),
    ("OFF", "ON"),
    ("0", "1"),
    ("2", "0"),
    ("closed", "open"),
    ("false", "true"),
    ("dry", "wet"),
    ("A", "B"),
    ("报警", "正常"),
    ("正常", "报警"),
    ("Alarm!", "quiet."),
    ("3.0", "4.5"),
]
WRITTEN: list[tuple[str, Callable[[object], object]]] = [
    ("", lambda said: said),
    ("{{ value }}", lambda said: said),
    ("{{ value_json.v }}", lambda said: {"v": said}),
    ("{{ value_json['a'].b }}", lambda said: {"a": {"b": said}}),
    ("{{ value_json.v | default('') | string | trim }}", lambda said: {"v": said, "battery": 80}),
    ("{% if value_json.v is defined %}{{ value_json.v }}{% endif %}", lambda said: {"v": said}),
    ("{{ value_json.l[1] }}", lambda said: {"l": [None, said]}),
]
SPELT: list[Callable[[str], object]] = [
    lambda word: word,
    str.upper,
    str.lower,
    lambda word: f" {word} ",
    lambda word: json.loads(word) if word in ("true", "false", "0", "1", "2", "3.0", "4.5") else word,
]


@given(
    st.sampled_from(PAIRS) | st.tuples(st.text("abcXYZ01ä-", min_size=1, max_size=6), st.text("defQ23é_", min_size=1)),
    st.sampled_from(WRITTEN),
    st.sampled_from(SPELT),
    st.booleans(),
    st.booleans(),
)
def test_no_pair_of_words_is_ever_read_the_other_way_round_or_passed_over(
    understanding: Understanding,
    pair: tuple[str, str],
    written: tuple[str, Callable[[object], object]],
    spelt: Callable[[str], object],
    on: bool,
    same_run: bool,
) -> None:
    template, put = written
    ours = understanding.listener(a("smoke_alarm"))
    config = say(CONFIG, smoke(pl_on=pair[0], pl_off=pair[1], **({"val_tpl": template} if template else {})))
    frame = say(TOPIC, put(spelt(pair[0] if on else pair[1])))
    heard = ours.decode([config, frame]) if same_run else (ours.decode([config]), ours.decode([frame]))[1]

    said = [each["alarm"] for each in values(heard) if "alarm" in each]
    assert (not on) not in said
    assert said == [on] or told(heard)


@given(st.text(max_size=8) | st.booleans() | st.integers() | st.none() | st.floats(allow_nan=False))
def test_a_value_that_is_neither_is_never_the_opposite_of_what_turned_words_would_say(
    understanding: Understanding, other: object
) -> None:
    ours = understanding.listener(a("smoke_alarm"))
    ours.decode([say(CONFIG, smoke(pl_on="off", pl_off="on", val_tpl="{{ value_json.v }}"))])

    heard = ours.decode([say(TOPIC, {"v": other})])

    word = str(other).strip().lower()
    expected = {"off": [{"alarm": True}], "on": [{"alarm": False}]}.get(word, [])
    assert expected == values(heard)
    assert heard.readings or heard.refusals or heard.events


def test_a_number_is_a_word_too(listener: Callable[..., Decoder]) -> None:
    ours = listener(a("smoke_alarm"))
    ours.decode([say(CONFIG, smoke(payload_on=2, payload_off=0, value_template="{{ value_json.value }}"))])

    heard = ours.decode(
        [say(TOPIC, {"time": 1, "value": 2.0}), say(TOPIC, {"value": "0"}), say(TOPIC, {"battery": 80})]
    )

    assert [{"alarm": True}, {"alarm": False}, {"battery_pct": 80}] == values(heard)


def test_a_whole_device_has_many_readings_on_one_topic(listener: Callable[..., Decoder]) -> None:
    ours = listener(a("gas_alarm", "ea1"))
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
    ours.decode([say("homeassistant/device/ea1/config", config)])

    heard = ours.decode([say("ch/ea1/s", {"g": 5, "l": 123, "b": 3.1, "low": True, "c": 12, "t": 140, "h": 40})])
    dead = ours.decode([say("ch/ea1/lwt", "offline")])

    expected = {"alarm": True, "lel_pct": 12.3, "battery_v": 3.1, "battery_low": True, "co_ppm": 12, "temp_c": 60.0}
    assert [expected] == values(heard)
    assert [(DeviceEventKind.AVAILABILITY, False, "ours")] == [
        (each.kind, each.online, each.device) for each in dead.events
    ]


def test_a_gas_meter_is_no_gas_alarm(listener: Callable[..., Decoder]) -> None:
    ours = listener(a("gas_alarm"))
    meter = {"dev_cla": "gas", "unit_of_meas": "m³", "stat_t": TOPIC, "val_tpl": "{{ value_json.u }}"}
    ours.decode([say("homeassistant/sensor/kitchen/meter/config", meter)])

    heard = ours.decode([say(TOPIC, {"u": 1}, at) for at in (0, 1_000)])

    assert ([], False) == (values(heard), told(heard))
    assert [(RefusalReason.NO_MAPPING, "ours")] == [
        (each.reason, each.device.id) for each in heard.refusals if each.device
    ]


@pytest.mark.parametrize(
    ("platform", "identity", "topic", "said", "leak"),
    [
        ("tasmota", "plug", "tele/plug/SENSOR", {"Switch1": "OFF"}, True),
        ("tasmota", "plug", "tele/plug/SENSOR", {"Switch1": "ON"}, False),
        ("zigbee2mqtt", "0x1", "zigbee2mqtt/0x1", {"Switch1": "OFF", "battery": 7}, True),
        ("shelly", "shellyflood-1", "shellies/shellyflood-1/sensor/flood", "OFF", True),
    ],
)
def test_a_definition_goes_before_the_words_of_another_platform(
    listener: Callable[..., Decoder], platform: str, identity: str, topic: str, said: object, leak: bool
) -> None:
    ours = listener(a("water_leak", identity, platform))
    template = {"val_tpl": "{{ value_json.Switch1 }}"} if isinstance(said, dict) else {}
    about = {"stat_t": topic, "pl_on": "OFF", "pl_off": "ON", "dev_cla": "moisture", **template}
    ours.decode([say("homeassistant/binary_sensor/x/y/config", about)])

    heard = ours.decode([say(topic, said)])

    assert [leak] == [each["leak"] for each in values(heard)]


def test_a_device_registered_by_its_description_is_found_on_another_platforms_topic(
    listener: Callable[..., Decoder],
) -> None:
    ours = listener(a("water_leak", "cellar"))
    about: dict[str, object] = {
        "stat_t": "tele/plug/SENSOR",
        "val_tpl": "{{ value_json.W }}",
        "dev_cla": "moisture",
        "dev": {"ids": "cellar"},
    }
    ours.decode([say("homeassistant/binary_sensor/x/y/config", about)])

    assert [{"leak": True}] == values(ours.decode([say("tele/plug/SENSOR", {"W": "ON"})]))


def test_zigbee2mqtts_own_description_changes_nothing(listener: Callable[..., Decoder]) -> None:
    ours = listener(a("smoke_alarm", "0x1", "zigbee2mqtt"))
    about = {"stat_t": "zigbee2mqtt/0x1", "val_tpl": "{{ value_json.smoke }}", "dev_cla": "smoke", "pl_on": "false"}
    ours.decode([say(CONFIG, {**about, "o": {"name": "Zigbee2MQTT"}})])

    assert [{"alarm": True}] == values(ours.decode([say("zigbee2mqtt/0x1", {"smoke": True})]))


def test_a_state_before_its_description_is_read_again(listener: Callable[..., Decoder]) -> None:
    state = "homeassistant/binary_sensor/kitchen/state"
    ours = listener(a("smoke_alarm"))
    early = ours.decode([say(state, "OFF", retain=True)])
    late = ours.decode([say(CONFIG, smoke(pl_on="OFF", pl_off="ON", state_topic=state), 5, retain=True)])

    assert [{"alarm": False}] == values(early)
    assert [({"alarm": True}, Quality.RETAINED)] == [(each.values, each.doubts["alarm"]) for each in late.readings]
    assert [] == values(ours.decode([say(CONFIG, smoke(pl_on="OFF", pl_off="ON", state_topic=state), 6)]))


@pytest.mark.parametrize(
    ("topic", "said", "config", "after", "retain", "again"),
    [
        (TOPIC, "ON", smoke(), 30_000, False, [{"alarm": True}]),
        (TOPIC, "ON", smoke(), 90_000, False, []),
        (TOPIC, "ON", smoke(), 90_000, True, [{"alarm": True}]),
        # What was read by its usual meaning already is not said twice.
        ("homeassistant/binary_sensor/kitchen/state", "ON", smoke(), 1_000, True, []),
        (TOPIC, "x" * 3_000, smoke(), 1_000, True, []),
    ],
)
def test_what_waited_for_its_description(
    listener: Callable[..., Decoder],
    topic: str,
    said: str,
    config: dict[str, Any],
    after: int,
    retain: bool,
    again: list[dict[str, Any]],
) -> None:
    ours = listener(a("smoke_alarm"))
    ours.decode([say(topic, said, retain=retain)])

    assert again == values(ours.decode([say(CONFIG, {**config, "state_topic": topic}, after, retain=True)]))


def test_an_empty_description_takes_the_definition_away(listener: Callable[..., Decoder]) -> None:
    ours = listener(a("smoke_alarm"))
    ours.decode([say(CONFIG, smoke(pl_on="OFF", pl_off="ON"))])
    assert [{"alarm": True}] == values(ours.decode([say(TOPIC, "OFF")]))

    ours.decode([say(CONFIG, "")])
    heard = ours.decode([say(TOPIC, "OFF")])

    assert [[RefusalReason.NO_CODEC], []] == [[each.reason for each in heard.refusals], values(heard)]


def test_a_new_description_replaces_the_one_before(listener: Callable[..., Decoder]) -> None:
    ours = listener(a("smoke_alarm"))
    ours.decode([say(CONFIG, smoke(pl_on="OFF", pl_off="ON")), say(CONFIG, smoke())])

    assert [{"alarm": False}] == values(ours.decode([say(TOPIC, "OFF")]))


def test_definitions_survive_a_restart(listener: Callable[..., Decoder]) -> None:
    before, after = listener(a("smoke_alarm")), listener(a("smoke_alarm"))
    before.decode([say(CONFIG, smoke(pl_on="OFF", pl_off="ON", val_tpl="{{ value_json.v }}"))])
    model = {"all": True, "metadata": json.dumps({"properties": [{"id": "temp", "valueType": {"unit": "fahrenheit"}}]})}
    before.decode([say("/p/d/metadata/derived", model)])

    after.restore(before.snapshot())

    assert [{"alarm": True}] == values(after.decode([say(TOPIC, {"v": "OFF"})]))
    after.device_index = DeviceIndex([a("smoke_alarm", "d", "jetlinks")])
    assert [{"temp_c": 60.0}] == values(after.decode([say("/p/d/properties/report", {"properties": {"temp": 140}})]))


def test_a_danger_is_foreseen_by_its_definition(listener: Callable[..., Decoder]) -> None:
    known, strange = listener(a("smoke_alarm")), listener()
    for ours in (known, strange):
        ours.decode([say(CONFIG, smoke(pl_on="OFF", pl_off="ON"))])

        assert [True, False] == [ours.has_danger(say(TOPIC, word)) for word in ("OFF", "ON")]


def test_a_stranger_is_told_by_its_definition(listener: Callable[..., Decoder]) -> None:
    ours = listener()
    ours.decode([say(CONFIG, smoke(pl_on="OFF", pl_off="ON"))])

    heard = ours.decode([say(TOPIC, "OFF"), say(TOPIC, "ON")])

    assert [(True, "smoke_alarm", "kitchen"), (False, "smoke_alarm", "kitchen")] == [
        (each.danger, each.proposed_kind, each.identity) for each in heard.refusals
    ]


@pytest.mark.parametrize("kind", ["smoke_alarm", ""])
def test_an_unheard_topic_and_a_strange_template_are_told_to_the_installer_once(
    listener: Callable[..., Decoder], kind: str
) -> None:
    ours = listener(a(kind)) if kind else listener()
    config = smoke(value_template="{{ states('sensor.x') }}")

    heard = ours.decode([say(CONFIG, config), say(CONFIG, config, 1_000)])

    details = [each.detail for each in heard.refusals]
    line = "write `intake: {filters: {homeassistant: [homeassistant/#, site/#]}}`"
    assert [f"no filter covers its topic {TOPIC}: {line}"] == details[:1]
    assert ["the value_template of smoke is not understood: states"] == details[1:]
    assert all("no filter" in each.detail and "not understood" in each.detail for each in heard.events)


def test_a_lamp_that_nobody_registered_is_no_refusal(listener: Callable[..., Decoder]) -> None:
    lamp = {"stat_t": "lamps/1/state", "cmd_t": "lamps/1/set", "uniq_id": "l1", "dev": {"ids": ["l1"]}}
    heard = listener().decode([say("homeassistant/light/l1/config", lamp)])

    assert [] == heard.refusals
    assert "no filter" in heard.events[0].detail


@pytest.mark.parametrize(
    ("pair", "reading"), [(("OFF", "ON"), []), (("ON", "OFF"), [{"alarm": True}])], ids=["turned", "usual"]
)
def test_a_template_that_is_not_understood_is_never_guessed_round(
    listener: Callable[..., Decoder], pair: tuple[str, str], reading: list[dict[str, Any]]
) -> None:
    ours = listener(a("smoke_alarm"))
    ours.decode([say(CONFIG, smoke(pl_on=pair[0], pl_off=pair[1], val_tpl="{{ states('x') }}"))])

    heard = ours.decode([say(TOPIC, "ON"), say(TOPIC, "ON", 1_000)])

    assert reading == values(heard)[:1]
    assert [not reading, False] == [each.danger for each in heard.refusals if "understood" in each.detail]


@pytest.mark.parametrize("platform", ["esphome", "homeassistant"])
@pytest.mark.parametrize(
    "filters", [{"esphome": ["kitchen-gas/#"]}, {"homeassistant": ["homeassistant/#", "kitchen-gas/#"]}]
)
def test_a_topic_that_a_site_listens_to_is_read_by_its_definition(
    listener: Callable[..., Decoder], platform: str, filters: dict[str, list[str]]
) -> None:
    if platform == "esphome" and "esphome" not in filters:
        filters = {**filters, "esphome": ["kitchen-gas/+/+/state", "kitchen-gas/status"]}
    ours = listener(a("gas_alarm", "kitchen-gas", platform), filters=filters)
    about = {"dev_cla": "gas", "stat_t": "kitchen-gas/binary_sensor/g/state", "pl_on": "OFF", "pl_off": "ON"}
    about |= {"avty_t": "kitchen-gas/status", "uniq_id": "ESPg", "dev": {"ids": "240ac4"}}  # type: ignore[dict-item]

    described = ours.decode([say("homeassistant/binary_sensor/kitchen-gas/g/config", about)])
    heard = ours.decode([say("kitchen-gas/binary_sensor/g/state", "OFF")])

    assert ([], [{"alarm": True}]) == (described.refusals, values(heard))


def test_a_description_that_breaks_us_is_refused_and_stops_nobody(
    listener: Callable[..., Decoder], monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = listener(a("smoke_alarm"))
    monkeypatch.setattr("ingest.discovery.discovery.Discovery.obstacles", lambda *_: 1 / 0)

    heard = ours.decode([say(CONFIG, smoke()), say("homeassistant/binary_sensor/kitchen/state", "ON")])

    assert [RefusalReason.CODEC_FAILED] == [each.reason for each in heard.refusals]
    assert [{"alarm": True}] == values(heard)
