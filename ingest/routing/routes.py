"""The platform of a message: that of the most specific topic filter that covers its topic.

Filters are settings of a site (site.yaml: `intake: {filters: {tasmota: [...]}}`); those of a platform replace its
default filters. The defaults still decode messages received before a change, and messages pushed over HTTP.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from domain import Fault
from ingest.adapters import FILTERS, decode
from ingest.adapters.sparkplug.state import SparkplugState
from ingest.frame import Frame
from ingest.results import AdapterItem, DecodedFrame
from ingest.routing.layouts import Layout, MovedBase, layout_for
from ingest.topics import filter_covers, filter_fault, filter_matches, specificity

Filters = Mapping[str, Sequence[str]]
"""By platform, the filters of a site that replace the default ones."""

Item = TypeVar("Item", bound=AdapterItem)

NATIVE: Final = "native"
ROOTED_PLATFORMS: Final = frozenset({"zigbee2mqtt", "tasmota"})
"""Platforms on which people name the devices: two base topics may have a `kitchen` each."""

_ADDRESS: Final = re.compile(r"(?:0[xX])?[0-9a-fA-F]{12,16}|(?:[0-9a-fA-F]{2}:){5,7}[0-9a-fA-F]{2}")
"""Names that are globally unique: hardware addresses."""


class Route(Struct, frozen=True):
    """A filter of a platform. `rooted`: device names below it get its base topic; those of another filter are plain."""

    pattern: str
    platform: str
    layout: Layout | None = None
    rooted: bool = False

    def covers(self, topic: str) -> bool:
        """Whether the filter covers the topic. Runs for every message; most filters name all but the last level.

        >>> route = Route("a/b/#", "native")
        >>> [route.covers(topic) for topic in ("a/b/c", "a/b", "a/bc", "a")]
        [True, True, False, False]
        """
        pattern = self.pattern
        if pattern.endswith("/#") and "+" not in pattern:
            return topic.startswith(pattern[:-1]) or topic == pattern[:-2]
        return filter_matches(pattern, topic)


class Routes:
    """All filters of a site. `filters` are those in force, `subscriptions` those of them to subscribe at a broker."""

    def __init__(self, filters: Filters = {}) -> None:  # noqa: B006 (only read)
        self.filters = {name: tuple(filters.get(name, default)) for name, default in FILTERS.items()}
        self.filters[NATIVE] = FILTERS[NATIVE]
        patterns = list(dict.fromkeys(pattern for patterns in self.filters.values() for pattern in patterns))
        # For two overlapping filters some brokers deliver each message twice.
        self.subscriptions = tuple(
            pattern
            for pattern in patterns
            if not any(other != pattern and filter_covers(other, pattern) for other in patterns)
        )
        self._by_first_level: dict[str, list[Route]] = {}
        for route in sorted(self._routes(), key=lambda route: specificity(route.pattern)):
            self._by_first_level.setdefault(route.pattern.partition("/")[0], []).append(route)
        self._wildcard_routes = self._by_first_level.pop("+", [])
        self._own_routes = self._routes_in_force()
        # A tree that belongs to one platform is found without matching: this runs for every message.
        self._trees = {
            first: routes[0]
            for first, routes in self._by_first_level.items()
            if [f"{first}/#"] == [route.pattern for route in routes]
        }

    def _routes(self) -> Iterator[Route]:
        """One route for each filter; a site's own goes before the same one of a default."""
        yielded = set[str]()
        for filters in (self.filters, FILTERS):
            for platform, patterns in filters.items():
                first_root = _root(_layout_or_none(platform, patterns[0]), patterns[0]) if patterns else ""
                for pattern in patterns:
                    if pattern not in yielded:
                        yielded.add(pattern)
                        layout = _layout_or_none(platform, pattern)
                        root = _root(layout, pattern)
                        is_other_root = layout is not None and (root != first_root or "+" in root)
                        yield Route(pattern, platform, layout, platform in ROOTED_PLATFORMS and is_other_root)

    def route_of(self, topic: str) -> Route | None:
        """The most specific filter that covers the topic, or None."""
        first = topic.partition("/")[0]
        if first in self._trees:
            return self._trees[first]
        for route in self._by_first_level.get(first, ()):
            if route.covers(topic):
                return route
        return next((route for route in self._wildcard_routes if route.covers(topic)), None)

    def platform_of(self, topic: str) -> str | None:
        """The platform that publishes on this topic.

        >>> routes = Routes({"tasmota": ["tele/#", "+/tele/#"]})
        >>> [routes.platform_of(topic) for topic in ("kitchen/tele/SENSOR", "zigbee2mqtt/tele/x", "a/b")]
        ['tasmota', 'zigbee2mqtt', None]
        """
        route = self.route_of(topic)
        return None if route is None else route.platform

    def decode(self, frame: Frame, sparkplug: SparkplugState | None = None) -> DecodedFrame:
        """Decode with the adapter of the topic's platform, whatever the layout of the site's topics."""
        route = self.route_of(frame.topic)
        platform = None if route is None else route.platform
        if route is None or route.layout is None:
            return DecodedFrame(frame, platform, decode(platform, frame, sparkplug))
        output = decode(platform, replace(frame, topic=route.layout.to_default(frame.topic)), sparkplug)
        if route.rooted:
            root = route.layout.root(frame.topic)
            if isinstance(output, list):
                return DecodedFrame(frame, platform, [_with_root(item, root) for item in output])
            output = _with_root(output, root)
        return DecodedFrame(frame, platform, output)

    def site_filters(self, platform: str, default_topic: str, *, received: bool = True) -> list[str]:
        """The filters of this site for a topic as the platform's adapter reads it.

        With `received` only those that the site subscribes to; a command to a device is beside them.

        >>> Routes({"zigbee2mqtt": ["zigbee2mqtt/#", "z2m-b4/#"]}).site_filters("zigbee2mqtt", "zigbee2mqtt/z2m-b4/gas")
        ['zigbee2mqtt/z2m-b4/gas', 'z2m-b4/gas']
        """
        filters = [_site_filter(route, default_topic, received) for route in self._own_routes.get(platform, ())]
        return list(dict.fromkeys(pattern for pattern in filters if pattern is not None))

    def _routes_in_force(self) -> dict[str, list[Route]]:
        """By platform, the routes of the filters in force, in the order of the filters."""
        routes = [route for routes in (*self._by_first_level.values(), self._wildcard_routes) for route in routes]
        by_key = {(route.platform, route.pattern): route for route in routes}
        return {
            platform: [by_key[platform, pattern] for pattern in patterns if (platform, pattern) in by_key]
            for platform, patterns in self.filters.items()
        }


