"""Which devices hang on which gateway, since when nothing came through it, and the times when nobody behind it could be
heard. It knows no rules and no platforms; times are arrival (journal) times.

A gateway is as alive as what comes through it: many never speak of themselves.
"""

from __future__ import annotations

from typing import Final, Generic, Protocol, TypeVar

from msgspec import Struct

from domain import MINUTE, Device, Instant
from rules.state.outages import Outages

GATEWAY_ATTRIBUTE: Final = "gateway"
"""The attribute by which a device names its gateway."""
GATEWAY_KIND: Final = "gateway"
"""The kind of a gateway that nobody registered."""
LOOK_EVERY_MS: Final = MINUTE
"""How often a gateway through which nothing comes is looked at again."""
MISSED: Final = 2
"""Reports that a device must have missed to speak against its gateway: one is easily lost."""


class Shut(Struct, frozen=True, array_like=True):
    """A gateway written down."""

    times: Outages
    look_at: Instant
    deaf: bool = False


class Child(Protocol):
    """What a gateway must know of a device, its own or one behind it."""

    device: Device
    enrolled: Instant
    heard: Instant
    report_every_ms: int

    @property
    def is_gone(self) -> bool: ...

    def last_heard(self, quantity: str | None) -> Instant: ...


C = TypeVar("C", bound=Child)


class Gateway(Generic[C]):
    """What hangs on one gateway. `assumed`: devices name it, and it is not registered."""

    __slots__ = ("assumed", "children", "deaf", "look_at", "times")

    def __init__(self) -> None:
        self.children: dict[str, C] = {}
        self.times = Outages()
        self.look_at: Instant = 0
        self.assumed = False
        self.deaf = False
        """It spoke itself when nothing came through any more: its own word does not prove the others'."""

    @property
    def is_shut(self) -> bool:
        """Nobody behind it can be heard."""
        return self.times.open_since is not None

    def shut(self, since: Instant, now: Instant, deaf: bool = False) -> None:
        """Nothing comes through since then."""
        self.times.note(since, None)
        self.look_at, self.deaf = now + LOOK_EVERY_MS, deaf

    def opened(self, now: Instant) -> None:
        """Something came through."""
        self.times.note(now, now)  # which closes what is open

    def through(self, own: Child) -> Instant:
        """When something last came through it, a word of its own included."""
        return max(own.last_heard(None), self.last_of_children(own))

    def last_of_children(self, own: Child) -> Instant:
        """When something behind it was last heard; of none, since it was enrolled or came back."""
        back = self.times.closed[-1][1] if self.times.closed else 0
        return max([own.enrolled, back, *(child.heard for child in self.children.values())])

    def lives(self, own: Child) -> bool:
        """Whether something came through since it was shut."""
        word = self.last_of_children(own) if self.deaf else self.through(own)
        return not own.is_gone and word > (self.times.open_since or 0)

    def missed_by(self, count: int, last: Instant) -> int | None:
        """How long after `last` so many devices, all in good standing until then, have missed two reports each."""
        waits = sorted(MISSED * child.report_every_ms for child in self.in_standing(last))
        return waits[count - 1] if len(waits) >= count else None

    def in_standing(self, last: Instant) -> list[C]:
        """Its devices but for those that had long been silent while others were heard."""
        return [
            child for child in self.children.values() if last - child.last_heard(None) <= MISSED * child.report_every_ms
        ]
