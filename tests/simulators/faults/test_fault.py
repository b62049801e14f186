"""What faults know of the devices of a town."""

from __future__ import annotations

from simulators.faults.fault import device_facts
from simulators.town.population.build import build_town


def test_devices_have_their_platform_gateway_building_and_supply() -> None:
    town = build_town("small", 1)
    facts = device_facts(town)
    assert set(facts) == {device.id for device in town.devices}
    zigbee = [one for one in facts.values() if one.platform == "zigbee2mqtt"]
    assert all(one.gateway in facts for one in zigbee)
    homes = [one for one in facts.values() if one.kind in {"gas_alarm", "smoke_alarm"}]
    assert sum(bool(one.building) for one in homes) > 0.9 * len(homes)
    assert {one.is_mains_powered for one in facts.values() if one.kind == "wristband"} == {False}
    assert {one.is_mains_powered for one in facts.values() if one.kind == "fire_panel"} == {True}
