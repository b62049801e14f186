"""A site's filters in a whole service on a real broker: its messages are processed, former filters unsubscribed.

The doctor uses the running service.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from app.cli.main import main
from app.config.settings import IntakeSettings
from app.config.site import SiteConfig
from app.site_check.check import check_site_files
from tests.conftest import Broker
from tests.support.service_harness import START, ServiceHarness
from tests.support.timeouts import LONG_TIMEOUT_S

FULL_TOPIC = {"tasmota": ["tele/#", "+/tele/#"], "zigbee2mqtt": ["home/z2m/#"]}
ALARM = '{"Time":"2026-11-21T22:00:00","MQ2":{"Gas":true}}'


class FilteredHarness(ServiceHarness):
    """A service whose site has filters of its own."""

    filters: dict[str, list[str]]

    def _site_config(self) -> SiteConfig:
        folder = super()._site_config()
        settings = folder.settings.model_copy(update={"intake": IntakeSettings(filters=self.filters)})
        return SiteConfig(
            None, settings, folder.kinds, folder.places, folder.cells, folder.people, folder.duties, [*folder.devices]
        )


@pytest.fixture
def harness(tmp_path: Path, broker: Broker, free_port: Callable[[], int]) -> FilteredHarness:
    harness = FilteredHarness(tmp_path / "data", broker.port, free_port())
    harness.filters = FULL_TOPIC
    return harness


async def registered(harness: ServiceHarness, id: str, platform: str, identity: str) -> None:
    body = {"id": id, "kind": "gas_alarm", "place": "h402", "identities": [{"platform": platform, "id": identity}]}
    assert (await harness.api.post("/api/v1/devices", json=body)).status_code == 201


async def test_an_alarm_below_a_full_topic_and_below_another_base_topic_reaches_a_phone(
    harness: FilteredHarness,
) -> None:
    async with harness:
        await registered(harness, "attic", "tasmota", "attic")
        await harness.publish("attic/tele/SENSOR", ALARM)
        await harness.phone("李伟").expects_sms("402")

        await registered(harness, "kitchen", "zigbee2mqtt", "kitchen")
        await harness.until(lambda: "home/z2m/kitchen" in harness.service.consumer._urgent.granted, "the urgent filter")
        await harness.publish("home/z2m/kitchen", {"gas": True, "co_ppm": 3})

        async def was_processed() -> bool:
            return bool(await harness.items("/api/v1/devices/kitchen/readings"))

        async with asyncio.timeout(LONG_TIMEOUT_S):
            while not await was_processed():
                await asyncio.sleep(0.05)


async def test_filters_that_the_site_no_longer_has_are_unsubscribed(harness: FilteredHarness) -> None:
    """The broker keeps the session over a restart, with the filters of the run before."""
    async with harness:
        await harness.publish("attic/tele/SENSOR", ALARM)
        await harness.until(lambda: harness.service.consumer.status().frames == 1, "the first message")
        await harness.stop()
        harness.filters = {"zigbee2mqtt": []}
        await harness.start()

        for topic in ("attic/tele/SENSOR", "home/z2m/kitchen", "zigbee2mqtt/kitchen"):
            await harness.publish(topic, ALARM)
        await harness.publish("tele/plug/SENSOR", ALARM)
        await harness.until(lambda: harness.service.consumer.status().frames, "the last message")

        assert 1 == harness.service.consumer.status().frames


async def test_the_doctor_asks_the_running_service(harness: FilteredHarness) -> None:
    async with harness:
        await harness.mqtt.publish("home/z2m/0x000d6f0014f7bf0f", '{"gas":false}', qos=1, retain=True)
        await harness.mqtt.publish("esp/binary_sensor/smoke_alarm/state", "OFF", qos=1, retain=True)
        here = ["devices", "doctor", "--data", str(harness.data)]

        result = await asyncio.to_thread(CliRunner().invoke, main, [*here, "--seconds", "1", "--json"])

        assert 3 == result.exit_code, result.output
        report: dict[str, Any] = json.loads(result.output)
        states = {one["device"] or one["identity"]: one["states"] for one in report["speakers"]}
        assert {"gas-403": ["understood"], "esp": ["outside", "unregistered"]} == states
        # It was dry: no reading, no refusal, no alert came of it, and the service's own session went on.
        assert [] == await harness.items("/api/v1/alerts")
        assert all(
            one["topic"] != "esp/binary_sensor/smoke_alarm/state" for one in await harness.items("/api/v1/refusals")
        )
        assert harness.service.consumer.ready

        long = await asyncio.to_thread(CliRunner().invoke, main, [*here, "--seconds", "90"])
        assert (1, True) == (long.exit_code, "listens for 60 s at most" in long.stderr)
        mqtt = ["--mqtt", f"127.0.0.1:{harness.mqtt_port}", "--seconds", "1", "--json"]
        own = await asyncio.to_thread(CliRunner().invoke, main, [*here, *mqtt])
        assert "gas-403" in [one["device"] for one in json.loads(own.output)["speakers"]]


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        ("tasmota: [tele/#, +/tele#]", "site.yaml:5:23: intake.filters.tasmota.1: '+/tele#'"),
        ("tasmotta: [tele/#]", "site.yaml:5:5: intake.filters.tasmotta: 'tasmotta' is unknown"),
        ("tasmota: [tele/#], shelly: [tele/#]", "site.yaml:5:33: intake.filters.shelly.0: 'tele/#' stands at tasmota"),
        (
            "chirpstack: [lora/#]",
            "site.yaml:5:18: intake.filters.chirpstack.0: 'lora/#': topics of chirpstack end like",
        ),
        ("tasmota: tele/#", "site.yaml:5:5: intake.filters.tasmota: Input should be a valid list"),
    ],
)
def test_an_invalid_filter_is_reported_with_file_and_line(tmp_path: Path, filters: str, message: str) -> None:
    text = f"name: 社区\nlast_resort: []\nintake:\n  filters:\n   {{{filters}}}\n"
    (tmp_path / "site.yaml").write_text(text, "utf-8")

    found, _ = check_site_files(tmp_path, START)

    faults = [str(fault).removeprefix(f"{tmp_path}/") for fault in found.faults]
    assert any(fault.startswith(message) for fault in faults), faults
