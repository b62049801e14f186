"""Publishes the schedule of a demo to an MQTT broker, at the pace of the given clock, until stopped."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from importlib import resources
from typing import Any, Final

import aiomqtt
import yaml
from msgspec.structs import replace

from domain import SECOND, Device, Instant
from simulators.events import Batch, CitizenReport, GroundTruth, Measurement, TimedEvent
from simulators.scenario import Scenario
from simulators.schedule import DemoSite, build_schedule
from simulators.wire import Message, over_mqtt
from simulators.wire.encoders import MessageEncoder

__all__ = ["DemoSite", "packaged_scenario", "publish_events", "run_demo"]

_log = logging.getLogger(__name__)
_RECONNECT_S: Final = 1.0
_CANCEL_AGAIN_S: Final = 0.5
_CLOSE_WITHIN_S: Final = 15.0


def packaged_scenario(name: str) -> Scenario:
    """A scenario of the package by name: `kitchen_leak`."""
    text = resources.files("simulators").joinpath("scenarios", f"{name}.yaml").read_text(encoding="utf-8")
    return Scenario.model_validate(yaml.safe_load(text))


async def run_demo(
    connect: Callable[[], aiomqtt.Client],
    site: DemoSite,
    *,
    seed: int,
    speed: float,
    clock: Callable[[], Instant],
    sleep: Callable[[float], Awaitable[None]],
    stop: asyncio.Event,
    scenarios: Sequence[Scenario] | None = None,
    on_truth: Callable[[Instant, GroundTruth], None] = lambda *_: None,
) -> None:
    """Publish ordinary measurements and the scenarios (default: the kitchen leak) until `stop`.

    `connect` makes a client that is not connected yet, with address, credentials and TLS. `speed`: seconds of the
    schedule per second of the clock; messages always carry the clock's time. After a lost connection it reconnects in a
    second; the schedule stands still meanwhile. `on_truth` receives the ground truth of scenarios. What a
    platform pushes over HTTP is published on the topic of its message queue.
    """
    scenarios = [packaged_scenario("kitchen_leak")] if scenarios is None else scenarios
    events = build_schedule(site, scenarios, seed, clock())
    await _run_until(_Publisher(site.devices, events, speed, clock, sleep, on_truth), connect, stop)


async def publish_events(
    connect: Callable[[], aiomqtt.Client],
    devices: Iterable[Device],
    events: Iterable[TimedEvent],
    *,
    speed: float,
    clock: Callable[[], Instant],
    sleep: Callable[[float], Awaitable[None]],
    stop: asyncio.Event,
    closing: Sequence[Measurement] = (),
    on_truth: Callable[[Instant, GroundTruth], None] = lambda *_: None,
    on_report: Callable[[Instant, CitizenReport], None] = lambda *_: None,
    readdress: Callable[[Message], Message] = lambda message: message,
) -> None:
    """Publish the events of some devices at their pace until they are over or `stop`, and then always `closing`.

    Events of now are due at once. `on_report` receives what residents report; `readdress` may give each message another
    topic. Everything else is as in `run_demo`.
    """
    publisher = _Publisher(devices, iter(events), speed, clock, sleep, on_truth, on_report, readdress)
    try:
        await _run_until(publisher, connect, stop)
    finally:
        if closing:
            await publisher.close(connect, closing)


async def _run_until(publisher: _Publisher, connect: Callable[[], aiomqtt.Client], stop: asyncio.Event) -> None:
    publishing = asyncio.create_task(publisher.run(connect))
    stopped = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({publishing, stopped}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await _cancel(stopped)
        await _cancel(publishing)
    if not publishing.cancelled() and (error := publishing.exception()) is not None:
        raise error


async def _cancel(task: asyncio.Task[Any]) -> None:
    """Cancel until the task is done: in Python 3.11 `wait_for` inside the client may swallow a cancellation."""
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=_CANCEL_AGAIN_S)


class _Publisher:
    """Publishes events as their time comes; reconnects when the connection is lost."""

    def __init__(
        self,
        devices: Iterable[Device],
        events: Iterator[TimedEvent],
        speed: float,
        clock: Callable[[], Instant],
        sleep: Callable[[float], Awaitable[None]],
        on_truth: Callable[[Instant, GroundTruth], None],
        on_report: Callable[[Instant, CitizenReport], None] = lambda *_: None,
        readdress: Callable[[Message], Message] = lambda message: message,
    ) -> None:
        self._events, self._speed, self._clock, self._sleep = events, speed, clock, sleep
        self._on_truth, self._on_report, self._readdress = on_truth, on_report, readdress
        self._started_at = self._anchor = clock()
        self._encoder = MessageEncoder(devices, self._started_at)
        self._pending: TimedEvent | None = None

    async def run(self, connect: Callable[[], aiomqtt.Client]) -> None:
        """Publish until the schedule ends or the task is cancelled."""
        while True:
            try:
                async with connect() as client:
                    await self._publish_events(client)
                    return
            except aiomqtt.MqttError as error:
                _log.warning("simulator connection lost: %s", error)
            lost_at = self._clock()
            await self._sleep(_RECONNECT_S)
            self._anchor += self._clock() - lost_at

    async def close(self, connect: Callable[[], aiomqtt.Client], closing: Sequence[Measurement]) -> None:
        """Publish these measurements now, with the numbers that follow. Raises TimeoutError without a connection."""
        now, self._pending = self._clock(), None
        self._started_at = self._anchor = now
        self._events = iter([TimedEvent(now, measurement) for measurement in closing])
        async with asyncio.timeout(_CLOSE_WITHIN_S):
            await self.run(connect)

    async def _publish_events(self, client: aiomqtt.Client) -> None:
        for announcement in self._encoder.announcements(self._clock()):
            await _publish(client, announcement)
        while (timed := self._pending or next(self._events, None)) is not None:
            self._pending = timed
            await self._sleep_until(timed.at)
            await self._perform(client, timed.event)
            self._pending = None

    async def _perform(self, client: aiomqtt.Client, event: Measurement | Batch | GroundTruth | CitizenReport) -> None:
        if isinstance(event, GroundTruth):
            return self._on_truth(self._clock(), event)
        if isinstance(event, CitizenReport):
            return self._on_report(self._clock(), event)
        if isinstance(event, Batch):
            messages = self._encoder.encode_batch(self._sent_now(event))
        else:
            messages = self._encoder.encode(event, self._clock())
        for message in messages:
            await _publish(client, self._readdress(over_mqtt(message)))

    def _sent_now(self, batch: Batch) -> Batch:
        """The batch with its times moved so that the newest entry is of now."""
        moved = self._clock() - batch.entries[-1].at
        return replace(batch, entries=tuple(replace(entry, at=entry.at + moved) for entry in batch.entries))

    async def _sleep_until(self, at: Instant) -> None:
        ahead_ms = self._anchor + (at - self._started_at) / self._speed - self._clock()
        if ahead_ms > 0:
            await self._sleep(ahead_ms / SECOND)


async def _publish(client: aiomqtt.Client, message: Message) -> None:
    await client.publish(message.topic, message.payload, qos=message.qos, retain=message.retain)
