"""Names under which Tasmota's Zigbee and Bluetooth devices may be registered."""

from __future__ import annotations

import pytest

from ingest.adapters.tasmota.names import bluetooth_names, is_bluetooth, zigbee_names


def test_a_short_address_in_the_key_comes_first_in_all_its_spellings() -> None:
    identity, aliases = zigbee_names("bridge", "0x8f20", {"Name": "Kitchen"})

    assert "0x8F20" == identity
    assert {"0x8f20", "8F20", "Kitchen", "bridge/0x8F20", "bridge/Kitchen"} == set(aliases)


def test_a_device_without_any_name_is_its_bridge() -> None:
    assert ("bridge", ()) == zigbee_names("bridge", "", {})


@pytest.mark.parametrize("mac", ["A4:C1:38:AA:BB:CC", "a4c138aabbcc"])
def test_a_bluetooth_address_is_found_in_every_spelling(mac: str) -> None:
    fields = {"MAC": mac}

    assert is_bluetooth("IBEACON", fields)
    assert "A4:C1:38:AA:BB:CC" == bluetooth_names("IBEACON", fields)[0]
    assert {"a4:c1:38:aa:bb:cc", "a4c138aabbcc", "IBEACON"} < set(bluetooth_names("IBEACON", fields)[1])
