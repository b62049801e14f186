"""Limits of one template while it is parsed, and the paths of the message that it reads."""

from __future__ import annotations

from typing import Final

from ingest.templates.nodes import Item, Literal, Name, Node, UnsupportedTemplate

NODES_MAX: Final = 400


class Budget:
    """Nodes that one template may still have, names that it may use, and paths that it reads in the message."""

    def __init__(self) -> None:
        self.nodes_left = NODES_MAX
        self.paths: list[tuple[object, ...]] = []
        self.has_computed_path = False
        self.names = {"value", "value_json"}

    def spend(self) -> None:
        """Count one more node. Raises UnsupportedTemplate beyond NODES_MAX."""
        self.nodes_left -= 1
        if self.nodes_left < 0:
            raise UnsupportedTemplate(f"a template of more than {NODES_MAX} parts")

    def read(self, node: Node) -> None:
        """Store the path in the message that a chain of constant keys leads to."""
        keys: list[object] = []
        while isinstance(node, Item):
            if not isinstance(node.key, Literal):
                self.has_computed_path = True
                return
            keys.append(node.key.value)
            node = node.of
        if isinstance(node, Name) and node.name == "value_json":
            self.paths.append(tuple(reversed(keys)))
        elif isinstance(node, Name):
            self.has_computed_path = True
