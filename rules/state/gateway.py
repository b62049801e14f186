"""GatewayState: the devices behind a gateway, and the intervals in which none of them could be received.

Times are arrival times. A gateway is as alive as the traffic through it: many never report themselves.
"""

from __future__ import annotations

from typing import Final, Generic, Protocol, TypeVar

from msgspec import Struct

from domain import MINUTE, Device, Instant
from rules.state.outages import Outages

GATEWAY_ATTRIBUTE: Final = "gateway"
"""The attribute by which a device names its gateway."""
GATEWAY_KIND: Final = "gateway"
"""The kind of an implied gateway: named by devices, not registered."""
CHECK_INTERVAL_MS: Final = MINUTE
"""How often a gateway through which nothing comes is looked at again."""
MISSED_REPORTS: Final = 2
"""Missed reports after which a device counts against its gateway: a single one is easily lost."""


class GatewaySnapshot(Struct, frozen=True, array_like=True):
    """A gateway written down."""

    outages: Outages
    next_check_at: Instant
    only_itself_received: bool = False


class GatewayChild(Protocol):
    """What a gateway reads of a device: of itself, or of one behind it."""

    device: Device
    known_since: Instant
    last_arrival: Instant
    report_interval_ms: int

    @property
    def is_offline(self) -> bool: ...

    def last_seen(self, quantity: str | None) -> Instant: ...


C = TypeVar("C", bound=GatewayChild)


class GatewayState(Generic[C]):
    """What hangs on one gateway. `assumed`: devices name it, and it is not registered."""

    __slots__ = ("children", "implied", "next_check_at", "only_itself_received", "outages")

    def __init__(self) -> None:
        self.children: dict[str, C] = {}
        self.outages = Outages()
        self.next_check_at: Instant = 0
        self.implied = False
        self.only_itself_received = False
        """The gateway reports, but none of its devices is received: its own messages do not end the outage."""

    @property
    def is_silent(self) -> bool:
        """None of its devices can be received."""
        return self.outages.open_since is not None

    def mark_silent(self, since: Instant, now: Instant, only_itself: bool = False) -> None:
        """Nothing comes through since then."""
        self.outages.record(since, None)
        self.next_check_at, self.only_itself_received = now + CHECK_INTERVAL_MS, only_itself

    def mark_recovered(self, now: Instant) -> None:
        """Something came through."""
        self.outages.record(now, now)  # which closes what is open

    def last_traffic(self, own: GatewayChild) -> Instant:
        """Arrival time of the last traffic through it, its own messages included."""
        return max(own.last_seen(None), self.last_child_traffic(own))

    def last_child_traffic(self, own: GatewayChild) -> Instant:
        """Arrival time of the last traffic from a device behind it; at least since it is known or has recovered."""
        back = self.outages.closed[-1][1] if self.outages.closed else 0
        return max([own.known_since, back, *(child.last_arrival for child in self.children.values())])

    def has_recovered(self, own: GatewayChild) -> bool:
        """Whether something came through since it was shut."""
        event = self.last_child_traffic(own) if self.only_itself_received else self.last_traffic(own)
        return not own.is_offline and event > (self.outages.open_since or 0)

    def silence_threshold_ms(self, count: int, last: Instant) -> int | None:
        """How long after `last` so many devices, all in good standing until then, have missed two reports each."""
        waits = sorted(MISSED_REPORTS * child.report_interval_ms for child in self.healthy_children(last))
        return waits[count - 1] if len(waits) >= count else None

    def healthy_children(self, last: Instant) -> list[C]:
        """Its devices, without those that had long been silent while others were received."""
        return [
            child
            for child in self.children.values()
            if last - child.last_seen(None) <= MISSED_REPORTS * child.report_interval_ms
        ]
