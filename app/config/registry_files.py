"""Rows of a site's CSV and YAML files become places, cells, people, duties and devices (shapes: domain.specs)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import tzinfo
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final, Self, TypeVar
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, ConfigDict, Field, ValidationError, model_validator

from app.config.csv_files import InvalidCells, Sheet, attribute_cells, duplicate_ids, read_csv
from app.config.faults import ConfigError, ConfigFault
from app.config.suggestions import unknown_name
from app.config.yaml_files import Document, error_text, read_yaml, validate
from domain import Attribute, Cell, Device, Duty, Fault, Identity, Instant, Person, Place
from domain.specs import CellSpec, DeviceSpec, DutySpec, IdentitySpec, PersonSpec, PlaceSpec, Spec
from domain.times import parse_rfc3339
from ingest.adapters import FILTERS

SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
S = TypeVar("S", bound=Spec)


def parse_attribute(text: str) -> Attribute:
    """A cell as the plainest value it can be: true/false, a whole number, a number, else text.

    >>> parse_attribute("true"), parse_attribute("82"), parse_attribute("1.5"), parse_attribute("007")
    (True, 82, 1.5, '007')
    """
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    for make in (int, float):
        try:
            number = make(text)
        except ValueError:
            continue
        if str(number) == text:
            return number
    return text


def _validate_row(spec: type[S], row: Mapping[str, str], read: Mapping[str, Callable[[str], Any]]) -> S:
    """A row as its shape; `read` are the columns that are no text. Every fault of the row at once."""
    faults: list[tuple[str, str]] = []
    written: dict[str, Any] = {}
    for name, cell in row.items():
        if not name.startswith("attributes."):
            try:
                written[name] = read[name](cell) if name in read else cell
            except ValueError as error:
                faults.append((name, str(error)))
    if "attributes" in spec.model_fields:
        written["attributes"] = {name: parse_attribute(cell) for name, cell in attribute_cells(row)}
    try:
        made = spec.model_validate(written)
    except ValidationError as error:
        known = {name for name, _ in faults}
        told = [(".".join(map(str, one["loc"][:2])), error_text(one)) for one in error.errors()]
        faults += [(column, message) for column, message in told if column.split(".")[0] not in known]
    if faults:
        raise InvalidCells(*((column if column in row else column.split(".")[0], said) for column, said in faults))
    return made


def _parse_number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a number") from None


def _parse_whole(text: str) -> int:
    if not text.isdecimal():
        raise ValueError(f"{text!r} is not a whole number: write 0 for who is asked first, 1 for the deputy")
    return int(text)


def _parse_clock(text: str) -> str:
    """As the shape has it; a spreadsheet writes 8:00 or 08:00:00."""
    short = text.removesuffix(":00") if text.count(":") == 2 else text
    return short.zfill(5)


def _parse_bool(text: str) -> bool:
    known = {"1": True, "true": True, "yes": True, "是": True, "0": False, "false": False, "no": False, "否": False}
    if text.lower() not in known:
        raise ValueError(f"{text!r} is neither yes nor no: write true, or leave the cell empty")
    return known[text.lower()]


def _parse_weekdays(text: str) -> list[int]:
    if text.strip("1234567 "):
        raise ValueError(f"{text!r}: write the ISO numbers of the days, such as 12345 (1 = Monday)")
    return sorted({int(day) for day in text.replace(" ", "")})


_DEGREES: Final = {"lon": _parse_number, "lat": _parse_number}
_HOURS: Final = {
    "rank": _parse_whole,
    "weekdays": _parse_weekdays,
    "from": _parse_clock,
    "to": _parse_clock,
    "absent": _parse_bool,
}


def parse_place(row: dict[str, str]) -> Place:
    return _validate_row(PlaceSpec, row, _DEGREES).value()


def parse_cell(row: dict[str, str]) -> Cell:
    return _validate_row(CellSpec, row, {}).value()


def parse_person(row: dict[str, str]) -> Person:
    return _validate_row(PersonSpec, row, {}).value()


def parse_duty(row: dict[str, str], zone: tzinfo = SHANGHAI) -> Duty:
    written = _validate_row(DutySpec, row, _HOURS)
    since, until = _parse_time(row, "since", zone), _parse_time(row, "until", zone)
    if since is not None and until is not None and since >= until:
        raise InvalidCells(("until", "is not after since, so the line never holds: write a later time"))
    return written.value(since, until)


def _parse_time(row: Mapping[str, str], column: str, zone: tzinfo) -> Instant | None:
    try:
        return parse_rfc3339(row[column], zone) if column in row else None
    except ValueError as error:
        raise InvalidCells((column, str(error))) from None


def parse_device(row: dict[str, str]) -> Device:
    if "platform_id" in row and "platform" not in row:
        raise InvalidCells(("platform", "is empty: whose platform_id is it? Write the platform too, or neither"))
    plain = {name: text for name, text in row.items() if name not in ("platform", "platform_id")}
    made = _validate_row(DeviceSpec, plain, {}).value()
    if "platform" not in row:
        return made
    try:
        platform = check_platform(row["platform"])
    except ValueError as error:
        raise InvalidCells(("platform", str(error))) from None
    known_as = _default_identity(made.id, platform, row.get("platform_id"))
    return Device(made.id, made.kind, made.model, made.place, known_as, made.attributes)


def _default_identity(id: str, platform: str | None, platform_id: str | None) -> tuple[Identity, ...]:
    """A platform without an id of its own knows the device by ours."""
    return () if platform is None else (Identity(platform, platform_id or id),)


def check_platform(platform: str) -> str:
    if platform not in FILTERS:
        raise ValueError(unknown_name(platform, FILTERS))
    return platform


CSV_FILES: Mapping[str, tuple[tuple[str, ...], tuple[str, ...], Callable[[dict[str, str]], Any]]] = {
    "places": (("id", "name", "level"), ("parent", "cell", "lon", "lat", "datum"), parse_place),
    "cells": (("id", "name", "level"), ("parent",), parse_cell),
    "people": (("id", "name"), ("phone", "wecom", "home"), parse_person),
    "duties": (
        ("id", "cell", "role", "person"),
        ("rank", "weekdays", "from", "to", "since", "until", "absent"),
        parse_duty,
    ),
    "devices": (("id", "kind"), ("model", "place", "platform", "platform_id"), parse_device),
}


def read_sheet(path: Path, what: str, zone: tzinfo = SHANGHAI) -> Sheet[Any]:
    """A site's CSV file of `what` (places, cells, people, duties, devices); empty when the file does not exist."""
    if not path.exists():
        return Sheet[Any](str(path), records=[], lines=[])
    required, optional, make = CSV_FILES[what]
    sheet = read_csv(path, required, optional, partial(parse_duty, zone=zone) if what == "duties" else make)
    faults = _contradicting_rows(sheet) if what == "devices" else duplicate_ids(sheet, lambda record: str(record.id))
    if faults:
        raise ConfigError(faults)
    return sheet


