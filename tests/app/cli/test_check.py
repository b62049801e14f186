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


def test_check_reports_every_secret_of_every_provider_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FENGSHAO_TENCENT_SECRET_ID", "AKID")
    (tmp_path / "site.yaml").write_text(
        """channels:
  sms:
    providers:
      - {type: tencent, app_id: "1"}
      - type: http
        name: gateway
        url: https://sms.example.gov.cn
        secret_env: GATEWAY_KEY
        answer: {success: "0"}
        callbacks: {signature_header: X-Signature, signature_secret_env: GATEWAY_SIGNING_KEY}
  voice: {providers: [{type: aliyun}]}
"""
    )
    checked = run("check", "--site", str(tmp_path))
    assert checked.exit_code == 1
    missing = [line for line in checked.output.splitlines() if line.endswith("is not set")]
    assert [line.replace(": the environment variable", "").removesuffix(" is not set") for line in missing] == [
        "channels.sms.providers (tencent) FENGSHAO_TENCENT_SECRET_KEY",
        "channels.sms.providers (tencent) FENGSHAO_TENCENT_CALLBACK_SECRET",
        "channels.sms.providers (gateway) GATEWAY_KEY",
        "channels.sms.providers (gateway) FENGSHAO_GATEWAY_CALLBACK_SECRET",
        "channels.sms.providers (gateway).callbacks GATEWAY_SIGNING_KEY",
        "channels.voice.providers (aliyun) FENGSHAO_ALIYUN_KEY_ID",
        "channels.voice.providers (aliyun) FENGSHAO_ALIYUN_KEY_SECRET",
        "channels.voice.providers (aliyun) FENGSHAO_ALIYUN_CALLBACK_SECRET",
    ]


def test_a_mistake_in_the_settings_names_line_and_column(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text("name: 社区\ntimezone: Asia/Chengdu\n")

    checked = run("check", "--site", str(tmp_path))
    assert checked.exit_code == 1
    assert f"{tmp_path}/site.yaml:2:1: timezone: 'Asia/Chengdu' is no time zone: write one like Asia/Shanghai" in (
        checked.output
    )
