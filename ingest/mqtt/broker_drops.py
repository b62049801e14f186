"""Counts of messages that the broker dropped, from its `$SYS` topics."""

from __future__ import annotations

from typing import Final

DROP_COUNTER_TOPICS: Final = (
    "$SYS/broker/publish/messages/dropped",  # Mosquitto
    "$SYS/brokers/+/metrics/delivery/dropped/queue_full",  # EMQX, each node; its messages/dropped counts other things
    "$SYS/brokers/+/metrics/delivery/dropped/qos0_msg",
)
"""Topic filters of the counters. A broker without these topics reports no drops."""


class DropCounters:
    """The last value of each counter. The first is the baseline; a lower one means that the broker restarted."""

    def __init__(self) -> None:
        self._last_counts: dict[str, int] = {}

    def increase(self, topic: str, payload: bytes) -> int:
        """By how much the counter on `topic` rose since its last value. A payload that is no number counts as 0.

        >>> counters = DropCounters()
        >>> [counters.increase("$SYS/broker", payload) for payload in (b"7", b"7", b"12", b"2", b"what?")]
        [0, 0, 5, 2, 0]
        """
        if not payload.isdigit():
            return 0
        count, last_count = int(payload), self._last_counts.get(topic)
        self._last_counts[topic] = count
        if last_count is None:
            return 0
        return count - last_count if count >= last_count else count


def is_sys_topic(topic: str) -> bool:
    """Whether the broker publishes about itself there."""
    return topic.startswith("$SYS/")
