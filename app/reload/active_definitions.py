"""The definitions in force, for the parts of the service that look them up while they may be replaced."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from app.reload.definitions import Definitions
from domain.kind import Kind


class LiveKinds(Mapping[str, Kind]):
    """The kinds in force by name; a lookup sees the last replacement."""

    def __init__(self, kinds: Mapping[str, Kind]) -> None:
        self.current = kinds

    def __getitem__(self, name: str) -> Kind:
        return self.current[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.current)

    def __len__(self) -> int:
        return len(self.current)


class ActiveDefinitions:
    """`current` is replaced as a whole. `stored` is false until `current` was stored with a checkpoint."""

    def __init__(self, definitions: Definitions) -> None:
        self.current = definitions
        self.kinds = LiveKinds(definitions.kinds)
        self.stored = False

    def replace(self, new: Definitions) -> None:
        self.current, self.stored = new, False
        self.kinds.current = new.kinds
