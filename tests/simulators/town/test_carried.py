"""Which quantities the format of a device's platform carries."""

from __future__ import annotations

import pytest

from domain import Device, Identity
from simulators.town.carried import carries

ZIGBEE = (Identity("zigbee2mqtt", "0x00158d0000000001"),)


@pytest.mark.parametrize(
    ("device", "carried", "not_carried"),
    [
        (Device("g", "gas_alarm"), ("alarm", "co_ppm", "expired", "test"), ()),
        (Device("g", "gas_alarm", identities=ZIGBEE), ("alarm", "test"), ("co_ppm", "expired", "valve_closed")),
        (Device("s", "smoke_alarm", identities=ZIGBEE), ("alarm", "battery_pct"), ("fault",)),
        (Device("b", "wristband"), ("fall", "sos", "heart_rate_bpm", "lat", "body_temp_c"), ()),
        (Device("k", "sos_button"), ("sos", "key"), ()),
        (Device("k", "sos_button", identities=ZIGBEE), ("sos",), ("key",)),
    ],
)
def test_a_quantity_is_carried_when_it_changes_the_message(
    device: Device, carried: tuple[str, ...], not_carried: tuple[str, ...]
) -> None:
    assert all(carries(device, quantity) for quantity in carried)
    assert not any(carries(device, quantity) for quantity in not_carried)
