"""A site folder as one value: settings, registry records, and its own kinds, mappings, rulebooks and ladders.

`fengshao init` writes a commented one; `up --site` and `check --site` read it, every fault with file:line:column.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from app.records import FILES, read_records
from app.settings import Site
from app.shelf import load_kinds
from app.written import Located, WrittenError, read_model
from domain import Cell, Device, Duty, Person, Place
from domain.kind import Kind


class SiteFolder(Struct, frozen=True):
    """Everything a site's people wrote."""

    path: Path | None
    settings: Site
    kinds: Mapping[str, Kind]
    places: list[Place] = field(default_factory=list)
    cells: list[Cell] = field(default_factory=list)
    people: list[Person] = field(default_factory=list)
    duties: list[Duty] = field(default_factory=list)
    devices: list[Device] = field(default_factory=list)


def read_site(path: Path | None) -> SiteFolder:
    """The folder, checked whole. None is the empty site: built-in kinds and rules, an empty registry."""
    if path is None:
        return SiteFolder(None, Site(), load_kinds())
    if not path.is_dir():
        raise WrittenError([Located(str(path), 1, 1, "", "is no folder: `fengshao init FOLDER` writes one")])
    settings_file = path / "site.yaml"
    if not settings_file.exists() and not any(path.glob("*.csv")) and not any(one.is_dir() for one in path.iterdir()):
        said = "is no site: it holds neither site.yaml nor places.csv, devices.csv ...; is the folder the right one?"
        raise WrittenError([Located(str(path), 1, 1, "", said)])
    settings = read_model(settings_file, Site) if settings_file.exists() else Site()
    records: dict[str, list[Any]] = {}
    faults: list[Located] = []
    for what in FILES:
        try:
            records[what] = read_records(path / f"{what}.csv", what)
        except WrittenError as error:
            faults += error.faults
    if faults:
        raise WrittenError(faults)
    folder = SiteFolder(path, settings, load_kinds(path), **records)
    faults = reference_faults(folder)
    if faults:
        raise WrittenError(faults)
    return folder


def reference_faults(folder: SiteFolder) -> list[Located]:
    """References to what does not exist: a device's place and kind, a place's parent and cell, a duty's person."""
    places, cells = {one.id for one in folder.places}, {one.id for one in folder.cells}
    people = {one.id for one in folder.people}
    wanted: list[tuple[str, str, str, str | None, Any]] = []
    wanted += [("places", one.id, "parent", one.parent, places) for one in folder.places]
    wanted += [("places", one.id, "cell", one.cell, cells) for one in folder.places]
    wanted += [("cells", one.id, "parent", one.parent, cells) for one in folder.cells]
    wanted += [("people", one.id, "home", one.home, places) for one in folder.people]
    wanted += [("duties", one.id, "cell", one.cell, cells) for one in folder.duties]
    wanted += [("duties", one.id, "person", one.person, people) for one in folder.duties]
    wanted += [("devices", one.id, "place", one.place, places) for one in folder.devices]
    wanted += [("devices", one.id, "kind", one.kind, folder.kinds) for one in folder.devices]
    return [
        _missing(folder.path, file, row, column, value)
        for file, row, column, value, known in wanted
        if value is not None and value not in known
    ]


def _missing(path: Path | None, file: str, row: str, column: str, value: str) -> Located:
    source = (path or Path()) / f"{file}.csv"
    lines = source.read_text("utf-8-sig").splitlines()
    header = lines[0].split(",")
    number = next((n for n, line in enumerate(lines, 1) if line.split(",")[header.index("id")] == row), 1)
    cells = lines[number - 1].split(",")
    place = 1 + sum(len(cell) + 1 for cell in cells[: header.index(column)])
    return Located(str(source), number, place, column, f"{value!r} does not exist: add it, or correct the name")
