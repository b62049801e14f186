"""The harness of alerts with the providers of all channels beside SMS, each a real server on the virtual clock."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import yaml
from msgspec import structs

from alerts.channels.guarded_post import GuardedPost
from alerts.channels.mail_message import Sender
from alerts.channels.smtp import Smtp, SmtpSettings
from alerts.channels.webhook import Webhook, WebhookSettings
from alerts.channels.wechat import WeChat, WeChatSettings
from alerts.channels.wecom import WeCom, WeComSettings
from alerts.channels.wecom_robot import WeComRobot, WeComRobotSettings
from alerts.escalation.policy import EscalationPolicy
from alerts.messages.keywords import KeywordTemplate
from domain.secret import Secret
from simulators.providers.smtp.certificate import server_context, write_certificate
from simulators.providers.smtp.server import SmtpServer
from simulators.providers.webhook import WebhookReceiver
from simulators.providers.wechat.server import WeChatServer
from simulators.providers.wecom.robot import WeComRobotServer
from simulators.providers.wecom.server import WeComServer
from tests.alerts.conftest import ALERTS_FOLDER, PEOPLE, SIGN, AlertHarness
from tests.alerts.incidents.scene_builders import add_people

KEY = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MAILBOX = "wang@fengshu.example"
KEYWORDS = KeywordTemplate("TID", {"thing1": "title", "time2": "time", "thing3": "place", "phrase4": "status"})
CONTENT = "告警：{{thing1.DATA}} 时间：{{time2.DATA}} 地点：{{thing3.DATA}} 状态：{{phrase4.DATA}}"


class ChannelProviders:
    """All providers, and the harness that uses them. 王芳 has an address on every channel."""

    def __init__(self, harness: AlertHarness, certificate: Path) -> None:
        self.harness, clock = harness, harness.clock
        self.wecom = WeComServer(
            corp_id="ww1",
            secret="s",
            agent_id=7,
            token="t",
            aes_key=KEY,
            members={"wangfang", "liqiang"},
            clock=clock,
            callback_url="http://127.0.0.1:9/",
        )
        self.robot = WeComRobotServer(keys={"key-of-grid"}, clock=clock)
        self.wechat = WeChatServer(
            app_id="wx1",
            secret="s",
            token="t",
            aes_key=KEY,
            followers={"o-wang"},
            former_followers={"o-left"},
            templates={"TID": CONTENT},
            clock=clock,
        )
        self.smtp = SmtpServer(
            tls=server_context(certificate), users={"alarm": "pa55"}, mailboxes={MAILBOX}, clock=clock
        )
        self.webhook = WebhookReceiver(secret=SECRET, clock=clock)
        self._certificate = certificate

    async def start(self, stack: contextlib.AsyncExitStack) -> None:
        for server in (self.wecom, self.robot, self.wechat, self.smtp, self.webhook):
            await stack.enter_async_context(server)  # type: ignore[arg-type]
        self.set_addresses(email=MAILBOX, wechat="o-wang", webhook=self.webhook.url, wecom_robot="grid")
        self.harness.channels |= self._channels()
        self.harness.keyword_templates = {"*": KEYWORDS}
        self.restart()

    def set_addresses(self, **addresses: str) -> None:
        """The addresses of 王芳 beside phone and WeCom; phone and WeCom by these names."""
        own = {name: addresses.pop(name) or None for name in ("phone", "wecom") if name in addresses}
        add_people(self.harness, [structs.replace(PEOPLE["wang"], addresses=addresses, **own)])

    def use_rungs(self, severity: str, *rungs: dict[str, Any]) -> None:
        """Replace the rungs of the general ladder of dangers of this severity."""
        written = yaml.safe_load((ALERTS_FOLDER / "ladders" / "default.yaml").read_text("utf-8"))
        ladder = next(
            one
            for one in written["ladders"]
            if one["ledger"] == "danger" and severity in one["severities"] and "rules" not in one
        )
        ladder["rungs"] = list(rungs)
        self.harness.policy = EscalationPolicy(**written)
        self.restart()

    def restart(self) -> None:
        self.harness.stop()
        self.harness.start()

    async def wait_and_send(self, seconds: float) -> None:
        """Time passes in which no deadline of an alert falls; then what is due is sent."""
        self.harness.clock.now += int(seconds * 1000)
        await self.harness.send()

    def _channels(self) -> dict[str, Any]:
        client, clock = self.harness.client, self.harness.clock
        sender = Sender("alarm@fengshu.example", SIGN)
        return {
            "wecom": WeCom(client, WeComSettings("ww1", 7, "s", "t", KEY, self.wecom.url), clock),
            "wecom_robot": WeComRobot(client, WeComRobotSettings({"grid": Secret("key-of-grid")}, self.robot.url)),
            "wechat": WeChat(client, WeChatSettings("wx1", "s", "t", KEY, self.wechat.url), clock),
            "email": Smtp(
                SmtpSettings(
                    "127.0.0.1", self.smtp.port, sender, "alarm", Secret("pa55"), ca_file=str(self._certificate)
                )
            ),
            "webhook": Webhook(
                GuardedPost(client, (ip_network("127.0.0.0/8"),)), WebhookSettings("/grid", (Secret(SECRET),))
            ),
        }


@contextlib.asynccontextmanager
async def channel_providers(harness: AlertHarness, folder: Path) -> AsyncIterator[ChannelProviders]:
    async with contextlib.AsyncExitStack() as stack:
        running = ChannelProviders(harness, write_certificate(folder))
        await running.start(stack)
        yield running
