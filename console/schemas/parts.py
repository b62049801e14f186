"""What the answers have in common: lists, references by name, and values that people or devices wrote."""

from __future__ import annotations

from typing import Generic, TypeVar

from msgspec import Struct

T = TypeVar("T")

Value = bool | int | float | str
"""What a quantity holds, or an attribute."""

Attributes = dict[str, Value]


class Schema(Struct, frozen=True, kw_only=True):
    """An answer, or a part of one."""


class Page(Schema, Generic[T], frozen=True, kw_only=True):
    """A part of a list; `next` asks for the rest and is null on the last page."""

    items: list[T]
    next: str | None


class NamedReference(Schema, frozen=True, kw_only=True):
    """A person or a place by id, with the name that people read."""

    id: str
    name: str
