"""What a Sparkplug host must remember: what each edge node's births defined, and its place in the count to 255.

It belongs to the listener, which saves and restores it. It reads no payload and no clock.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct, field

NODES_MAX: Final = 10_000
DEVICES_MAX: Final = 5_000
"""Edge nodes, and devices of one edge node; beyond it the oldest is forgotten and asked to be born again."""

SEQ_PERIOD: Final = 256


class BirthDefinitions(Struct, array_like=True):
    """What one birth defined: the name of an alias, each name's type and unit, and the last words that two share."""

    names: dict[int, str] = field(default_factory=dict)
    types: dict[str, int] = field(default_factory=dict)
    ambiguous_leaves: set[str] = field(default_factory=set)
    units: dict[str, str] = field(default_factory=dict)


class EdgeNode(Struct, array_like=True):
    """One edge node. `own` is None while no birth was heard since it last died; `unclear`: only a birth can help.

    `missing` are the messages that were skipped: a danger overtakes others on its way to us, so they may yet come.
    """

    bd_seq: int | None = None
    seq: int | None = None
    missing: set[int] = field(default_factory=set)
    needs_birth: bool = False
    definitions: BirthDefinitions | None = None
    devices: dict[str, BirthDefinitions] = field(default_factory=dict)


class SparkplugState(Struct, array_like=True):
    """All edge nodes heard. `rebirths_wanted` are those (`group/edge`) that a host should tell to be born again."""

    nodes: dict[str, EdgeNode] = field(default_factory=dict)
    rebirth_requests: set[str] = field(default_factory=set)

    def node(self, name: str) -> EdgeNode:
        """This edge node, made when it was unknown."""
        node = self.nodes.get(name)
        if node is None:
            while len(self.nodes) >= NODES_MAX:
                forgotten = next(iter(self.nodes))
                del self.nodes[forgotten]
                self.rebirth_requests.discard(forgotten)
            node = self.nodes[name] = EdgeNode()
        return node

    def copy_for_peek(self, topic: str) -> SparkplugState:
        """As much as a look at one message needs, which then remembers nothing."""
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
        """Nothing but a birth can tell what this node means."""
        self.node(name).needs_birth = True
        self.rebirth_requests.add(name)

    def on_node_birth(self, name: str, born: BirthDefinitions, bd_seq: int | None, seq: int | None) -> None:
        """A birth of the node ends all that was known of it and of its devices."""
        self.node(name)
        self.nodes[name] = EdgeNode(bd_seq, seq, definitions=born)
        self.rebirth_requests.discard(name)

    def on_device_birth(self, name: str, device: str, born: BirthDefinitions) -> None:
        """A birth of one device."""
        devices = self.node(name).devices
        while device not in devices and len(devices) >= DEVICES_MAX:
            del devices[next(iter(devices))]
        devices[device] = born

    def on_node_death(self, name: str, bd_seq: int | None) -> list[str] | None:
        """The devices that die with the node, or None for a will of an earlier life (another bdSeq)."""
        node = self.nodes.get(name)
        if node is None or node.definitions is None or node.bd_seq != bd_seq:
            return None
        self.nodes[name] = EdgeNode()
        return list(node.devices)

    def count_message(self, name: str, seq: int | None) -> str | None:
        """Counts this message; what is wrong with its number, if anything is. The same number again is no gap."""
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
