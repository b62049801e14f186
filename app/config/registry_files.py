"""Parses a site's places, cells, people, duties and devices from CSV and YAML files.

The fields and their limits are those of domain.specs, by which the API validates too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import tzinfo
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final, Self, TypeVar
from zoneinfo import ZoneInfo

from msgspec import structs
from pydantic import AfterValidator, ConfigDict, Field, ValidationError, model_validator

from app.config.cell_values import parse_bool, parse_clock, parse_names, parse_number, parse_weekdays, parse_whole
from app.config.csv_files import InvalidCells, Sheet, attribute_cells, duplicate_ids, read_csv
from app.config.faults import ConfigError, ConfigFault
from app.config.suggestions import unknown_name
from app.config.yaml_files import Document, error_text, read_yaml, validate
from domain import Cell, Device, Duty, Fault, Identity, Instant, Person, Place
from domain.attribute_text import attribute_of_text
from domain.recipients import ADDRESSES
from domain.specs import (
    IDENTITIES_MAX,
    CellSpec,
    DeviceSpec,
    DutySpec,
    IdentitySpec,
    PersonSpec,
    PlaceSpec,
    PlatformId,
    Spec,
)
from domain.times import parse_rfc3339
from ingest.adapters import FILTERS

SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
S = TypeVar("S", bound=Spec)
Row = Mapping[str, str]
ADDRESS_FAULT: Final = "is not one {name} address: write li@example.cn, https://..., or one id"


def _validate_row(spec: type[S], row: Row, converters: Mapping[str, Callable[[str], Any]]) -> S:
    """The row as `spec`; `converters` are for columns that are not text. Raises InvalidCells with all faults."""
    faults: list[tuple[str, str]] = []
    fields: dict[str, Any] = {}
    for column, cell in row.items():
        if not column.startswith("attributes."):
            try:
                fields[column] = converters[column](cell) if column in converters else cell
            except ValueError as error:
                faults.append((column, str(error)))
    if "attributes" in spec.model_fields:
        fields["attributes"] = {name: attribute_of_text(cell) for name, cell in attribute_cells(row)}
    try:
        record = spec.model_validate(fields)
    except ValidationError as error:
        reported = {column for column, _ in faults}
        errors = [(".".join(map(str, details["loc"][:2])), error_text(details)) for details in error.errors()]
        faults += [(path, message) for path, message in errors if path.split(".")[0] not in reported]
    if faults:
        raise InvalidCells(*((path if path in row else path.split(".")[0], message) for path, message in faults))
    return record


_COORDINATES: Final = {"lon": parse_number, "lat": parse_number}
_SHIFT: Final = {
    "rank": parse_whole,
    "weekdays": parse_weekdays,
    "from": parse_clock,
    "to": parse_clock,
    "absent": parse_bool,
    "hazards": parse_names,
    "days": parse_names,
}


def parse_place(row: Row) -> Place:
    return _validate_row(PlaceSpec, row, _COORDINATES).value()


def parse_cell(row: Row) -> Cell:
    return _validate_row(CellSpec, row, {}).value()


def parse_person(row: Row) -> Person:
    """A person; the columns of ADDRESSES become his `addresses`."""
    person = _validate_row(PersonSpec, {name: cell for name, cell in row.items() if name not in ADDRESSES}, {}).value()
    addresses = {name: row[name] for name in ADDRESSES if name in row}
    faults = [(name, ADDRESS_FAULT.format(name=name)) for name, cell in addresses.items() if not ADDRESSES[name](cell)]
    if faults:
        raise InvalidCells(*faults)
    return structs.replace(person, addresses=addresses)


def parse_duty(row: Row, zone: tzinfo = SHANGHAI) -> Duty:
    """A line of the roster; `since` and `until` without an offset are local times of `zone`."""
    spec = _validate_row(DutySpec, row, _SHIFT)
    since, until = _parse_time(row, "since", zone), _parse_time(row, "until", zone)
    if since is not None and until is not None and since >= until:
        raise InvalidCells(("until", "is not after since, so the line never holds: write a later time"))
    return spec.value(since, until)


def _parse_time(row: Row, column: str, zone: tzinfo) -> Instant | None:
    try:
        return parse_rfc3339(row[column], zone) if column in row else None
    except ValueError as error:
        raise InvalidCells((column, str(error))) from None


def check_platform(platform: str) -> str:
    """The platform's name when an adapter exists for it. Raises ValueError."""
    if platform not in FILTERS:
        raise ValueError(unknown_name(platform, FILTERS))
    return platform


Platform = Annotated[str, AfterValidator(check_platform)]
_LENIENT: Final = ConfigDict(strict=False, coerce_numbers_to_str=True)
"""YAML reads an id such as 8800000015 as a number."""


class FileIdentity(IdentitySpec):
    """An identity in a YAML file."""

    model_config = _LENIENT

    platform: Platform


class FileDevice(DeviceSpec):
    """A device in a CSV or YAML file; `platform` and `platform_id` are short for one identity.

    Without `platform_id` the platform knows the device by our id.
    """

    model_config = _LENIENT

    platform: Platform | None = None
    platform_id: PlatformId | None = None
    identities: Annotated[list[FileIdentity], Field(max_length=IDENTITIES_MAX)] = []  # type: ignore[assignment]  # noqa: RUF012

    @model_validator(mode="after")
    def _id_has_a_platform(self) -> Self:
        if self.platform_id is not None and self.platform is None:
            raise ValueError("platform_id stands without its platform: write both")
        return self

    def value(self) -> Device:
        device = super().value()
        if self.platform is None:
            return device
        identities = (*device.identities, Identity(self.platform, self.platform_id or self.id))
        return Device(device.id, device.kind, device.model, device.place, identities, device.attributes)


