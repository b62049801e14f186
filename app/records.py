"""Rows of a site's CSV and YAML files become places, cells, people, duties and devices."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from app.written import WrittenError, read_csv, read_yaml, validate
from domain import Attribute, Cell, Device, Duty, Fault, Identity, Instant, Person, Place, Role
from domain.recipients import is_phone, is_wecom_user
from ingest.adapters import FILTERS


def attribute(text: str) -> Attribute:
    """A cell as the plainest value it can be: true/false, a whole number, a number, else text.

    >>> attribute("true"), attribute("82"), attribute("1.5"), attribute("007")
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


def _attributes(row: Mapping[str, str]) -> dict[str, Attribute]:
    prefix = "attributes."
    return {name.removeprefix(prefix): attribute(cell) for name, cell in row.items() if name.startswith(prefix)}


def _number(row: Mapping[str, str], column: str) -> float | None:
    try:
        return float(row[column]) if column in row else None
    except ValueError:
        raise KeyError(column, f"{row[column]!r} is not a number") from None


def _minute(row: Mapping[str, str], column: str, default: int) -> int:
    if column not in row:
        return default
    hour, colon, minute = row[column].partition(":")
    if not (colon and hour.isdigit() and minute.isdigit() and int(hour) * 60 + int(minute) <= 1440):
        raise KeyError(column, f"{row[column]!r} is not a time of day: write 08:00 or 24:00")
    return int(hour) * 60 + int(minute)


def instant(text: str) -> Instant:
    """Milliseconds of an RFC 3339 time; an offset is needed, because a roster knows no guesses."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"{text!r} has no offset: write 2026-11-21T08:00:00+08:00")
    return round(at.timestamp() * 1000)


def _instant(row: Mapping[str, str], column: str) -> Instant | None:
    try:
        return instant(row[column]) if column in row else None
    except ValueError as error:
        raise KeyError(column, str(error)) from None


def _choice(row: Mapping[str, str], column: str, known: type[Role]) -> Role:
    try:
        return known(row[column])
    except ValueError:
        raise KeyError(column, f"{row[column]!r} is unknown: write one of {', '.join(known)}") from None


def _weekdays(row: Mapping[str, str]) -> tuple[int, ...]:
    text = row.get("weekdays", "")
    days = tuple(int(day) for day in text.replace(" ", "") if day.isdigit())
    if any(not 1 <= day <= 7 for day in days) or text.strip("1234567 "):
        raise KeyError("weekdays", f"{text!r}: write the ISO numbers of the days, such as 12345 (1 = Monday)")
    return days


def place(row: dict[str, str]) -> Place:
    return Place(
        id=row["id"],
        name=row["name"],
        level=row["level"],
        parent=row.get("parent"),
        cell=row.get("cell"),
        lon=_number(row, "lon"),
        lat=_number(row, "lat"),
        datum=row.get("datum", "GCJ-02"),
        attributes=_attributes(row),
    )


def cell(row: dict[str, str]) -> Cell:
    return Cell(id=row["id"], name=row["name"], level=row["level"], parent=row.get("parent"))


def person(row: dict[str, str]) -> Person:
    phone = row.get("phone")
    if phone is not None and not is_phone(phone):
        raise KeyError("phone", f"{phone!r} is not one phone number: write its digits only, perhaps with + before them")
    userid = row.get("wecom")
    if userid is not None and not is_wecom_user(userid):
        raise KeyError(
            "wecom", f"{userid!r} is not one person's WeCom userid: write letters, digits and _-@. (no @all)"
        )
    return Person(row["id"], row["name"], phone, userid, row.get("home"), _attributes(row))


def duty(row: dict[str, str]) -> Duty:
    return Duty(
        id=row["id"],
        cell=row["cell"],
        role=_choice(row, "role", Role),
        person=row["person"],
        rank=int(_number(row, "rank") or 0),
        weekdays=_weekdays(row),
        from_minute=_minute(row, "from", 0),
        to_minute=_minute(row, "to", 1440),
        since=_instant(row, "since"),
        until=_instant(row, "until"),
        absent=row.get("absent", "") in ("1", "true", "yes"),
    )


def device(row: dict[str, str]) -> Device:
    if "platform_id" in row and "platform" not in row:
        raise KeyError("platform", "is empty: whose platform_id is it? Write the platform too, or neither")
    platform = _checked(row, "platform", _spoken) if "platform" in row else None
    identities = _known_as(row["id"], platform, row.get("platform_id"))
    return Device(
        _checked(row, "id", _topic_level), row["kind"], row.get("model"), row.get("place"), identities, _attributes(row)
    )


def _known_as(id: str, platform: str | None, platform_id: str | None) -> tuple[Identity, ...]:
    """A platform without an id of its own knows the device by ours."""
    return () if platform is None else (Identity(platform, platform_id or id),)


def _checked(row: Mapping[str, str], column: str, check: Callable[[str], str]) -> str:
    try:
        return check(row[column])
    except ValueError as error:
        raise KeyError(column, str(error)) from None


def _topic_level(text: str) -> str:
    """Our id is one level of the native topic; what no topic can bear would never be heard."""
    if len(text) > 128 or any(sign in "/+#" or sign.isspace() or not sign.isprintable() for sign in text):
        raise ValueError(f"{text!r} cannot be an id: write 1 to 128 characters without / + # and spaces")
    return text


def _spoken(platform: str) -> str:
    if platform not in FILTERS:
        raise ValueError(f"{platform!r} is unknown: write one of {', '.join(sorted(FILTERS))}")
    return platform


FILES: Mapping[str, tuple[tuple[str, ...], tuple[str, ...], Callable[[dict[str, str]], Any]]] = {
    "places": (("id", "name", "level"), ("parent", "cell", "lon", "lat", "datum"), place),
    "cells": (("id", "name", "level"), ("parent",), cell),
    "people": (("id", "name"), ("phone", "wecom", "home"), person),
    "duties": (
        ("id", "cell", "role", "person"),
        ("rank", "weekdays", "from", "to", "since", "until", "absent"),
        duty,
    ),
    "devices": (("id", "kind"), ("model", "place", "platform", "platform_id"), device),
}


def read_records(path: Path, what: str) -> list[Any]:
    """A site's CSV file of `what` (places, cells, people, duties, devices); [] when the file does not exist."""
    required, optional, make = FILES[what]
    return merged(read_csv(path, required, optional, make)) if path.exists() else []


