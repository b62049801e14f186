"""Specs of the registry's records: CSV files, YAML files and the API validate by the same one.

Our own checks raise errors with the types of `_FAULTS`, so that the API can translate their messages.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator
from pydantic_core import PydanticCustomError

from domain import Attribute, Cell, DayType, Device, Duty, Identity, Instant, Person, Place
from domain.recipients import ADDRESSES, is_phone, is_wecom_user

ID_LENGTH: Final = 128
IDENTITIES_MAX: Final = 32
INTEGER_MIN, INTEGER_MAX = -(1 << 63), (1 << 63) - 1
"""What every database stores as a whole number."""
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
CLOCK: Final = r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$"

_FAULTS: Final = {
    "identifier": "{shown} cannot be an id: write 1 to 128 characters without / + # and spaces",
    "nul_character": "{shown} contains a NUL character, which not every database stores: remove it",
    "surrogate": "{shown} contains half of a character, which no file stores: write the whole character itself",
    "integer_too_large": "{shown} does not fit into 64 bits: write it as text",
    "attribute_value": "{shown} is no value of an attribute: write true, false, a finite number or text",
    "phone": "{shown} is not a phone number: write 3 to 20 digits, with + in front of a country code",
    "wecom_user": "{shown} is not one person's WeCom userid: write letters, digits and _-@., without @all and |",
    "address_name": "{shown} is no kind of address: write one of email, wechat, webhook, apprise, wecom_robot",
    "address": "{shown} is not one address of this kind: write li@example.cn, https://..., or one id",
    "clock": "{shown} is not a time of day: write 08:00 or 24:00",
}


def _error(type: Any, value: object) -> PydanticCustomError:
    return PydanticCustomError(type, _FAULTS[type], {"shown": repr(value)})


def _check_id(text: str) -> str:
    """An id is one level of an MQTT topic and one segment of a URL path: neither holds `/`, `+`, `#` or spaces."""
    is_plain = all(sign not in "/+#" and not sign.isspace() and sign.isprintable() for sign in text)
    if not is_plain or not 0 < len(text) <= ID_LENGTH:
        raise _error("identifier", text)
    return text


def _check_text(text: str) -> str:
    if "\0" in text:
        raise _error("nul_character", text)
    if _SURROGATE.search(text):
        raise _error("surrogate", text)
    return text


def _check_attribute(value: Any) -> Attribute:
    if isinstance(value, str):
        return _check_text(value)
    if isinstance(value, int) and not INTEGER_MIN <= value <= INTEGER_MAX:
        raise _error("integer_too_large", value)
    if isinstance(value, bool | int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    raise _error("attribute_value", value)


def _check(is_valid: Callable[[str], object], type: str) -> Callable[[str], str]:
    def check(text: str) -> str:
        if not is_valid(text):
            raise _error(type, text)
        return text

    return check


Id = Annotated[str, AfterValidator(_check_id)]
Text = Annotated[str, AfterValidator(_check_text)]
Name = Annotated[Text, Field(min_length=1, max_length=200)]
Attributes = dict[
    Annotated[Text, Field(min_length=1, max_length=100)], Annotated[Any, AfterValidator(_check_attribute)]
]
Phone = Annotated[str, AfterValidator(_check(is_phone, "phone"))]
WeComUser = Annotated[str, AfterValidator(_check(is_wecom_user, "wecom_user"))]
AddressName = Annotated[str, AfterValidator(_check(ADDRESSES.__contains__, "address_name"))]
Clock = Annotated[str, AfterValidator(_check(re.compile(CLOCK).fullmatch, "clock"))]
Datum = Literal["WGS-84", "GCJ-02", "BD-09"]


class Spec(BaseModel):
    """Rejects unknown fields: a misspelt one would otherwise be ignored silently."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


PlatformId = Annotated[Text, Field(min_length=1, max_length=256)]


class IdentitySpec(Spec):
    platform: str
    id: PlatformId


class DeviceSpec(Spec):
    id: Id
    kind: str
    model: Annotated[Text, Field(max_length=200)] | None = None
    place: str | None = None
    identities: Annotated[list[IdentitySpec], Field(max_length=IDENTITIES_MAX)] = []
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
    addresses: dict[AddressName, Annotated[Text, Field(max_length=2000)]] = {}

    @field_validator("addresses")
    @classmethod
    def _of_its_kind(cls, addresses: dict[str, str]) -> dict[str, str]:
        for name, address in addresses.items():
            if not ADDRESSES[name](address):
                raise _error("address", address)
        return addresses

    def value(self) -> Person:
        return Person(**self.model_dump())


class DutySpec(Spec):
    """One line of a roster; `from` and `to` are local times of day, `to` at or before `from` crosses midnight.

    `since` and `until` are RFC 3339 times; the reader parses them, with its zone for one without an offset.
    """

    id: Id
    cell: str
    role: Annotated[Text, Field(min_length=1, max_length=64)]
    person: str
    rank: Annotated[int, Field(ge=0, le=99)] = 0
    weekdays: Annotated[list[Annotated[int, Field(ge=1, le=7)]], Field(max_length=7)] = []
    from_: Annotated[Clock, Field(alias="from")] = "00:00"
    to: Clock = "24:00"
    since: str | None = None
    until: str | None = None
    absent: bool = False
    hazards: Annotated[list[Name], Field(max_length=32)] = []
    days: Annotated[list[Annotated[DayType, Field(strict=False)]], Field(max_length=4)] = []

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
            hazards=tuple(dict.fromkeys(self.hazards)),
            days=tuple(dict.fromkeys(self.days)),
        )


def minute_of(clock: str) -> int:
    """Minutes since midnight of a time HH:MM.

    >>> minute_of("07:30"), minute_of("24:00")
    (450, 1440)
    """
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)
