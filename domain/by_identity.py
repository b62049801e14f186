"""A cache key for values that have no hash."""

from __future__ import annotations

from typing import Generic, TypeVar

T = TypeVar("T")


class ByIdentity(Generic[T]):
    """Equal only to a key of the same object. Models of files are frozen, but contain dicts and have no hash.

    >>> book = {"rules": []}
    >>> {ByIdentity(book): 1}[ByIdentity(book)]
    1
    >>> ByIdentity(book) == ByIdentity({"rules": []})
    False
    """

    __slots__ = ("value",)

    def __init__(self, value: T) -> None:
        self.value = value

    def __hash__(self) -> int:
        return id(self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ByIdentity) and self.value is other.value
