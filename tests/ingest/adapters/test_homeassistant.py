"""Home Assistant: discovery makes devices claimable under the identities that report them."""

from __future__ import annotations

from collections.abc import Callable

from domain.kind import Kind
from ingest.decoding.danger_detection import DangerDetector
from ingest.decoding.decoder import Decoder
from ingest.mappings.mapping import MappingBook
from tests.ingest.adapters.home_platforms import frame_of, named_on, proposed


def test_a_gas_alarm_discovered_by_home_assistant_has_the_identity_that_zigbee2mqtt_reports(
    kinds: dict[str, Kind], books: list[MappingBook]
) -> None:
    (proposal,) = proposed(
        "homeassistant/binary_sensor/0x00158d0001deec28/gas/config",
        {
            "device": {
                "identifiers": ["zigbee2mqtt_0x00158d0001deec28"],
                "manufacturer": "Heiman",
                "model_id": "HS3CG",
            },
            "device_class": "gas",
            "state_topic": "zigbee2mqtt/0x00158d0001deec28",
            "unique_id": "0x00158d0001deec28_gas_zigbee2mqtt",
            "value_template": "{{ value_json.gas }}",
        },
    )

    assert proposal.identities[:2] == (
        ("zigbee2mqtt", "0x00158d0001deec28"),
        ("homeassistant", "zigbee2mqtt_0x00158d0001deec28"),
    )
    assert (proposal.vendor, proposal.model, proposal.hints) == ("Heiman", "HS3CG", ("gas",))
    assert proposal.topics == ("zigbee2mqtt/0x00158d0001deec28",)
    assert DangerDetector(kinds, books).guess_kind("zigbee2mqtt", dict.fromkeys(proposal.hints)) == "gas_alarm"


def test_a_device_message_is_one_discovered_device_with_all_its_components() -> None:
    (proposal,) = proposed(
        "homeassistant/device/0AFFD2/config",
        {
            "~": "tele/kitchen",
            "dev": {"ids": ["ea33"], "cns": [["mac", "02:5b"]], "name": "厨房", "mf": "Bla"},
            "cmps": {
                "gas": {"p": "binary_sensor", "dev_cla": "gas", "stat_t": "~/SENSOR", "uniq_id": "g1"},
                "warm": {"p": "sensor", "val_tpl": "{{ value_json['temp'] }}", "stat_t": "x/~", "uniq_id": "t1"},
                "lamp": {"p": "light", "cmd_t": "x/set"},
                "gone": {"p": "sensor"},
            },
        },
    )

    assert proposal.identities == (
        ("tasmota", "kitchen"),
        *(("homeassistant", name) for name in ("ea33", "02:5b", "g1", "t1", "0AFFD2")),
    )
    assert (proposal.hints, proposal.name) == (("gas", "temp", "light"), "厨房")
    assert proposal.topics == ("tele/kitchen/SENSOR", "x/tele/kitchen")


def test_an_empty_discovery_message_withdraws_the_device() -> None:
    (proposal,) = proposed("homeassistant/binary_sensor/node/garden/config", "")

    assert (proposal.is_withdrawn, proposal.identities) == (
        True,
        (("homeassistant", "node"), ("homeassistant", "node/garden")),
    )


def test_below_a_node_the_object_alone_names_no_device() -> None:
    one, other = (
        proposed(f"homeassistant/binary_sensor/{node}/gas/config", {"dev_cla": "gas"})[0] for node in ("0x1", "0x2")
    )

    assert (("homeassistant", "0x1"), ("homeassistant", "0x1/gas")) == one.identities
    assert set(one.identities).isdisjoint(other.identities)


def test_a_gas_alarm_is_not_attributed_to_a_device_of_another_node(build_decoder: Callable[..., Decoder]) -> None:
    result = build_decoder(named_on("homeassistant", "gas_alarm", "gas")).decode(
        [frame_of("homeassistant/binary_sensor/0xSOMEBODYELSE/gas/state", "ON")]
    )

    assert [] == result.readings
    assert [("0xSOMEBODYELSE", True)] == [(refusal.identity, refusal.danger) for refusal in result.refusals]
