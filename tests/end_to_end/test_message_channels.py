"""WeChat and e-mail in a running service: from a gas alarm over MQTT to a receipt and a link that acknowledges."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Self

import httpx2
import yaml
from msgspec import structs

from app.config.catalog import LADDERS
from app.config.message_settings import EmailSettings, WeChatSettings
from app.config.site import SiteConfig
from simulators.providers.smtp.certificate import server_context, write_certificate
from simulators.providers.smtp.server import SmtpServer
from simulators.providers.wechat.server import WeChatServer
from tests.conftest import Broker
from tests.support.community_harness import CommunityHarness
from tests.support.timeouts import LONG_TIMEOUT_S

AES_KEY, CALLBACK_SECRET, MAILBOX = "A" * 43, "c" * 43, "liwei@fengshu.example"
TEMPLATE = {"id": "TID", "data": {"thing1": "title", "time2": "time", "thing3": "place"}}


def ladders() -> str:
    """The built-in ladders; the workers of critical dangers are called by WeChat and e-mail."""
    written = yaml.safe_load((LADDERS / "default.yaml").read_text("utf-8"))
    ladder = next(one for one in written["ladders"] if one["severities"] == ["critical"] and "rules" not in one)
    ladder["rungs"][0] = {"role": "worker", "channels": ["wechat", "email"], "fallback": ["sms"], "wait": "1m"}
    return yaml.safe_dump(written, allow_unicode=True)


class ChannelsHarness(CommunityHarness):
    """枫树社区 with a service account and a mail server of its own."""

    def __init__(self, folder: Path, mqtt_port: int, http_port: int) -> None:
        super().__init__(folder, mqtt_port, http_port, {"ladders.yaml": ladders()})
        self.certificate = write_certificate(folder)
        self.wechat = WeChatServer(
            app_id="wx1",
            secret="s",
            token="t",
            aes_key=AES_KEY,
            followers={"o-li"},
            templates={"TID": "告警：{{thing1.DATA}} 时间：{{time2.DATA}} 地点：{{thing3.DATA}}"},
            clock=self.clock,
        )
        self.smtp = SmtpServer(
            tls=server_context(self.certificate), users={"alarm": "pa55"}, mailboxes={MAILBOX}, clock=self.clock
        )
        self.environ |= {
            "FENGSHAO_WECHAT_SECRET": "s",
            "FENGSHAO_WECHAT_TOKEN": "t",
            "FENGSHAO_WECHAT_AES_KEY": AES_KEY,
            "FENGSHAO_WECHAT_CALLBACK_SECRET": CALLBACK_SECRET,
            "FENGSHAO_SMTP_USERNAME": "alarm",
            "FENGSHAO_SMTP_PASSWORD": "pa55",
        }

    async def __aenter__(self) -> Self:
        await self._outer_stack.enter_async_context(self.wechat)
        await self._outer_stack.enter_async_context(self.smtp)
        url = f"http://{self.http.host}:{self.http.port}"
        self.wechat.callback_url = f"{url}/api/v1/callbacks/wechat/{CALLBACK_SECRET}"
        return await super().__aenter__()

    def _site_config(self) -> SiteConfig:
        site = super()._site_config()
        email = EmailSettings(
            host="127.0.0.1", port=self.smtp.port, sender="alarm@fengshu.example", ca_file=str(self.certificate)
        )
        wechat = WeChatSettings(base_url=self.wechat.url, app_id="wx1", templates={"*": TEMPLATE})
        channels = site.settings.channels.model_copy(update={"email": email, "wechat": wechat})
        url = f"http://{self.http.host}:{self.http.port}"
        settings = site.settings.model_copy(update={"channels": channels, "public_url": url})
        addresses = {"email": MAILBOX, "wechat": "o-li"}
        people = [
            structs.replace(person, addresses=addresses, phone=person.phone) if person.id == "li" else person
            for person in site.people
        ]
        return structs.replace(site, settings=settings, people=people)


async def test_a_worker_without_wecom_takes_an_alert_from_a_mail(
    tmp_path: Path, broker: Broker, free_port: Callable[[], int]
) -> None:
    async with contextlib.AsyncExitStack() as stack:
        service = await stack.enter_async_context(ChannelsHarness(tmp_path, broker.port, free_port()))
        assert await service.wechat.verify_callback()
        await service.publish("fengshao/v1/gas-402/alarm", {"alarm": True, "lel_pct": 31})
        await service.until(lambda: service.wechat.messages and service.smtp.mails, "message and mail")
        (message,) = service.wechat.messages_of("o-li")
        assert message.values["thing1"] == "燃气泄漏"
        assert await service.wechat.push_reports() == [200]
        forged = await service.api.post(f"/api/v1/callbacks/wechat/{CALLBACK_SECRET}", content=b"<xml/>")
        assert forged.status_code == 403
        await service.until_timeline("1", "微信已送达 李伟（网格员）")

        (mail,) = service.smtp.mails_of(MAILBOX)
        text = mail.get_body(("plain",))
        assert text is not None
        link = re.search(r"/m/(\S+)", text.get_content())
        assert link is not None
        assert message.url.endswith(link[0]), "both open the page of the same worker"
        worker = await stack.enter_async_context(
            httpx2.AsyncClient(base_url=service.api.base_url, trust_env=False, timeout=LONG_TIMEOUT_S)
        )
        assert (await worker.get(link[0])).status_code in (200, 404), "the page, where it was built"
        assert (await service.get("/api/v1/alerts/1"))["state"] == "open"
        entered = await worker.post("/api/v1/session", json={"link": link[1]})
        assert entered.status_code == 200, entered.text
        taken = await worker.post("/api/v1/alerts/1/acknowledge", headers={"X-Fengshao": "1"})
        assert taken.status_code == 200, taken.text
        assert taken.json()["owner"]["name"] == "李伟"
