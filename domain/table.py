"""The records of one table of the registry in the order of their ids, for lists that are read page by page."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


def grouped(pairs: Iterable[tuple[K, V]]) -> dict[K, tuple[V, ...]]:
    """The values by key, in their order."""
    found: dict[K, list[V]] = {}
    for key, value in pairs:
        found.setdefault(key, []).append(value)
    return {key: tuple(values) for key, values in found.items()}


class Table(Generic[V]):
    """`by_id`, the ids in order, and those of each value of a field, which are found at the first question for it.

    >>> table = Table({"b": 2 + 1j, "a": 1 + 1j, "c": 2 + 0j})
    >>> table.ids, table.with_value("real", 2)
    (['a', 'b', 'c'], ['b', 'c'])
    >>> table.page(table.ids, after="a", limit=1, matches=lambda row: True)
    [(2+1j)]
    """

    def __init__(self, by_id: Mapping[str, V]) -> None:
        self.by_id = by_id
        self.ids: Sequence[str] = sorted(by_id)
        self._by_value: dict[str, Mapping[object, list[str]]] = {}

    def with_value(self, field: str, value: object) -> Sequence[str]:
        """The ids of the records with this value, in order. The first question for a field reads every record."""
        if field not in self._by_value:
            found: dict[object, list[str]] = {}
            for name in self.ids:
                found.setdefault(getattr(self.by_id[name], field), []).append(name)
            self._by_value[field] = found
        return self._by_value[field].get(value, ())

    def page(self, ids: Sequence[str], after: str, limit: int, matches: Callable[[V], bool]) -> list[V]:
        """Up to `limit` records that match, of these ids (in order) those after `after`. Reads none beyond the page; an
        id without a record is passed over."""
        return list(islice(self._matching(ids, after, matches), limit))

    def _matching(self, ids: Sequence[str], after: str, matches: Callable[[V], bool]) -> Iterator[V]:
        for number in range(bisect_right(ids, after), len(ids)):
            row = self.by_id.get(ids[number])
            if row is not None and matches(row):
                yield row
