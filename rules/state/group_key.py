"""GroupKey: the identity of a group of devices, and its textual id."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from domain import Device

_SEPARATOR: Final = "/"
"""No device id contains it: it separates the levels of MQTT topics."""


class GroupKey(Struct, frozen=True):
    """A household, building, cell or line. Its state is stored under the id `building/b3`.

    >>> GroupKey("building", "b3").id, GroupKey.parse("building/b3"), GroupKey.parse("gas-1")
    ('building/b3', GroupKey(type='building', name='b3'), None)
    """

    type: str
    name: str

    @property
    def id(self) -> str:
        """`building/b3`."""
        return f"{self.type}{_SEPARATOR}{self.name}"

    def as_device(self, place: str | None) -> Device:
        """The device under which the state of the group is stored."""
        return Device(self.id, self.type, place=place)

    @classmethod
    def parse(cls, id: str) -> GroupKey | None:
        """The key with this id; None for the id of a device."""
        type, separator, name = id.partition(_SEPARATOR)
        return cls(type, name) if separator else None
