"""A street office as a site folder, run as a whole service: grid, residents, volunteers, outside bodies.

Like tests/support/service_harness.py, but everything is read from the files of a site, so that roles, ladders, rosters
and channels are configured as an operator would. `CommunityHarness(..., files)` replaces or adds files; `add_provider`
adds a simulated provider that a file names by its URL.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Self

from msgspec import structs

from app.config.settings import AliyunSmsSettings
from app.config.site import SiteConfig, load_site
from simulators.providers.phones import Phones
from tests.support.service_harness import Phone, ServiceHarness

ProviderServer = AbstractAsyncContextManager[Any]
SITE = Path(__file__).parents[1] / "fixtures" / "community"


class CommunityHarness(ServiceHarness):
    """The service of 枫树社区."""

    source = SITE

    def __init__(self, folder: Path, mqtt_port: int, http_port: int, files: Mapping[str, str] | None = None) -> None:
        super().__init__(folder / "data", mqtt_port, http_port)
        self.site = folder / "site"
        shutil.copytree(self.source, self.site)
        for name, text in (files or {}).items():
            (self.site / name).write_text(text, "utf-8")
        self._providers: list[ProviderServer] = []

    def add_provider(self, server: ProviderServer, environ: Mapping[str, str]) -> None:
        """A further provider, before the service starts; `environ` has its secrets."""
        self._providers.append(server)
        self.environ |= environ

    @property
    def phone_networks(self) -> list[Phones]:
        further = [getattr(server, "phones", None) for server in self._providers]
        return super().phone_networks + [phones for phones in further if isinstance(phones, Phones)]

    async def __aenter__(self) -> Self:
        for server in self._providers:
            await self._outer_stack.enter_async_context(server)
        return await super().__aenter__()

    def _site_config(self) -> SiteConfig:
        """The site's files; the SMS of the harness unless they have providers of their own."""
        site = load_site(self.site)
        channels = site.settings.channels
        if channels.sms is None:
            channels = channels.model_copy(update={"aliyun_sms": AliyunSmsSettings(base_url=self.sms.url)})
        settings = site.settings.model_copy(update={"channels": channels, "checkpoint_every": 3_600_000})
        return structs.replace(site, settings=settings)

    def phone(self, name: str) -> Phone:
        """The phone of a person of the site, by name."""
        people = {person.name: person.phone for person in self._site_config().people}
        number = people[name]
        assert number is not None, f"{name} has no phone"
        return self._phones.setdefault(name, Phone(self, number))

    def texts(self) -> dict[str, list[str]]:
        """All texts by phone."""
        by_phone: dict[str, list[str]] = {}
        for text in (text for phones in self.phone_networks for text in phones.texts):
            by_phone.setdefault(text.phone, []).append(text.text)
        return by_phone
