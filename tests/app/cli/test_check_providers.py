"""`fengshao check --providers` on a site folder, against a real WeCom and a mail server that is not there."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.cli.check_providers import check_history, check_providers
from app.cli.init import write_site_template
from app.cli.main import main
from app.config.catalog import load_kinds
from app.config.settings import HistorySettings, SiteSettings
from app.config.site import SiteConfig
from simulators.providers.influxdb.server import InfluxServer
from simulators.providers.influxdb.server3 import InfluxServer3
from simulators.providers.wecom.server import WeComServer

NOW = 1_767_333_900_000
SITE = """
name: 枫树社区
channels:
  wecom: {{base_url: "{url}", corp_id: ww1, agent_id: 7}}
  email: {{host: 127.0.0.1, port: 9, sender: alarm@fengshu.example}}
  wecom_robot: {{robots: {{grid-1: {{key_env: ROBOT}}}}}}
"""


async def test_each_channel_has_a_line_and_a_fault_is_the_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    variables = {"FENGSHAO_WECOM_SECRET": "s", "FENGSHAO_WECOM_TOKEN": "t", "FENGSHAO_WECOM_AES_KEY": "A" * 43}
    variables |= {"FENGSHAO_WECOM_CALLBACK_SECRET": "c" * 43, "ROBOT": "k"}
    variables |= {"FENGSHAO_SMTP_USERNAME": "alarm", "FENGSHAO_SMTP_PASSWORD": "pa55"}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    server = WeComServer(
        corp_id="ww1", secret="s", agent_id=7, token="t", aes_key="A" * 43, members=(), clock=lambda: NOW
    )
    printed: list[str] = []
    async with server:
        folder = tmp_path / "site"
        write_site_template(folder)
        (folder / "site.yaml").write_text(SITE.format(url=server.url), "utf-8")
        assert await check_providers(folder, printed.append) == 1
    assert printed[0] == "wecom: ok"
    assert printed[1].startswith("wecom_robot: cannot be asked without sending")
    assert printed[2].startswith("email: 邮件：连不上邮件服务器。请核对 channels.email 的 host 和 port")
    assert "pa55" not in " ".join(printed)


def test_the_command_ends_with_the_fault_of_a_provider(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FENGSHAO_SMTP_USERNAME", "alarm")
    monkeypatch.setenv("FENGSHAO_SMTP_PASSWORD", "pa55")
    folder = tmp_path / "site"
    write_site_template(folder)
    settings = (folder / "site.yaml").read_text("utf-8")
    email = "channels: {email: {host: 127.0.0.1, port: 9, sender: alarm@fengshu.example}}"
    (folder / "site.yaml").write_text(settings.replace("channels: {}", email), "utf-8")
    people = (folder / "people.csv").read_text("utf-8")
    (folder / "people.csv").write_text(people.replace("id,name,phone", "id,name,email", 1), "utf-8")
    for name, mailbox in (("19900000001", "zhang@fengshu.example"), ("19900000002", "li@fengshu.example")):
        text = (folder / "people.csv").read_text("utf-8")
        (folder / "people.csv").write_text(text.replace(name, mailbox), "utf-8")
    ran = CliRunner().invoke(main, ["check", "--site", str(folder), "--providers"])
    assert "email: 邮件：连不上邮件服务器" in ran.output, ran.output
    assert ran.exit_code == 1


@pytest.mark.parametrize("type_", ["influxdb", "influxdb3"])
async def test_the_history_server_is_asked_with_the_token_of_the_service(
    monkeypatch: pytest.MonkeyPatch, type_: str
) -> None:
    def site(**history: str) -> SiteConfig:
        return SiteConfig(None, SiteSettings(history=HistorySettings.model_validate(history)), load_kinds())

    printed: list[str] = []
    assert await check_history(site(), printed.append) == 0
    make = partial(InfluxServer, "2.8") if type_ == "influxdb" else InfluxServer3
    async with make(lambda: NOW, token="secret") as server:
        for token in ("secret", "another"):
            monkeypatch.setenv("FENGSHAO_HISTORY_TOKEN", token)
            await check_history(site(type=type_, url=server.url), printed.append)
    assert printed[0] == f"history: {type_} ok"
    assert printed[1].startswith("history: ")
    assert "token" in printed[1]
    assert "another" not in printed[1]
    assert await check_history(site(type="victoriametrics", url="http://127.0.0.1:1"), printed.append) == 1
