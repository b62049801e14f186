"""What people may write to the registry over HTTP, and the registry's values as they are shown. Knows no store."""

from __future__ import annotations

import math
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter

from console import words
from domain import Attribute, Cell, Device, Duty, Identity, Person, Place, Role
from domain.recipients import is_phone, is_wecom_user


def _attribute(value: Any) -> Attribute:
    if isinstance(value, bool | int | str) or (isinstance(value, float) and math.isfinite(value)):
        return value
    raise ValueError(words.ATTRIBUTE)


def _identifier(text: str) -> str:
    if not text or len(text) > 128 or any(sign in "/+#" or sign.isspace() or not sign.isprintable() for sign in text):
        raise ValueError(words.ID_SHAPE)
    return text


def _phone(number: str) -> str:
    if not is_phone(number):
        raise ValueError(words.ONE_PHONE)
    return number


def _wecom(userid: str) -> str:
    if not is_wecom_user(userid):
        raise ValueError(words.ONE_WECOM_USER)
    return userid


Id = Annotated[str, AfterValidator(_identifier)]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Attributes = dict[Annotated[str, Field(min_length=1, max_length=100)], Annotated[Any, AfterValidator(_attribute)]]


class Written(BaseModel):
    """A field we do not know is a fault: a misspelt one would otherwise be lost in silence."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class WrittenIdentity(Written):
    platform: str
    id: Annotated[str, Field(min_length=1, max_length=256)]


class WrittenDevice(Written):
    id: Id
    kind: str
    model: Annotated[str, Field(max_length=200)] | None = None
    place: str | None = None
    identities: Annotated[list[WrittenIdentity], Field(max_length=32)] = []
    attributes: Attributes = {}

    def value(self) -> Device:
        identities = tuple(Identity(one.platform, one.id) for one in self.identities)
        return Device(self.id, self.kind, self.model or None, self.place, identities, self.attributes)


class WrittenPlace(Written):
    id: Id
    name: Name
    level: Name
    parent: str | None = None
    cell: str | None = None
    lon: Annotated[float, Field(ge=-180, le=180)] | None = None
    lat: Annotated[float, Field(ge=-90, le=90)] | None = None
    datum: Name = "GCJ-02"
    attributes: Attributes = {}

    def value(self) -> Place:
        return Place(**self.model_dump())


class WrittenCell(Written):
    id: Id
    name: Name
    level: Name
    parent: str | None = None

    def value(self) -> Cell:
        return Cell(**self.model_dump())


class WrittenPerson(Written):
    id: Id
    name: Name
    phone: Annotated[str, AfterValidator(_phone)] | None = None
    wecom: Annotated[str, AfterValidator(_wecom)] | None = None
    home: str | None = None
    attributes: Attributes = {}

    def value(self) -> Person:
        return Person(**self.model_dump())


_CLOCK = r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$"


class WrittenDuty(Written):
    """One line of a roster; `from` and `to` are local times of day, `to` at or before `from` crosses midnight."""

    id: Id
    cell: str
    role: Annotated[Role, Field(strict=False)]
    person: str
    rank: Annotated[int, Field(ge=0, le=99)] = 0
    weekdays: Annotated[list[Annotated[int, Field(ge=1, le=7)]], Field(max_length=7)] = []
    from_: Annotated[str, Field(alias="from", pattern=_CLOCK)] = "00:00"
    to: Annotated[str, Field(pattern=_CLOCK)] = "24:00"
    since: str | None = None
    until: str | None = None
    absent: bool = False

    def value(self, since: int | None, until: int | None) -> Duty:
        return Duty(
            id=self.id,
            cell=self.cell,
            role=self.role,
            person=self.person,
            rank=self.rank,
            weekdays=tuple(self.weekdays),
            from_minute=minute_of(self.from_),
            to_minute=minute_of(self.to),
            since=since,
            until=until,
            absent=self.absent,
        )


DEVICE, PLACE, CELL = TypeAdapter(WrittenDevice), TypeAdapter(WrittenPlace), TypeAdapter(WrittenCell)
PERSON, DUTY = TypeAdapter(WrittenPerson), TypeAdapter(WrittenDuty)


def minute_of(clock: str) -> int:
    """
    >>> minute_of("07:30"), minute_of("24:00")
    (450, 1440)
    """
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


def clock_of(minute: int) -> str:
    """
    >>> clock_of(450)
    '07:30'
    """
    return f"{minute // 60:02}:{minute % 60:02}"


def device_view(device: Device) -> dict[str, Any]:
    return {
        "id": device.id,
        "kind": device.kind,
        "model": device.model,
        "place": device.place,
        "identities": [{"platform": one.platform, "id": one.id} for one in device.identities],
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
    }


def duty_view(duty: Duty) -> dict[str, Any]:
    return {
        "id": duty.id,
        "cell": duty.cell,
        "role": duty.role,
        "person": duty.person,
        "rank": duty.rank,
        "weekdays": duty.weekdays,
        "from": clock_of(duty.from_minute),
        "to": clock_of(duty.to_minute),
        "since": duty.since,
        "until": duty.until,
        "absent": duty.absent,
    }
