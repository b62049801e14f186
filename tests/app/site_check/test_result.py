"""The result collects the faults of every file."""

from __future__ import annotations

from app.config.faults import ConfigError, ConfigFault
from app.site_check.result import SiteCheck

FAULT = ConfigFault("site.yaml", 1, 1, "sign", "is missing")


def faulty() -> int:
    raise ConfigError([FAULT])


def test_what_cannot_be_loaded_is_none_and_its_faults_are_kept() -> None:
    result = SiteCheck()

    assert result.load(lambda: 7) == 7
    assert result.load(faulty) is None
    assert result.faults == [FAULT]
