"""Places by a word of the path of names that leads to them: `3栋` finds every flat of that building."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence

from domain import Place
from domain.addresses import NO_NAME
from domain.place_tree import PlaceSet, PlaceTree
from domain.places import self_and_ancestors
from domain.table import grouped


class PlaceSearch:
    """The places of each name: a district of 170,000 places has some thousand names.

    The names of a path are compared without separators and in lower case: `苑3栋` finds the building 3栋 of 枫林苑.
    """

    def __init__(self, places: Mapping[str, Place], tree: PlaceTree) -> None:
        self._places, self._tree = places, tree
        positions = tree.position_of
        named = [place for place in places.values() if place.name != NO_NAME and place.id in positions]
        by_name = grouped((place.name.lower(), positions[place.id]) for place in named)
        self._positions = {name: array("L", sorted(numbers)) for name, numbers in by_name.items()}
        self._parents = grouped((place.name.lower(), place.id) for place in named if tree.children(place.id))

    def find(self, word: str) -> PlaceSet:
        """The places whose path has the word (in lower case, not empty), with everything below them."""
        found = array("L")
        for name, positions in self._positions.items():
            if word in name:
                found += positions
        for name, parents in self._parents.items():
            for head in _heads_at_end(word, name):
                for parent in parents:
                    found.extend(self._continued(parent, word[len(head) :]))
        looped = (place for place in self._tree.in_loops if word in self.path(place))
        return self._tree.inside_positions(found, looped)

    def path(self, place: str) -> str:
        """The names of the places around and of the place itself, outermost first, in lower case."""
        names = [node.name.lower() for node in self_and_ancestors(self._places, place) if node.name != NO_NAME]
        return "".join(reversed(names))

    def _continued(self, parent: str, rest: str) -> Iterator[int]:
        """The positions of the places below at whose names the rest of a word ends that begins in the parent's name."""
        for child in self._tree.children(parent):
            name = "" if child.name == NO_NAME else child.name.lower()
            if name.startswith(rest):
                yield self._tree.position_of[child.id]
            elif rest.startswith(name):
                yield from self._continued(child.id, rest[len(name) :])


def _heads_at_end(word: str, name: str) -> Sequence[str]:
    """The beginnings of a word, without the whole, with which a name ends."""
    if name[-1:] not in word:
        return ()
    return [word[:length] for length in range(1, len(word)) if name.endswith(word[:length])]
