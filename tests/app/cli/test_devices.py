"""`devices import` beside a running service: the kinds are the service's own, its site's among them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from msgspec.structs import replace

from app.cli.devices import import_devices
from app.config.catalog import KINDS
from app.config.site import SiteConfig
from tests.conftest import Broker
from tests.support.service_harness import ServiceHarness


class RadonHarness(ServiceHarness):
    """A town whose site has a kind of its own."""

    def _site_config(self) -> SiteConfig:
        kinds = self.data.parent / "site" / "kinds"
        kinds.mkdir(parents=True, exist_ok=True)
        smoke = (KINDS / "smoke_alarm.yaml").read_text("utf-8")
        (kinds / "radon.yaml").write_text(smoke.replace("kind: smoke_alarm", "kind: radon"), "utf-8")
        return replace(super()._site_config(), path=kinds.parent)


async def test_a_kind_of_the_running_site_is_known_to_the_import(
    tmp_path: Path, broker: Broker, free_port: Callable[[], int]
) -> None:
    file = tmp_path / "devices.csv"
    file.write_text("id,kind\nradon-1,radon\n", "utf-8")
    async with RadonHarness(tmp_path / "data", broker.port, free_port()) as harness:
        summary = await asyncio.to_thread(import_devices, file, harness.data, None)
        listed = await harness.get("/api/v1/devices/radon-1")

    assert summary == "1 devices: 1 new, 0 changed, 0 unchanged"
    assert listed["kind"] == "radon"
