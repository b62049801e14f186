"""Which topics get a session of their own: alarms, and devices of urgent kinds where a device has its own topic."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct

from domain import Device, Identity
from domain.identities import canonical
from domain.kind import Kind
from ingest.routing.routes import Routes
from ingest.topics import topic_safe

NATIVE_ALARMS: Final = "fengshao/v1/+/alarm"

_EUI: Final = re.compile(r"[0-9a-fA-F]{16}")
"""How The Things Stack writes an EUI; its topics bear the device id."""


class UrgentFilters(Struct, frozen=True):
    """The filters of the urgent session; `left_out` devices are beyond the limit and wait in the bulk session."""

    filters: tuple[str, ...] = (NATIVE_ALARMS,)
    omitted: int = 0


def urgent_filters(
    devices: Iterable[Device], kinds: Mapping[str, Kind], limit: int, routes: Routes | None = None
) -> UrgentFilters:
    """Native alarms first, then one filter for each identity of an urgent device, in the order of the registry."""
    routes = routes or Routes()
    wanted = dict.fromkeys(
        here
        for device in devices
        if device.kind in kinds and kinds[device.kind].urgent
        for identity in device.identities
        if (topic := _device_topic(identity)) is not None
        for here in routes.heard_on(identity.platform, topic)
    )
    room = max(0, limit - 1)
    return UrgentFilters((NATIVE_ALARMS, *list(wanted)[:room]), max(0, len(wanted) - room))


def _device_topic(identity: Identity) -> str | None:
    if not topic_safe(identity.id):
        return None
    if identity.platform == "zigbee2mqtt":
        return f"zigbee2mqtt/{identity.id}"
    if identity.platform == "chirpstack":
        return f"application/+/device/{canonical('chirpstack', identity.id)}/event/up"
    if identity.platform == "tts" and _EUI.fullmatch(identity.id) is None:
        return f"v3/+/devices/{identity.id}/up"
    return None
