"""The event hub: subscriptions, replay, slow readers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from console import events as stream
from console.events import (
    RESYNC,
    SUBSCRIPTION_EVENTS_MAX,
    AlertPublisher,
    Event,
    EventGroup,
    EventHub,
    Subscription,
    TooManySubscriptions,
)


async def take(subscription: Subscription, count: int) -> list[Event | None]:
    groups, taken = subscription.groups(5.0), list[Event | None]()
    while len(taken) < count:
        group = await anext(groups)
        taken += [None] if group is None else group.events
    return taken


async def test_every_subscription_gets_published_events() -> None:
    hub = EventHub(7)
    one, two = hub.subscribe(None), hub.subscribe(None)
    hub.publish("alert", {"id": "31"})

    assert await take(one, 1) == await take(two, 1) == [Event("alert", {"id": "31"}, "7-1")]
    assert hub.subscription_count == 2
    hub.unsubscribe(one)
    assert hub.subscription_count == 1


async def test_a_new_subscription_gets_the_present_status_and_no_old_events() -> None:
    hub = EventHub(7)
    hub.publish("alert", {"id": "31"})
    hub.publish_status({"connected": False})
    hub.publish_status({"connected": True})

    assert await take(hub.subscribe(None), 1) == [Event("status", {"connected": True})]


async def test_a_reconnect_gets_missed_events_once() -> None:
    hub = EventHub(7)
    for n in range(1, 5):
        hub.publish("alert", {"id": str(n)})

    assert await take(hub.subscribe("7-2"), 2) == [
        Event("alert", {"id": "3"}, "7-3"),
        Event("alert", {"id": "4"}, "7-4"),
    ]
    up_to_date = hub.subscribe("7-4")
    hub.publish("alert", {"id": "5"})
    assert await take(up_to_date, 1) == [Event("alert", {"id": "5"}, "7-5")]


@pytest.mark.parametrize("last_id", ["6-1", "7-99", "nonsense", "7-x", ""])
async def test_a_reconnect_from_an_earlier_run_gets_a_resync(last_id: str) -> None:
    hub = EventHub(7)
    hub.publish("alert", {"id": "1"})

    assert await take(hub.subscribe(last_id), 1) == [RESYNC]


async def test_a_reconnect_after_too_long_gets_a_resync() -> None:
    hub = EventHub(7)
    for n in range(SUBSCRIPTION_EVENTS_MAX + 1):
        hub.publish("alert", {"id": str(n)})

    assert await take(hub.subscribe("7-1"), 1) == [RESYNC]


async def test_a_slow_reader_gets_a_resync_and_uses_no_more_memory() -> None:
    hub = EventHub(7)
    slow = hub.subscribe(None)
    for n in range(SUBSCRIPTION_EVENTS_MAX + 1):
        hub.publish("alert", {"id": str(n)})
    hub.subscribe(None)  # what was gathered is sent before a new subscription begins
    hub.publish("alert", {"id": "last"})

    assert await take(slow, 2) == [RESYNC, Event("alert", {"id": "last"}, f"7-{SUBSCRIPTION_EVENTS_MAX + 2}")]


async def test_a_silent_stream_has_a_heartbeat() -> None:
    assert await anext(EventHub(7).subscribe(None).groups(0.001)) is None


async def test_closing_ends_every_stream_after_its_pending_events() -> None:
    hub = EventHub(7)
    before = hub.subscribe(None)
    hub.publish("alert", {"id": "1"})
    hub.close()

    assert [group async for group in before.groups(5.0)] == [EventGroup([Event("alert", {"id": "1"}, "7-1")])]
    assert [group async for group in hub.subscribe(None).groups(5.0)] == []


async def test_events_of_one_turn_and_of_the_time_after_it_are_sent_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "GATHERED_S", 0.01)
    hub = EventHub(7)
    groups = hub.subscribe(None).groups(5.0)
    sizes = []
    for number in (2, 3):
        for n in range(number):
            hub.publish("alert", {"id": str(n)})
        group = await anext(groups)
        sizes.append(len(group.events) if group else 0)

    assert sizes == [2, 3]


async def test_a_subscription_gets_gathered_events_once() -> None:
    hub = EventHub(7)
    hub.publish("alert", {"id": "1"})
    hub.publish("alert", {"id": "2"})
    late = hub.subscribe("7-1")
    hub.publish("alert", {"id": "3"})

    assert await take(late, 2) == [Event("alert", {"id": "2"}, "7-2"), Event("alert", {"id": "3"}, "7-3")]


def test_open_streams_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "SUBSCRIPTIONS_MAX", 1)
    hub = EventHub(7)
    hub.subscribe(None)

    with pytest.raises(TooManySubscriptions):
        hub.subscribe(None)


async def test_changes_that_come_together_are_published_once_and_a_failure_does_not_stop_the_publisher() -> None:
    hub = EventHub(7)
    loaded: list[list[str]] = []

    async def load(alert_ids: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
        loaded.append(list(alert_ids))
        if "broken" in alert_ids:
            raise RuntimeError("no such table")
        return {alert_id: {"id": alert_id} for alert_id in alert_ids if alert_id != "gone"}

    subscription = hub.subscribe(None)
    for alert_id in ("1", "1", "broken", "gone", "2"):
        hub.alert_changed(alert_id)
    task = asyncio.create_task(AlertPublisher(hub, load).run())

    received = await take(subscription, 3)
    task.cancel()
    assert loaded == [["1", "broken", "gone", "2"], ["1"], ["broken"], ["gone"], ["2"]]
    assert [(event.name, event.data) for event in received if event] == [
        ("alert", {"id": "1"}),
        ("resync", {}),
        ("alert", {"id": "2"}),
    ]