class FileDevices(Spec):
    """A YAML file of devices."""

    devices: list[FileDevice]


def parse_device(row: Row) -> Device:
    if "platform_id" in row and "platform" not in row:
        raise InvalidCells(("platform", "is empty: whose platform_id is it? Write the platform too, or neither"))
    return _validate_row(FileDevice, row, {}).value()


CSV_FILES: Mapping[str, tuple[tuple[str, ...], tuple[str, ...], Callable[[dict[str, str]], Any]]] = {
    "places": (("id", "name", "level"), ("parent", "cell", "lon", "lat", "datum"), parse_place),
    "cells": (("id", "name", "level"), ("parent",), parse_cell),
    "people": (("id", "name"), ("phone", "wecom", "home", *ADDRESSES), parse_person),
    "duties": (
        ("id", "cell", "role", "person"),
        ("rank", "weekdays", "from", "to", "since", "until", "absent", "hazards", "days"),
        parse_duty,
    ),
    "devices": (("id", "kind"), ("model", "place", "platform", "platform_id"), parse_device),
}
"""Table -> required columns, optional columns, parser of a row."""


def read_sheet(path: Path, table: str, zone: tzinfo = SHANGHAI) -> Sheet[Any]:
    """The CSV file of a table (a key of CSV_FILES); empty when the file does not exist. Raises ConfigError."""
    if not path.exists():
        return Sheet[Any](str(path), records=[], lines=[])
    required, optional, parse = CSV_FILES[table]
    sheet = read_csv(path, required, optional, partial(parse_duty, zone=zone) if table == "duties" else parse)
    faults = _device_faults(sheet) if table == "devices" else duplicate_ids(sheet, lambda record: str(record.id))
    if faults:
        raise ConfigError(faults)
    return sheet


def read_records(path: Path, table: str, zone: tzinfo = SHANGHAI) -> list[Any]:
    """The records of a table's CSV file; rows with the id of one device are merged."""
    return merge_identities(read_sheet(path, table, zone).records)


def _device_faults(sheet: Sheet[Device]) -> list[ConfigFault]:
    """Rows of one device add identities: they may leave out what an earlier row says, but not contradict it."""
    first: dict[tuple[str, str], tuple[str | None, int]] = {}
    identities: dict[str, int] = {}
    faults = []
    for index, device in enumerate(sheet.records):
        for column, value in (("kind", device.kind), ("model", device.model), ("place", device.place)):
            earlier, line = first.setdefault((device.id, column), (value, sheet.lines[index]))
            if value is not None and earlier is not None and value != earlier:
                message = f"{value!r} is {earlier!r} in line {line}: a device has one {column}"
                faults.append(sheet.fault(index, column, message))
            elif earlier is None:
                first[device.id, column] = (value, sheet.lines[index])
        identities[device.id] = identities.get(device.id, 0) + len(device.identities)
        if identities[device.id] == IDENTITIES_MAX + 1:
            faults.append(sheet.fault(index, "platform", f"{device.id} has more than {IDENTITIES_MAX} identities"))
    return faults


def merge_identities(records: Sequence[Any]) -> list[Any]:
    """Merges rows with the same device id into one device with several identities; other records stay as they are."""
    merged: dict[str, Any] = {}
    for record in records:
        earlier = merged.get(record.id)
        if isinstance(earlier, Device):
            record = Device(
                record.id,
                record.kind,
                record.model or earlier.model,
                record.place or earlier.place,
                (*earlier.identities, *record.identities),
                {**earlier.attributes, **record.attributes},
            )
        merged[record.id] = record
    return list(merged.values())


def read_devices(path: Path, kinds: Mapping[str, object]) -> list[Device]:
    """Devices of a CSV or YAML file; a YAML file is a list, or a list under `devices:`. Raises ConfigError."""
    if path.suffix.lower() in (".yaml", ".yml"):
        return _read_yaml_devices(path, kinds)
    sheet = read_sheet(path, "devices") if path.exists() else read_csv(path, (), (), parse_device)
    faults = [
        sheet.fault(index, "kind", unknown_name(device.kind, kinds))
        for index, device in enumerate(sheet.records)
        if device.kind not in kinds
    ]
    if faults:
        raise ConfigError(faults)
    return merge_identities(sheet.records)


def _read_yaml_devices(path: Path, kinds: Mapping[str, object]) -> list[Device]:
    document = read_yaml(path)
    if isinstance(document.data, list):
        positions = {("devices", *key_path): position for key_path, position in document.positions.items()}
        document = Document(document.file, {"devices": document.data}, {**positions, (): (1, 1)})
    file = validate(document, FileDevices)
    faults = [
        Fault(("devices", index, "kind"), unknown_name(device.kind, kinds))
        for index, device in enumerate(file.devices)
        if device.kind not in kinds
    ]
    if faults:
        raise ConfigError(document.locate_all(faults))
    return merge_identities([device.value() for device in file.devices])
