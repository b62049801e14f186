"""A street office as a site folder, run as a whole service: grid, residents, volunteers, outside bodies.

Like tests/support/service_harness.py, but everything is read from the files of a site, so that roles, ladders, rosters
and channels are configured as an operator would. `CommunityHarness(..., overrides)` replaces or adds files.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from msgspec import structs

from app.config.settings import AliyunSmsSettings
from app.config.site import SiteConfig, load_site
from tests.support.service_harness import Phone, ServiceHarness

SITE = Path(__file__).parents[1] / "fixtures" / "community"


class CommunityHarness(ServiceHarness):
    """The service of 枫树社区."""

    def __init__(self, folder: Path, mqtt_port: int, http_port: int, files: Mapping[str, str] | None = None) -> None:
        super().__init__(folder / "data", mqtt_port, http_port)
        self.site = folder / "site"
        shutil.copytree(SITE, self.site)
        for name, text in (files or {}).items():
            (self.site / name).write_text(text, "utf-8")

    def _site_config(self) -> SiteConfig:
        site = load_site(self.site)
        sms = AliyunSmsSettings(base_url=self.sms.url)
        channels = site.settings.channels.model_copy(update={"aliyun_sms": sms})
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
        for text in self.sms.phones.texts:
            by_phone.setdefault(text.phone, []).append(text.text)
        return by_phone
