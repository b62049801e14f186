"""A site folder as one value: settings, registry records, and its own kinds, mappings, rulebooks and ladders.

`fengshao init` writes a commented one; `up --site` and `check --site` read it, every fault with file:line:column.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct, field

from app.config.catalog import load_kinds
from app.config.csv_files import Sheet
from app.config.faults import ConfigError, ConfigFault
from app.config.registry_files import CSV_FILES, merge_identities, read_sheet
from app.config.settings import SiteSettings
from app.config.suggestions import missing_reference, unknown_name
from app.config.yaml_files import read_model
from domain import Cell, Device, Duty, Person, Place
from domain.kind import Kind
from ingest.decoding.decoder import DecoderSettings

Sheets = Mapping[str, Sheet[Any]]
"""The CSV files of a site by name: places, cells, people, duties, devices."""


class SiteConfig(Struct, frozen=True):
    """Everything a site's people wrote."""

    path: Path | None
    settings: SiteSettings
    kinds: Mapping[str, Kind]
    places: list[Place] = field(default_factory=list)
    cells: list[Cell] = field(default_factory=list)
    people: list[Person] = field(default_factory=list)
    duties: list[Duty] = field(default_factory=list)
    devices: list[Device] = field(default_factory=list)


def load_site(path: Path | None, *, any_kind: bool = False) -> SiteConfig:
    """The folder, checked whole. None is the empty site: built-in kinds and rules, an empty registry.

    With `any_kind` a service starts by the kinds of its last run, whatever became of their files: they are not read.
    """
    if path is None:
        return SiteConfig(None, SiteSettings(), load_kinds())
    settings, kinds = read_settings(path), load_kinds() if any_kind else load_kinds(path)
    sheets, faults = read_sheets(path, settings)
    faults += check_references(sheets, None if any_kind else kinds)
    if faults:
        raise ConfigError(faults)
    return SiteConfig(
        path, settings, kinds, **{what: merge_identities(sheet.records) for what, sheet in sheets.items()}
    )


def read_settings(path: Path) -> SiteSettings:
    """The site.yaml of a folder that is a site; one without it has the defaults."""
    if not path.is_dir():
        raise ConfigError([ConfigFault(str(path), 1, 1, "", "is no folder: `fengshao init FOLDER` writes one")])
    settings = path / "site.yaml"
    if not settings.exists() and not any(path.glob("*.csv")) and not any(one.is_dir() for one in path.iterdir()):
        said = "is no site: it holds neither site.yaml nor places.csv, devices.csv ...; is the folder the right one?"
        raise ConfigError([ConfigFault(str(path), 1, 1, "", said)])
    return read_model(settings, SiteSettings) if settings.exists() else SiteSettings()


def read_sheets(path: Path, settings: SiteSettings) -> tuple[dict[str, Sheet[Any]], list[ConfigFault]]:
    """Every CSV file that can be read, and what is wrong with the others."""
    sheets: dict[str, Sheet[Any]] = {}
    faults: list[ConfigFault] = []
    for what in CSV_FILES:
        try:
            sheets[what] = read_sheet(path / f"{what}.csv", what, settings.zone)
        except ConfigError as error:
            faults += error.faults
    return sheets, faults


def check_references(sheets: Sheets, kinds: Mapping[str, Kind] | None) -> list[ConfigFault]:
    """References to what does not exist: a device's place and kind, a place's parent and cell, a duty's person.

    Of a file that could not be read nothing is known, so nothing is missing in it.
    """
    known = {what: {record.id for record in sheet.records} for what, sheet in sheets.items()}
    faults = [
        sheets[what].fault(row, column, missing_reference(value, known[among]))
        for what, column, among in _REFERENCES
        if what in sheets and among in known
        for row, value in _column_values(sheets[what], column)
        if value not in known[among]
    ]
    devices = sheets.get("devices", Sheet[Any](""))
    if kinds is not None:
        of_kind = [(row, kind) for row, kind in _column_values(devices, "kind") if kind not in kinds]
        faults += [devices.fault(row, "kind", unknown_name(kind, kinds)) for row, kind in of_kind]
    return faults + [
        fault for what in ("places", "cells") if what in sheets for fault in _circular_parents(sheets[what])
    ]


_REFERENCES = (
    ("places", "parent", "places"),
    ("places", "cell", "cells"),
    ("cells", "parent", "cells"),
    ("people", "home", "places"),
    ("duties", "cell", "cells"),
    ("duties", "person", "people"),
    ("devices", "place", "places"),
)


def _column_values(sheet: Sheet[Any], column: str) -> Iterator[tuple[int, str]]:
    values = ((row, getattr(record, column)) for row, record in enumerate(sheet.records))
    return ((row, value) for row, value in values if value is not None)


def _circular_parents(sheet: Sheet[Any]) -> list[ConfigFault]:
    """Records that are their own ancestors: nobody above them would ever be found."""
    parent = {record.id: record.parent for record in sheet.records}
    done, looped = set[str](), set[str]()
    for start in parent:
        walked: list[str] = []
        node: str | None = start
        while node is not None and node in parent and node not in done:
            done.add(node)
            walked.append(node)
            node = parent[node]
        if node in walked:
            looped.update(walked[walked.index(node) :])
    return [
        sheet.fault(row, "parent", f"{record.id} is above itself: name another parent")
        for row, record in enumerate(sheet.records)
        if record.id in looped
    ]


def decoder_settings(settings: SiteSettings) -> DecoderSettings:
    """Whose local time a time without a zone is, and on which topics each platform is heard."""
    zones = {platform: ZoneInfo(name) for platform, name in settings.intake.timezones.items()}
    return DecoderSettings(zone=settings.zone, zones=zones, filters=settings.intake.filters)
