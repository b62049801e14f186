"""docs/settings.md says what the service accepts: it is written from the models, complete, and up to date."""

from __future__ import annotations

from pathlib import Path

from app.config.settings import SiteSettings
from app.config.settings_reference import reference, sections

ROOT = Path(__file__).parents[3]


def test_the_reference_in_the_documents_is_not_stale() -> None:
    written = (ROOT / "docs" / "settings.md").read_text()
    assert written == reference(), "Run: .venv/bin/fengshao settings reference > docs/settings.md"


def test_every_setting_and_every_section_says_what_it_means() -> None:
    silent = [
        f"{section.path or 'site.yaml'}: {setting.name}"
        for section in sections(SiteSettings)
        for setting in section.settings
        if not setting.meaning or not section.about
    ]
    assert not silent, f"write a docstring below these fields: {silent}"


def test_types_limits_units_and_defaults_come_from_the_fields() -> None:
    found = {
        (section.path, setting.name): (setting.type, setting.default)
        for section in sections(SiteSettings)
        for setting in section.settings
    }
    assert found["", "checkpoint_every"] == ("duration", "`10s`")
    assert found["", "operators"] == ("whole number, ≥ 1, ≤ 100", "`1`")
    assert found["intake", "max_pending_bytes"] == ("whole number, ≥ 65536, bytes", "`67108864`")
    assert found["history", "type"] == ("`duckdb`, `victoriametrics`, `influxdb`, `influxdb3`", "`duckdb`")
    assert found["channels.email", "host"] == ("text", "required")
    assert found["channels.email", "password_env"] == ("name of an environment variable", "`FENGSHAO_SMTP_PASSWORD`")
    assert found["channels.sms.providers[] (aliyun)", "limits"][1] == "`{count: 50, within: 1d, per: template}`"
    assert found["channels", "sms"] == ("section or null", "none")
    assert found["texts", "person_name"] == ("true or false", "`false`")
