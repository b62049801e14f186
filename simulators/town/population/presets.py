"""Presets: the figures of towns of several sizes. docs/town.md gives the source of each figure.

Counts are totals of the town and are met exactly; they are divided among its communities and compounds.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from msgspec import Struct


class Spot(StrEnum):
    """Where devices are installed."""

    HOUSEHOLD = "household"
    ELDER_HOME = "elder_home"
    SHOP = "shop"
    CORRIDOR = "corridor"
    LIFT = "lift"
    BUILDING = "building"
    TOWER = "tower"
    ROAD = "road"
    OFFICE = "office"


class Fitting(Struct, frozen=True):
    """`count` devices of a kind installed at one type of spot; None, or more than there are spots: one at each."""

    kind: str
    spot: Spot
    count: int | None = None


class Preset(Struct, frozen=True):
    """The figures of a town.

    With `places` the number of households follows from it, else `households` is the number. Only households with a
    registered occupant are places: `occupancy` is their share of the flats that are built. `buildings` is the range of
    buildings in a compound; None: as many as the households need.
    """

    name: str
    communities: int
    compounds: int
    old_compounds: int
    grids: int
    """Grids of each community."""
    micro_grids: int
    """Micro-grids of each community."""
    residents: int
    elder_homes: int
    """Homes of people over 70 who live alone."""
    shops: int
    fittings: tuple[Fitting, ...]
    streets: int = 1
    has_district: bool = False
    households: int = 0
    places: int | None = None
    devices: int | None = None
    """Total number of devices; the count of the fitting `remainder` is what the others leave."""
    remainder: str = "water_meter"
    occupancy: float = 0.96
    buildings: tuple[int, int] | None = None
    vendors: int = 2
    """How many products of each kind a community bought."""
    platforms: tuple[str, ...] = ()
    """Platforms of the products; empty: all."""
    shifts: bool = True
    """Whether the staff work in shifts. Without them each post is one person's, at any hour: the demonstration shows
    the same phones whenever it is started."""


def _public(manholes: int, lamp_posts: int, bins: int, cameras: int) -> tuple[Fitting, ...]:
    return (
        Fitting("manhole", Spot.ROAD, manholes),
        Fitting("lamp_post", Spot.ROAD, lamp_posts),
        Fitting("bin", Spot.ROAD, bins),
        Fitting("falling_object", Spot.BUILDING, cameras),
    )


def _care(bands: int, doors: int, motions: int, buttons: int) -> tuple[Fitting, ...]:
    return (
        Fitting("wristband", Spot.ELDER_HOME, bands),
        Fitting("door", Spot.ELDER_HOME, doors),
        Fitting("motion", Spot.ELDER_HOME, motions),
        Fitting("sos_button", Spot.ELDER_HOME, buttons),
    )


_SMALL: Final = Preset(
    name="small",
    communities=1,
    compounds=3,
    old_compounds=2,
    grids=3,
    micro_grids=8,
    residents=720,
    elder_homes=24,
    shops=12,
    households=300,
    vendors=4,
    fittings=(
        Fitting("water_meter", Spot.HOUSEHOLD),
        Fitting("gas_alarm", Spot.HOUSEHOLD, 220),
        Fitting("gas_alarm", Spot.SHOP),
        Fitting("smoke_alarm", Spot.HOUSEHOLD, 180),
        Fitting("smoke_alarm", Spot.CORRIDOR, 30),
        Fitting("water_leak", Spot.HOUSEHOLD, 60),
        *_care(24, 24, 24, 24),
        Fitting("ebike_lift", Spot.LIFT),
        Fitting("fire_panel", Spot.TOWER),
        *_public(24, 24, 16, 8),
        Fitting("gateway", Spot.OFFICE),
        Fitting("gateway", Spot.BUILDING),
    ),
)

_COMMUNITY: Final = Preset(
    name="community",
    communities=1,
    compounds=7,
    old_compounds=4,
    grids=13,
    micro_grids=48,
    residents=34_342,
    elder_homes=620,
    shops=180,
    households=14_297,
    fittings=(
        Fitting("water_meter", Spot.HOUSEHOLD),
        Fitting("gas_alarm", Spot.HOUSEHOLD, 13_700),
        Fitting("gas_alarm", Spot.SHOP),
        Fitting("smoke_alarm", Spot.HOUSEHOLD),
        Fitting("smoke_alarm", Spot.CORRIDOR),
        Fitting("water_leak", Spot.HOUSEHOLD, 12_000),
        *_care(400, 620, 620, 620),
        Fitting("ebike_lift", Spot.LIFT),
        Fitting("fire_panel", Spot.TOWER),
        *_public(480, 620, 260, 90),
        Fitting("gateway", Spot.OFFICE),
        Fitting("gateway", Spot.BUILDING),
    ),
)

_STREET: Final = Preset(
    name="street",
    communities=7,
    compounds=111,
    old_compounds=68,
    grids=9,
    micro_grids=30,
    residents=98_000,
    elder_homes=2_400,
    shops=700,
    households=42_000,
    fittings=(
        Fitting("water_meter", Spot.HOUSEHOLD, 30_000),
        Fitting("gas_alarm", Spot.HOUSEHOLD, 24_000),
        Fitting("gas_alarm", Spot.SHOP),
        Fitting("smoke_alarm", Spot.HOUSEHOLD, 12_000),
        Fitting("smoke_alarm", Spot.CORRIDOR, 2_000),
        Fitting("water_leak", Spot.HOUSEHOLD, 3_000),
        *_care(900, 2_000, 1_600, 2_000),
        Fitting("ebike_lift", Spot.LIFT),
        Fitting("fire_panel", Spot.TOWER),
        *_public(2_200, 2_600, 1_100, 400),
        Fitting("gateway", Spot.OFFICE),
    ),
)

_DISTRICT: Final = Preset(
    name="district",
    has_district=True,
    streets=11,
    communities=76,
    compounds=1_221,
    old_compounds=751,
    grids=12,
    micro_grids=40,
    residents=180_000,
    elder_homes=6_800,
    shops=3_800,
    places=169_720,
    devices=73_260,
    occupancy=0.45,
    buildings=(4, 8),
    fittings=(
        Fitting("water_meter", Spot.HOUSEHOLD, 0),
        Fitting("gas_alarm", Spot.HOUSEHOLD, 14_000),
        Fitting("gas_alarm", Spot.SHOP),
        Fitting("smoke_alarm", Spot.HOUSEHOLD, 9_000),
        Fitting("smoke_alarm", Spot.CORRIDOR, 1_500),
        Fitting("water_leak", Spot.HOUSEHOLD, 1_500),
        *_care(2_600, 5_000, 3_000, 6_000),
        Fitting("ebike_lift", Spot.LIFT, 2_400),
        Fitting("fire_panel", Spot.TOWER, 600),
        *_public(4_800, 5_200, 2_400, 900),
        Fitting("gateway", Spot.OFFICE),
    ),
)

_DEMO: Final = Preset(
    name="demo",
    shifts=False,
    communities=1,
    compounds=7,
    old_compounds=5,
    grids=13,
    micro_grids=48,
    residents=900,
    elder_homes=89,
    shops=12,
    households=400,
    occupancy=0.35,
    buildings=(6, 7),
    vendors=3,
    platforms=("native", "chirpstack", "zigbee2mqtt"),
    fittings=(
        Fitting("gas_alarm", Spot.HOUSEHOLD, 30),
        Fitting("gas_alarm", Spot.SHOP),
        Fitting("smoke_alarm", Spot.HOUSEHOLD, 24),
        Fitting("water_meter", Spot.ELDER_HOME, 60),
        *_care(89, 24, 16, 24),
        Fitting("water_leak", Spot.HOUSEHOLD, 12),
        Fitting("ebike_lift", Spot.LIFT, 6),
        *_public(20, 14, 10, 6),
        Fitting("gateway", Spot.OFFICE),
    ),
)

PRESETS: Final[Mapping[str, Preset]] = MappingProxyType(
    {preset.name: preset for preset in (_SMALL, _DEMO, _COMMUNITY, _STREET, _DISTRICT)}
)


def allocate(total: int, weights: list[int]) -> list[int]:
    """`total` divided in proportion to the weights, in whole numbers that add up to it (largest remainder).

    >>> allocate(10, [1, 1, 2]), allocate(7, [3, 3]), allocate(0, [0, 0])
    ([3, 2, 5], [4, 3], [0, 0])
    """
    whole = sum(weights) or 1
    shares = [total * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda index: (-(total * weights[index] % whole), index))
    for index in by_remainder[: total - sum(shares)]:
        shares[index] += 1
    return shares
