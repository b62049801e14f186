"""How platforms' names for devices are compared. It knows no device."""

from __future__ import annotations

import re
from typing import Final

_EITHER_CASE: Final = frozenset({"chirpstack", "shelly"})
_IEEE: Final = re.compile(r"0[xX][0-9a-fA-F]{16}")


def in_either_case(platform: str, identity: str) -> bool:
    """Whether it is the same name in capitals and in small letters: EUIs, IEEE addresses and hexadecimal ends are."""
    return platform in _EITHER_CASE or _IEEE.fullmatch(identity) is not None


def canonical(platform: str, identity: str) -> str:
    """An identity as it is compared.

    >>> canonical("chirpstack", "0101010101ABCDEF"), canonical("zigbee2mqtt", "0x000D6F0014F7BF0F")
    ('0101010101abcdef', '0x000d6f0014f7bf0f')
    >>> canonical("zigbee2mqtt", "Kitchen Gas"), canonical("shelly", "shellygas-10521CF29E99")
    ('Kitchen Gas', 'shellygas-10521cf29e99')
    """
    return identity.lower() if in_either_case(platform, identity) else identity
