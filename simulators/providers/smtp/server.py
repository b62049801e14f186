"""A simulated submission server: SMTP (RFC 5321) with STARTTLS (RFC 3207), AUTH PLAIN and LOGIN (RFC 4954), greylisting
(RFC 6647). It refuses mail before TLS and login, mailboxes it does not have, and messages over its size.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import ssl
from collections.abc import Callable, Collection, Mapping
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as default_policy
from enum import StrEnum
from typing import Final

from msgspec import Struct

from domain import MINUTE, Instant

_GREYLIST_MS: Final = 5 * MINUTE
MAX_MESSAGE_BYTES: Final = 256 * 1024
_MAX_LINE: Final = 1000


class SmtpFault(StrEnum):
    """How the next message fails."""

    BUSY = "busy"
    """421 before anything else."""
    SILENT = "silent"
    """The text is taken and its reply never sent."""
    SPAM = "spam"
    """The text is refused with 554."""
    LATER = "later"
    """The text is refused with 451."""


class StoredMail(Struct, frozen=True):
    """One message in a mailbox."""

    mailbox: str
    sender: str
    raw: bytes
    at: Instant

    @property
    def message(self) -> EmailMessage:
        return message_from_bytes(self.raw.replace(b"\r\n", b"\n"), policy=default_policy)


class SmtpServer:
    """The service on a loopback port. `users` may log in; `mailboxes` exist."""

    def __init__(
        self,
        *,
        tls: ssl.SSLContext | None,
        users: Mapping[str, str],
        mailboxes: Collection[str],
        clock: Callable[[], Instant],
    ) -> None:
        self.tls, self.users, self.mailboxes, self.clock = tls, dict(users), set(mailboxes), clock
        self.greylists = False
        self.mails: list[StoredMail] = []
        self.faults: list[SmtpFault] = []
        self.silent = asyncio.Event()
        """Set once a message was stored and is not answered."""
        self.commands: list[str] = []
        """Verbs received, of all connections, in order."""
        self.port = 0
        self._first_seen: dict[tuple[str, str], Instant] = {}
        self._server: asyncio.Server | None = None
        self._sessions: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> SmtpServer:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=2 * MAX_MESSAGE_BYTES)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        for session in self._sessions:
            session.cancel()
        await asyncio.gather(*self._sessions, return_exceptions=True)
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    def mails_of(self, mailbox: str) -> list[EmailMessage]:
        """The messages in one mailbox, oldest first."""
        return [mail.message for mail in self.mails if mail.mailbox == mailbox]

    def next_fault(self, *kinds: SmtpFault) -> SmtpFault | None:
        """The next ordered fault, if it is one of these kinds."""
        return self.faults.pop(0) if self.faults and self.faults[0] in kinds else None

    def is_greylisted(self, sender: str, mailbox: str) -> bool:
        """True for a pair of sender and mailbox first seen less than five minutes ago."""
        first = self._first_seen.setdefault((sender, mailbox), self.clock())
        return self.greylists and self.clock() - first < _GREYLIST_MS

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._sessions.add(task)
        try:
            await _Session(self, reader, writer).run()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError, ssl.SSLError):
            return
        finally:
            self._sessions.discard(task)
            writer.close()


class _Session:
    """One connection: its stage of the dialogue, and the replies."""

    def __init__(self, server: SmtpServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._server, self._reader, self._writer = server, reader, writer
        self._is_encrypted, self._user = False, ""
        self._sender: str | None = None
        self._mailboxes: list[str] = []

    async def run(self) -> None:
        if self._server.next_fault(SmtpFault.BUSY):
            await self._reply("421 too busy, closing channel")
            return
        await self._reply("220 mail.example ESMTP")
        while line := (await self._reader.readuntil(b"\r\n"))[:-2].decode("ascii", "replace"):
            verb, _, rest = line.partition(" ")
            self._server.commands.append(verb.upper())
            handler = getattr(self, f"_on_{verb.lower()}", None)
            if handler is None or len(line) > _MAX_LINE:
                await self._reply("500 command not recognised")
            elif await handler(rest):
                return

    async def _on_ehlo(self, _name: str) -> None:
        self._sender, self._mailboxes = None, []
        offers = ["mail.example", f"SIZE {MAX_MESSAGE_BYTES}", "8BITMIME"]
        if self._server.tls is not None and not self._is_encrypted:
            offers.append("STARTTLS")
        if self._is_encrypted and self._server.users:
            offers.append("AUTH PLAIN LOGIN")
        lines = [f"250-{offer}" for offer in offers[:-1]] + [f"250 {offers[-1]}"]
        await self._reply("\r\n".join(lines))

    async def _on_starttls(self, _rest: str) -> None:
        if self._server.tls is None or self._is_encrypted:
            await self._reply("454 TLS not available")
            return
        await self._reply("220 ready to start TLS")
        await self._writer.start_tls(self._server.tls)
        self._is_encrypted, self._user = True, ""

    async def _on_auth(self, rest: str) -> None:
        if not self._is_encrypted:
            await self._reply("538 encryption required for authentication")
            return
        method, _, first = rest.partition(" ")
        try:
            name, password = await self._credentials(method.upper(), first)
        except (binascii.Error, ValueError):
            await self._reply("501 no base64")
            return
        if self._server.users.get(name) == password:
            self._user = name
            await self._reply("235 authentication succeeded")
        else:
            await self._reply("535 5.7.8 authentication credentials invalid")

    async def _credentials(self, method: str, first: str) -> tuple[str, str]:
        if method == "PLAIN":
            _, name, password = _decoded(first or await self._ask("")).split("\0")
            return name, password
        name = _decoded(first or await self._ask("VXNlcm5hbWU6"))
        return name, _decoded(await self._ask("UGFzc3dvcmQ6"))

    async def _ask(self, challenge: str) -> str:
        await self._reply(f"334 {challenge}")
        return (await self._reader.readuntil(b"\r\n"))[:-2].decode()

    async def _on_mail(self, rest: str) -> None:
        if self._server.tls is not None and not self._is_encrypted:
            await self._reply("530 5.7.0 must issue a STARTTLS command first")
        elif self._server.users and not self._user:
            await self._reply("530 5.7.0 authentication required")
        else:
            self._sender = _path(rest)
            await self._reply("250 2.1.0 ok")

    async def _on_rcpt(self, rest: str) -> None:
        mailbox = _path(rest)
        if self._sender is None:
            await self._reply("503 5.5.1 MAIL first")
        elif mailbox not in self._server.mailboxes:
            await self._reply("550 5.1.1 no such mailbox")
        elif self._server.is_greylisted(self._sender, mailbox):
            await self._reply("451 4.7.1 greylisted, try again later")
        else:
            self._mailboxes.append(mailbox)
            await self._reply("250 2.1.5 ok")

    async def _on_data(self, _rest: str) -> bool:
        if not self._mailboxes or self._sender is None:
            await self._reply("503 5.5.1 RCPT first")
            return False
        await self._reply("354 end with .")
        text = await self._reader.readuntil(b"\r\n.\r\n")
        raw = text[:-3].replace(b"\r\n..", b"\r\n.")
        fault = self._server.next_fault(SmtpFault.SPAM, SmtpFault.LATER, SmtpFault.SILENT)
        if fault is SmtpFault.SPAM:
            await self._reply("554 5.7.1 rejected as spam")
        elif fault is SmtpFault.LATER:
            await self._reply("451 4.3.0 try again later")
        elif len(raw) > MAX_MESSAGE_BYTES:
            await self._reply("552 5.3.4 message too big")
        else:
            now = self._server.clock()
            self._server.mails += [StoredMail(mailbox, self._sender, raw, now) for mailbox in self._mailboxes]
            if fault is SmtpFault.SILENT:
                self._server.silent.set()
                await asyncio.Event().wait()
            await self._reply("250 2.0.0 queued")
        self._sender, self._mailboxes = None, []
        return False

    async def _on_quit(self, _rest: str) -> bool:
        await self._reply("221 bye")
        return True

    async def _reply(self, text: str) -> None:
        self._writer.write(f"{text}\r\n".encode())
        await self._writer.drain()


def _decoded(text: str) -> str:
    return base64.b64decode(text, validate=True).decode()


def _path(rest: str) -> str:
    """The address in `FROM:<a@b> SIZE=1`."""
    return rest.partition("<")[2].partition(">")[0]
