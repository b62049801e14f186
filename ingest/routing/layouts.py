"""Translates topics below a site's own filter to the platform's default topics, and back.

Adapters read the topics that their platform uses by default. A site may have set others: a base topic of its own
(`home/z2m/...`), another order (Tasmota's FullTopic `%topic%/%prefix%/`), or levels that a bridge puts before all. The
filter that covers a message decides: the platform of a topic follows from it, not from a fixed prefix. Shelly,
ESPHome and wmbusmeters are read from the end of their topics and need no layout.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from ingest.topics import filter_covers

DEFAULT_BASES: Final = {"zigbee2mqtt": "zigbee2mqtt", "homeassistant": "homeassistant", "shelly": "shellies"}
"""Platforms whose topics are all below one base topic, with its default."""

FIXED_PLATFORMS: Final = frozenset({"native", "sparkplug"})
"""Native topics are part of the urgent lane, the broker's access list and every device; Sparkplug specifies its own."""

READ_FROM_THE_END: Final = frozenset({"esphome", "wmbusmeters", "hj212", "setracker", "jftech"})
"""Platforms whose adapters read only the last levels of a topic, or none."""

FULL_TOPIC_PLATFORM: Final = "tasmota"
PREFIXES: Final = ("tele", "stat", "cmnd")
_WILDCARDS: Final = frozenset({"+", "#"})


class MovedBase(Struct, frozen=True):
    """The first `site_levels` levels of a topic are the site's; by default `default_levels` are in their place.

    `pattern` is the site's filter.
    """

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
        """The levels that are the site's, of a topic or of the filter."""
        return "/".join(topic.split("/")[: self.site_levels])

    def to_site(self, default_topic: str) -> str:
        """The filter for a default topic at this site.

        >>> MovedBase("+/zigbee2mqtt/#", 2, ("zigbee2mqtt",)).to_site("zigbee2mqtt/kitchen")
        '+/zigbee2mqtt/kitchen'
        """
        own = default_topic.split("/")[len(self.default_levels) :]
        return "/".join((*self.pattern.split("/")[: self.site_levels], *own))


class FullTopic(Struct, frozen=True):
    """Tasmota's own order: `%topic%/%prefix%/`, `home/%topic%/%prefix%/`. The filter's wildcards are the device."""

    pattern: str

    def to_default(self, topic: str) -> str:
        """`{prefix}/{topic}/{leaf}`. A prefix that the site renamed is part of the filter and counts as tele.

        >>> FullTopic("+/tele/#").to_default("kitchen/tele/SENSOR")
        'tele/kitchen/SENSOR'
        >>> FullTopic("home/#").to_default("home/b3/gas/stat/POWER")
        'stat/b3/gas/POWER'
        """
        levels = topic.split("/")
        named = self._named_levels(len(levels))
        prefix = self._prefix_index(levels, named)
        device = self._device_levels(levels, named, prefix)
        device = device or [levels[index] for index in named if index not in (prefix, len(levels) - 1)][-1:]
        return "/".join([levels[prefix] if prefix is not None else PREFIXES[0], *device, levels[-1]])

    def to_site(self, default_topic: str) -> str:
        """The site's topic for `{prefix}/{device}/{leaf}`, in whichever order the filter has them.

        Where the filter leaves the order open, the device is before the prefix, Tasmota's usual other order. A command
        has the place of what it answers to.

        >>> FullTopic("home/+/tele/#").to_site("tele/kitchen/+"), FullTopic("+/tele/#").to_site("cmnd/kitchen/POWER")
        ('home/kitchen/tele/+', 'kitchen/cmnd/POWER')
        >>> [FullTopic(pattern).to_site("tele/oven/+") for pattern in ("home/tele/#", "home/oven/tele/#", "home/#")]
        ['home/tele/oven/+', 'home/oven/tele/+', 'home/oven/tele/+']
        """
        prefix, _, rest = default_topic.partition("/")
        device, _, leaf = rest.rpartition("/")
        named = [level for level in self.pattern.split("/") if level not in _WILDCARDS and level not in PREFIXES]
        reported = next((level for level in self.pattern.split("/") if level in PREFIXES), prefix)
        orders = ([*named, "", leaf], [*named, device, "", leaf], [*named, "", device, leaf])
        for order in orders:
            topic = "/".join(level or reported for level in order)
            if filter_covers(self.pattern, topic) and self.to_default(topic) == f"{reported}/{rest}":
                return "/".join(level or prefix for level in order)
        return "/".join([*named, device, prefix, leaf])

    def root(self, topic: str) -> str:
        """The levels before the device's own, of a topic or of the filter.

        >>> FullTopic("home/+/tele/#").root("home/kitchen/tele/SENSOR"), FullTopic("+/tele/#").root("a/tele/SENSOR")
        ('home', '')
        """
        levels, pattern = topic.split("/"), self.pattern.split("/")
        first = next((index for index, level in enumerate(pattern) if level in _WILDCARDS or level in PREFIXES), 0)
        named = self._named_levels(len(levels))
        has_device = "#" in levels or self._device_levels(levels, named, self._prefix_index(levels, named))
        return "/".join(pattern[: first if has_device else max(0, first - 1)])

    def _device_levels(self, levels: Sequence[str], named: Sequence[int], prefix: int | None) -> list[str]:
        """The levels that the filter leaves open, without the prefix and the leaf."""
        return [level for index, level in enumerate(levels[:-1]) if index != prefix and index not in named]

    def _named_levels(self, length: int) -> list[int]:
        """Indexes of the levels that the filter names."""
        return [index for index, level in enumerate(self.pattern.split("/")[:length]) if level not in _WILDCARDS]

    def _prefix_index(self, levels: Sequence[str], named: Sequence[int]) -> int | None:
        """Where the prefix is: in a level that the filter names, else in one that it leaves open."""
        free = [index for index in range(len(levels)) if index not in named]
        return next((index for index in (*named, *free) if levels[index] in PREFIXES), None)


