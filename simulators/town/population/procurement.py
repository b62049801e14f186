"""What a community bought: for each kind of device one or a few products, each with its platform and reporting plan.

Products are of the families that the platforms' documents describe (docs/town.md). `report_every` is the product's own
plan; None: that of the kind.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Final

from msgspec import Struct

from simulators.town.population.presets import Preset


class Product(Struct, frozen=True):
    """A product: its platform, its model as the platform knows it, its reporting plan.

    `needs_gateway`: it reaches the platform through a gateway in its building.
    """

    platform: str
    model: str | None = None
    report_every: str | None = None
    needs_gateway: bool = False


PRODUCTS: Final[Mapping[str, Sequence[Product]]] = {
    "gas_alarm": (
        Product("ctwing", report_every="1d"),
        Product("iotda", report_every="1d"),
        Product("zigbee2mqtt", report_every="1d", needs_gateway=True),
        Product("native"),
        Product("alink", report_every="6h"),
        Product("shelly", report_every="1h"),
        Product("chirpstack", "GS101", report_every="6h"),
        Product("jetlinks", report_every="1d"),
    ),
    "smoke_alarm": (
        Product("ctwing", report_every="1d"),
        Product("chirpstack", "RA02A", report_every="1d"),
        Product("zigbee2mqtt", report_every="1d", needs_gateway=True),
        Product("thingsboard", report_every="1d", needs_gateway=True),
        Product("iotda", report_every="1d"),
        Product("native", report_every="1d"),
    ),
    "water_meter": (
        Product("chirpstack", "flowIQ", report_every="1d"),
        Product("ctwing", report_every="1d"),
        Product("wmbusmeters", report_every="1d"),
        Product("native", report_every="1d"),
        Product("tts", "Qalcosonic W1", report_every="1d"),
        Product("iotda", report_every="1d"),
    ),
    "water_leak": (
        Product("zigbee2mqtt", report_every="1d", needs_gateway=True),
        Product("shelly", report_every="12h"),
        Product("tts", "EM300-SLD", report_every="6h"),
        Product("tasmota", report_every="1d", needs_gateway=True),
    ),
    "wristband": (
        Product("setracker", report_every="10m"),
        Product("native", report_every="10m"),
        Product("iotda", report_every="10m"),
        Product("jetlinks", report_every="10m"),
    ),
    "door": (
        Product("zigbee2mqtt", report_every="1d", needs_gateway=True),
        Product("tasmota", report_every="1d", needs_gateway=True),
        Product("chirpstack", "EM300-MCS", report_every="6h"),
        Product("native", report_every="6h"),
    ),
    "motion": (
        Product("tasmota", report_every="1d", needs_gateway=True),
        Product("zigbee2mqtt", report_every="1d", needs_gateway=True),
        Product("homeassistant", report_every="1d", needs_gateway=True),
        Product("tts", "WS202", report_every="6h"),
    ),
    "sos_button": (
        Product("zigbee2mqtt", report_every="1d", needs_gateway=True),
        Product("alink", report_every="12h"),
        Product("chirpstack", "WS101", report_every="12h"),
        Product("native", report_every="6h"),
    ),
    "manhole": (
        Product("chirpstack", "DC413", report_every="6h"),
        Product("native", report_every="6h"),
        Product("jetlinks", report_every="6h"),
        Product("hj212", report_every="1h"),
    ),
    "bin": (
        Product("tts", "DF702", report_every="6h"),
        Product("jetlinks", report_every="6h"),
        Product("native", report_every="6h"),
    ),
    "lamp_post": (
        Product("alink", report_every="1h"),
        Product("thingsboard", report_every="1h", needs_gateway=True),
        Product("sparkplug", report_every="1h", needs_gateway=True),
        Product("native", report_every="1h"),
    ),
    "falling_object": (Product("native", report_every="6h"), Product("jetlinks", report_every="6h")),
    "ebike_lift": (Product("alink", report_every="6h"), Product("native", report_every="6h")),
    "fire_panel": (Product("iotda", report_every="1h"), Product("native", report_every="1h")),
    "gateway": (Product("native", report_every="10m"), Product("alink", report_every="10m")),
}
"""Kind -> products on the market."""


def bought_products(seed: int, community: int, preset: Preset) -> Mapping[str, Sequence[Product]]:
    """What a community bought of each kind, the main product first."""
    bought: dict[str, Sequence[Product]] = {}
    for kind, market in PRODUCTS.items():
        products = [one for one in market if not preset.platforms or one.platform in preset.platforms]
        random = Random(f"{seed}/bought/{community}/{kind}")
        bought[kind] = random.sample(products, min(preset.vendors, len(products)))
    return bought
