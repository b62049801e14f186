"""State of a Sparkplug host: the definitions of each edge node's births, and its sequence number (0 to 255).

Owned by the decoder, which saves and restores it. Array order of the structs is persisted.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct, field

NODES_MAX: Final = 10_000
DEVICES_MAX: Final = 5_000
"""Edge nodes, and devices of one edge node; beyond it the oldest is evicted, and its next message requests a birth."""

SEQ_PERIOD: Final = 256


class BirthDefinitions(Struct, array_like=True):
    """Definitions of one birth: names by alias, types and units by name, and last levels that several names share."""

    names: dict[int, str] = field(default_factory=dict)
    types: dict[str, int] = field(default_factory=dict)
    ambiguous_leaves: set[str] = field(default_factory=set)
    units: dict[str, str] = field(default_factory=dict)


class EdgeNode(Struct, array_like=True):
    """One edge node. `definitions` is None until a birth since its last death; `needs_birth`: only a birth can help.

    `missing` are skipped sequence numbers: a danger overtakes other messages on the way here, so they may still arrive.
    """

    bd_seq: int | None = None
    seq: int | None = None
    missing: set[int] = field(default_factory=set)
    needs_birth: bool = False
    definitions: BirthDefinitions | None = None
    devices: dict[str, BirthDefinitions] = field(default_factory=dict)


class SparkplugState(Struct, array_like=True):
    """All edge nodes. `rebirth_requests` are those (`group/edge`) of which the host must request a new birth."""

    nodes: dict[str, EdgeNode] = field(default_factory=dict)
    rebirth_requests: set[str] = field(default_factory=set)

    def node(self, name: str) -> EdgeNode:
        """This edge node, created if unknown."""
        node = self.nodes.get(name)
        if node is None:
            while len(self.nodes) >= NODES_MAX:
                evicted = next(iter(self.nodes))
                del self.nodes[evicted]
                self.rebirth_requests.discard(evicted)
            node = self.nodes[name] = EdgeNode()
        return node

    def copy_for_peek(self, topic: str) -> SparkplugState:
        """A copy of what decoding one message needs, so that decoding it ahead of its turn changes no state."""
        levels = topic.split("/")
        name = f"{levels[1]}/{levels[3]}" if levels[0] == "spBv1.0" and len(levels) > 3 else ""
        node = self.nodes.get(name)
        if node is None:
            return SparkplugState()
        missing, devices = set(node.missing), dict(node.devices)
        return SparkplugState(
            {name: EdgeNode(node.bd_seq, node.seq, missing, node.needs_birth, node.definitions, devices)}
        )

    def request_rebirth(self, name: str) -> None:
        """The messages of this node cannot be decoded without a new birth."""
        self.node(name).needs_birth = True
        self.rebirth_requests.add(name)

    def undecodable_nodes(self) -> set[str]:
        """Those of the requests without which messages of their node cannot be decoded, unlike after a gap alone."""
        return {name for name in self.rebirth_requests if (node := self.nodes.get(name)) and node.needs_birth}

    def on_node_birth(self, name: str, definitions: BirthDefinitions, bd_seq: int | None, seq: int | None) -> None:
        """A birth of the node replaces all definitions of it and of its devices."""
        self.node(name)
        self.nodes[name] = EdgeNode(bd_seq, seq, definitions=definitions)
        self.rebirth_requests.discard(name)

    def on_device_birth(self, name: str, device: str, definitions: BirthDefinitions) -> None:
        """A birth of one device."""
        devices = self.node(name).devices
        while device not in devices and len(devices) >= DEVICES_MAX:
            del devices[next(iter(devices))]
        devices[device] = definitions

    def on_node_death(self, name: str, bd_seq: int | None) -> list[str] | None:
        """The devices that die with the node, or None for the will of an earlier connection (another bdSeq)."""
        node = self.nodes.get(name)
        if node is None or node.definitions is None or node.bd_seq != bd_seq:
            return None
        self.nodes[name] = EdgeNode()
        return list(node.devices)

    def count_message(self, name: str, seq: int | None) -> str | None:
        """Record the sequence number of a message; return what is wrong with it, or None. A repeated one is no gap."""
        node = self.node(name)
        if node.definitions is None:
            self.request_rebirth(name)
            return "its birth was not heard"
        last = node.seq
        if seq is None or last is None:
            return None
        step = (seq - last) % SEQ_PERIOD
        if step == 0 or (step > SEQ_PERIOD // 2 and seq in node.missing):
            self._received_missing(name, node, seq)
            return None
        node.seq = seq
        node.missing.discard(seq)
        if step == 1:
            return None
        node.missing |= {number % SEQ_PERIOD for number in range(last + 1, last + step)}
        self.rebirth_requests.add(name)
        return f"message {seq} after {last}"

    def _received_missing(self, name: str, node: EdgeNode, seq: int) -> None:
        node.missing.discard(seq)
        if not node.missing and not node.needs_birth:
            self.rebirth_requests.discard(name)
