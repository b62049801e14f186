"""How identities of devices are compared, and which of them are secrets."""

from __future__ import annotations

import hashlib
import re
from typing import Final

_CASE_INSENSITIVE: Final = frozenset({"chirpstack", "shelly"})
_IEEE: Final = re.compile(r"0[xX][0-9a-fA-F]{16}")

_SECRET: Final = frozenset({"thingsboard"})
"""Platforms whose identity of a device is its access token: with it, messages can be sent in its name."""

_IN_TOPIC: Final = re.compile(
    r"(?:(?<=^v1/devices/)|(?<=/v1/devices/)|(?<=/api/v1/)|(?<=^api/v1/))(?!me/)[^/\s'\"]+(?=/)"
)
"""The token in ThingsBoard's device topics and addresses."""


def is_case_insensitive(platform: str, identity: str) -> bool:
    """Whether case is ignored: it is in EUIs, IEEE addresses and hexadecimal suffixes."""
    return platform in _CASE_INSENSITIVE or _IEEE.fullmatch(identity) is not None


def canonical(platform: str, identity: str) -> str:
    """An identity in the form in which it is compared.

    >>> canonical("chirpstack", "0101010101ABCDEF"), canonical("zigbee2mqtt", "0x000D6F0014F7BF0F")
    ('0101010101abcdef', '0x000d6f0014f7bf0f')
    >>> canonical("zigbee2mqtt", "Kitchen Gas"), canonical("shelly", "shellygas-10521CF29E99")
    ('Kitchen Gas', 'shellygas-10521cf29e99')
    """
    return identity.lower() if is_case_insensitive(platform, identity) else identity


def is_secret(platform: str | None) -> bool:
    """Whether identities of this platform are secrets."""
    return platform in _SECRET


def hidden(secret: str) -> str:
    """A fingerprint of a secret: secrets can be distinguished by it and not recovered from it.

    >>> hidden("A1_TEST_TOKEN")
    'token-112293d9'
    """
    return f"token-{hashlib.sha256(secret.encode('utf-8', 'replace')).hexdigest()[:8]}"


def hidden_in_topic(topic: str) -> str:
    """A topic or an address with its token replaced by a fingerprint.

    >>> hidden_in_topic("v1/devices/A1_TEST_TOKEN/telemetry"), hidden_in_topic("v1/devices/me/telemetry")
    ('v1/devices/token-112293d9/telemetry', 'v1/devices/me/telemetry')
    """
    return _IN_TOPIC.sub(lambda found: hidden(found[0]), topic)


def secrets_of(platform: str | None, identity: str | None, topic: str) -> list[str]:
    """The secrets of a message: its identity where that is a secret, and a token in its topic."""
    own = [identity] if identity and is_secret(platform) else []
    return [*own, *_IN_TOPIC.findall(topic)]


def shown(platform: str | None, identity: str) -> str:
    """An identity as it may be shown to every user.

    >>> shown("thingsboard", "A1_TEST_TOKEN"), shown("zigbee2mqtt", "kitchen")
    ('token-112293d9', 'kitchen')
    """
    return hidden(identity) if is_secret(platform) else identity
