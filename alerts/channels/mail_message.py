"""A delivery as an Internet message (RFC 5322): plain text and HTML, headers that group it with its earlier ones. Pure.

The Message-ID is the delivery id, so a message that was sent twice is shown once by mail programs that compare it, and
follow-ups stand below the call they belong to.
"""

from __future__ import annotations

from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime
from typing import Final

from msgspec import Struct

from alerts.message import Delivery
from domain import SECOND, Instant
from domain.recipients import is_email

_MAX_SUBJECT: Final = 200


class Sender(Struct, frozen=True):
    """The From header: an address and the name that is shown with it."""

    address: str
    name: str


class InvalidMail(Exception):
    """The message would contain a header that its author did not write, or reach more than one mailbox."""


def build_mail(delivery: Delivery, sender: Sender, now: Instant) -> EmailMessage:
    """The message for the mailbox in the delivery's address. Raises InvalidMail."""
    if not is_email(delivery.address):
        raise InvalidMail("not one mailbox")
    mail = EmailMessage(policy=SMTP_POLICY)
    mail["From"] = Address(sender.name, addr_spec=sender.address)
    mail["To"] = Address(addr_spec=delivery.address)
    mail["Subject"] = _header(delivery, "subject")[:_MAX_SUBJECT]
    mail["Date"] = format_datetime(datetime.fromtimestamp(now // SECOND, UTC))
    mail["Message-ID"] = message_id(delivery.id, sender)
    if earlier := _header(delivery, "thread"):
        mail["In-Reply-To"] = mail["References"] = message_id(earlier, sender)
    # RFC 3834: no mailbox answers with its holiday notice, and lists do not forward it.
    mail["Auto-Submitted"] = "auto-generated"
    if delivery.payload.get("urgent"):
        mail["Importance"], mail["X-Priority"] = "high", "1"
    mail.set_content(str(delivery.payload["text"]), cte="base64")
    if html := str(delivery.payload.get("html") or ""):
        mail.add_alternative(html, subtype="html", cte="base64")
    return mail


def message_id(delivery: str, sender: Sender) -> str:
    """
    >>> message_id("mjwaid1k10", Sender("alarm@fengshu.example", "枫树社区"))
    '<mjwaid1k10@fengshu.example>'
    """
    return f"<{delivery}@{sender.address.rpartition('@')[2]}>"


def _header(delivery: Delivery, name: str) -> str:
    value = str(delivery.payload.get(name) or "")
    if any(ord(sign) < 32 or ord(sign) == 127 for sign in value):
        raise InvalidMail(f"{name} contains a line end or control character")
    return value
