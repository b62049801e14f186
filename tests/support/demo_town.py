"""The demo's town (deploy/site.demo) as a service that many tests share, each with devices of its own."""

from __future__ import annotations

import csv
import secrets
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import aiomqtt
from msgspec import structs

from app.config.exchange import ExchangeSettings
from app.config.settings import AliyunSmsSettings, ChannelSettings
from app.config.site import SiteConfig, load_site
from domain import MINUTE, Device, Lane, Person, Place, Reading
from domain.places import self_and_ancestors
from simulators.providers.hotline.server import HotlineServer
from tests.support.community_harness import CommunityHarness

HANDLED = ("acknowledge", "arrive", "resolve")
"""The actions of the person who deals with an alert."""


class DemoTown(CommunityHarness):
    """750 places, 354 devices, 1,093 people; text messages go to the SMS provider of the harness, cases that are handed
    over to a simulated 12345."""

    source = Path(__file__).resolve().parents[2] / "deploy" / "site.demo"

    def __init__(self, folder: Path, mqtt_port: int, http_port: int) -> None:
        super().__init__(folder, mqtt_port, http_port)
        reports, pushes = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        self.hotline = HotlineServer(secret=reports, push_secret=pushes, clock=self.clock)
        self.add_provider(self.hotline, {"HOTLINE_SECRET": reports})
        self._leaking: list[Device] = []
        self._report_monthly()

    def _report_monthly(self) -> None:
        """The tests move the clock and let few devices speak: with their own intervals all others would be missed."""
        file = self.site / "devices.csv"
        with file.open(encoding="utf-8", newline="") as opened:
            rows = [row | {"attributes.report_every": "30d"} for row in csv.DictReader(opened)]
        with file.open("w", encoding="utf-8", newline="") as opened:
            written = csv.DictWriter(opened, rows[0])
            written.writeheader()
            written.writerows(rows)

    def _site_config(self) -> SiteConfig:
        site = self._loaded
        channels = ChannelSettings(aliyun_sms=AliyunSmsSettings(base_url=self.sms.url))
        hotline = {"mapping": "hotline12345", "url": self.hotline.url, "secret_env": "HOTLINE_SECRET"}
        exchange = ExchangeSettings.model_validate({"systems": {"hotline": hotline}, "networks": ["127.0.0.0/8"]})
        changes = {"channels": channels, "exchange": exchange, "checkpoint_every": 3_600_000}
        settings = site.settings.model_copy(update=changes)
        return structs.replace(site, settings=settings)

    async def publish(self, topic: str, payload: Any) -> None:
        """While tests of other folders run, this loop stands still, and the broker ends the connection."""
        try:
            await super().publish(topic, payload)
        except aiomqtt.MqttError:
            self.mqtt = await self._outer_stack.enter_async_context(aiomqtt.Client("127.0.0.1", self.mqtt_port))
            await super().publish(topic, payload)

    @cached_property
    def _loaded(self) -> SiteConfig:
        return load_site(self.site)

    @property
    def site_people(self) -> Sequence[Person]:
        """The people of the site's files."""
        return self._loaded.people

    def place_name(self, place: str) -> str:
        """The name of a place of the site's files."""
        return next(one.name for one in self._loaded.places if one.id == place)

    def _building_of(self, device: Device) -> str:
        path = self_and_ancestors(self._places, device.place)
        return next(place.id for place in path if place.level == "building")

    @cached_property
    def _places(self) -> dict[str, Place]:
        return {place.id: place for place in self._loaded.places}

    @cached_property
    def _detectors(self) -> dict[str, list[Device]]:
        """Gas alarms of flats without an open alert, by building: what is open in one building joins."""
        found: dict[str, list[Device]] = {}
        for device in self._loaded.devices:
            if device.kind == "gas_alarm" and device.attributes.get("use") == "home":
                found.setdefault(self._building_of(device), []).append(device)
        return found

    def unused_detector(self) -> Device:
        """A gas alarm without an open alert, in the building whose turn it is: what follows is in another building."""
        building = next(name for name, devices in self._detectors.items() if devices)
        device, *others = self._detectors.pop(building)
        self._detectors[building] = others
        return device

    def detectors_of_one_building(self, number: int = 2) -> list[Device]:
        """Gas alarms of one building, each on another stairwell or floor, without an open alert."""
        building = next(name for name, devices in self._detectors.items() if len(devices) >= number)
        devices = self._detectors.pop(building)
        self._detectors[building] = devices[number:]
        return devices[:number]

    async def leak(self, device: Device | None = None, **values: Any) -> dict[str, Any]:
        """Gas leaks in a flat; returns the alert that was opened."""
        detector = device or self.unused_detector()
        earlier = len(await self.items(f"/api/v1/alerts?device={detector.id}"))
        await self.publish(f"fengshao/v1/{detector.id}/alarm", {"alarm": True, "lel_pct": 18.5, **values})
        (alert, *_) = await self.until_items(f"/api/v1/alerts?device={detector.id}", earlier + 1)
        self._leaking.append(detector)
        return dict(alert)

    async def remember(self, readings: Sequence[Reading]) -> None:
        """Readings of an earlier hour in the history, as of a service that ran then."""
        await self.stores.history.flush()
        # The journal's next entry has this position too, and its readings are not stored again: it is a battery's.
        position = max(self.stores.history.position().values(), default=0) + 1
        self.stores.history.append(Lane.BULK, position, list(readings))
        await self.publish(f"fengshao/v1/{readings[0].device}/up", {"battery_pct": 90})
        await self.stores.history.flush()

    async def close_alerts(self) -> None:
        """Ends the leaks of a test, and closes every open alert as people would: another verifies."""
        await self._end_leaks()
        lead = await self.token_of("lead-01")
        alerts = [alert for alert in await self.items("/api/v1/alerts?limit=200") if alert["state"] != "closed"]
        for alert in (str(alert["id"]) for alert in alerts):
            for action in HANDLED:
                await self.api.post(
                    f"/api/v1/alerts/{alert}/{action}", json={"person": "worker-01", "disposition": "real"}
                )
            for action in ("verify", "close"):
                await self.api.post(f"/api/v1/alerts/{alert}/{action}", json={}, headers=lead)
            await self.until_state(alert, "closed")

    async def _end_leaks(self) -> None:
        leaking, self._leaking = self._leaking, []
        if not leaking:
            return
        self.clock.now += MINUTE
        for detector in leaking:
            readings = f"/api/v1/devices/{detector.id}/readings?quantity=lel_pct"
            earlier = len(await self.items(readings))
            await self.publish(f"fengshao/v1/{detector.id}/up", {"alarm": False, "lel_pct": 0})
            await self.until_items(readings, max(earlier + 1, 2))
            self._detectors[self._building_of(detector)].append(detector)
        await self.fast_forward(minutes=1.1)

    async def withdraw_entries(self) -> None:
        """Withdraws leave, covers and silences that a test entered, and cancels its backtest or score: the next test
        begins without them."""
        for listed in ("/api/v1/rosters/overrides", "/api/v1/silences"):
            for entry in await self.items(listed):
                await self.api.delete(f"{listed}/{entry['id']}")
        for job in await self.items("/api/v1/rules/jobs"):
            if job["state"] == "running":
                await self.api.delete(f"/api/v1/rules/jobs/{job['id']}")

    async def token_of(self, person: str) -> dict[str, str]:
        """The headers of a dispatcher's login of this person."""
        made = await self.api.post("/api/v1/tokens", json={"role": "dispatcher", "person": person})
        return {"Authorization": f"Bearer {made.json()['token']}"}
