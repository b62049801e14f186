"""The broker's own counts of messages it dropped: how much did they rise? It knows no MQTT session."""

from __future__ import annotations

from typing import Final

DROP_COUNTER_TOPICS: Final = (
    "$SYS/broker/publish/messages/dropped",  # Mosquitto
    "$SYS/brokers/+/metrics/delivery/dropped/queue_full",  # EMQX, each node; its messages/dropped counts other things
    "$SYS/brokers/+/metrics/delivery/dropped/qos0_msg",
)
"""What brokers call it. One without such a topic says nothing, and nothing is concluded."""


class DropCounters:
    """The first count heard of each is where we begin; a lower one is a broker that began again."""

    def __init__(self) -> None:
        self._last_counts: dict[str, int] = {}

    def increase(self, topic: str, payload: bytes) -> int:
        """By how much the count on this topic rose since it was last heard.

        >>> counters = DropCounters()
        >>> [counters.rise("$SYS/broker", said) for said in (b"7", b"7", b"12", b"2", b"what?")]
        [0, 0, 5, 2, 0]
        """
        if not payload.isdigit():
            return 0
        count, before = int(payload), self._last_counts.get(topic)
        self._last_counts[topic] = count
        if before is None:
            return 0
        return count - before if count >= before else count


def is_sys_topic(topic: str) -> bool:
    """Whether the broker speaks of itself there."""
    return topic.startswith("$SYS/")