Layout = MovedBase | FullTopic


def layout_for(platform: str, pattern: str, defaults: Sequence[str]) -> Layout | None:
    """How topics below this filter differ from `defaults`, the platform's default filters; None: not at all.

    Raises ValueError, with what to write, for a filter below which the platform's adapter could read nothing.
    """
    if any(filter_covers(default, pattern) for default in defaults) or platform in READ_FROM_THE_END:
        return None
    if platform in FIXED_PLATFORMS:
        raise ValueError(f"{pattern!r}: topics of {platform} are fixed: write {' or '.join(defaults)}")
    if platform == FULL_TOPIC_PLATFORM:
        return FullTopic(pattern)
    if platform in DEFAULT_BASES:
        return _other_base(pattern, DEFAULT_BASES[platform])
    return _with_prefix(platform, pattern, defaults)


def _other_base(pattern: str, base: str) -> MovedBase | None:
    """Another base topic: all levels before the filter's trailing wildcards, or up to the default base.

    A Shelly without its default base is one of the second generation: its adapter reads topics from the end.
    """
    levels = pattern.split("/")
    if base in levels:
        return MovedBase(pattern, levels.index(base) + 1, (base,))
    if base == DEFAULT_BASES["shelly"]:
        return None
    named = [index for index, level in enumerate(levels) if level not in _WILDCARDS]
    if not named:
        raise ValueError(f"{pattern!r} names no level: write the base topic, as in {base}/#")
    if levels[-1] in _WILDCARDS:
        return MovedBase(pattern, named[-1] + 1, (base,))
    first_wildcard = next((index for index, level in enumerate(levels) if level in _WILDCARDS), len(levels) - 1)
    return MovedBase(pattern, first_wildcard, (base,))


def _with_prefix(platform: str, pattern: str, defaults: Sequence[str]) -> MovedBase:
    """Levels before the default ones, as bridges put them."""
    levels = pattern.split("/")
    for site_levels in range(len(levels)):
        rest = "/".join(levels[site_levels:])
        for default_levels, default_rest in (((), rest), (("",), f"/{rest}")):
            if any(filter_covers(default, default_rest) for default in defaults):
                return MovedBase(pattern, site_levels, default_levels)
    raise ValueError(
        f"{pattern!r}: topics of {platform} end like {' or '.join(defaults)}: write that, with levels before it"
    )
