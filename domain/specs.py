"""The records of the registry as people write them: one shape each, for CSV, YAML and the API. It reads nothing.

A fault of a shape of its own bears one of the types below, so that each reader tells it in his language.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from domain import Attribute, Cell, Device, Duty, Identity, Instant, Person, Place, Role
from domain.recipients import is_phone, is_wecom_user

ID_LENGTH: Final = 128
CLOCK: Final = r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$"

_FAULTS: Final = {
    "identifier": "{written} cannot be an id: write 1 to 128 characters without / + # and spaces",
    "attribute_value": "{written} is no value of an attribute: write true, false, a finite number or text",
    "phone": "{written} is not a phone number: write 3 to 20 digits, with + in front of a country code",
    "wecom_user": "{written} is not one person's WeCom userid: write letters, digits and _-@., without @all and |",
    "clock": "{written} is not a time of day: write 08:00 or 24:00",
}


def _refused(type: Any, written: object) -> PydanticCustomError:
    return PydanticCustomError(type, _FAULTS[type].replace("{written}", "{shown}"), {"shown": repr(written)})


def _identifier(text: str) -> str:
    """An id is one level of a topic and one step of an address; what neither can bear would never be found."""
    bears = all(sign not in "/+#" and not sign.isspace() and sign.isprintable() for sign in text)
    if not bears or not 0 < len(text) <= ID_LENGTH:
        raise _refused("identifier", text)
    return text


def _attribute(value: Any) -> Attribute:
    if isinstance(value, bool | int | str) or (isinstance(value, float) and math.isfinite(value)):
        return value
    raise _refused("attribute_value", value)


def _being(holds: Callable[[str], object], type: str) -> Callable[[str], str]:
    def check(text: str) -> str:
        if not holds(text):
            raise _refused(type, text)
        return text

    return check


Id = Annotated[str, AfterValidator(_identifier)]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Attributes = dict[Annotated[str, Field(min_length=1, max_length=100)], Annotated[Any, AfterValidator(_attribute)]]
Phone = Annotated[str, AfterValidator(_being(is_phone, "phone"))]
WeComUser = Annotated[str, AfterValidator(_being(is_wecom_user, "wecom_user"))]
Clock = Annotated[str, AfterValidator(_being(re.compile(CLOCK).fullmatch, "clock"))]
Datum = Literal["WGS-84", "GCJ-02", "BD-09"]


class Spec(BaseModel):
    """A field that is not known is a fault: a misspelt one would otherwise be lost in silence."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class IdentitySpec(Spec):
    platform: str
    id: Annotated[str, Field(min_length=1, max_length=256)]


class DeviceSpec(Spec):
    id: Id
    kind: str
    model: Annotated[str, Field(max_length=200)] | None = None
    place: str | None = None
    identities: Annotated[list[IdentitySpec], Field(max_length=32)] = []
    attributes: Attributes = {}

    def value(self) -> Device:
        identities = tuple(Identity(one.platform, one.id) for one in self.identities)
        return Device(self.id, self.kind, self.model or None, self.place, identities, self.attributes)


class PlaceSpec(Spec):
    id: Id
    name: Name
    level: Name
    parent: str | None = None
    cell: str | None = None
    lon: Annotated[float, Field(ge=-180, le=180)] | None = None
    lat: Annotated[float, Field(ge=-90, le=90)] | None = None
    datum: Datum = "GCJ-02"
    attributes: Attributes = {}

    def value(self) -> Place:
        return Place(**self.model_dump())


class CellSpec(Spec):
    id: Id
    name: Name
    level: Name
    parent: str | None = None

    def value(self) -> Cell:
        return Cell(**self.model_dump())


class PersonSpec(Spec):
    id: Id
    name: Name
    phone: Phone | None = None
    wecom: WeComUser | None = None
    home: str | None = None
    attributes: Attributes = {}

    def value(self) -> Person:
        return Person(**self.model_dump())


class DutySpec(Spec):
    """One line of a roster; `from` and `to` are local times of day, `to` at or before `from` crosses midnight.

    `since` and `until` are RFC 3339; who reads them knows the zone of one that is written without.
    """

    id: Id
    cell: str
    role: Annotated[Role, Field(strict=False)]
    person: str
    rank: Annotated[int, Field(ge=0, le=99)] = 0
    weekdays: Annotated[list[Annotated[int, Field(ge=1, le=7)]], Field(max_length=7)] = []
    from_: Annotated[Clock, Field(alias="from")] = "00:00"
    to: Clock = "24:00"
    since: str | None = None
    until: str | None = None
    absent: bool = False

    def value(self, since: Instant | None, until: Instant | None) -> Duty:
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


def minute_of(clock: str) -> int:
    """
    >>> minute_of("07:30"), minute_of("24:00")
    (450, 1440)
    """
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)
