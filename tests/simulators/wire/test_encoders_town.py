"""The devices of a town, on every platform: each danger that a device can report is understood."""

from __future__ import annotations

from app.config.catalog import load_kinds, load_mappings
from domain import Device
from ingest.decoding.decoder import Decoder
from ingest.decoding.device_index import DeviceIndex
from simulators.events import Measurement
from simulators.town.carried import carries
from simulators.town.population.build import build_town
from simulators.wire.encoders import ENCODERS, MessageEncoder
from tests.simulators.wire.test_encoders_decoded import AT, frames

NO_DANGER = {"homeassistant", "sparkplug"}
"""Motion sensors and lamp posts, in this town."""


def products(devices: tuple[Device, ...]) -> list[Device]:
    """One device for each kind, model and platform."""
    by_product = {(one.kind, one.model, one.identities[:1] and one.identities[0].platform): one for one in devices}
    return list(by_product.values())


def test_every_danger_that_a_product_of_a_town_can_report_is_read() -> None:
    town, kinds = build_town("small", 1), load_kinds()
    decoder = Decoder(kinds, load_mappings(kinds))
    decoder.device_index = DeviceIndex(town.devices)
    encoder = MessageEncoder(town.devices, AT)
    read: set[str] = set()
    for device in products(town.devices):
        dangers = [name for name, quantity in kinds[device.kind].quantities.items() if quantity.danger]
        for name in (name for name in dangers if carries(device, name)):
            sent = {"volume_m3": 1.5, name: True} if device.kind == "water_meter" else {name: True}
            result = decoder.decode(frames(encoder.encode(Measurement(device.id, sent, True), AT), AT))
            assert [] == [(device.id, device.model, name, refusal.detail) for refusal in result.refusals]
            assert any(reading.values.get(name) is True for reading in result.readings), (device, name)
            read.add(encoder.platform(device.id))
    assert read == set(ENCODERS) - NO_DANGER
