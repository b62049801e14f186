"""A vendor's fields of our quantities: names, units and words, as data of the encoders."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from msgspec import Struct

from domain import Value

VendorFields = Mapping[str, object]
DeviceFormat = Callable[[Mapping[str, Value]], VendorFields]
"""From our quantities to the vendor's fields. A quantity that the device does not have is left out."""


class Field(Struct, frozen=True):
    """A field of one quantity: ours times `scale`, rounded to `digits`; `words` for true and false of a verdict.

    A verdict with one word is sent only when it is true: an event.
    """

    name: str
    scale: float = 1.0
    digits: int | None = None
    words: tuple[object, ...] = ()


BINARY: Final = (1, 0)
EVENT: Final = (1,)


def by_fields(fields: Mapping[str, Field]) -> DeviceFormat:
    """The format of a device with one field for each quantity."""

    def encode_fields(values: Mapping[str, Value]) -> VendorFields:
        body: dict[str, object] = {}
        for quantity, value in values.items():
            field = fields.get(quantity)
            if field is not None and not (len(field.words) == 1 and not value):
                body[field.name] = encode_value(field, value)
        return body

    return encode_fields


def unchanged(values: Mapping[str, Value]) -> VendorFields:
    """The format of a product that its operator has modelled with our names and units."""
    return values


def encode_value(field: Field, value: Value) -> object:
    """The value in the vendor's unit or word. A whole number stays an integer."""
    if field.words:
        return field.words[0 if value else 1]
    if isinstance(value, bool | str):
        return value
    scaled = value * field.scale
    if field.digits is not None:
        scaled = round(scaled, field.digits)
    return int(scaled) if field.digits == 0 else scaled


def pick_format(formats: Mapping[str, DeviceFormat], model: str | None, kind: str) -> DeviceFormat:
    """By model, else by kind; a device without either is modelled with our names."""
    return formats.get(model or "") or formats.get(kind) or unchanged
