"""Two SMS providers and calls in a running service: the first provider is down, and the worker is reached."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.cli.provider_templates import template_lines
from app.config.catalog import load_wording
from app.config.settings import ChannelSettings, SiteSettings
from simulators.providers.tencent.sms import TencentSmsServer
from simulators.providers.tencent.voice import Behaviour, TencentVoiceServer
from tests.conftest import Broker
from tests.support.community_harness import CommunityHarness
from tests.support.service_harness import START

SIGN, LI = "枫树社区", "19900000001"
ACCOUNT = {"FENGSHAO_TENCENT_SECRET_ID": "AKID", "FENGSHAO_TENCENT_SECRET_KEY": "tencent-secret"}
DAILY = [{"count": 20, "within": "1d"}]


def filed_at_tencent() -> dict[str, dict[str, tuple[str, str]]]:
    """What `fengshao check --templates` prints, as filed by an operator: channel -> name -> (id, text)."""
    providers = {"providers": [{"type": "tencent", "app_id": "1"}]}
    channels = ChannelSettings.model_validate({"sms": providers, "voice": providers})
    lines = template_lines(load_wording(), SiteSettings(sign=SIGN, channels=channels))
    filed: dict[str, dict[str, tuple[str, str]]] = {"sms": {}, "voice": {}}
    for number, line in enumerate(lines, 1000):
        where, _, name, text = line.split("\t")
        filed[where.partition("/")[0]][name] = (str(number), text)
    return filed


class PhonesHarness(CommunityHarness):
    """枫树社区 with the chain Aliyun, Tencent for texts and Tencent for calls; nothing listens at Aliyun's address."""

    def __init__(self, folder: Path, mqtt_port: int, http_port: int, closed_port: int) -> None:
        super().__init__(folder, mqtt_port, http_port)
        filed = filed_at_tencent()
        texts = {channel: dict(templates.values()) for channel, templates in filed.items()}
        self.tencent = TencentSmsServer(
            keys={"AKID": "tencent-secret"},
            app_id="1400",
            templates=texts["sms"],
            clock=self.clock,
            signs=[SIGN],
            callback_url=self.callback_url("sms-tencent"),
            per_number_per_day=20,
        )
        self.voice = TencentVoiceServer(
            keys={"AKID": "tencent-secret"},
            app_id="1401",
            templates=texts["voice"],
            clock=self.clock,
            callback_url=self.callback_url("voice-tencent"),
        )
        secrets = {**ACCOUNT, "FENGSHAO_TENCENT_CALLBACK_SECRET": self._secret}
        self.add_provider(self.tencent, secrets)
        self.add_provider(self.voice, secrets)

        def tencent(channel: str, **settings: Any) -> dict[str, Any]:
            ids = {name: number for name, (number, _) in filed[channel].items() if name != "fixed"}
            return {"type": "tencent", "templates": ids, "limits": DAILY, **settings}

        aliyun = {"type": "aliyun", "base_url": f"http://127.0.0.1:{closed_port}"}
        channels = {
            "sms": {"providers": [aliyun, tencent("sms", app_id="1400", base_url=self.tencent.url)]},
            "voice": {"providers": [tencent("voice", app_id="1401", base_url=self.voice.url)]},
        }
        site = yaml.safe_load((self.site / "site.yaml").read_text("utf-8")) | {"channels": channels}
        (self.site / "site.yaml").write_text(yaml.safe_dump(site, allow_unicode=True), "utf-8")


@pytest.fixture
async def service(tmp_path: Path, broker: Broker, free_port: Callable[[], int]) -> AsyncIterator[PhonesHarness]:
    async with PhonesHarness(tmp_path, broker.port, free_port(), free_port()) as running:
        yield running


async def test_with_the_first_provider_down_a_worker_is_texted_by_the_second_and_called_when_he_does_not_answer(
    service: PhonesHarness,
) -> None:
    await service.publish("fengshao/v1/gas-shop/alarm", {"alarm": True, "lel_pct": 31})
    await service.phone("李伟").expects_sms("燃气泄漏", "枫林苑老张火锅店", "回复11接警")
    assert service.clock.now == START, "within the same second: no time has passed"
    assert service.tencent.phones.texts_of(LI)[0].at == START
    await service.tencent.reply(LI, "11")
    await service.until_state("1", "acknowledged")
    assert (await service.get("/api/v1/alerts/1"))["owner"]["name"] == "李伟"
    await service.until_timeline("1", "短信发给 李伟（网格员）改走腾讯云：服务商暂时不可用")

    notified = [(call["channel"], call["provider"]) for call in (await service.get("/api/v1/alerts/1"))["told"]]
    assert notified[0] == ("sms", "tencent")

    service.voice.behaviours[LI] = Behaviour.KEY_1
    await service.publish("fengshao/v1/gas-402/alarm", {"alarm": True, "lel_pct": 31})
    await service.until(
        lambda: any("402" in text for text in service.phone("李伟").texts), "the text of the second leak"
    )
    assert service.voice.calls == []
    (alert,) = [alert["id"] for alert in await service.items("/api/v1/alerts") if "402" in str(alert["place"])]
    await service.fast_forward(1.1)
    await service.until(lambda: service.voice.calls, "the call")
    assert service.voice.calls[0].phone == LI
    assert service.voice.calls[0].text.startswith("枫树社区安全预警")
    await service.until_state(alert, "acknowledged")
    await service.until_timeline(alert, "李伟接警（电话按键）")
    assert service.voice.unconfirmed == 0
