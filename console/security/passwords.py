"""Passwords of users: Argon2id hashes (RFC 9106), and what a new password must be.

The default parameters are the second recommended option of RFC 9106, section 4: 3 passes over 64 MiB with 4 lanes.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from typing import Final

import msgspec
from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from console import access_messages_zh

LENGTH_MIN: Final = 10
LENGTH_MAX: Final = 200
DIFFERENT_MIN: Final = 5
USER_PART_MIN: Final = 4
"""A user's name of so many characters must not be a part of his password."""
HASHES_AT_A_TIME: Final = 2
"""Each takes 64 MiB and a core for about 0.1 s: more logins at once wait. Unknown browsers have a queue of their own:
guesses from a thousand addresses do not make those wait who are in use of the console."""
_COMMON: Final = re.compile(r"password|qwerty|asdfgh|1q2w3e|123456|654321|abc123|admin|fengshao|woaini|5201314|1314")
_INITIAL_CHARACTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without characters that are easily confused: somebody reads it from a screen and types it."""


class HashCost(msgspec.Struct, frozen=True):
    """Parameters of Argon2id."""

    passes: int = 3
    memory_kib: int = 65_536
    lanes: int = 4


class Passwords:
    """Makes and checks hashes, two at a time of either queue, each in a thread."""

    def __init__(self, cost: HashCost | None = None) -> None:
        chosen = HashCost() if cost is None else cost
        self._hasher = PasswordHasher(
            time_cost=chosen.passes, memory_cost=chosen.memory_kib, parallelism=chosen.lanes, type=Type.ID
        )
        self._slots = asyncio.Semaphore(HASHES_AT_A_TIME)
        self._slots_of_unknown = asyncio.Semaphore(HASHES_AT_A_TIME)
        self._unknown: str | None = None

    def hash_blocking(self, password: str) -> str:
        """The hash with its parameters and salt, as a PHC string."""
        return self._hasher.hash(password)

    async def hash(self, password: str) -> str:
        """`hash_blocking` in a thread."""
        async with self._slots:
            return await asyncio.to_thread(self.hash_blocking, password)

    async def verify(self, stored: str | None, password: str, *, is_known: bool = True) -> bool:
        """Whether this is the password. Without a stored hash it takes as long, so that names cannot be told apart.

        `is_known`: of a session, or of a browser in which the user logged in before.
        """
        async with self._slots if is_known else self._slots_of_unknown:
            return await asyncio.to_thread(self._verify, stored, password)

    def is_outdated(self, stored: str) -> bool:
        """Whether the hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(stored)

    def _verify(self, stored: str | None, password: str) -> bool:
        if stored is None:
            self._unknown = self._unknown or self._hasher.hash(secrets.token_hex(16))
        try:
            return self._hasher.verify(stored or self._unknown or "", password) and stored is not None
        except (VerificationError, InvalidHashError):
            return False


def password_fault(password: str, user: str) -> str | None:
    """Why this password cannot be chosen; None when it can.

    Length counts, composition does not (NIST SP 800-63B): ten characters, not guessed first, not the user's name.
    """
    plain = password.casefold()
    if not LENGTH_MIN <= len(password) <= LENGTH_MAX:
        return access_messages_zh.PASSWORD_LENGTH.format(least=LENGTH_MIN, most=LENGTH_MAX)
    if len(user) >= USER_PART_MIN and user.casefold() in plain:
        return access_messages_zh.PASSWORD_HAS_NAME
    if len(set(plain)) < DIFFERENT_MIN or len(_COMMON.sub("", plain)) < USER_PART_MIN:
        return access_messages_zh.PASSWORD_TOO_COMMON
    return None


def initial_password() -> str:
    """A random password of 60 bits, to be changed at the first login: `xxxx-xxxx-xxxx`."""
    return "-".join("".join(secrets.choice(_INITIAL_CHARACTERS) for _ in range(4)) for _ in range(3))
