"""The demo's town (deploy/site.demo) as a service that many tests share: each takes a device that no other used."""

from __future__ import annotations

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
from domain import MINUTE, Device, Lane, Person, Reading
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
        self._leaking: dict[str, Device] = {}
        self._ended: list[Device] = []

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

    @cached_property
    def _detectors(self) -> dict[str, list[Device]]:
        """Gas alarms of flats, by building: what is open in one building joins."""
        places = {place.id: place for place in self._loaded.places}
        found: dict[str, list[Device]] = {}
        for device in self._loaded.devices:
            if device.kind == "gas_alarm" and device.attributes.get("use") == "home":
                path = self_and_ancestors(places, device.place)
                building = next(place.id for place in path if place.level == "building")
                found.setdefault(building, []).append(device)
        return found

    def unused_detector(self) -> Device:
        """A gas alarm that no other test had, in the building whose turn it is: what follows is in another building.
        When all were used, the one whose leak ended first."""
        if not self._detectors:
            return self._ended.pop(0)
        building = next(iter(self._detectors))
        device, *others = self._detectors.pop(building)
        if others:
            self._detectors[building] = others
        return device

    def detectors_of_one_building(self, number: int = 2) -> list[Device]:
        """Gas alarms of one building, each on another stairwell or floor, where no other test had one."""
        building = next(name for name, devices in self._detectors.items() if len(devices) >= number)
        return self._detectors.pop(building)[:number]

    async def leak(self, device: Device | None = None, **values: Any) -> dict[str, Any]:
        """Gas leaks in a flat; returns the alert that was opened."""
        detector = device or self.unused_detector()
        earlier = len(await self.items(f"/api/v1/alerts?device={detector.id}"))
        await self.publish(f"fengshao/v1/{detector.id}/alarm", {"alarm": True, "lel_pct": 18.5, **values})
        (alert, *_) = await self.until_items(f"/api/v1/alerts?device={detector.id}", earlier + 1)
        self._leaking[str(alert["id"])] = detector
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
        """Ends the leaks of a test, and closes their alerts as people would: whoever handled it, another verifies."""
        leaking, self._leaking = self._leaking, {}
        if not leaking:
            return
        self.clock.now += MINUTE
        for detector in leaking.values():
            readings = f"/api/v1/devices/{detector.id}/readings?quantity=lel_pct"
            earlier = len(await self.items(readings))
            await self.publish(f"fengshao/v1/{detector.id}/up", {"alarm": False, "lel_pct": 0})
            await self.until_items(readings, max(earlier + 1, 2))
        await self.fast_forward(minutes=1.1)
        lead = await self.token_of("lead-01")
        for alert in leaking:
            for action in HANDLED:
                await self.api.post(
                    f"/api/v1/alerts/{alert}/{action}", json={"person": "worker-01", "disposition": "real"}
                )
            for action in ("verify", "close"):
                await self.api.post(f"/api/v1/alerts/{alert}/{action}", json={}, headers=lead)
            await self.until_state(alert, "closed")
        self._ended += leaking.values()

    async def withdraw_entries(self) -> None:
        """Withdraws leave, covers and silences that a test entered: the next test begins without them."""
        for listed in ("/api/v1/rosters/overrides", "/api/v1/silences"):
            for entry in await self.items(listed):
                await self.api.delete(f"{listed}/{entry['id']}")

    async def token_of(self, person: str) -> dict[str, str]:
        """The headers of a dispatcher's login of this person."""
        made = await self.api.post("/api/v1/tokens", json={"role": "dispatcher", "person": person})
        return {"Authorization": f"Bearer {made.json()['token']}"}
