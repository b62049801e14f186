"""A town from a preset: its figures, whole references, identities as platforms give them, people who are on duty."""

from __future__ import annotations

import re
from collections import Counter
from typing import Final
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from alerts.roster.on_duty import on_duty_ranked
from domain import HOUR, Instant
from domain.identities import canonical
from domain.people import Community, community
from simulators.town.population.build import build_town
from simulators.town.population.presets import PRESETS, allocate
from simulators.town.town import Town

SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
TUESDAY: Final[Instant] = 1_794_844_800_000
"""2026-11-17 00:00 in Shanghai."""


@pytest.fixture(scope="module")
def town() -> Town:
    return build_town("small", 1)


@pytest.fixture(scope="module")
def people(town: Town) -> Community:
    return community(town.places, town.cells, town.people, town.duties, rotations=town.rotations)


def test_the_small_town_has_its_figures(town: Town) -> None:
    preset = PRESETS["small"]
    assert len(town.households) == preset.households
    assert sum(household.has_elder_alone for household in town.households) == preset.elder_homes
    residents = sum(person.home is not None for person in town.people)
    assert residents == preset.residents
    kinds = Counter(device.kind for device in town.devices)
    assert (kinds["water_meter"], kinds["gas_alarm"], kinds["wristband"], kinds["manhole"]) == (300, 232, 24, 24)
    assert 900 <= len(town.devices) <= 1100


def test_every_id_and_every_identity_is_unique(town: Town) -> None:
    for records in (town.places, town.cells, town.people, town.duties, town.devices):
        ids = [record.id for record in records]
        assert len(ids) == len(set(ids))
    found = [(one.platform, canonical(one.platform, one.id)) for device in town.devices for one in device.identities]
    assert len(found) == len(set(found))


def test_every_platform_is_in_use(town: Town) -> None:
    platforms = {device.identities[0].platform for device in town.devices if device.identities}
    assert platforms == {
        *("chirpstack", "tts", "zigbee2mqtt", "homeassistant", "tasmota", "shelly", "sparkplug", "alink", "iotda"),
        *("ctwing", "thingsboard", "jetlinks", "wmbusmeters", "hj212", "setracker"),
    }


def test_a_sparkplug_edge_node_is_one_gateway(town: Town) -> None:
    nodes: dict[str, set[object]] = {}
    for device in town.devices:
        for one in device.identities:
            if one.platform == "sparkplug":
                nodes.setdefault(one.id.rpartition("/")[0], set()).add(device.attributes.get("gateway"))
    assert nodes
    assert all(len(gateways) == 1 for gateways in nodes.values())


def test_references_lead_somewhere(town: Town, people: Community) -> None:
    gateways = {device.id for device in town.devices if device.kind == "gateway"}
    for device in town.devices:
        assert device.place in people.places
        assert device.attributes.get("gateway", next(iter(gateways))) in gateways
        assert "person" not in device.attributes or str(device.attributes["person"]) in people.people
    for household in town.households:
        assert {person.id for person in people.residents(household.place)} == set(household.residents)


def test_a_device_at_a_door_has_an_address_and_a_worker(town: Town, people: Community) -> None:
    band = next(device for device in town.devices if device.kind == "wristband")
    assert re.fullmatch(r"\D+\d+栋\d单元\d{3,4}", people.address(band.place))
    cells = {people.cell_of(device.place) for device in town.devices}
    assert None not in cells
    for cell in cells:
        for hour in range(0, 7 * 24, 4):
            ranks = [rank for rank, _ in on_duty_ranked(people, cell, "worker", TUESDAY + hour * HOUR, SHANGHAI)]
            assert ranks[:2] == [0, 1]


@given(st.integers(min_value=0, max_value=10_000))
@settings(max_examples=8, deadline=None)
@example(29)  # fewer buildings than cameras
def test_the_figures_are_met_whatever_the_seed(seed: int) -> None:
    town, preset = build_town("small", seed), PRESETS["small"]
    assert len(town.households) == preset.households
    assert sum(household.has_elder_alone for household in town.households) == preset.elder_homes
    assert sum(person.home is not None for person in town.people) == preset.residents
    assert Counter(device.kind for device in town.devices)["water_meter"] == preset.households


@given(st.integers(min_value=0, max_value=100_000), st.lists(st.integers(min_value=0, max_value=500), min_size=1))
def test_a_total_is_divided_without_rest_and_in_proportion(total: int, weights: list[int]) -> None:
    if sum(weights) == 0:
        return
    shares = allocate(total, weights)
    assert sum(shares) == total
    assert all(abs(share - total * weight / sum(weights)) < 1 for share, weight in zip(shares, weights, strict=True))
    assert all(share == 0 for share, weight in zip(shares, weights, strict=True) if weight == 0)
