"""`fengshao check`: what would fail at night is reported before."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.cli import run


def test_check_reports_a_channel_without_its_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FENGSHAO_ALIYUN_KEY_SECRET", raising=False)
    (tmp_path / "site.yaml").write_text("channels: {aliyun_sms: {}}\n")

    checked = run("check", "--site", str(tmp_path))
    assert checked.exit_code == 1
    assert "FENGSHAO_ALIYUN_KEY_SECRET is not set" in checked.output


def test_a_mistake_in_the_settings_names_line_and_column(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text("name: 社区\ntimezone: Asia/Chengdu\n")

    checked = run("check", "--site", str(tmp_path))
    assert checked.exit_code == 1
    assert f"{tmp_path}/site.yaml:2:1: timezone: 'Asia/Chengdu' is no time zone: write one like Asia/Shanghai" in (
        checked.output
    )
