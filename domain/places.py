"""Walks up a tree of places or cells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol, TypeVar


class _Node(Protocol):
    @property
    def parent(self) -> str | None: ...


N = TypeVar("N", bound=_Node)


def self_and_ancestors(tree: Mapping[str, N], start: str | None) -> Iterator[N]:
    """The node and its ancestors, nearest first. A missing parent or a loop ends the walk."""
    seen: set[str] = set()
    while start is not None and start in tree and start not in seen:
        seen.add(start)
        node = tree[start]
        yield node
        start = node.parent


def is_below(tree: Mapping[str, N], place: str | None, root: str) -> bool:
    """Whether `place` is `root` or under it; by the path upwards, whatever the size of the tree."""
    return place == root or any(node.parent == root for node in self_and_ancestors(tree, place))
