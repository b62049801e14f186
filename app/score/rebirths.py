"""What the town's Sparkplug edge nodes answer when the service requests their births (NCMD, `Node Control/Rebirth`)."""

from __future__ import annotations

from collections.abc import Iterable

from app.score.traffic import frames_of
from domain import Device, Instant
from ingest.decoding.decoder import Decoder
from ingest.frame import Frame
from ingest.http_push import PushRejected
from simulators.wire import MessageHeader, Sent, sparkplug

_PLATFORM = "sparkplug"


class EdgeNodes:
    """The edge nodes of the registered devices.

    Births are QoS 0: without this answer a device whose birth is lost (`missing`, `broker_down`, the end of a gateway's
    outage that the broker missed) could not be decoded for the rest of a run, which no real edge node would do. Only
    nodes that the service cannot decode answer: their next messages, numbered when the town's day was generated, do not
    follow the sequence numbers of the births, so that a request because of a gap would repeat itself.
    """

    def __init__(self, devices: Iterable[Device]) -> None:
        self._behind: dict[str, list[tuple[str, Device]]] = {}
        for device in devices:
            identity = next((one.id for one in device.identities if one.platform == _PLATFORM), None)
            if identity is not None:
                self._behind.setdefault(identity.rpartition("/")[0], []).append((identity, device))

    def answers(self, decoder: Decoder, at: Instant) -> list[Frame]:
        """The births of the nodes that were asked since the last call; their requests are removed."""
        nodes = sorted(decoder.undecodable_nodes)
        decoder.rebirth_requests.difference_update(nodes)
        return [frame for node in nodes for frame in self._births(node, at)]

    def _births(self, node: str, at: Instant) -> list[Frame]:
        behind = self._behind.get(node)
        if not behind:
            return []
        headers = [MessageHeader(identity, at, 0, kind=one.kind, model=one.model) for identity, one in behind]
        frames: list[Frame] = []
        for message in sparkplug.encode_rebirth(headers):
            received = frames_of(Sent(at, at, behind[0][1].id, message))
            assert not isinstance(received, PushRejected), "a message of MQTT is no push"
            frames += received
        return frames
