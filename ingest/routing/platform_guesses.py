"""Guesses the platform of a topic that no filter covers, by the shape of topic and payload.

Every guess has the filters below which that platform's adapter could read the topic: the line that a site adds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

from msgspec import Struct

from ingest.adapters import FILTERS
from ingest.adapters.esphome import COMPONENTS
from ingest.formats.json_payload import parse_availability, read_json
from ingest.routing.layouts import DEFAULT_BASES
from ingest.topics import filter_matches

Levels = Sequence[str]


class PlatformGuess(Struct, frozen=True):
    """A platform and the filters to add; none where no filter of a site would help."""

    platform: str
    filters: tuple[str, ...] = ()


COMMON_OTHER_FILTERS: Final[Mapping[str, tuple[str, ...]]] = {
    "tasmota": ("+/tele/#", "+/stat/#", "tasmota/#"),
    "shelly": ("+/events/rpc", "+/status/+", "+/online"),
    "esphome": ("+/binary_sensor/+/state", "+/sensor/+/state", "+/event/+/state", "+/status"),
    "zigbee2mqtt": ("+/zigbee2mqtt/#", "z2m/#"),
    "homeassistant": ("+/homeassistant/#",),
    "wmbusmeters": ("+/wmbusmeters/#", "wmbus/#"),
    "chirpstack": ("+/application/+/device/+/event/#",),
}
"""Topics on which platforms often publish instead of their default ones: subscribed where a broker refuses `#`."""

_BASES: Final = frozenset({"spBv1.0", "wmbusmeters", "hj212", "setracker", "jftech", *DEFAULT_BASES.values()})
_PREFIXED: Final = ("chirpstack", "tts", "thingsboard", "ctwing", "alink")
_TASMOTA: Final = re.compile(r"SENSOR|STATE|LWT|RESULT|INFO\d|UPTIME|STATUS\d*|POWER\d*|(?:SWITCH|BUTTON)\d*T?")
_TASMOTA_SURE: Final = re.compile(r"SENSOR|STATE|LWT")
_COMPONENT: Final = re.compile(r"[a-z0-9_]+(?::\d+)?")
_BRIDGE: Final = re.compile(
    r"state|info|devices|groups|logging|log|event|extensions|definitions|config|health|converters"
)
_FRAME_SHAPES: Final = (
    (re.compile(rb"##\d{4}.*CN=", re.DOTALL), "hj212"),
    (re.compile(rb"\[[0-9A-Z]{2}\*\d+\*"), "setracker"),
)
_TELEGRAM_FIELDS: Final = frozenset({"meter", "driver", "media"})
_DISCOVERY_FIELDS: Final = frozenset(
    {"~", "stat_t", "state_topic", "dev", "device", "cmps", "components", "uniq_id", "unique_id"}
)
_IEEE: Final = re.compile(r"0x[0-9a-f]{16}")
_ZIGBEE_FIELDS: Final = frozenset({"linkquality", "last_seen"})


def zigbee_bridge_bases(topics: Iterable[str]) -> set[str]:
    """The base topics of all Zigbee2MQTT bridges among these topics.

    A device's name may hold slashes, so that only the bridge's own topics tell where the base ends.

    >>> zigbee_bridge_bases(["home/z2m/bridge/state", "home/z2m/3栋/402"])
    {'home/z2m'}
    """
    bases = set[str]()
    for topic in topics:
        base, bridge, leaf = topic.partition("/bridge/")
        if bridge and base and _BRIDGE.fullmatch(leaf.partition("/")[0]):
            bases.add(base)
    return bases


def guess_platform(topic: str, payload: bytes, bases: Iterable[str] = ()) -> PlatformGuess | None:
    """The platform that most likely published the message.

    >>> guess_platform("kitchen/tele/SENSOR", b'{"Time": "2026-11-29T05:00:00"}')
    PlatformGuess(platform='tasmota', filters=('+/tele/#', '+/stat/#'))
    >>> event = b'{"src": "shellyplussmoke-a1", "method": "NotifyStatus"}'
    >>> guess_platform("shellyplussmoke-a1/events/rpc", event).filters
    ('+/events/rpc', '+/status/+', '+/online')
    """
    base = next((base for base in sorted(bases, key=len, reverse=True) if topic.startswith(f"{base}/")), None)
    if base is not None:
        return PlatformGuess("zigbee2mqtt", (f"{base}/#",))
    levels = topic.split("/")
    return next((guess for guesser in _GUESSERS if (guess := guesser(levels, payload)) is not None), None)


def _whole_tree(levels: Levels, _payload: bytes) -> PlatformGuess | None:
    """A default tree with levels before it, as bridges put them."""
    place = next((index for index, level in enumerate(levels) if level in _BASES), None)
    if place is None:
        return PlatformGuess("native") if "fengshao" in levels[:-1] else None
    platform = next((name for name, base in DEFAULT_BASES.items() if base == levels[place]), levels[place])
    if platform == "spBv1.0":
        return PlatformGuess("sparkplug")
    return PlatformGuess(platform, ("/".join((*levels[: place + 1], "#")),))


def _prefixed(levels: Levels, _payload: bytes) -> PlatformGuess | None:
    for drop in range(1, len(levels)):
        rest = "/".join(levels[drop:])
        for platform in _PREFIXED:
            for pattern in FILTERS[platform]:
                plain = pattern.removeprefix("/")
                if filter_matches(plain, rest):
                    return PlatformGuess(platform, ("/".join((*levels[:drop], plain)),))
    return None


def _tasmota(levels: Levels, payload: bytes) -> PlatformGuess | None:
    if levels[:2] == ["tasmota", "discovery"]:
        return PlatformGuess("tasmota", tuple(_full_topics(payload)))
    if len(levels) < 3 or not _TASMOTA.fullmatch(levels[-1]):
        return None
    place = next((index for index, level in enumerate(levels[:-1]) if level in ("tele", "stat")), None)
    if place is not None:
        # The device is between prefix and leaf, or else the level before the prefix.
        has_device_behind = place < len(levels) - 2
        before = levels[:place] if has_device_behind or not place else (*levels[: place - 1], "+")
        return PlatformGuess("tasmota", tuple("/".join((*before, word, "#")) for word in ("tele", "stat")))
    fields = _object(payload)
    sure = _TASMOTA_SURE.fullmatch(levels[-1]) and ("Time" in fields or payload in (b"Online", b"Offline"))
    return PlatformGuess("tasmota", (f"{levels[0]}/#",)) if sure else None


def _full_topics(payload: bytes) -> Iterator[str]:
    """Filters for the FullTopic that a device states in Tasmota's discovery message."""
    fields = _object(payload)
    full, prefixes = fields.get("ft"), fields.get("tp")
    if isinstance(full, str) and "%prefix%" in full and isinstance(prefixes, list) and len(prefixes) == 3:
        for prefix in prefixes[:0:-1]:
            filter_levels = [level.replace("%prefix%", str(prefix)) for level in full.strip("/").split("/")]
            yield "/".join((*("+" if "%" in level else level for level in filter_levels), "#"))


