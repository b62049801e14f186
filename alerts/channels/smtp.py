"""E-mail by SMTP submission (RFC 6409): TLS required, the result by reply code (RFC 5321 section 4.2.1).

A server's 250 after the text is its promise to deliver; whether a person has read it only his answer proves.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Sequence
from enum import StrEnum
from typing import Final

import aiosmtplib
from msgspec import Struct

from alerts.channels.channel import NoCallbacks, NoLookup, SendOutcome, SendResult
from alerts.channels.mail_message import InvalidMail, Sender, build_mail
from alerts.channels.preflight import PreflightScope, ProviderFault
from alerts.message import Delivery
from domain import SECOND, Instant
from domain.secret import Secret

STEP_TIMEOUT_S: Final = 8.0
TOTAL_TIMEOUT_S: Final = 11.0
"""Below the lease of a message in the outbox: a later answer would find it leased again."""
GREYLIST_WAIT_MS: Final = 90 * SECOND
"""A server that greylists accepts the same message some minutes later (RFC 6647); five attempts cover six minutes."""
_PROBLEMS: Final = {
    "certificate": "smtp.certificate",
    "no STARTTLS": "smtp.starttls",
    "no AUTH": "smtp.login",
    "535": "smtp.login",
    "530": "smtp.login",
}
_TRANSIENT: Final = range(400, 500)


class Security(StrEnum):
    """How the connection is encrypted. `none` is for a relay on the same machine."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


class SmtpSettings(Struct, frozen=True):
    """One submission server. `ca_file`: its certificate authority, where it is not a public one."""

    host: str
    port: int
    sender: Sender
    username: str = ""
    password: Secret = Secret("")
    security: Security = Security.STARTTLS
    ca_file: str | None = None


class Refused(Exception):
    """The server refused a step; `text` is its reply."""

    def __init__(self, result: SendResult, text: str = "") -> None:
        super().__init__(text or result.code)
        self.result, self.text = result, text


class Smtp(NoLookup, NoCallbacks):
    """The channel `email`. A message in doubt is sent again with the same Message-ID: two are better than none."""

    name = "email"
    idempotent = True

    def __init__(self, settings: SmtpSettings) -> None:
        self._settings = settings
        self._tls = ssl.create_default_context(cafile=settings.ca_file)

    async def send(self, delivery: Delivery, now: Instant) -> SendResult:
        """One message to one mailbox, in a connection of its own."""
        try:
            mail = build_mail(delivery, self._settings.sender, now).as_bytes()
        except InvalidMail as error:
            return SendResult(SendOutcome.CONTENT, code=str(error))
        is_sent = False
        try:
            async with asyncio.timeout(TOTAL_TIMEOUT_S), self.connected() as server:
                await _reply(server.mail(self._settings.sender.address), SendOutcome.CONFIG)
                await _reply(server.rcpt(delivery.address), SendOutcome.RECIPIENT)
                is_sent = True
                await _reply(server.data(mail), SendOutcome.CONTENT)
        except Refused as refused:
            return refused.result
        except (aiosmtplib.SMTPException, OSError) as error:
            # Before the text was sent nothing can have arrived; after it only the answer is missing.
            outcome = SendOutcome.UNKNOWN if is_sent else SendOutcome.TEMPORARY
            return SendResult(outcome, code=type(error).__name__)
        return SendResult(SendOutcome.ACCEPTED, provider_id=delivery.id, code="250")

    @contextlib.asynccontextmanager
    async def connected(self) -> AsyncIterator[aiosmtplib.SMTP]:
        """A connection, encrypted and logged in as the settings require. Raises Refused, SMTPException or OSError."""
        settings = self._settings
        server = aiosmtplib.SMTP(
            hostname=settings.host,
            port=settings.port,
            local_hostname=settings.sender.address.rpartition("@")[2],
            timeout=STEP_TIMEOUT_S,
            use_tls=settings.security is Security.TLS,
            start_tls=False,
            tls_context=self._tls if settings.security is Security.TLS else None,
        )
        try:
            await _reply(server.connect(), SendOutcome.CONFIG)
            await _reply(server.ehlo(), SendOutcome.CONFIG)
            await self._start_session(server)
            yield server
            with contextlib.suppress(aiosmtplib.SMTPException, OSError):
                await server.quit(timeout=1.0)
        finally:
            server.close()

    async def preflight(self, scope: PreflightScope, now: Instant) -> Sequence[ProviderFault]:
        """Whether the server is reached, encrypts, and accepts our login and sender address; no message is sent."""
        del scope, now
        try:
            async with asyncio.timeout(TOTAL_TIMEOUT_S), self.connected() as server:
                await _reply(server.mail(self._settings.sender.address), SendOutcome.CONFIG)
        except Refused as refused:
            problem = _PROBLEMS.get(refused.result.code, "smtp.refused")
            return [ProviderFault(problem, f"{refused.result.code} {refused.text}".strip())]
        except (aiosmtplib.SMTPException, OSError) as error:
            return [ProviderFault("smtp.connect", f"{self._settings.host}:{self._settings.port}: {error}")]
        return []

    async def _start_session(self, server: aiosmtplib.SMTP) -> None:
        settings = self._settings
        if settings.security is Security.STARTTLS:
            _require(server, "starttls")
            await _reply(server.starttls(tls_context=self._tls), SendOutcome.CONFIG)
            await _reply(server.ehlo(), SendOutcome.CONFIG)
        if settings.username:
            _require(server, "auth")
            await _reply(server.login(settings.username, settings.password.reveal()), SendOutcome.CONFIG)


def _require(server: aiosmtplib.SMTP, extension: str) -> None:
    if not server.supports_extension(extension):
        raise Refused(SendResult(SendOutcome.CONFIG, code=f"no {extension.upper()}"))


async def _reply(step: Awaitable[object], permanent: SendOutcome) -> None:
    """One step of the dialogue; `permanent` is whose fault a 5xx reply to it is. Raises Refused."""
    try:
        await step
    except aiosmtplib.SMTPResponseException as error:
        is_transient = error.code in _TRANSIENT
        outcome = SendOutcome.TEMPORARY if is_transient else permanent
        wait_ms = GREYLIST_WAIT_MS if is_transient and permanent is not SendOutcome.CONFIG else 0
        raise Refused(SendResult(outcome, code=str(error.code), wait_ms=wait_ms), error.message) from error
    except (aiosmtplib.SMTPException, OSError) as error:
        if _is_of_certificate(error):
            raise Refused(SendResult(SendOutcome.CONFIG, code="certificate"), str(error)) from error
        raise


def _is_of_certificate(error: BaseException | None) -> bool:
    while error is not None and not isinstance(error, ssl.SSLError):
        error = error.__cause__ or error.__context__
    return error is not None
