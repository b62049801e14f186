"""A running service whose site has its own rulebooks, and what tests read and change of it."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from app.config.catalog import RULEBOOKS
from app.config.site import SiteConfig
from rules.tools.explain import explain
from tests.support.service_harness import ServiceHarness
from tests.support.timeouts import LONG_TIMEOUT_S

GAS = (RULEBOOKS / "gas.yaml").read_text("utf-8")
LATCHED = GAS.replace("- name: gas-alarm\n", "- name: gas-alarm\n  latch: true\n").replace("  clear: not alarm\n", "")
"""The same with a latched gas alarm: it stays active until a person resets it."""


class RulebookHarness(ServiceHarness):
    """A service whose site has its own rulebooks."""

    saves = 0

    @property
    def rules(self) -> Path:
        folder = self.data.parent / "site" / "rules"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _site_config(self) -> SiteConfig:
        site = super()._site_config()
        settings = site.settings.model_copy(update={"last_resort": ("li",)})
        return replace(site, path=self.rules.parent, settings=settings)

    async def start(self) -> None:
        """The service reads its files once when it starts: what a test saves comes after that."""
        await super().start()
        books = self.service.rulebook_reloader
        await self.until(lambda: books.is_up_to_date, "the first look at the files")

    def save_file(self, text: str, name: str = "gas.yaml") -> None:
        """Saves a file of the rules folder; two saves within one tick of the file system's clock look different too."""
        file = (self.rules / name).resolve()
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, "utf-8")
        self.saves += 1
        os.utime(file, ns=(self.saves, self.saves))

    async def receives(self, **values: Any) -> None:
        """Publishes a reading of gas-402 and waits until the pipeline has counted it."""
        before = self.service.processing.pipeline.counters.readings
        await self.publish("fengshao/v1/gas-402/up", {"ts": self.clock.now, **values})
        await self.until(lambda: self.service.processing.pipeline.counters.readings > before, "the reading")

    def phase(self, rule: str) -> object:
        return explain(self.service.processing.engine, rule, "gas-402")["phase"]

    async def timeline(self) -> list[str]:
        (alert,) = await self.items("/api/v1/alerts")
        return [line["kind"] for line in (await self.get(f"/api/v1/alerts/{alert['id']}"))["timeline"]]

    async def until_timeline_has(self, kind: str) -> None:
        async with asyncio.timeout(LONG_TIMEOUT_S):
            while kind not in await self.timeline():
                await asyncio.sleep(0.01)