def _shelly(levels: Levels, payload: bytes) -> PlatformGuess | None:
    fields = _object(payload)
    notified = list(levels[-2:]) == ["events", "rpc"] and "method" in fields
    status = levels[-2:-1] == ["status"] and _COMPONENT.fullmatch(levels[-1]) is not None and bool(fields)
    online = levels[-1] == "online" and payload in (b"true", b"false")
    count = 2 if notified or status else 1 if online else 0
    if not 0 < count < len(levels):
        return None
    before = "/".join((*levels[: -count - 1], "+"))
    return PlatformGuess("shelly", tuple(f"{before}/{leaf}" for leaf in ("events/rpc", "status/+", "online")))


def _esphome(levels: Levels, payload: bytes) -> PlatformGuess | None:
    """`{prefix}/{component}/{object}/state`; a node's own status is guessed by its single word."""
    if len(levels) >= 4 and levels[-3] in COMPONENTS and levels[-1] in ("state", "command"):
        before = "/".join((*levels[:-4], "+"))
        components = dict.fromkeys(("binary_sensor", "sensor", "event", levels[-3]))
        states = (f"{before}/{component}/+/state" for component in components)
        return PlatformGuess("esphome", (*states, f"{before}/status"))
    if len(levels) >= 2 and (levels[-1] == "status" and parse_availability(payload) is not None):
        return PlatformGuess("esphome", ("/".join((*levels[:-2], "+", "status")),))
    return None


def _discovery(levels: Levels, payload: bytes) -> PlatformGuess | None:
    place = next((len(levels) - back for back in (3, 4) if len(levels) > back and levels[-back] in COMPONENTS), None)
    if levels[-1] != "config" or place is None or not _object(payload).keys() & _DISCOVERY_FIELDS:
        return None
    return PlatformGuess("homeassistant", ("/".join((*levels[:place], "#")),))


def _by_payload(levels: Levels, payload: bytes) -> PlatformGuess | None:
    """Payloads that name their format themselves, on any topic."""
    parent = "/".join((*levels[:-1], "#")) if len(levels) > 1 else levels[0]
    framed_platform = next((platform for shape, platform in _FRAME_SHAPES if shape.match(payload)), None)
    if framed_platform is not None:
        return PlatformGuess(framed_platform, (parent,))
    fields = _object(payload)
    if fields.get("_") == "telegram" or ("id" in fields and len(fields.keys() & _TELEGRAM_FIELDS) > 1):
        return PlatformGuess("wmbusmeters", (parent,))
    if isinstance(fields.get("deviceInfo"), dict) and "fCnt" in fields:
        return PlatformGuess("chirpstack")
    if len(levels) > 1 and fields and (fields.keys() & _ZIGBEE_FIELDS or _IEEE.fullmatch(levels[-1])):
        return PlatformGuess("zigbee2mqtt", (parent,))
    return None


def _object(payload: bytes) -> dict[str, object]:
    if not payload.lstrip().startswith(b"{"):
        return {}
    fields = read_json(payload)
    return fields if isinstance(fields, dict) else {}


_GUESSERS: Final[tuple[Callable[[Levels, bytes], PlatformGuess | None], ...]] = (
    _tasmota,
    _discovery,
    _whole_tree,
    _prefixed,
    _shelly,
    _esphome,
    _by_payload,
)
