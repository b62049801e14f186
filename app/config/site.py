"""Loads a site folder: settings, kinds and the registry's CSV files, with the references between them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from msgspec import Struct, field, structs

from app.config.catalog import load_kinds, load_roles
from app.config.csv_files import Sheet
from app.config.faults import ConfigError, ConfigFault
from app.config.registry_files import CSV_FILES, merge_identities, read_sheet
from app.config.roster_file import read_roster_file
from app.config.settings import SiteSettings
from app.config.suggestions import missing_reference, unknown_name
from app.config.yaml_files import read_model
from domain import Cell, Device, Duty, Person, Place
from domain.kind import Kind
from domain.roles import Roles, role_named
from domain.rosters import Rotation
from ingest.decoding.decoder import DecoderSettings

ROSTERS: Final = "rosters.yaml"
Sheets = Mapping[str, Sheet[Any]]
"""Table (places, cells, people, duties, devices) -> its CSV file."""


class SiteConfig(Struct, frozen=True):
    """A loaded site folder; `path` is None without one.

    `files`: the folder from which files of a start are read, where some of `path` have faults
    (app.datadir.site_in_force).
    """

    path: Path | None
    settings: SiteSettings
    kinds: Mapping[str, Kind]
    places: list[Place] = field(default_factory=list)
    cells: list[Cell] = field(default_factory=list)
    people: list[Person] = field(default_factory=list)
    duties: list[Duty] = field(default_factory=list)
    devices: list[Device] = field(default_factory=list)
    roles: Roles = field(default_factory=load_roles)
    rotations: list[Rotation] = field(default_factory=list)
    files: Path | None = None

    @property
    def start_path(self) -> Path | None:
        """The folder of everything that is read once, at the start."""
        return self.files or self.path

    @property
    def folder_now(self) -> Path | None:
        """The folder of files that are renewed while the service runs, such as certificates: the site's while it is
        there."""
        return self.path if self.path is None or self.path.is_dir() else self.start_path


class SiteTables(Struct, frozen=True):
    """The records of a site's CSV files and its rosters.yaml."""

    places: list[Place]
    cells: list[Cell]
    people: list[Person]
    duties: list[Duty]
    devices: list[Device]
    rotations: list[Rotation]


def read_tables(path: Path, settings: SiteSettings, kinds: Mapping[str, Kind] | None, roles: Roles) -> SiteTables:
    """Parse the tables of a folder and check their references; `kinds` None: those are not checked. Raises ConfigError
    with all faults."""
    sheets, faults = read_sheets(path, settings)
    faults += check_references(sheets, kinds, roles)
    rotations, roster_faults = read_rotations(path, settings, sheets, roles)
    if faults or roster_faults:
        raise ConfigError([*faults, *roster_faults])
    records: dict[str, Any] = {table: merge_identities(sheet.records) for table, sheet in sheets.items()}
    return SiteTables(rotations=rotations, **records)


ReadTables = Callable[[Path, SiteSettings, Mapping[str, Kind] | None, Roles], SiteTables]


def load_site(path: Path | None, *, any_kind: bool = False, tables: ReadTables = read_tables) -> SiteConfig:
    """Load a site folder; None gives the empty site: built-in kinds, an empty registry. Raises ConfigError.

    With `any_kind` the kinds of the site are neither read nor checked: a restarted service uses those of its last
    run. `tables` reads the registry's records.
    """
    if path is None:
        return SiteConfig(None, SiteSettings(), load_kinds())
    settings, kinds = read_settings(path), load_kinds() if any_kind else load_kinds(path)
    roles = load_roles(path)
    return SiteConfig(
        path, settings, kinds, roles=roles, **structs.asdict(tables(path, settings, None if any_kind else kinds, roles))
    )


def read_settings(path: Path) -> SiteSettings:
    """The settings of a folder; defaults when it has no site.yaml. Raises ConfigError for a folder that is no site."""
    if not path.is_dir():
        raise ConfigError([ConfigFault(str(path), 1, 1, "", "is no folder: `fengshao init FOLDER` writes one")])
    settings = path / "site.yaml"
    if not settings.exists() and not any(path.glob("*.csv")) and not any(entry.is_dir() for entry in path.iterdir()):
        message = "is no site: it holds neither site.yaml nor places.csv, devices.csv ...; is the folder the right one?"
        raise ConfigError([ConfigFault(str(path), 1, 1, "", message)])
    return read_model(settings, SiteSettings) if settings.exists() else SiteSettings()


