"""Which device is connected through which gateway."""

from __future__ import annotations

from collections.abc import Mapping

from rules.state.device import Seat
from rules.state.gateway import GATEWAY_ATTRIBUTE, Gateway, Shut


class Gateways:
    """Every gateway that a device names, or that is one by its kind."""

    def __init__(self) -> None:
        self.known: dict[str, Gateway[Seat]] = {}

    def hang(self, seat: Seat) -> str | None:
        """Puts a device under the gateway it names now, and answers with that name."""
        wanted = str(seat.device.attributes.get(GATEWAY_ATTRIBUTE, seat.device.id))
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

    def of(self, name: str) -> Gateway[Seat]:
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
