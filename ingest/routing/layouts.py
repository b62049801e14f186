"""How a platform's topics look below a filter that a site wrote, and how its adapter expects them. It decodes nothing.

Adapters read the topics that their platform uses by default. A site may have set others: a base topic of its own
(`home/z2m/...`), another order (Tasmota's FullTopic `%topic%/%prefix%/`), or a bridge puts levels before all. The
filter under which a message came tells which: what belongs to a platform is decided by that, not by a fixed prefix.
Shelly, ESPHome and wmbusmeters are read from the end of their topics and need no layout.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from ingest.topics import filter_covers

DEFAULT_BASES: Final = {"zigbee2mqtt": "zigbee2mqtt", "homeassistant": "homeassistant", "shelly": "shellies"}
"""Platforms whose whole tree hangs on one base topic, and what that is by default."""

FIXED_PLATFORMS: Final = frozenset({"native", "sparkplug"})
"""Ours is what the urgent lane, the broker's access list and every device agree on; Sparkplug specifies its own."""

READ_FROM_THE_END: Final = frozenset({"esphome", "wmbusmeters", "hj212", "setracker", "jftech"})
"""Their adapters look at the last levels, or at no level at all."""

FULL_TOPIC_PLATFORM: Final = "tasmota"
PREFIXES: Final = ("tele", "stat", "cmnd")
_WILD: Final = frozenset({"+", "#"})


class MovedBase(Struct, frozen=True):
    """`drop` levels in front are the site's; `put` stand there by default. `pattern` is the site's filter."""

    pattern: str
    site_levels: int
    default_levels: tuple[str, ...]

    def to_default(self, topic: str) -> str:
        """The topic as the platform's adapter reads it.

        >>> MovedBase("home/z2m/#", 2, ("zigbee2mqtt",)).to_default("home/z2m/kitchen")
        'zigbee2mqtt/kitchen'
        """
        return "/".join((*self.default_levels, *topic.split("/")[self.site_levels :]))

    def root(self, topic: str) -> str:
        """What the site put in front, of a topic or of the filter."""
        return "/".join(topic.split("/")[: self.site_levels])

    def to_site(self, usual: str) -> str:
        """The filter on which a topic of the adapter's is heard at this site.

        >>> MovedBase("+/zigbee2mqtt/#", 2, ("zigbee2mqtt",)).to_site("zigbee2mqtt/kitchen")
        '+/zigbee2mqtt/kitchen'
        """
        return "/".join((*self.pattern.split("/")[: self.site_levels], *usual.split("/")[len(self.default_levels) :]))


class FullTopic(Struct, frozen=True):
    """Tasmota's own order: `%topic%/%prefix%/`, `home/%topic%/%prefix%/`. Wildcards of the filter are the device."""

    pattern: str

    def to_default(self, topic: str) -> str:
        """`{prefix}/{topic}/{leaf}`. A prefix that the site renamed stands in the filter and is taken for tele.

        >>> FullTopic("+/tele/#").to_default("kitchen/tele/SENSOR")
        'tele/kitchen/SENSOR'
        >>> FullTopic("home/#").to_default("home/b3/gas/stat/POWER")
        'stat/b3/gas/POWER'
        """
        levels = topic.split("/")
        written = self._named_levels(len(levels))
        place = self._prefix_index(levels, written)
        owner = self._owner(levels, written, place)
        owner = owner or [levels[index] for index in written if index not in (place, len(levels) - 1)][-1:]
        return "/".join([levels[place] if place is not None else PREFIXES[0], *owner, levels[-1]])

    def root(self, topic: str) -> str:
        """What stands before a device's own part, of a topic or of the filter.

        >>> FullTopic("home/+/tele/#").root("home/kitchen/tele/SENSOR"), FullTopic("+/tele/#").root("a/tele/SENSOR")
        ('home', '')
        """
        levels, pattern = topic.split("/"), self.pattern.split("/")
        first = next((index for index, level in enumerate(pattern) if level in _WILD or level in PREFIXES), 0)
        written = self._named_levels(len(levels))
        own = "#" in levels or self._owner(levels, written, self._prefix_index(levels, written))
        return "/".join(pattern[: first if own else max(0, first - 1)])

    def _owner(self, levels: Sequence[str], written: Sequence[int], place: int | None) -> list[str]:
        """The levels that the filter leaves open, but for the prefix and the leaf."""
        return [level for index, level in enumerate(levels[:-1]) if index != place and index not in written]

    def _named_levels(self, length: int) -> list[int]:
        """The places of the levels that the filter names."""
        return [index for index, level in enumerate(self.pattern.split("/")[:length]) if level not in _WILD]

    def _prefix_index(self, levels: Sequence[str], written: Sequence[int]) -> int | None:
        """Where the prefix stands: in the filter, else where the filter has a wildcard."""
        free = [index for index in range(len(levels)) if index not in written]
        return next((index for index in (*written, *free) if levels[index] in PREFIXES), None)


Layout = MovedBase | FullTopic


def layout_for(platform: str, pattern: str, usual: Sequence[str]) -> Layout | None:
    """How topics below this filter differ from `usual`, the platform's default filters; None: not at all.

    Raises ValueError, with what to write, for a filter below which the platform's adapter could read nothing.
    """
    if any(filter_covers(each, pattern) for each in usual) or platform in READ_FROM_THE_END:
        return None
    if platform in FIXED_PLATFORMS:
        raise ValueError(f"{pattern!r}: topics of {platform} are fixed: write {' or '.join(usual)}")
    if platform == FULL_TOPIC_PLATFORM:
        return FullTopic(pattern)
    return (
        _other_base(pattern, DEFAULT_BASES[platform])
        if platform in DEFAULT_BASES
        else _with_prefix(platform, pattern, usual)
    )


def _other_base(pattern: str, base: str) -> MovedBase | None:
    """Another base topic: all levels before the filter's wildcards at its end, or up to the default one.

    A Shelly without its default base is one of the second generation: its adapter reads it from the end.
    """
    levels = pattern.split("/")
    if base in levels:
        return MovedBase(pattern, levels.index(base) + 1, (base,))
    if base == DEFAULT_BASES["shelly"]:
        return None
    named = [index for index, level in enumerate(levels) if level not in _WILD]
    if not named:
        raise ValueError(f"{pattern!r} names no level: write the base topic, as in {base}/#")
    drop = named[-1] + 1 if levels[-1] in _WILD else next((i for i, each in enumerate(levels) if each in _WILD), -1)
    return MovedBase(pattern, drop if drop >= 0 else len(levels) - 1, (base,))


def _with_prefix(platform: str, pattern: str, usual: Sequence[str]) -> MovedBase:
    """Levels before the default ones, as bridges put them."""
    levels = pattern.split("/")
    for drop in range(len(levels)):
        rest = "/".join(levels[drop:])
        for put, tail in (((), rest), (("",), f"/{rest}")):
            if any(filter_covers(each, tail) for each in usual):
                return MovedBase(pattern, drop, put)
    raise ValueError(
        f"{pattern!r}: topics of {platform} end like {' or '.join(usual)}: write that, with levels before it"
    )
