"""Records of the registry over HTTP: validators of request bodies (domain.specs), and views of responses. Pure."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter

from domain import Cell, Device, Duty, Person, Place
from domain.roster_specs import RotationSpec, format_clock
from domain.specs import CellSpec, DeviceSpec, DutySpec, PersonSpec, PlaceSpec


class StrictModel(BaseModel):
    """Base of request bodies: an unknown field is an error, so that a misspelt one is not ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


DEVICE, PLACE, CELL = TypeAdapter(DeviceSpec), TypeAdapter(PlaceSpec), TypeAdapter(CellSpec)
PERSON, DUTY = TypeAdapter(PersonSpec), TypeAdapter(DutySpec)
ROTATION = TypeAdapter(RotationSpec)


def device_view(device: Device) -> dict[str, Any]:
    return {
        "id": device.id,
        "kind": device.kind,
        "model": device.model,
        "place": device.place,
        "identities": [{"platform": identity.platform, "id": identity.id} for identity in device.identities],
        "attributes": device.attributes,
    }


def place_view(place: Place) -> dict[str, Any]:
    return {
        "id": place.id,
        "name": place.name,
        "level": place.level,
        "parent": place.parent,
        "cell": place.cell,
        "lon": place.lon,
        "lat": place.lat,
        "datum": place.datum,
        "attributes": place.attributes,
    }


def cell_view(cell: Cell) -> dict[str, Any]:
    return {"id": cell.id, "name": cell.name, "level": cell.level, "parent": cell.parent}


def person_view(person: Person) -> dict[str, Any]:
    return {
        "id": person.id,
        "name": person.name,
        "phone": person.phone,
        "wecom": person.wecom,
        "home": person.home,
        "attributes": person.attributes,
        "addresses": person.addresses,
    }


def duty_view(duty: Duty) -> dict[str, Any]:
    return {
        "id": duty.id,
        "cell": duty.cell,
        "role": duty.role,
        "person": duty.person,
        "rank": duty.rank,
        "weekdays": duty.weekdays,
        "from": format_clock(duty.from_minute),
        "to": format_clock(duty.to_minute),
        "since": duty.since,
        "until": duty.until,
        "absent": duty.absent,
        "hazards": list(duty.hazards),
        "days": list(duty.days),
    }
