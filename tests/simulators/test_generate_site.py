"""The demo community: the figures of the community it is modelled on, whole references, invented people."""

from __future__ import annotations

import csv
import re
from collections import Counter
from pathlib import Path

import pytest

from app.config.catalog import load_ladders
from domain import Cell, Duty, Person, Place
from domain.people import Community, community
from simulators.generate_site import COLUMNS, generate_site, write_site

FOLDER = Path(__file__).parents[2] / "deploy" / "site.demo"
Rows = list[dict[str, str]]


def rows(file: str) -> Rows:
    with (FOLDER / f"{file}.csv").open(encoding="utf-8", newline="") as written:
        return list(csv.DictReader(written))


@pytest.fixture(scope="module")
def site_community() -> Community:
    return community(
        [Place(r["id"], r["name"], r["level"], r["parent"] or None, r["cell"] or None) for r in rows("places")],
        [Cell(r["id"], r["name"], r["level"], r["parent"] or None) for r in rows("cells")],
        [Person(r["id"], r["name"], r["phone"], r["wecom"] or None, r["home"] or None) for r in rows("people")],
        [Duty(r["id"], r["cell"], r["role"], r["person"], int(r["rank"])) for r in rows("duties")],
    )


def test_the_committed_files_are_what_the_seed_makes(tmp_path: Path) -> None:
    write_site(tmp_path, generate_site())
    for file in COLUMNS:
        assert (tmp_path / f"{file}.csv").read_bytes() == (FOLDER / f"{file}.csv").read_bytes(), file


def test_the_community_has_the_figures_it_is_modelled_on(site_community: Community) -> None:
    levels = Counter(place.level for place in site_community.places.values())
    assert (levels["compound"], levels["building"] >= 48, levels["household"] >= 400) == (7, True, True)
    cells = Counter(cell.level for cell in site_community.cells.values())
    assert cells == {"street": 1, "community": 1, "grid": 13, "micro_grid": 48}
    kinds = Counter(row["kind"] for row in rows("devices"))
    assert kinds == {"gas_alarm": 42, "wristband": 89, "water_meter": 60, "manhole": 20}
    assert sum(row["attributes.lives_alone"] == "true" for row in rows("people")) == 89
    assert {row["platform"] for row in rows("devices")} == {"", "chirpstack", "zigbee2mqtt"}


def test_every_reference_leads_somewhere_and_every_id_is_its_own(site_community: Community) -> None:
    for file in COLUMNS:
        ids = [row["id"] for row in rows(file)]
        assert len(ids) == len(set(ids)), file
    for place in site_community.places.values():
        assert place.parent is None or place.parent in site_community.places
        assert place.cell is None or place.cell in site_community.cells
    for person in site_community.people.values():
        assert person.home is None or person.home in site_community.places
    for duty in site_community.duties:
        assert duty.cell in site_community.cells
        assert duty.person in site_community.people
    people = {row["attributes.person"] for row in rows("devices")} - {""}
    assert people <= set(site_community.people)


def test_every_device_has_a_door_a_short_address_and_a_worker(site_community: Community) -> None:
    staffed = {duty.cell for duty in site_community.duties if duty.role == "worker"}
    for row in rows("devices"):
        address = site_community.address(row["place"])
        assert 4 <= len(address) <= 20, address
        cell = site_community.cell_of(row["place"])
        assert cell is not None
        assert site_community.cells[cell].parent in staffed
    home = next(row["place"] for row in rows("devices") if row["kind"] == "wristband")
    assert re.fullmatch(r"\D+\d+栋\d单元\d{3}", site_community.address(home))


def test_the_grids_cut_across_the_compounds(site_community: Community) -> None:
    compounds: dict[str | None, set[str]] = {}
    for place in site_community.places.values():
        if place.level == "building" and place.cell and (compound := site_community.compound_of(place.id)):
            compounds.setdefault(site_community.cells[place.cell].parent, set()).add(compound.id)
    assert any(len(inside) > 1 for inside in compounds.values())


def test_phones_look_real_and_are_invented() -> None:
    phones = [row["phone"] for row in rows("people")]
    assert all(re.fullmatch(r"1[3-9]\d{9}", phone) and phone.startswith("199000") for phone in phones)
    assert len(phones) == len(set(phones))


def test_every_rung_of_the_ladder_has_a_person(site_community: Community) -> None:
    # The role of the daily self-test is the operations centre's own phone, which a community has not.
    roles = {role for ladder in load_ladders().ladders for role in ladder.roles} - {"canary"}
    assert roles <= {duty.role for duty in site_community.duties}
    workers = Counter(duty.cell for duty in site_community.duties if duty.role == "worker")
    assert set(workers.values()) == {2}
