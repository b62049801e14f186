"""Events, triggers, valves, lamps and switches: the value of each kind of entity."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ingest.decoding.decoder import Decoder
from tests.ingest.discovery.home_assistant import CONFIG, TOPIC, device, frame, has_danger, smoke_config, values


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
    build_decoder: Callable[..., Decoder], word: str, values_: list[dict[str, Any]], danger: bool
) -> None:
    decoder = build_decoder(device("sos_button"))
    about = {"stat_t": "bt/b1", "evt_typ": ["press", "long_press"], "dev_cla": "button", "dev": {"ids": ["kitchen"]}}
    decoder.decode([frame("homeassistant/event/kitchen/action/config", about)])
    templated = {**about, "stat_t": "bt/b2", "val_tpl": '{ {"event_type": value_json.e} | tojson }'}
    decoder.decode([frame("homeassistant/event/kitchen/other/config", templated)])

    result = decoder.decode([frame("bt/b1", {"event_type": word})])

    assert (values_, danger) == (values(result), has_danger(result))
    assert [] == values(decoder.decode([frame("bt/b1", {"other": 1}), frame("bt/b1", "x")]))


def test_a_trigger_is_a_press_by_its_payload_and_an_unlisted_payload_is_refused(
    build_decoder: Callable[..., Decoder],
) -> None:
    decoder = build_decoder(device("sos_button"))
    about = {"atype": "trigger", "t": "bt/b1", "type": "button_short_press", "pl": "A1", "dev": {"ids": ["kitchen"]}}
    release = {**about, "type": "button_long_release", "pl": "A2"}
    decoder.decode([frame("homeassistant/device_automation/kitchen/a/config", about)])
    decoder.decode([frame("homeassistant/device_automation/kitchen/b/config", release)])
    decoder.decode([frame("homeassistant/device_automation/kitchen/c/config", {"atype": "trigger", "t": "bt/c"})])

    press, over, unlisted, empty = (decoder.decode([frame("bt/b1", word)]) for word in ("A1", "A2", "A3", ""))

    assert ([{"sos": True}], [], []) == (values(press), values(over), values(unlisted))
    assert [False, True] == [has_danger(over), has_danger(unlisted)]
    assert ["a retained state was cleared"] == [event.detail for event in empty.events]


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
    build_decoder: Callable[..., Decoder], kind: str, component: str, word: str, expected: dict[str, Any]
) -> None:
    decoder = build_decoder(device(kind))
    decoder.decode([frame(f"homeassistant/{component}/kitchen/config", {"stat_t": TOPIC, "dev": {"ids": ["kitchen"]}})])

    assert [expected] == values(decoder.decode([frame(TOPIC, word)]))


def test_a_lamp_in_json(build_decoder: Callable[..., Decoder]) -> None:
    decoder = build_decoder(device("lamp_post"))
    about = {"stat_t": TOPIC, "schema": "json", "dev": {"ids": ["kitchen"]}}
    decoder.decode([frame("homeassistant/light/kitchen/config", about)])

    assert [{"on": True}] == values(decoder.decode([frame(TOPIC, {"state": "ON"})]))


@pytest.mark.parametrize("word", ["unavailable", "unknown", "None", ""])
def test_an_unknown_state_is_no_reading(build_decoder: Callable[..., Decoder], word: str) -> None:
    decoder = build_decoder(device("smoke_alarm"))
    decoder.decode([frame(CONFIG, smoke_config(val_tpl="{{ value_json.v }}"))])

    result = decoder.decode([frame(TOPIC, {"v": word})])

    assert ([], [], 1) == (result.readings, result.refusals, len(result.events))


def test_a_template_that_cannot_be_evaluated_is_refused_by_name(build_decoder: Callable[..., Decoder]) -> None:
    decoder = build_decoder(device("gas_alarm"))
    about = {"dev_cla": "temperature", "stat_t": TOPIC, "val_tpl": "{{ value_json.t | float }}", "unit_of_meas": "°C"}
    decoder.decode([frame("homeassistant/sensor/kitchen/t/config", about)])

    wrong, no_json = decoder.decode([frame(TOPIC, {"t": "warm"})]), decoder.decode([frame(TOPIC, "warm")])

    assert "does not fit" in wrong.refusals[0].detail
    assert "reads JSON" in no_json.refusals[0].detail


def test_a_message_too_large_for_a_template_and_one_of_no_single_value(build_decoder: Callable[..., Decoder]) -> None:
    decoder = build_decoder(device("gas_alarm"))
    large = {"dev_cla": "temperature", "stat_t": TOPIC, "val_tpl": "{{ value_json.t }}", "dev": {"ids": ["kitchen"]}}
    plain = {"dev_cla": "temperature", "stat_t": "site/plain", "dev": {"ids": ["kitchen"]}}
    state = {"dev_cla": "gas", "stat_t": "site/state", "dev": {"ids": ["kitchen"]}}
    decoder.decode(
        [frame("homeassistant/sensor/kitchen/t/config", large), frame("homeassistant/sensor/kitchen/p/config", plain)]
    )
    decoder.decode([frame("homeassistant/binary_sensor/kitchen/g/config", state)])

    assert "a template reads" in decoder.decode([frame(TOPIC, {"t": 1, "x": "y" * 70_000})]).refusals[0].detail
    assert [{"lel_pct": 3}] == values(decoder.decode([frame("site/plain", {"lel_pct": 3})]))
    assert "is neither 'ON'" in decoder.decode([frame("site/state", {"a": 1})]).refusals[0].detail


def test_a_press_without_a_payload_is_any_message(build_decoder: Callable[..., Decoder]) -> None:
    decoder = build_decoder(device("sos_button"))
    about = {"atype": "trigger", "t": "bt/b1", "type": "button_short_press", "dev": {"ids": ["kitchen"]}}
    decoder.decode([frame("homeassistant/device_automation/kitchen/a/config", about)])

    assert [{"sos": True}] == values(decoder.decode([frame("bt/b1", {"any": 1})]))


@pytest.mark.parametrize(
    ("word", "expected"),
    [("smoke detected", [{"alarm": True}]), ("all clear", [{"alarm": False}])],
)
def test_a_word_beside_the_usual_pair_is_left_to_the_vocabulary(
    build_decoder: Callable[..., Decoder], word: str, expected: list[dict[str, Any]]
) -> None:
    decoder = build_decoder(device("smoke_alarm"))
    decoder.decode([frame(CONFIG, smoke_config())])

    assert expected == values(decoder.decode([frame(TOPIC, word)]))
