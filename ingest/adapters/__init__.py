"""Adapters: each decodes the messages of one platform. A module, its entries in the tables
below, and its evidence (YAML: documented messages with what they mean, for tests) beside it.

A platform without an adapter is still subscribed to, so that its messages become refusals and are not lost unseen.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from domain import RefusalReason
from ingest.adapters import (
    alink,
    chirpstack,
    ctwing,
    esphome,
    hj212,
    homeassistant,
    iotda,
    jetlinks,
    jftech,
    native,
    setracker,
    shelly,
    sparkplug,
    tasmota,
    thingsboard,
    tts,
    wmbusmeters,
    zigbee2mqtt,
)
from ingest.adapters.sparkplug.state import SparkplugState
from ingest.frame import Frame
from ingest.results import AdapterOutput, Rejection
from ingest.topics import filter_matches

FILTERS: Final[dict[str, tuple[str, ...]]] = {
    "native": ("fengshao/v1/#",),
    "chirpstack": ("application/+/device/+/event/#",),
    "zigbee2mqtt": ("zigbee2mqtt/#",),
    "tts": ("v3/+/devices/+/#",),
    "homeassistant": ("homeassistant/#",),
    "tasmota": ("tele/#", "stat/#"),
    "shelly": ("shellies/#",),
    "sparkplug": ("spBv1.0/#",),
    "alink": ("/sys/#",),
    "iotda": ("$oc/#",),
    "ctwing": ("v1/up/#",),
    "thingsboard": ("v1/gateway/#", "v1/devices/#"),
    "jetlinks": ("/+/+/properties/report", "/+/+/event/#", "/+/+/child/#", "/+/+/metadata/derived"),
    "wmbusmeters": ("wmbusmeters/#",),
    "hj212": ("hj212/#",),
    "setracker": ("setracker/#",),
    "jftech": ("jftech/#",),
    "esphome": (),
}
"""Default topic filters by platform, specific ones before those that would also match their topics.

A site may set others (ingest.routing.routes). ESPHome has none: each node publishes below its own name."""

ADAPTERS: Final[dict[str, Callable[[Frame], AdapterOutput]]] = {
    native.PLATFORM: native.decode,
    chirpstack.PLATFORM: chirpstack.decode,
    zigbee2mqtt.PLATFORM: zigbee2mqtt.decode,
    shelly.PLATFORM: shelly.decode,
    homeassistant.PLATFORM: homeassistant.decode,
    tasmota.PLATFORM: tasmota.decode,
    tts.PLATFORM: tts.decode,
    alink.PLATFORM: alink.decode,
    iotda.PLATFORM: iotda.decode,
    ctwing.PLATFORM: ctwing.decode,
    thingsboard.PLATFORM: thingsboard.decode,
    jetlinks.PLATFORM: jetlinks.decode,
    jftech.PLATFORM: jftech.decode,
    sparkplug.PLATFORM: sparkplug.decode,
    wmbusmeters.PLATFORM: wmbusmeters.decode,
    hj212.PLATFORM: hj212.decode,
    setracker.PLATFORM: setracker.decode,
    esphome.PLATFORM: esphome.decode,
}

VERSIONS: Final[dict[str, int]] = {
    native.PLATFORM: native.VERSION,
    chirpstack.PLATFORM: chirpstack.VERSION,
    zigbee2mqtt.PLATFORM: zigbee2mqtt.VERSION,
    shelly.PLATFORM: shelly.VERSION,
    homeassistant.PLATFORM: homeassistant.VERSION,
    tasmota.PLATFORM: tasmota.VERSION,
    tts.PLATFORM: tts.VERSION,
    alink.PLATFORM: alink.VERSION,
    iotda.PLATFORM: iotda.VERSION,
    ctwing.PLATFORM: ctwing.VERSION,
    thingsboard.PLATFORM: thingsboard.VERSION,
    jetlinks.PLATFORM: jetlinks.VERSION,
    jftech.PLATFORM: jftech.VERSION,
    sparkplug.PLATFORM: sparkplug.VERSION,
    wmbusmeters.PLATFORM: wmbusmeters.VERSION,
    hj212.PLATFORM: hj212.VERSION,
    setracker.PLATFORM: setracker.VERSION,
    esphome.PLATFORM: esphome.VERSION,
}

_PLATFORM_BY_ROOT: Final = {
    "fengshao": native.PLATFORM,
    "zigbee2mqtt": zigbee2mqtt.PLATFORM,
    "homeassistant": homeassistant.PLATFORM,
    "tele": tasmota.PLATFORM,
    "stat": tasmota.PLATFORM,
    "shellies": shelly.PLATFORM,
    "spBv1.0": sparkplug.PLATFORM,
    "wmbusmeters": wmbusmeters.PLATFORM,
    "hj212": hj212.PLATFORM,
    "setracker": setracker.PLATFORM,
}
"""Platforms that own a whole topic tree, found without matching filters, because this runs for every message."""

_FILTERS_BY_PREFIX: Final = [
    (pattern.partition("+")[0].partition("#")[0].rstrip("/"), pattern, name)
    for name, patterns in FILTERS.items()
    for pattern in patterns
]
"""Prefix before the first wildcard, filter, platform: the prefix excludes most filters cheaply."""


def platform_for_topic(topic: str) -> str | None:
    """The platform that publishes on this topic, or None when no default filter covers it.

    >>> platform_for_topic("fengshao/v1/gas-1/up"), platform_for_topic("$oc/devices/x/sys/properties/report")
    ('native', 'iotda')
    >>> platform_for_topic("a/b") is None
    True
    """
    owner = _PLATFORM_BY_ROOT.get(topic.partition("/")[0])
    return owner or next(
        (
            name
            for start, pattern, name in _FILTERS_BY_PREFIX
            if topic.startswith(start) and filter_matches(pattern, topic)
        ),
        None,
    )


def decode(platform: str | None, frame: Frame, sparkplug_state: SparkplugState | None = None) -> AdapterOutput:
    """Decode a message of this platform. Only Sparkplug uses and updates `sparkplug_state`."""
    if platform == sparkplug.PLATFORM:
        return sparkplug.decode(frame, sparkplug_state)
    adapter = ADAPTERS.get(platform or "")
    if adapter is not None:
        return adapter(frame)
    return Rejection(RefusalReason.NO_CODEC, "no platform we know publishes on this topic")
