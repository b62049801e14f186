"""Passwords of a broker's users: generated, hashed as Mosquitto does, and kept in a file of mode 0600.

A hash is PBKDF2 with SHA-512. Its salt is ASCII text, so that one hash serves Mosquitto, which has the salt in base64,
and EMQX, whose import file has it as it is.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from msgspec import Struct

from app.errors import UserError

PASSWORD_FILE: Final = "passwords"  # noqa: S105 (a file's name)
ITERATIONS: Final = 101
"""As mosquitto_passwd. A generated password has 192 random bits, which more rounds would not make harder to guess, and
the broker hashes on its only thread."""
_KEY_BYTES: Final = 64
_SALT_CHARACTERS: Final = 12
"""Mosquitto 2.0 accepts no other length."""
_PASSWORD_BYTES: Final = 24
_HASH: Final = re.compile(r"\$7\$(\d{1,7})\$([A-Za-z0-9+/=]+)\$([A-Za-z0-9+/=]+)")


class InvalidPasswordFile(UserError):
    """A line of the password file is not one of Mosquitto's; the message names it."""


class PasswordHash(Struct, frozen=True):
    """The hash of a password. `salt` is text of ASCII characters."""

    iterations: int
    salt: str
    key: bytes

    def __str__(self) -> str:
        """As Mosquitto writes it: `$7$iterations$salt$key`, both in base64."""
        salt, key = (base64.b64encode(part).decode("ascii") for part in (self.salt.encode("ascii"), self.key))
        return f"$7${self.iterations}${salt}${key}"

    def matches(self, password: str) -> bool:
        return hmac.compare_digest(_derive(password, self.salt, self.iterations), self.key)


def new_password() -> str:
    """A password of 192 random bits, without characters that a shell or a URL reads as more than themselves."""
    return secrets.token_urlsafe(_PASSWORD_BYTES)


def hash_password(password: str, salt: str | None = None) -> PasswordHash:
    """The hash with a new salt, or with the given one."""
    salt = salt or secrets.token_urlsafe(_SALT_CHARACTERS)[:_SALT_CHARACTERS]
    return PasswordHash(ITERATIONS, salt, _derive(password, salt, ITERATIONS))


def _derive(password: str, salt: str, iterations: int) -> bytes:
    return hashlib.pbkdf2_hmac("sha512", password.encode(), salt.encode("ascii"), iterations, _KEY_BYTES)


def parse_hash(text: str) -> PasswordHash | None:
    """A hash as Mosquitto writes it; None for anything else, such as one whose salt is no text."""
    found = _HASH.fullmatch(text)
    if found is None:
        return None
    try:
        salt, key = base64.b64decode(found[2], validate=True).decode("ascii"), base64.b64decode(found[3], validate=True)
    except ValueError:
        return None
    return PasswordHash(int(found[1]), salt, key)


def read_passwords(path: Path) -> dict[str, PasswordHash]:
    """Users and the hashes of their passwords; empty without a file. Raises InvalidPasswordFile."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except FileNotFoundError:
        return {}
    passwords = {}
    for number, line in enumerate(lines, 1):
        user, colon, text = line.partition(":")
        value = parse_hash(text) if colon else None
        if value is None:
            raise InvalidPasswordFile(
                f"{path}:{number}: not `user:$7$iterations$salt$key` as `fengshao broker passwords` writes it: "
                "delete the line, and give the user a new password"
            )
        passwords[user] = value
    return passwords


def read_password_lines(path: Path) -> dict[str, str]:
    """Users and their hashes as they stand in the file, whoever wrote them: `mosquitto_passwd` takes any bytes as salt.

    A line without a colon has no user and is left out.
    """
    try:
        lines = path.read_text("utf-8", "surrogateescape").splitlines()
    except FileNotFoundError:
        return {}
    return {user: text for user, colon, text in (line.partition(":") for line in lines) if colon and user}


def mosquitto_passwords(passwords: Mapping[str, PasswordHash | str]) -> str:
    """`password_file` of Mosquitto."""
    return "".join(f"{user}:{value}\n" for user, value in passwords.items())


def emqx_passwords(passwords: Mapping[str, PasswordHash]) -> str:
    """The CSV that EMQX 5 imports into its built-in database (`pbkdf2`, `sha512`, 101 iterations, 64 bytes)."""
    rows = (f"{user},{value.key.hex()},{value.salt},false" for user, value in passwords.items())
    return "\n".join(["user_id,password_hash,salt,is_superuser", *rows, ""])


def generate_passwords(
    known: Mapping[str, PasswordHash], users: Iterable[str], renew: Iterable[str] = ()
) -> tuple[dict[str, PasswordHash], dict[str, str]]:
    """The password file's new content, and the passwords that were made now, by user.

    A user keeps his password unless `renew` names him; who is not among `users` any more has none.
    """
    renewed, hashes, made = set(renew), dict[str, PasswordHash](), dict[str, str]()
    for user in users:
        if user in known and user not in renewed:
            hashes[user] = known[user]
        else:
            made[user] = new_password()
            hashes[user] = hash_password(made[user])
    return hashes, made
