"""Messages that the broker dropped, by its own counters."""

from __future__ import annotations

from ingest.mqtt.broker_drops import DROP_COUNTER_TOPICS, DropCounters


def test_only_a_rise_of_the_brokers_counter_is_a_drop_and_a_lower_count_is_a_new_broker() -> None:
    counters = DropCounters()
    assert [0, 0, 5, 2, 0] == [
        counters.increase(DROP_COUNTER_TOPICS[0], payload) for payload in (b"7", b"7", b"12", b"2", b"what?")
    ]


def test_each_node_of_a_cluster_counts_for_itself() -> None:
    counters, topic = DropCounters(), "$SYS/brokers/emqx@{}/metrics/delivery/dropped/queue_full"
    counts = [("a", b"100"), ("b", b"3"), ("a", b"101"), ("b", b"3"), ("b", b"7")]
    assert [0, 0, 1, 0, 4] == [counters.increase(topic.format(node), count) for node, count in counts]
