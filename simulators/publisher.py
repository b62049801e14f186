"""The host of the simulators: plays a town to a real broker, at the pace of the clock it is given, until told to stop.

It knows nothing of who listens.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from importlib import resources
from typing import Any, Final

import aiomqtt
import yaml

from domain import SECOND, Device, Instant
from simulators.scenario import Scenario
from simulators.scenario_player import GroundTruth, TimedEvent
from simulators.schedule import DemoSite, build_schedule
from simulators.wire import Measurement, Message, MessageHeader, chirpstack, native, zigbee2mqtt

__all__ = ["DemoSite", "packaged_scenario", "run_demo"]

_log = logging.getLogger(__name__)
_RECONNECT_S: Final = 1.0
_CANCEL_AGAIN_S: Final = 0.5
_SEQUENCE_LIMIT: Final = 2**31
_ENCODERS: Final = {"chirpstack": chirpstack.encode, "zigbee2mqtt": zigbee2mqtt.encode}


def packaged_scenario(name: str) -> Scenario:
    """A scenario that comes with the package: `kitchen_leak`."""
    written = resources.files("simulators").joinpath("scenarios", f"{name}.yaml").read_text(encoding="utf-8")
    return Scenario.model_validate(yaml.safe_load(written))


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
    """Publish ordinary life and the scripted leak until `stop`.

    `connect` makes a client of the broker that is not yet connected: where it is, who we are there and TLS are its own.
    `speed` is how many seconds of the town pass in one; messages always bear the clock's time. A broken connection is
    made again after a second, and the town waits meanwhile.
    """
    chosen = [packaged_scenario("kitchen_leak")] if scenarios is None else scenarios
    town = _Publisher(site, build_schedule(site, chosen, seed, clock()), speed, clock, sleep, on_truth)
    publishing = asyncio.create_task(town.run(connect))
    stopped = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({publishing, stopped}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await _end(stopped)
        await _end(publishing)
    if not publishing.cancelled() and (failed := publishing.exception()) is not None:
        raise failed


async def _end(task: asyncio.Task[Any]) -> None:
    """Cancel until it is done: in Python 3.11 `wait_for`, inside the client, may swallow a cancellation."""
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=_CANCEL_AGAIN_S)


class MessageEncoder:
    """Wraps what a device says for its platform, with a running number that goes on over restarts."""

    def __init__(self, devices: Sequence[Device], start: Instant) -> None:
        self._foreign = {
            device.id: identity
            for device in devices
            for identity in device.identities[:1]
            if identity.platform in _ENCODERS
        }
        # Devices speak less than once a second, so numbers that begin at the second of the start never repeat.
        self._first = start // SECOND % _SEQUENCE_LIMIT
        self._sent: dict[str, int] = {}

    def encode(self, said: Measurement, at: Instant) -> list[Message]:
        count = self._sent.get(said.device, 0)
        self._sent[said.device] = count + 1
        identity = self._foreign.get(said.device)
        envelope = MessageHeader(identity.id if identity else said.device, at, self._first + count)
        if identity is None:
            return native.encode(said, envelope)
        return _ENCODERS[identity.platform](said, envelope)

    def announcements(self, at: Instant) -> list[Message]:
        """What platforms say before any device does."""
        messages = zigbee2mqtt.encode_bridge_online()
        for device, identity in self._foreign.items():
            if identity.platform == "zigbee2mqtt":
                messages += zigbee2mqtt.encode_available(identity.id)
            elif identity.platform == "chirpstack":
                messages += chirpstack.encode_status(device, 87.0, MessageHeader(identity.id, at, self._first))
        return messages


class _Publisher:
    """The moments still to come, and the wall time at which the town's time began."""

    def __init__(
        self,
        site: DemoSite,
        moments: Iterator[TimedEvent],
        speed: float,
        clock: Callable[[], Instant],
        sleep: Callable[[float], Awaitable[None]],
        on_truth: Callable[[Instant, GroundTruth], None],
    ) -> None:
        self._events, self._speed, self._clock, self._sleep = moments, speed, clock, sleep
        self._on_truth = on_truth
        self._started_at = self._anchor = clock()
        self._encoder = MessageEncoder(site.devices, self._started_at)
        self._pending: TimedEvent | None = None

    async def run(self, connect: Callable[[], aiomqtt.Client]) -> None:
        while True:
            try:
                async with connect() as client:
                    await self._publish_events(client)
                    return
            except aiomqtt.MqttError as broken:
                _log.warning("simulator connection lost: %s", broken)
            lost_at = self._clock()
            await self._sleep(_RECONNECT_S)
            self._anchor += self._clock() - lost_at

    async def _publish_events(self, client: aiomqtt.Client) -> None:
        for message in self._encoder.announcements(self._clock()):
            await _publish(client, message)
        while (moment := self._pending or next(self._events, None)) is not None:
            self._pending = moment
            await self._sleep_until(moment.at)
            if isinstance(moment.event, GroundTruth):
                self._on_truth(self._clock(), moment.event)
            else:
                for message in self._encoder.encode(moment.event, self._clock()):
                    await _publish(client, message)
            self._pending = None

    async def _sleep_until(self, at: Instant) -> None:
        ahead_ms = self._anchor + (at - self._started_at) / self._speed - self._clock()
        if ahead_ms > 0:
            await self._sleep(ahead_ms / SECOND)


async def _publish(client: aiomqtt.Client, message: Message) -> None:
    await client.publish(message.topic, message.payload, qos=message.qos, retain=message.retain)
