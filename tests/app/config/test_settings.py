"""site.yaml: safe defaults, and faults that name what to write."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from app.config.settings import SiteSettings


def test_everything_has_a_safe_default() -> None:
    settings = SiteSettings()

    assert (settings.timezone, settings.texts.person_name, settings.http.trusted_proxies) == (
        "Asia/Shanghai",
        False,
        (),
    )
    assert not any(channel for _, channel in settings.channels)
    assert settings.retention.alert_days >= settings.retention.journal_days


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"timezone": "Asia/Chengdu"}, "'Asia/Chengdu' is no time zone"),
        ({"intake": {"timezones": {"tts": "Mars"}}}, "'Mars' is no time zone"),
        ({"intake": {"filters": {"tts": ["a/#/b"]}}}, "a/#/b"),
        ({"http": {"trusted_proxies": ["proxy"]}}, "'proxy' is no address"),
        ({"http": {"trusted_proxies": ["0.0.0.0/0"]}}, "is everybody"),
        ({"sign": "很长很长很长很长很长很长"}, "at most 10 characters"),
        ({"naem": "x"}, "Extra inputs"),
    ],
)
def test_a_setting_that_cannot_be_is_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        SiteSettings.model_validate(settings)


def test_an_attribute_of_care_may_have_one_name_for_both_languages() -> None:
    settings = SiteSettings.model_validate({"care_attributes": {"deaf": "听障", "pump": {"zh": "泵", "en": "Pump"}}})

    assert {name: (label.zh, label.en) for name, label in settings.care.items()} == {
        "deaf": ("听障", "deaf"),
        "pump": ("泵", "Pump"),
    }
