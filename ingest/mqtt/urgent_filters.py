"""Topic filters of the urgent session: alarms, and devices of urgent kinds on platforms with a topic per device."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct

from domain import Device, Identity
from domain.identities import canonical
from domain.kind import Kind
from ingest.routing.routes import Routes
from ingest.topics import is_plain_topic_level

NATIVE_ALARMS: Final = "fengshao/v1/+/alarm"

_EUI: Final = re.compile(r"[0-9a-fA-F]{16}")
"""How The Things Stack writes an EUI; its topics hold the device id instead."""


class UrgentFilters(Struct, frozen=True):
    """The filters of the urgent session. `omitted` filters are beyond the limit; the bulk session delivers them."""

    filters: tuple[str, ...] = (NATIVE_ALARMS,)
    omitted: int = 0


def urgent_filters(
    devices: Iterable[Device], kinds: Mapping[str, Kind], limit: int, routes: Routes | None = None
) -> UrgentFilters:
    """At most `limit` filters: native alarms, then one for each identity of an urgent device, in registry order."""
    routes = routes or Routes()
    requested = dict.fromkeys(
        site_topic
        for device in devices
        if device.kind in kinds and kinds[device.kind].urgent
        for identity in device.identities
        if (topic := _device_topic(identity)) is not None
        for site_topic in routes.site_filters(identity.platform, topic)
    )
    device_filters_max = max(0, limit - 1)
    filters = (NATIVE_ALARMS, *list(requested)[:device_filters_max])
    return UrgentFilters(filters, max(0, len(requested) - device_filters_max))


def _device_topic(identity: Identity) -> str | None:
    """The topic on which only this device reports, by the platform's default layout; None where there is none."""
    if not is_plain_topic_level(identity.id):
        return None
    if identity.platform == "zigbee2mqtt":
        return f"zigbee2mqtt/{identity.id}"
    if identity.platform == "chirpstack":
        return f"application/+/device/{canonical('chirpstack', identity.id)}/event/up"
    if identity.platform == "tts" and _EUI.fullmatch(identity.id) is None:
        return f"v3/+/devices/{identity.id}/up"
    return None
