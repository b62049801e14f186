"""Addresses of watchdog and collector are URLs, and their defaults send nothing anywhere."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from app.config.settings import SiteSettings


def test_nothing_is_sent_by_default_and_the_log_is_text() -> None:
    settings = SiteSettings()
    assert (settings.watchdog.url, settings.traces.url, settings.logs.format) == ("", "", "text")


@pytest.mark.parametrize("part", ["watchdog", "traces"])
def test_an_address_that_is_no_url_is_refused(part: str) -> None:
    with pytest.raises(ValidationError, match="url"):
        SiteSettings.model_validate({part: {"url": "hc-ping.com/uuid"}})