def merged(records: list[Any]) -> list[Any]:
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
Platform = Annotated[str, AfterValidator(_spoken)]


class WrittenIdentity(BaseModel):
    model_config = ConfigDict(extra="forbid")

    platform: Platform
    id: Text


class WrittenDevice(BaseModel):
    """A device in YAML; `platform`/`platform_id` are short for one identity."""

    model_config = ConfigDict(extra="forbid")

    id: Annotated[Text, AfterValidator(_topic_level)]
    kind: Text
    model: Text | None = None
    place: Text | None = None
    platform: Platform | None = None
    platform_id: Text | None = None
    identities: list[WrittenIdentity] = []
    attributes: dict[str, bool | int | float | str] = {}

    @model_validator(mode="after")
    def _id_has_a_platform(self) -> Self:
        if self.platform_id is not None and self.platform is None:
            raise ValueError("platform_id stands without its platform: write both")
        return self

    def device(self) -> Device:
        written = [Identity(one.platform, one.id) for one in self.identities]
        known_as = _known_as(self.id, self.platform, self.platform_id)
        return Device(self.id, self.kind, self.model, self.place, (*written, *known_as), dict(self.attributes))


class WrittenDevices(BaseModel):
    model_config = ConfigDict(extra="forbid")

    devices: list[WrittenDevice]


def read_devices(path: Path, kinds: Mapping[str, object]) -> list[Device]:
    """Devices from CSV or YAML, their kinds known. A YAML file is a list, or a list under `devices:`."""
    if path.suffix.lower() in (".yaml", ".yml"):
        return _yaml_devices(path, kinds)
    required, optional, _ = FILES["devices"]

    def known(row: dict[str, str]) -> Device:
        if row["kind"] not in kinds:
            raise KeyError("kind", f"{row['kind']!r} is unknown: write one of {', '.join(sorted(kinds))}")
        return device(row)

    return merged(read_csv(path, required, optional, known))


def _yaml_devices(path: Path, kinds: Mapping[str, object]) -> list[Device]:
    document = read_yaml(path)
    listed = isinstance(document.data, list)
    if listed:
        document = type(document)(
            document.file,
            {"devices": document.data},
            {**{("devices", *loc): mark for loc, mark in document.marks.items()}, (): (1, 1)},
        )
    written = validate(document, WrittenDevices)
    faults = [
        Fault(("devices", index, "kind"), f"{one.kind!r} is unknown: write one of {', '.join(sorted(kinds))}")
        for index, one in enumerate(written.devices)
        if one.kind not in kinds
    ]
    if faults:
        raise WrittenError(document.locate_all(faults))
    return merged([one.device() for one in written.devices])
