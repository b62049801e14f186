"""E-mail against a real submission server: TLS, login, reply codes, greylisting, and lost answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from msgspec import structs

from alerts.channels import smtp
from alerts.channels.channel import LookupStatus, SendOutcome
from alerts.channels.mail_message import Sender
from alerts.channels.smtp import Security, Smtp, SmtpSettings
from alerts.message import Delivery
from domain.secret import Secret
from simulators.providers.smtp.certificate import server_context, write_certificate
from simulators.providers.smtp.server import SmtpFault, SmtpServer
from tests.support.alerts import delivery_of

NOW = 1_767_333_900_000
SENDER = Sender("alarm@fengshu.example", "枫树社区")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
async def server(certificate: Path) -> AsyncIterator[SmtpServer]:
    running = SmtpServer(
        tls=server_context(certificate),
        users={"alarm@fengshu.example": "pa55"},
        mailboxes={"li@fengshu.example"},
        clock=lambda: NOW,
    )
    async with running:
        yield running


@pytest.fixture
def settings(server: SmtpServer, certificate: Path) -> SmtpSettings:
    return SmtpSettings(
        "127.0.0.1", server.port, SENDER, "alarm@fengshu.example", Secret("pa55"), ca_file=str(certificate)
    )


def mail_to(address: str = "li@fengshu.example", **payload: object) -> Delivery:
    payload = {"subject": "紧急：燃气泄漏", "text": "枫林苑3栋2单元402", **payload}
    return delivery_of(31, 1, NOW, id="d-01", channel="email", address=address, payload=payload)


async def test_a_message_arrives_encrypted_and_logged_in(server: SmtpServer, settings: SmtpSettings) -> None:
    result = await Smtp(settings).send(mail_to(html="<p>枫林苑</p>", urgent=True), NOW)
    assert (result.outcome, result.provider_id) == (SendOutcome.ACCEPTED, "d-01")
    (mail,) = server.mails_of("li@fengshu.example")
    assert mail["Subject"] == "紧急：燃气泄漏"
    assert mail["From"] == "枫树社区 <alarm@fengshu.example>"
    assert mail["Message-ID"] == "<d-01@fengshu.example>"
    assert (mail["Importance"], mail["Auto-Submitted"]) == ("high", "auto-generated")
    text, html = (mail.get_body((kind,)) for kind in ("plain", "html"))
    assert text is not None
    assert html is not None
    assert (text.get_content().strip(), html.get_content().strip()) == ("枫林苑3栋2单元402", "<p>枫林苑</p>")
    assert server.commands == ["EHLO", "STARTTLS", "EHLO", "AUTH", "MAIL", "RCPT", "DATA", "QUIT"]


@pytest.mark.parametrize(
    ("changes", "outcome", "code"),
    [
        ({"password": Secret("wrong")}, SendOutcome.CONFIG, "535"),
        ({"username": ""}, SendOutcome.CONFIG, "530"),
        ({"security": Security.NONE, "username": ""}, SendOutcome.CONFIG, "530"),
        ({"ca_file": None}, SendOutcome.CONFIG, "certificate"),
    ],
)
async def test_a_server_that_we_are_not_set_up_for(
    settings: SmtpSettings, changes: dict[str, object], outcome: SendOutcome, code: str
) -> None:
    result = await Smtp(structs.replace(settings, **changes)).send(mail_to(), NOW)
    assert (result.outcome, result.code) == (outcome, code)


async def test_a_server_without_starttls_is_sent_nothing(server: SmtpServer, settings: SmtpSettings) -> None:
    server.tls = None
    result = await Smtp(settings).send(mail_to(), NOW)
    assert (result.outcome, result.code) == (SendOutcome.CONFIG, "no STARTTLS")
    assert "MAIL" not in server.commands


@pytest.mark.parametrize(
    ("fault", "outcome", "code", "wait_ms"),
    [
        (SmtpFault.BUSY, SendOutcome.TEMPORARY, "421", 0),
        (SmtpFault.SPAM, SendOutcome.CONTENT, "554", 0),
        (SmtpFault.LATER, SendOutcome.TEMPORARY, "451", smtp.GREYLIST_WAIT_MS),
    ],
)
async def test_a_reply_code_states_what_to_do(
    server: SmtpServer, settings: SmtpSettings, fault: SmtpFault, outcome: SendOutcome, code: str, wait_ms: int
) -> None:
    server.faults = [fault]
    result = await Smtp(settings).send(mail_to(), NOW)
    assert (result.outcome, result.code, result.wait_ms) == (outcome, code, wait_ms)


async def test_a_mailbox_that_does_not_exist_is_a_fault_of_the_recipient(settings: SmtpSettings) -> None:
    result = await Smtp(settings).send(mail_to("ghost@fengshu.example"), NOW)
    assert (result.outcome, result.code) == (SendOutcome.RECIPIENT, "550")


async def test_a_greylisted_message_is_accepted_later_once(server: SmtpServer, settings: SmtpSettings) -> None:
    server.greylists = True
    assert (await Smtp(settings).send(mail_to(), NOW)).wait_ms == smtp.GREYLIST_WAIT_MS
    server.clock = lambda: NOW + 300_000
    assert (await Smtp(settings).send(mail_to(), NOW)).outcome is SendOutcome.ACCEPTED
    assert len(server.mails) == 1


async def test_a_lost_answer_is_in_doubt_and_a_lost_connection_is_not(
    server: SmtpServer, settings: SmtpSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    timeouts: list[asyncio.Timeout] = []

    def timeout(delay: float) -> asyncio.Timeout:
        timeouts.append(asyncio.timeout(delay))
        return timeouts[-1]

    monkeypatch.setattr(smtp, "asyncio", SimpleNamespace(timeout=timeout))
    server.faults = [SmtpFault.SILENT]
    channel = Smtp(settings)
    sending = asyncio.create_task(channel.send(mail_to(), NOW))
    await server.silent.wait()
    timeouts[0].reschedule(asyncio.get_running_loop().time())
    assert (await sending).outcome is SendOutcome.UNKNOWN
    assert (await channel.lookup(mail_to(), NOW)).status is LookupStatus.UNDETERMINED
    assert (await channel.send(mail_to(), NOW)).outcome is SendOutcome.ACCEPTED
    assert [mail["Message-ID"] for mail in server.mails_of("li@fengshu.example")] == ["<d-01@fengshu.example>"] * 2
    gone = Smtp(structs.replace(settings, port=9))
    assert (await gone.send(mail_to(), NOW)).outcome is SendOutcome.TEMPORARY
    assert channel.receive({}, {}, b"", NOW).status == 404


async def test_a_header_that_is_injected_sends_nothing(server: SmtpServer, settings: SmtpSettings) -> None:
    for row in (mail_to(subject="x\r\nBcc: all@fengshu.example"), mail_to("a@b.cn>\r\nRCPT TO:<c@d.cn")):
        assert (await Smtp(settings).send(row, NOW)).outcome is SendOutcome.CONTENT
    assert server.commands == []
