"""`fengshao simulate SCENARIO`: what is played, on which devices, and the drill that calls staff for it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from app.cli.simulate_incident import Played, publish
from app.clock import Clock
from app.datadir import control_socket
from domain import SECOND
from ingest.mqtt.broker_address import BrokerAddress
from simulators.events import TimedEvent
from simulators.town.exercise import exercise_of
from simulators.town.incident_library import LIBRARY, find_incident, play_incident
from simulators.town.population.build import build_town
from tests.support.cli import run
from tests.support.timeouts import LONG_TIMEOUT_S


def test_the_list_names_every_incident_in_both_languages() -> None:
    printed = run("simulate", "--list").output
    assert all(one.name in printed and one.title in printed and one.english in printed for one in LIBRARY)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["kitchen-leek"], "kitchen-leak"),
        (["停电风暴"], "--real"),
        (["kitchen-leak", "--device", "gas-999"], "--device gas-999: the site has no such device"),
        (["elder-fall", "--device", "gas-001"], "--device gas-001: elder-fall is not played"),
        (["kitchen-leak", "--username", "drill"], "the environment variable FENGSHAO_EXERCISE_PASSWORD"),
        (["kitchen-leak", "--username", "drill", "--real"], "leave out --real"),
        (["kitchen-leak", "--data", "nowhere"], "--data nowhere: no service runs there"),
    ],
)
def test_what_cannot_be_played_is_refused_by_name(arguments: list[str], words: str) -> None:
    refused = run("simulate", *arguments)
    assert refused.exit_code == 1
    assert words in refused.output


def test_the_service_is_asked_to_call_staff_for_the_place_of_the_incident(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[Any, ...]] = []

    def answer(*words: Any) -> dict[str, Any]:
        asked.append(words)
        return {"id": "7", "title": "演练：燃气泄漏", "address": "枫林苑3栋402"}

    async def published(*_words: Any) -> None: ...

    monkeypatch.setattr(control_socket, "request", answer)
    monkeypatch.setattr("app.cli.simulate_incident.publish", published)
    printed = run("simulate", "厨房泄漏", "--data", "here").output
    (data, method, path, body), *others = asked
    assert (data, method, path, others) == (Path("here"), "POST", "/api/v1/drills", [])
    assert body["scenario"] == "gas-leak"
    assert body["place"].startswith("c")
    assert "drill 7: 演练：燃气泄漏, 枫林苑3栋402; to end it: fengshao drill end 7" in printed
    assert "fengshao drill start gas-leak --place" in run("simulate", "厨房泄漏").output
    assert "calls people in earnest" in run("simulate", "停电风暴", "--real").output
    assert len(asked) == 1


async def test_an_interrupted_exercise_takes_its_alarm_back_over_mqtt(broker: Any) -> None:
    """The service would count an alarm under test that is never taken back, after three minutes."""
    town, named, clock = build_town("demo", 20261121), find_incident("一键呼叫"), Clock()
    assert named is not None
    incident, events = play_incident(town, named, clock(), 1, ["sos-003"])
    exercise = exercise_of(events, {device.id: device for device in town.devices})
    # Its last report would be due in an hour: only SIGINT ends it.
    late = TimedEvent(exercise.events[-1].at + 3600 * SECOND, exercise.events[-1].event)
    printed: list[str] = []
    heard: list[dict[str, Any]] = []
    async with aiomqtt.Client("127.0.0.1", broker.port) as client:
        await client.subscribe("fengshao/v1/sos-003/#", qos=1)
        played = Played((*exercise.events, late), exercise.all_clear)
        address = BrokerAddress("127.0.0.1", broker.port, tls=False)
        playing = asyncio.create_task(publish(played, address, town, 1.0, clock, printed.append))
        async with asyncio.timeout(LONG_TIMEOUT_S):
            async for message in client.messages:
                assert isinstance(message.payload, bytes)
                heard.append(json.loads(message.payload))
                if heard[-1].get("sos"):
                    asyncio.get_running_loop().call_soon(signal_stop)
                if heard[-1]["test"] is False:
                    break
        await playing
    assert incident.devices == ("sos-003",)
    assert any(one.get("sos") is True and one["test"] is True for one in heard)
    assert heard[-1]["sos"] is False
    assert len({one["seq"] for one in heard}) == len(heard)
    assert printed[-1] == "over; every alarm was taken back"


def signal_stop() -> None:
    os.kill(os.getpid(), signal.SIGINT)
