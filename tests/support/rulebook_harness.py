"""A service whose site has rulebooks of its own."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from app.config.catalog import RULEBOOKS
from app.config.site import SiteConfig
from rules.tools.explain import explain
from tests.support.service_harness import WAIT_MAX_S, ServiceHarness

GAS = (RULEBOOKS / "gas.yaml").read_text("utf-8")
LATCHED = GAS.replace("- name: gas-alarm\n", "- name: gas-alarm\n  latch: true\n").replace("  clear: not alarm\n", "")
"""The same with a latched gas alarm: it stands until a person resets it."""


class RulebookHarness(ServiceHarness):
    """Writes rulebooks into the site and sends readings of one gas alarm."""

    @property
    def rules(self) -> Path:
        folder = self.data.parent / "site" / "rules"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _folder(self) -> SiteConfig:
        folder = super()._folder()
        settings = folder.settings.model_copy(update={"last_resort": ("li",)})
        return replace(folder, path=self.rules.parent, settings=settings)

    async def start(self) -> None:
        """The service reads its files once when it starts; a test writes after that."""
        await super().start()
        books = self.service.rulebook_reloader
        await self.until(lambda: books.is_up_to_date, "the first look at the files")

    def writes(self, text: str, name: str = "gas.yaml") -> None:
        """A file is saved; two saves in one tick of the file system's clock must look different too."""
        file = (self.rules / name).resolve()
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, "utf-8")
        self.saved = getattr(self, "saved", 0) + 1
        os.utime(file, ns=(self.saved, self.saved))

    async def receives(self, **values: Any) -> None:
        before = self.service.processing.pipeline.counters.readings
        await self.publish("fengshao/v1/gas-402/up", {"ts": self.clock.now, **values})
        await self.until(lambda: self.service.processing.pipeline.counters.readings > before, "the reading")

    def phase(self, rule: str) -> object:
        return explain(self.service.processing.engine, rule, "gas-402")["phase"]

    async def timeline(self) -> list[str]:
        (alert,) = await self.items("/api/v1/alerts")
        return [line["kind"] for line in (await self.get(f"/api/v1/alerts/{alert['id']}"))["timeline"]]

    async def until_timeline_has(self, kind: str) -> None:
        async with asyncio.timeout(WAIT_MAX_S):
            while kind not in await self.timeline():
                await asyncio.sleep(0.01)
