"""Random numbers by name: the same key gives the same numbers, whatever was drawn before.

A run may therefore be resumed at any day, and a fault that is switched on or off changes no draw of another.
"""

from __future__ import annotations

from hashlib import blake2b
from struct import unpack
from typing import Final

_BYTES: Final = 8
_RANGE: Final = float(2**64)


def draw(*key: object) -> float:
    """A number in [0, 1) for a key."""
    digest = blake2b("/".join(map(str, key)).encode(), digest_size=_BYTES).digest()
    return float(int.from_bytes(digest, "big") / _RANGE)


def draws(count: int, *key: object) -> tuple[float, ...]:
    """Several independent numbers in [0, 1) for a key; at most eight."""
    digest = blake2b("/".join(map(str, key)).encode(), digest_size=_BYTES * count).digest()
    return tuple(number / _RANGE for number in unpack(f">{count}Q", digest))
