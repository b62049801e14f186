"""GatewayIndex: which device is connected through which gateway."""

from __future__ import annotations

from collections.abc import Mapping

from rules.state.device import DeviceState
from rules.state.gateway import GATEWAY_ATTRIBUTE, GatewaySnapshot, GatewayState


class GatewayIndex:
    """Every gateway that a device names, or that is one by its kind."""

    def __init__(self) -> None:
        self.known: dict[str, GatewayState[DeviceState]] = {}

    def attach(self, state: DeviceState) -> str | None:
        """Puts a device under the gateway it names now, and answers with that name."""
        wanted = str(state.device.attributes.get(GATEWAY_ATTRIBUTE, state.device.id))
        name = None if wanted == state.device.id else wanted
        gateway = None if name is None else self.get_or_create(name)
        if state.parent_gateway is not gateway:
            self.detach(state)
        if gateway is not None:
            gateway.children[state.device.id] = state
        state.parent_gateway = gateway
        if state.device.id in self.known or any(
            absent.children is not None for _, absent in state.ruleset.absence_rules
        ):
            state.own_gateway = self.get_or_create(state.device.id)
            state.own_gateway.implied = False
        return name

    def detach(self, state: DeviceState) -> None:
        """It hangs on nothing any more."""
        if state.parent_gateway is not None:
            state.parent_gateway.children.pop(state.device.id, None)
            state.parent_gateway = None

    def get_or_create(self, name: str) -> GatewayState[DeviceState]:
        """The gateway of this name."""
        return self.known.setdefault(name, GatewayState())

    def snapshot(self) -> dict[str, GatewaySnapshot]:
        """Those that were ever shut, as values."""
        return {
            name: GatewaySnapshot(gateway.outages, gateway.next_check_at, gateway.only_itself_received)
            for name, gateway in self.known.items()
            if gateway.is_silent or gateway.outages.closed
        }

    def restore(self, written: Mapping[str, GatewaySnapshot]) -> None:
        """Takes up what was written down."""
        for name, shut in written.items():
            gateway = self.get_or_create(name)
            gateway.outages, gateway.next_check_at, gateway.only_itself_received = (
                shut.outages,
                shut.next_check_at,
                shut.only_itself_received,
            )
