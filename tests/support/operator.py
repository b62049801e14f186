"""A person at the pages who knows only what stands on them: counts presses and filled fields of a task.

Everything is found by the words that are seen; addresses are not typed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from playwright.async_api import Locator, Page, expect

from tests.support.timeouts import LONG_TIMEOUT_MS


@dataclass
class Operator:
    """One task on one page, from the desk on."""

    page: Page
    presses: int = 0
    fields: int = 0

    async def press(self, target: Locator) -> None:
        """Presses a button or link, or picks an entry of a list."""
        await target.click()
        self.presses += 1

    async def open(self, name: str) -> None:
        """A page of the bar, or of its menu."""
        entry = self.page.get_by_role("banner").get_by_role("link", name=name, exact=True)
        if not await entry.is_visible():
            await self.press(self.page.locator("summary", has_text="管理"))
        await self.press(entry)

    async def button(self, name: str, within: Locator | Page | None = None) -> None:
        await self.press((within or self.page).get_by_role("button", name=name, exact=True).last)

    async def fill(self, label: str, text: str, within: Locator | Page | None = None) -> None:
        await (within or self.page).get_by_label(label).last.fill(text)
        self.fields += 1

    async def choose(self, label: str, option: str, within: Locator | Page | None = None) -> None:
        """An entry of a drop-down list."""
        await (within or self.page).get_by_label(label).first.select_option(option)
        self.fields += 1

    async def find(self, label: str, text: str, within: Locator | Page | None = None) -> None:
        """Types into a field that searches, and picks what is found first."""
        box = (within or self.page).get_by_role("combobox", name=label, exact=True).last
        await box.fill(text)
        self.fields += 1
        option = self.page.get_by_role("option", name=re.compile(re.escape(text))).first
        await expect(option).to_be_visible(timeout=LONG_TIMEOUT_MS)
        await self.press(option)

    async def sees(self, *texts: str | re.Pattern[str], within: Locator | Page | None = None) -> None:
        for text in texts:
            await expect((within or self.page).get_by_text(text).first).to_be_visible(timeout=LONG_TIMEOUT_MS)
