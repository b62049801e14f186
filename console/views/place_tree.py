"""Places under a place. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from domain import Place


def descendants(places: Mapping[str, Place], root: str) -> set[str]:
    """The ids of a place and of all places under it; its own id even when it is not registered."""
    children: dict[str, list[str]] = {}
    for place in places.values():
        if place.parent is not None:
            children.setdefault(place.parent, []).append(place.id)
    visited, queue = {root}, [root]
    while queue:
        new = [child for child in children.get(queue.pop(), ()) if child not in visited]
        visited.update(new)
        queue.extend(new)
    return visited