def read_records(path: Path, what: str, zone: tzinfo = SHANGHAI) -> list[Any]:
    """The records of such a file; rows of one device are one device."""
    return merge_identities(read_sheet(path, what, zone).records)


def _contradicting_rows(sheet: Sheet[Device]) -> list[ConfigFault]:
    """Rows of one device are its identities: they may leave out what an earlier one says, not contradict it."""
    first: dict[tuple[str, str], tuple[str | None, int]] = {}
    faults = []
    for index, one in enumerate(sheet.records):
        for column, said in (("kind", one.kind), ("model", one.model), ("place", one.place)):
            before, line = first.setdefault((one.id, column), (said, sheet.lines[index]))
            if said is not None and before is not None and said != before:
                message = f"{said!r} is {before!r} in line {line}: a device has one {column}"
                faults.append(sheet.fault(index, column, message))
            elif before is None:
                first[one.id, column] = (said, sheet.lines[index])
    return faults


def merge_identities(records: list[Any]) -> list[Any]:
    """Rows with the same device id are one device with several identities."""
    made: dict[str, Any] = {}
    for record in records:
        before = made.get(record.id)
        if isinstance(before, Device):
            record = Device(
                record.id,
                record.kind,
                record.model or before.model,
                record.place or before.place,
                (*before.identities, *record.identities),
                {**before.attributes, **record.attributes},
            )
        made[record.id] = record
    return list(made.values())


Text = Annotated[str, Field(min_length=1, coerce_numbers_to_str=True)]
Platform = Annotated[str, AfterValidator(check_platform)]
_LAX: Final = ConfigDict(strict=False, coerce_numbers_to_str=True)


class YamlIdentity(IdentitySpec):
    model_config = _LAX

    platform: Platform


class YamlDevice(DeviceSpec):
    """A device in YAML; `platform`/`platform_id` are short for one identity."""

    model_config = _LAX

    platform: Platform | None = None
    platform_id: Text | None = None
    identities: Annotated[list[YamlIdentity], Field(max_length=32)] = []  # type: ignore[assignment]  # noqa: RUF012

    @model_validator(mode="after")
    def _id_has_a_platform(self) -> Self:
        if self.platform_id is not None and self.platform is None:
            raise ValueError("platform_id stands without its platform: write both")
        return self

    def value(self) -> Device:
        made = super().value()
        known_as = _default_identity(self.id, self.platform, self.platform_id)
        return Device(made.id, made.kind, made.model, made.place, (*made.identities, *known_as), made.attributes)


class YamlDevices(Spec):
    devices: list[YamlDevice]


def read_devices(path: Path, kinds: Mapping[str, object]) -> list[Device]:
    """Devices from CSV or YAML, their kinds known. A YAML file is a list, or a list under `devices:`."""
    if path.suffix.lower() in (".yaml", ".yml"):
        return _read_yaml_devices(path, kinds)
    sheet = read_sheet(path, "devices") if path.exists() else read_csv(path, (), (), parse_device)
    faults = [
        sheet.fault(index, "kind", unknown_name(one.kind, kinds))
        for index, one in enumerate(sheet.records)
        if one.kind not in kinds
    ]
    if faults:
        raise ConfigError(faults)
    return merge_identities(sheet.records)


def _read_yaml_devices(path: Path, kinds: Mapping[str, object]) -> list[Device]:
    document = read_yaml(path)
    if isinstance(document.data, list):
        marks = {("devices", *loc): mark for loc, mark in document.positions.items()}
        document = Document(document.file, {"devices": document.data}, {**marks, (): (1, 1)})
    written = validate(document, YamlDevices)
    faults = [
        Fault(("devices", index, "kind"), unknown_name(one.kind, kinds))
        for index, one in enumerate(written.devices)
        if one.kind not in kinds
    ]
    if faults:
        raise ConfigError(document.locate_all(faults))
    return merge_identities([one.value() for one in written.devices])
