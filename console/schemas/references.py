"""Schemas shared by responses: pages of lists, references with names, values."""

from __future__ import annotations

from typing import Generic, TypeVar

from msgspec import Struct

T = TypeVar("T")

Value = bool | int | float | str
"""The value of a quantity or an attribute."""

Attributes = dict[str, Value]


class Schema(Struct, frozen=True, kw_only=True):
    """Base of all response schemas."""


class Page(Schema, Generic[T], frozen=True, kw_only=True):
    """A page of a list; `next` is the cursor of the next page, null on the last one."""

    items: list[T]
    next: str | None


class NamedReference(Schema, frozen=True, kw_only=True):
    """A person or a place: id and name."""

    id: str
    name: str
