"""Devices are found by any of their identities, also after some of them changed."""

from __future__ import annotations

from collections.abc import Callable

from domain import Device, Identity
from ingest.decoding.decoder import Decoder
from ingest.decoding.device_index import DeviceIndex


def test_a_change_of_some_devices_leaves_the_others_as_they_were(build_decoder: Callable[..., Decoder]) -> None:
    moved = Identity("zigbee2mqtt", "kitchen")
    named = Device("gone", "gas_alarm", identities=(Identity("zigbee2mqtt", "hall"),))
    decoder = build_decoder(Device("gas-1", "gas_alarm", identities=(moved,)), Device("gas-2", "gas_alarm"), named)
    decoder.update_registry(["gone", "never known"], [Device("gas-2", "gas_alarm", identities=(moved,)), NEW])
    find = decoder.device_index.find

    assert ["gas-2", "gas-1", "new"] == [
        found(find("zigbee2mqtt", "kitchen")),
        found(find("native", "gas-1")),
        found(find("native", "new")),
    ]
    assert find("zigbee2mqtt", "hall") is None
    assert (None, 3) == (find("native", "gone"), len(decoder.device_index))

    decoder.update_registry(["gas-1"], [])
    assert ("gas-2", None) == (found(find("zigbee2mqtt", "kitchen")), find("native", "gas-1"))


NEW = Device("new", "gas_alarm")


def found(device: Device | None) -> str | None:
    return device.id if device else None


def test_a_device_is_found_by_any_of_its_names() -> None:
    names = (Identity("chirpstack", "0101010101ABCDEF"), Identity("zigbee2mqtt", "3栋/402"), Identity("native", "old"))
    device = Device("d", "door", identities=names)
    directory = DeviceIndex([device])

    assert 1 == len(directory)
    assert device is directory.find("native", "d") is directory.find("native", "old")
    assert device is directory.find("chirpstack", "0101010101abcdef") is directory.find("zigbee2mqtt", "3栋/402")
    assert device is directory.find("zigbee2mqtt", "renamed", ("nobody", "3栋/402"))
    assert directory.find("zigbee2mqtt", "3栋") is directory.find("tts", "d") is None
    assert directory.find("zigbee2mqtt", "renamed", ("nobody",)) is None


def test_a_shelly_is_found_in_either_case() -> None:
    plug = Device("plug", "gas_alarm", identities=(Identity("shelly", "shellygas-10521CF29E99"),))

    assert plug is DeviceIndex([plug]).find("shelly", "shellygas-10521cf29e99")
