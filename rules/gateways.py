"""Which devices hang on which gateway, since when nothing came through it, and the times when nobody behind it could be
heard. It knows no rules and no platforms; times are arrival (journal) times.

A gateway is as alive as what comes through it: many never speak of themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from domain import MINUTE, Instant
from rules.outages import Outages

if TYPE_CHECKING:
    from rules.seat import Seat

GATEWAY: Final = "gateway"
"""The attribute by which a device names its gateway, and the kind of a gateway that nobody registered."""
LOOK_EVERY_MS: Final = MINUTE
"""How often a gateway through which nothing comes is looked at again."""
MISSED: Final = 2
"""Reports that a device must have missed to speak against its gateway: one is easily lost."""


class Shut(Struct, frozen=True, array_like=True):
    """A gateway written down."""

    times: Outages
    look_at: Instant
    deaf: bool = False


class Gateway:
    """What hangs on one gateway. `assumed`: devices name it, and it is not registered."""

    __slots__ = ("assumed", "children", "deaf", "look_at", "times")

    def __init__(self) -> None:
        self.children: dict[str, Seat] = {}
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

    def through(self, own: Seat) -> Instant:
        """When something last came through it, a word of its own included."""
        return max(own.last_heard(None), self.last_of_children(own))

    def last_of_children(self, own: Seat) -> Instant:
        """When something behind it was last heard; of none, since it was enrolled or came back."""
        back = self.times.closed[-1][1] if self.times.closed else 0
        return max([own.enrolled, back, *(child.heard for child in self.children.values())])

    def lives(self, own: Seat) -> bool:
        """Whether something came through since it was shut."""
        word = self.last_of_children(own) if self.deaf else self.through(own)
        return not own.is_gone and word > (self.times.open_since or 0)

    def missed_by(self, count: int, last: Instant) -> int | None:
        """How long after `last` so many devices, all in good standing until then, have missed two reports each."""
        waits = sorted(MISSED * child.report_every_ms for child in self.in_standing(last))
        return waits[count - 1] if len(waits) >= count else None

    def in_standing(self, last: Instant) -> list[Seat]:
        """Its devices but for those that had long been silent while others were heard."""
        return [
            child for child in self.children.values() if last - child.last_heard(None) <= MISSED * child.report_every_ms
        ]


class Gateways:
    """Every gateway that a device names, or that is one by its kind."""

    def __init__(self) -> None:
        self.known: dict[str, Gateway] = {}

    def hang(self, seat: Seat) -> str | None:
        """Puts a device under the gateway it names now, and answers with that name."""
        wanted = str(seat.device.attributes.get(GATEWAY, seat.device.id))
        name = None if wanted == seat.device.id else wanted
        gateway = None if name is None else self.of(name)
        if seat.gateway is not gateway:
            self.leave(seat)
        if gateway is not None:
            gateway.children[seat.device.id] = seat
        seat.gateway = gateway
        if seat.device.id in self.known or any(absent.children is not None for _, absent in seat.plan.absences):
            seat.carries = self.of(seat.device.id)
            seat.carries.assumed = False
        return name

    def leave(self, seat: Seat) -> None:
        """It hangs on nothing any more."""
        if seat.gateway is not None:
            seat.gateway.children.pop(seat.device.id, None)
            seat.gateway = None

    def of(self, name: str) -> Gateway:
        """The gateway of this name."""
        return self.known.setdefault(name, Gateway())

    def written(self) -> dict[str, Shut]:
        """Those that were ever shut, as values."""
        return {
            name: Shut(gateway.times, gateway.look_at, gateway.deaf)
            for name, gateway in self.known.items()
            if gateway.is_shut or gateway.times.closed
        }

    def recall(self, written: Mapping[str, Shut]) -> None:
        """Takes up what was written down."""
        for name, shut in written.items():
            gateway = self.of(name)
            gateway.times, gateway.look_at, gateway.deaf = shut.times, shut.look_at, shut.deaf