def site_zone(path: Path | None) -> ZoneInfo:
    """The time zone in the site.yaml of a folder; the default zone without one."""
    settings = path / "site.yaml" if path is not None else None
    return (read_model(settings, SiteSettings) if settings is not None and settings.exists() else SiteSettings()).zone


def read_sheets(path: Path, settings: SiteSettings) -> tuple[dict[str, Sheet[Any]], list[ConfigFault]]:
    """The CSV files that can be parsed, by table, and the faults of the others."""
    sheets: dict[str, Sheet[Any]] = {}
    faults: list[ConfigFault] = []
    for table in CSV_FILES:
        try:
            sheets[table] = read_sheet(path / f"{table}.csv", table, settings.zone)
        except ConfigError as error:
            faults += error.faults
    return sheets, faults


def read_rotations(
    path: Path, settings: SiteSettings, sheets: Sheets, roles: Roles | None
) -> tuple[list[Rotation], list[ConfigFault]]:
    """The rotations of rosters.yaml, and its faults; cells and people are looked up in the files that were parsed."""
    try:
        file = read_roster_file(path / ROSTERS, settings.zone)
    except ConfigError as error:
        return [], list(error.faults)
    if "cells" not in sheets or "people" not in sheets:
        return list(file.rotations), []
    cells, people = ({record.id for record in sheets[table].records} for table in ("cells", "people"))
    return list(file.rotations), file.reference_faults(cells, people, roles)


def check_references(sheets: Sheets, kinds: Mapping[str, Kind] | None, roles: Roles | None) -> list[ConfigFault]:
    """Faults of references to records that do not exist, and of parents in a circle.

    References into a file that could not be parsed are not checked. `kinds` and `roles` None: they are not checked.
    """
    ids = {table: {record.id for record in sheet.records} for table, sheet in sheets.items()}
    faults = [
        sheets[table].fault(row, column, missing_reference(value, ids[referenced]))
        for table, column, referenced in _REFERENCES
        if table in sheets and referenced in ids
        for row, value in _column_values(sheets[table], column)
        if value not in ids[referenced]
    ]
    devices = sheets.get("devices", Sheet[Any](""))
    if kinds is not None:
        unknown = [(row, kind) for row, kind in _column_values(devices, "kind") if kind not in kinds]
        faults += [devices.fault(row, "kind", unknown_name(kind, kinds)) for row, kind in unknown]
    duties = sheets.get("duties", Sheet[Any](""))
    if roles is not None:
        faults += [
            duties.fault(row, "role", unknown_role(role, roles))
            for row, role in _column_values(duties, "role")
            if role not in roles
        ]
    trees = [sheets[table] for table in ("places", "cells") if table in sheets]
    return faults + [fault for sheet in trees for fault in _circular_parents(sheet)]


def unknown_role(name: str, roles: Roles) -> str:
    """Message for an unknown role: its id when the name of a role was written, else the most similar id."""
    meant = role_named(name, roles)
    return unknown_name(name, roles) if meant is None else f"{name!r} is the name of a role: write its id {meant}"


_REFERENCES: Final = (
    ("places", "parent", "places"),
    ("places", "cell", "cells"),
    ("cells", "parent", "cells"),
    ("people", "home", "places"),
    ("duties", "cell", "cells"),
    ("duties", "person", "people"),
    ("devices", "place", "places"),
)
"""(table, column, referenced table)."""


def _column_values(sheet: Sheet[Any], column: str) -> Iterator[tuple[int, str]]:
    values = ((row, getattr(record, column)) for row, record in enumerate(sheet.records))
    return ((row, value) for row, value in values if value is not None)


def _circular_parents(sheet: Sheet[Any]) -> list[ConfigFault]:
    """Faults of records that are their own ancestors: escalation would not end at a root."""
    parent = {record.id: record.parent for record in sheet.records}
    visited, circular = set[str](), set[str]()
    for start in parent:
        path: list[str] = []
        node: str | None = start
        while node is not None and node in parent and node not in visited:
            visited.add(node)
            path.append(node)
            node = parent[node]
        if node in path:
            circular.update(path[path.index(node) :])
    return [
        sheet.fault(row, "parent", f"{record.id} is above itself: name another parent")
        for row, record in enumerate(sheet.records)
        if record.id in circular
    ]


def decoder_settings(settings: SiteSettings) -> DecoderSettings:
    """Time zones and topic filters of the decoder."""
    zones = {platform: ZoneInfo(name) for platform, name in settings.intake.timezones.items()}
    return DecoderSettings(zone=settings.zone, zones=zones, filters=settings.intake.filters)
