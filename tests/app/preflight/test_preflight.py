"""Every provider is asked at its own interface; each fault says where in its console to mend it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import httpx2
import pytest

from alerts.channels.apprise_services import AppriseServices, AppriseSettings
from alerts.channels.guarded_post import GuardedPost
from alerts.channels.logbook import Logbook
from alerts.channels.mail_message import Sender
from alerts.channels.providers import ProviderChain, ProviderLimit, ProviderPlan
from alerts.channels.smtp import Smtp, SmtpSettings
from alerts.channels.webhook import Webhook, WebhookSettings
from alerts.channels.wechat import WeChat, WeChatSettings
from alerts.channels.wecom import WeCom, WeComSettings
from app.preflight.preflight import advices, preflight
from domain import DAY, Person
from domain.secret import Secret
from simulators.providers.faults import Fault, FaultKind
from simulators.providers.local_server import loopback_client
from simulators.providers.smtp.certificate import server_context, write_certificate
from simulators.providers.smtp.server import SmtpFault, SmtpServer
from simulators.providers.wechat.server import WeChatServer
from simulators.providers.wecom.server import WeComServer

NOW = 1_767_333_900_000
KEY = "A" * 43
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
async def client() -> AsyncIterator[httpx2.AsyncClient]:
    async with loopback_client() as running:
        yield running


async def ask(channel: object, people: tuple[Person, ...] = ()) -> list[str]:
    """`problem (detail)` of each fault of one channel."""
    result = await preflight({"channel": channel}, people, NOW)
    assert all(line.startswith("channel: ") for line in result.lines())
    assert (result.passed == ("channel",)) is not bool(result.faults)
    return [f"{fault.problem} {fault.detail}".strip() for _, fault in result.faults]


async def test_wecom_is_asked_for_token_application_and_trusted_address(client: httpx2.AsyncClient) -> None:
    server = WeComServer(corp_id="ww1", secret="s", agent_id=7, token="t", aes_key=KEY, members=(), clock=lambda: NOW)

    def channel(**changes: Any) -> WeCom:
        account = {"corp_id": "ww1", "agent_id": 7, "secret": "s", "token": "t", "aes_key": KEY, **changes}
        return WeCom(client, WeComSettings(**account, base_url=server.url), lambda: NOW)

    async with server:
        assert await ask(channel()) == []
        assert await ask(channel(corp_id="ww2")) == ["wecom.corp errcode 40013"]
        assert await ask(channel(secret="x")) == ["wecom.secret errcode 40001"]
        assert await ask(channel(agent_id=8)) == ["wecom.agent errcode 40056: invalid agentid"]
        server.token_faults.schedule(Fault(FaultKind.REJECT, "45009"))
        assert await ask(channel()) == ["wecom.token errcode 45009"]
        server.is_ip_trusted = False
        assert await ask(channel()) == ["wecom.trusted_ip errcode 60020: not allow to access from your ip"]
        assert server.inboxes.notices == []


async def test_wechat_is_asked_for_its_templates_and_their_keywords(client: httpx2.AsyncClient) -> None:
    server = WeChatServer(
        app_id="wx1",
        secret="s",
        token="t",
        aes_key=KEY,
        followers=(),
        templates={"TID": "告警：{{thing1.DATA}} {{time2.DATA}}"},
        clock=lambda: NOW,
    )

    def channel(secret: str = "s", **templates: tuple[str, ...]) -> WeChat:
        return WeChat(client, WeChatSettings("wx1", secret, "t", KEY, server.url, templates), lambda: NOW)

    async with server:
        assert await ask(channel(TID=("thing1", "time2"))) == []
        assert await ask(channel(TID=("thing1", "thing3"))) == ["wechat.keywords TID: thing3, time2"]
        assert await ask(channel(OTHER=("thing1",))) == ["wechat.template OTHER"]
        assert await ask(channel("x")) == ["wechat.secret errcode 40125"]
        server.is_ip_trusted = False
        assert await ask(channel()) == ["wechat.ip errcode 40164"]


async def test_the_mail_server_is_asked_up_to_the_sender(tmp_path: Path) -> None:
    certificate = write_certificate(tmp_path)
    server = SmtpServer(tls=server_context(certificate), users={"alarm": "pa55"}, mailboxes=(), clock=lambda: NOW)

    def channel(password: str = "pa55", ca_file: str | None = str(certificate), port: int = 0) -> Smtp:
        sender = Sender("alarm@fengshu.example", "枫树社区")
        return Smtp(SmtpSettings("127.0.0.1", port or server.port, sender, "alarm", Secret(password), ca_file=ca_file))

    async with server:
        assert await ask(channel()) == []
        assert server.commands == ["EHLO", "STARTTLS", "EHLO", "AUTH", "MAIL", "QUIT"]
        assert (await ask(channel("no")))[0].startswith("smtp.login 535")
        assert (await ask(channel(ca_file=None)))[0].startswith("smtp.certificate")
        assert (await ask(channel(port=9)))[0].startswith("smtp.connect 127.0.0.1:9")
        server.faults = [SmtpFault.BUSY]
        assert (await ask(channel()))[0].startswith("smtp.refused 421")
        server.tls = None
        assert await ask(channel()) == ["smtp.starttls no STARTTLS"]


async def test_urls_of_people_are_resolved_and_not_called(client: httpx2.AsyncClient) -> None:
    people = tuple(
        Person(name, name, addresses={"webhook": url})
        for name, url in (("a", "http://127.0.0.1:9/x"), ("b", "https://nobody.invalid/"))
    )
    allowed = Webhook(GuardedPost(client, (ip_network("127.0.0.0/8"),)), WebhookSettings("/grid", ()))
    result = await preflight({"webhook": allowed}, people, NOW)
    assert [fault.detail.partition(": ")[0] for _, fault in result.faults] == ["https://nobody.invalid/"]
    guarded = Webhook(GuardedPost(client), WebhookSettings("/grid", ()))
    assert len((await preflight({"webhook": guarded}, people, NOW)).faults) == 2


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
async def test_urls_of_apprise_are_read(client: httpx2.AsyncClient) -> None:
    services = {"good": Secret("ntfy://maple"), "bad": Secret("no-such-service://x")}
    assert await ask(AppriseServices(AppriseSettings(services))) == ["apprise.url bad"]


@pytest.mark.parametrize(
    ("counts", "faults"),
    [
        ({"tencent": 2}, ["limits.number tencent 2"]),
        ({"tencent": 2, "aliyun": 50}, []),
        ({"tencent": 2, "http": None}, []),
        ({"tencent": 2, "other": 5}, ["limits.number tencent 2, other 5"]),
    ],
)
async def test_a_daily_limit_that_would_break_the_ladder_is_named(
    counts: dict[str, int | None], faults: list[str]
) -> None:
    """Tencent's default is two texts a number and day."""
    limits = {name: () if count is None else (ProviderLimit(DAY, count),) for name, count in counts.items()}
    plans = {name: ProviderPlan(limits=limit) for name, limit in limits.items()}
    chain = ProviderChain("sms", dict.fromkeys(counts, Logbook()), plans)
    result = await preflight({"sms": chain, "voice": chain}, (), NOW)
    assert [f"{fault.problem} {fault.detail}" for _, fault in result.faults] == faults


async def test_a_provider_that_does_not_answer_is_a_fault_and_the_others_are_asked(client: httpx2.AsyncClient) -> None:
    gone = WeCom(client, WeComSettings("ww1", 7, "s", "t", KEY, "http://127.0.0.1:9"), lambda: NOW)
    result = await preflight({"wecom": gone, "logbook": Logbook()}, (), NOW)
    assert [fault.problem for _, fault in result.faults] == ["unreachable"]
    assert result.not_asked == ("logbook",)
    assert next(result.lines()).startswith("wecom: 没有回答。请检查本机网络、域名解析和防火墙（ConnectError")


def test_every_problem_that_a_channel_reports_has_its_advice() -> None:
    sources = [path.read_text("utf-8") for path in (ROOT / "alerts" / "channels").glob("*.py")]
    problems = {
        name for source in sources for name in re.findall(r'"((?:wecom|wechat|smtp|webhook|apprise)\.[a-z_]+)"', source)
    }
    assert len(problems) > 15
    assert problems <= set(advices())
