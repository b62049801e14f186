"""Which messages overtook others of their device: those lifted out of the ordinary session, and native alarms."""

from __future__ import annotations

import pytest

from app.pipeline.backlog import overtakes_bulk
from domain import Lane
from ingest.frame import Frame


@pytest.mark.parametrize(
    ("lane", "session", "topic", "ahead"),
    [
        (Lane.URGENT, "urgent", "zigbee2mqtt/kitchen", False),
        (Lane.URGENT, "urgent", "fengshao/v1/gas-1/alarm", True),
        (Lane.URGENT, "bulk", "zigbee2mqtt/kitchen", True),
        (Lane.BULK, "bulk", "fengshao/v1/gas-1/up", False),
    ],
)
def test_a_message_on_a_devices_own_urgent_topic_overtook_nothing(
    lane: Lane, session: str, topic: str, ahead: bool
) -> None:
    assert overtakes_bulk(lane, [Frame(topic, b"{}", 0, session)]) is ahead
