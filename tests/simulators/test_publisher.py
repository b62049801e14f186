"""The town on a real broker: pace, platforms, a clean stop, and a broker that goes away."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import aiomqtt
import pytest

from domain import Device, Identity
from simulators.events import GroundTruth
from simulators.publisher import _RECONNECT_S as RECONNECT_S
from simulators.publisher import DemoSite, packaged_scenario, run_demo
from tests.support.timeouts import LONG_TIMEOUT_S

SITE = DemoSite(
    [
        Device("gas-1", "gas_alarm"),
        Device("zigbee-1", "gas_alarm", identities=(Identity("zigbee2mqtt", "厨房燃气 101"),)),
        Device("meter-1", "water_meter", identities=(Identity("chirpstack", "70b3d57ed0060001"),)),
        Device("band-1", "wristband", identities=(Identity("native", "band-1"),)),
    ]
)


def at(port: int) -> Callable[[], aiomqtt.Client]:
    return lambda: aiomqtt.Client("127.0.0.1", port)


class Clock:
    """Virtual time: sleeping moves it, and lets others run."""

    def __init__(self) -> None:
        self.now = 1_795_269_600_000

    def __call__(self) -> int:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += round(seconds * 1000)
        await asyncio.sleep(0)


async def listen(port: int, heard: list[aiomqtt.Message], ready: asyncio.Event) -> None:
    async with aiomqtt.Client("127.0.0.1", port) as client:
        await client.subscribe("#", qos=1)
        ready.set()
        async for message in client.messages:
            heard.append(message)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(LONG_TIMEOUT_S):
        while not condition():
            await asyncio.sleep(0.01)


async def test_a_leak_and_ordinary_measurements_reach_the_broker_on_three_platforms(broker: Any) -> None:
    clock, stop, ready = Clock(), asyncio.Event(), asyncio.Event()
    heard: list[aiomqtt.Message] = []
    truths: list[GroundTruth] = []
    listening = asyncio.create_task(listen(broker.port, heard, ready))
    await ready.wait()
    began = clock.now
    demo = asyncio.create_task(
        run_demo(
            at(broker.port),
            SITE,
            seed=1,
            speed=1.0,
            clock=clock,
            sleep=clock.sleep,
            stop=stop,
            on_truth=lambda *told: truths.append(told[1]),
        )
    )
    await until(lambda: sum(m.topic.value == "fengshao/v1/gas-1/alarm" for m in heard) >= 2)
    await until(lambda: any("/event/up" in m.topic.value for m in heard))
    stop.set()
    await demo
    listening.cancel()
    alarms = [json.loads(m.payload) for m in heard if m.topic.value == "fengshao/v1/gas-1/alarm"]
    assert alarms[0]["alarm"] is True
    assert alarms[0]["lel_pct"] > 8
    assert 10_000 < alarms[0]["ts"] - began < 15_000
    assert truths[0] == GroundTruth("gas-1", "软管脱落")
    topics = {m.topic.value for m in heard}
    assert {"zigbee2mqtt/厨房燃气 101", "zigbee2mqtt/bridge/state", "fengshao/v1/band-1/up"} <= topics
    assert any(topic.endswith("device/70b3d57ed0060001/event/up") for topic in topics)
    numbers = [json.loads(m.payload)["seq"] for m in heard if m.topic.value.startswith("fengshao/v1/gas-1/")]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


async def test_publishing_goes_on_when_the_broker_comes_back(broker: Any) -> None:
    clock, stop = Clock(), asyncio.Event()
    naps: list[float] = []

    async def sleep(seconds: float) -> None:
        naps.append(seconds)
        clock.now += round(seconds * 1000)
        await asyncio.sleep(min(seconds, 0.05))

    demo = asyncio.create_task(run_demo(at(broker.port), SITE, seed=1, speed=1.0, clock=clock, sleep=sleep, stop=stop))
    await until(lambda: naps)
    broker.kill()
    naps.clear()
    await until(lambda: RECONNECT_S in naps)
    broker.start()
    heard: list[aiomqtt.Message] = []
    listening = asyncio.create_task(listen(broker.port, heard, asyncio.Event()))
    await until(lambda: any(m.topic.value.startswith("fengshao/v1/") for m in heard))
    stop.set()
    await demo
    listening.cancel()


async def test_stopping_before_the_broker_answers_is_clean(free_port: Callable[[], int]) -> None:
    stop = asyncio.Event()
    clock = Clock()
    demo = asyncio.create_task(
        run_demo(at(free_port()), SITE, seed=1, speed=1.0, clock=clock, sleep=clock.sleep, stop=stop)
    )
    await asyncio.sleep(0)
    stop.set()
    async with asyncio.timeout(LONG_TIMEOUT_S):
        await demo


async def test_an_error_of_the_publisher_itself_is_raised(broker: Any) -> None:
    def broken(at: int, happened: GroundTruth) -> None:
        raise RuntimeError("the score-keeper fell over")

    clock = Clock()
    with pytest.raises(RuntimeError, match="fell over"):
        await run_demo(
            at(broker.port),
            SITE,
            seed=1,
            speed=1.0,
            clock=clock,
            sleep=clock.sleep,
            stop=asyncio.Event(),
            scenarios=[packaged_scenario("kitchen_leak")],
            on_truth=broken,
        )