def _site_filter(route: Route, default_topic: str, received: bool) -> str | None:
    pattern = default_topic
    if isinstance(route.layout, MovedBase):
        if route.rooted:
            base, _, name = default_topic.partition("/")
            root = route.layout.root(route.pattern)
            if not name.startswith(f"{root}/"):
                return None
            default_topic = f"{base}/{name.removeprefix(f'{root}/')}"
        pattern = route.layout.to_site(default_topic)
    elif route.layout is not None:
        pattern = route.layout.to_site(default_topic)
    return pattern if not received or filter_covers(route.pattern, pattern) else None


def _layout_or_none(platform: str, pattern: str) -> Layout | None:
    """`check` reports a filter that cannot be read; its messages are refused by name."""
    try:
        return layout_for(platform, pattern, FILTERS[platform])
    except ValueError:
        return None


def _root(layout: Layout | None, pattern: str) -> str:
    return "" if layout is None else layout.root(pattern)


def _with_root(item: Item, root: str) -> Item:
    """The item under the names that its device has at this site."""
    if item.identity is None:
        return item
    aliases = tuple(_below(root, name) for name in item.aliases)
    return replace(item, identity=_below(root, item.identity), aliases=aliases)


def _below(root: str, name: str) -> str:
    return name if not root or _ADDRESS.fullmatch(name) else f"{root}/{name}"


# -- faults in a site's filters -------------------------------------------------------------------------------------


def filter_faults(filters: Filters) -> Iterator[Fault]:
    """Filters that cannot be read, and filters that overlap; the path is the platform and the index."""
    seen: list[tuple[str, str]] = []
    for platform, patterns in filters.items():
        for place, pattern in enumerate(patterns if platform in FILTERS else ()):
            message = filter_fault(pattern) or _unreadable(platform, pattern) or _overlap(platform, pattern, seen)
            if message is not None:
                yield Fault((platform, place), message)
            else:
                seen.append((platform, pattern))


def _unreadable(platform: str, pattern: str) -> str | None:
    if platform == NATIVE and pattern not in FILTERS[NATIVE]:
        return f"{pattern!r}: topics of native are fixed: write {FILTERS[NATIVE][0]}, or leave it out"
    try:
        layout_for(platform, pattern, FILTERS[platform])
    except ValueError as error:
        return str(error)
    return None


def _overlap(platform: str, pattern: str, seen: Iterable[tuple[str, str]]) -> str | None:
    for other, earlier in seen:
        if pattern == earlier:
            return f"{pattern!r} stands at {other} already: one filter belongs to one source; take one of them out"
        if platform == other and filter_covers(earlier, pattern):
            return f"{pattern!r} lies within {earlier!r}: take it out"
        if platform == other and filter_covers(pattern, earlier):
            return f"{pattern!r} holds {earlier!r} too: take that out"
    return None
