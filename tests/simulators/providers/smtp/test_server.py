"""The simulated submission server, spoken to by the client of the standard library."""

from __future__ import annotations

import asyncio
import smtplib
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from simulators.providers.smtp.certificate import server_context, write_certificate
from simulators.providers.smtp.server import MAX_MESSAGE_BYTES, SmtpFault, SmtpServer
from tests.support.timeouts import LONG_TIMEOUT_S

NOW = 1_767_333_900_000
MAIL = "Subject: test\r\n\r\n.one\r\n..two\r\n"


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


async def talk(server: SmtpServer, dialogue: Callable[[smtplib.SMTP], object], authority: Path | None) -> object:
    """Run a dialogue in a thread; with an authority after STARTTLS and login."""

    def run() -> object:
        with smtplib.SMTP("127.0.0.1", server.port, timeout=LONG_TIMEOUT_S) as client:
            if authority is not None:
                client.starttls(context=ssl.create_default_context(cafile=str(authority)))
                client.login("alarm@fengshu.example", "pa55")
            return dialogue(client)

    return await asyncio.to_thread(run)


def send(client: smtplib.SMTP, to: str = "li@fengshu.example", text: str = MAIL) -> object:
    return client.sendmail("alarm@fengshu.example", to, text)


async def test_a_message_lies_in_its_mailbox_as_it_was_written(server: SmtpServer, certificate: Path) -> None:
    await talk(server, send, certificate)
    (mail,) = server.mails_of("li@fengshu.example")
    assert (mail["Subject"], mail.get_content()) == ("test", ".one\n..two\n")
    assert server.commands[:4] == ["EHLO", "STARTTLS", "EHLO", "AUTH"]


@pytest.mark.parametrize(
    ("authority", "dialogue", "code"),
    [
        (False, lambda client: send(client), 530),
        (False, lambda client: client.login("alarm@fengshu.example", "pa55"), None),
        (True, lambda client: client.login("alarm@fengshu.example", "no"), 535),
        (True, lambda client: send(client, "ghost@fengshu.example"), 550),
        (True, lambda client: send(client, text="x" * MAX_MESSAGE_BYTES), 552),
    ],
)
async def test_what_is_refused(
    server: SmtpServer, certificate: Path, authority: bool, dialogue: Callable[[smtplib.SMTP], object], code: int | None
) -> None:
    with pytest.raises(smtplib.SMTPException) as refused:
        await talk(server, dialogue, certificate if authority else None)
    assert code is None or str(code) in str(refused.value)
    assert server.mails == []


async def test_the_order_of_commands_is_kept(server: SmtpServer, certificate: Path) -> None:
    def out_of_order(client: smtplib.SMTP) -> list[int]:
        codes = [client.docmd(line)[0] for line in ("RCPT TO:<li@fengshu.example>", "DATA", "VRFY li", "STARTTLS")]
        return [*codes, client.docmd("AUTH PLAIN", "%%%")[0]]

    assert await talk(server, out_of_order, certificate) == [503, 503, 500, 454, 501]
    assert await talk(server, lambda client: client.docmd("AUTH PLAIN", "AA==")[0], None) == 538


async def test_a_greylisted_pair_is_accepted_after_five_minutes(server: SmtpServer, certificate: Path) -> None:
    server.greylists = True
    for _ in range(2):
        with pytest.raises(smtplib.SMTPRecipientsRefused, match="451"):
            await talk(server, send, certificate)
    server.clock = lambda: NOW + 300_000
    await talk(server, send, certificate)
    assert len(server.mails) == 1


async def test_ordered_faults(server: SmtpServer, certificate: Path) -> None:
    server.faults = [SmtpFault.SPAM, SmtpFault.LATER]
    for code in ("554", "451"):
        with pytest.raises(smtplib.SMTPDataError, match=code):
            await talk(server, send, certificate)
    server.faults = [SmtpFault.BUSY]
    with pytest.raises(smtplib.SMTPException, match="421"):
        await talk(server, send, certificate)
    assert server.mails == []


async def test_a_connection_that_only_opens_does_not_hinder_the_end(server: SmtpServer) -> None:
    with socket.create_connection(("127.0.0.1", server.port)):
        await asyncio.sleep(0)
