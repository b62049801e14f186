"""MQTT topic filters: does a filter cover a topic. It knows no platform."""

from __future__ import annotations

from collections.abc import Iterable


def matches(pattern: str, topic: str) -> bool:
    """Whether a subscription to `pattern` receives `topic` (MQTT 5, section 4.7).

    >>> matches("fengshao/v1/+/alarm", "fengshao/v1/gas-1/alarm"), matches("a/#", "a"), matches("#", "$SYS/x")
    (True, True, False)
    """
    if topic.startswith("$") and pattern[:1] in {"+", "#"}:
        return False
    wanted, levels = pattern.split("/"), topic.split("/")
    for index, level in enumerate(wanted):
        if level == "#":
            return True
        if index >= len(levels) or level not in {"+", levels[index]}:
            return False
    return len(wanted) == len(levels)


def topic_safe(name: str) -> bool:
    """Whether a name may stand in a topic filter as itself."""
    return bool(name) and not any(sign in name for sign in "+#\x00")


class Cover:
    """A set of filters, asked for every message: exact topics by a look-up, the few with wildcards one by one."""

    def __init__(self, patterns: Iterable[str] = ()) -> None:
        wanted = frozenset(patterns)
        self.patterns = wanted
        self._wild = tuple(each for each in wanted if "+" in each or "#" in each)
        self._exact = wanted.difference(self._wild)

    def __contains__(self, topic: str) -> bool:
        return topic in self._exact or any(matches(pattern, topic) for pattern in self._wild)
