"""MQTT topic filters: which topics a filter covers, which filter is more specific, what is wrong with a filter."""

from __future__ import annotations

from collections.abc import Iterable


def filter_matches(pattern: str, topic: str) -> bool:
    """Whether a subscription to `pattern` receives `topic` (MQTT 5, section 4.7).

    >>> filter_matches("fengshao/v1/+/alarm", "fengshao/v1/gas-1/alarm"), filter_matches("a/#", "a")
    (True, True)
    >>> filter_matches("#", "$SYS/x")
    False
    """
    if topic.startswith("$") and pattern[:1] in {"+", "#"}:
        return False
    filter_levels, levels = pattern.split("/"), topic.split("/")
    for index, level in enumerate(filter_levels):
        if level == "#":
            return True
        if index >= len(levels) or level not in {"+", levels[index]}:
            return False
    return len(filter_levels) == len(levels)


def is_plain_topic_level(name: str) -> bool:
    """Whether a name may be a level of a topic filter: no wildcard, not empty."""
    return bool(name) and not any(character in name for character in "+#\x00")


def is_exercise(topic: str) -> bool:
    """Whether what is published on a topic is an exercise (native format).

    >>> is_exercise("fengshao/v1/gas-1/exercise"), is_exercise("fengshao/v1/gas-1/up"), is_exercise("tele/a/exercise")
    (True, False, False)
    """
    return topic.endswith("/exercise") and topic.startswith("fengshao/v1/")


def filter_covers(wide: str, narrow: str) -> bool:
    """Whether a subscription to `wide` receives everything that one to `narrow` receives.

    >>> filter_covers("tele/#", "tele/+/SENSOR"), filter_covers("+/tele/#", "home/tele/#")
    (True, True)
    >>> filter_covers("tele/+", "tele/#")
    False
    """
    levels = narrow.split("/")
    if levels[0].startswith("$") and wide[:1] in {"+", "#"}:
        return False
    wide_levels = wide.split("/")
    for index, level in enumerate(wide_levels):
        if level == "#":
            return True
        if index >= len(levels) or levels[index] == "#" or level not in {"+", levels[index]}:
            return False
    return len(wide_levels) == len(levels)


def specificity(pattern: str) -> tuple[int, ...]:
    """Sort key of filters: of several that cover a topic the one with more of its first levels as text comes first.

    >>> sorted(["+/tele/#", "home/#", "home/+/state"], key=specificity)
    ['home/+/state', 'home/#', '+/tele/#']
    """
    return tuple(_RANK.get(level, 0) for level in pattern.split("/"))


_RANK = {"+": 1, "#": 2}


def filter_fault(pattern: str) -> str | None:
    """What is wrong with this filter for a subscription, and what to write instead; None when it is right.

    >>> filter_fault("tele/#"), filter_fault("tele#")
    (None, "'tele#': # and + stand for whole levels: write tele/#")
    """
    levels = pattern.split("/")
    if not pattern or "\x00" in pattern or len(pattern.encode()) > FILTER_BYTES_MAX:
        return f"{pattern[:40]!r}: a filter has 1 to {FILTER_BYTES_MAX} bytes and no NUL"
    mixed = next((level for level in levels if len(level) > 1 and ("#" in level or "+" in level)), None)
    if mixed is not None:
        wildcard = "#" if "#" in mixed else "+"
        separated = "/".join(filter(None, (mixed.replace("#", "").replace("+", ""), wildcard)))
        return f"{pattern!r}: # and + stand for whole levels: write {pattern.replace(mixed, separated)}"
    if "#" in levels[:-1]:
        return f"{pattern!r}: # may only be the last level: write + for one level in the middle"
    if levels[0] in {"$share", "$SYS"}:
        return f"{pattern!r}: {levels[0]} is the broker's own: write the topics of devices"
    if set(levels) <= {"+", "#", ""}:
        return f"{pattern!r}: takes every topic of the broker: name at least one level"
    return None


FILTER_BYTES_MAX = 1_024
"""MQTT allows 65,535 bytes; brokers limit it, and longer filters are mistakes."""


class TopicFilterSet:
    """A set of filters, tested for every message: those with one `+` or none are found by lookup."""

    def __init__(self, patterns: Iterable[str] = ()) -> None:
        self.patterns = frozenset(patterns)
        self._exact: set[str] = set()
        self._one_plus: dict[str, set[str]] = {}
        self._wildcard: list[str] = []
        for pattern in self.patterns:
            self._add(pattern)
        # Nearly every topic that none of these covers is excluded by its last level.
        self._ends = [
            (before, tuple({"/" + after.rpartition("/")[2] for after in afters}), afters)
            for before, afters in self._one_plus.items()
        ]

    def _add(self, pattern: str) -> None:
        before, plus, after = pattern.partition("/+/")
        if plus and "+" not in before + after and "#" not in pattern:
            self._one_plus.setdefault(before + "/", set()).add(after)
        elif "+" in pattern or "#" in pattern:
            self._wildcard.append(pattern)
        else:
            self._exact.add(pattern)

    def __contains__(self, topic: str) -> bool:
        if topic in self._exact:
            return True
        for before, ends, afters in self._ends:
            if topic.endswith(ends) and topic.startswith(before):
                _, slash, after = topic[len(before) :].partition("/")
                if slash and after in afters:
                    return True
        return bool(self._wildcard) and any(filter_matches(pattern, topic) for pattern in self._wildcard)
