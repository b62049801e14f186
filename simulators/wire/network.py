"""The time that networks take: each message arrives some seconds after it was sent, by the network of its device."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from domain import Device, Instant
from simulators.models.device_behaviour import Network, behaviour_of, delivery_delay_ms
from simulators.models.distributions import key_of
from simulators.wire import Sent


class NetworkDelay:
    """Delays the messages of devices. One device's messages never overtake one another."""

    def __init__(self, devices: Iterable[Device]) -> None:
        self._networks: dict[str, tuple[Network, int]] = {
            device.id: (behaviour_of(device).network, key_of(device.id)) for device in devices
        }
        self._arrived: dict[str, Instant] = {}

    def delayed(self, messages: Iterable[Sent]) -> Iterator[Sent]:
        """The same messages in the same order, with the instants at which they arrive; what is late already stays so.

        The delay depends on the device and the instant of sending only. A new object for each day gives the same
        delays as one for all days, but for messages that overtake one another around midnight.
        """
        for sent in messages:
            network, key = self._networks[sent.device]
            arrives = sent.arrives_at + delivery_delay_ms(network, key, sent.sent_at)
            arrives = max(arrives, self._arrived.get(sent.device, 0))
            self._arrived[sent.device] = arrives
            yield Sent(sent.sent_at, arrives, sent.device, sent.message, sent.urgent)
