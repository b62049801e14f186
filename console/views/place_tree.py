"""Which places lie under a place. It knows the community and no request."""

from __future__ import annotations

from collections.abc import Mapping

from domain import Place


def descendants(places: Mapping[str, Place], root: str) -> set[str]:
    """The ids of a place and of everything under it; the place's own id even when it is not registered."""
    children: dict[str, list[str]] = {}
    for place in places.values():
        if place.parent is not None:
            children.setdefault(place.parent, []).append(place.id)
    found, waiting = {root}, [root]
    while waiting:
        new = [child for child in children.get(waiting.pop(), ()) if child not in found]
        found.update(new)
        waiting.extend(new)
    return found
