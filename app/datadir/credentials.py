"""Credentials in a data directory, mode 0600: admin token, signing key; the MQTT client id is derived from the key."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import Connection

from app.config.unusable_settings import RAISING, UnusableSettings
from app.errors import UserError
from app.private_files import write_private
from domain import Instant
from domain.secret import Secret
from ingest.http_push.signatures import SIGNATURE_CHECKS
from store.database.database import Database
from store.database.system import key_values

TOKEN_VARIABLE = "FENGSHAO_ADMIN_TOKEN"  # noqa: S105 (a name, not a token)
TOKEN_FILE = "admin.token"  # noqa: S105
TOKEN_LENGTH_MIN = 16
SECRETS_TO_FILES = "FENGSHAO_SECRETS_TO_FILES"
PASSWORD_FILE = "first-user.password"  # noqa: S105
SIGNING_KEY = "signing.key"
"""The file in DIR, and the name in a ledger that several machines share."""


class WeakToken(UserError):
    """The admin token in the environment is shorter than TOKEN_LENGTH_MIN."""


def _read_or_create(path: Path) -> tuple[str, bool]:
    """The text of the file and False; without a file creates one with 256 random bits and returns them and True.

    A file that a power cut left empty, or full of zeros, counts as none: an empty token would let everybody in.
    """
    try:
        text = path.read_bytes().decode("ascii", "replace").strip()
    except FileNotFoundError:
        text = ""
    if text and text.isascii() and text.isprintable():
        return text, False
    text = secrets.token_urlsafe(32)
    write_private(path, text + "\n")
    return text, True


def admin_token(
    data: Path, environ: Mapping[str, str] = os.environ, unusable: UnusableSettings = RAISING
) -> tuple[str, bool]:
    """The admin token, and whether it was created now, so that it must be shown once.

    With `unusable` one that is too short is not accepted, and the one in DIR is in force; without it raises WeakToken.
    """
    given = unusable.attempt(TOKEN_VARIABLE, lambda: _given_token(environ), lambda _reason: "")
    if not given:
        return _read_or_create(data / TOKEN_FILE)
    return given, False


def _given_token(environ: Mapping[str, str]) -> str:
    given = environ.get(TOKEN_VARIABLE, "")
    if given and len(given) < TOKEN_LENGTH_MIN:
        raise WeakToken(f"{TOKEN_VARIABLE} has {len(given)} characters: write at least {TOKEN_LENGTH_MIN}, random ones")
    return given


def shown_secrets(data: Path, password: str | None) -> tuple[str, str | None]:
    """What is printed in place of the admin token and the first user's password, where that becomes a log.

    The password goes to a file of its own; the token is in one already.
    """
    if password is None:
        return f"in {data / TOKEN_FILE}", None
    file = data / PASSWORD_FILE
    write_private(file, password + "\n")
    return f"in {data / TOKEN_FILE}", f"in {file}; delete it after the first sign-in"


def signing_key(data: Path) -> str:
    """The key that signs sessions and workers' links; stable across restarts."""
    return _read_or_create(data / SIGNING_KEY)[0]


async def share_signing_key(data: Path, database: Database, now: Instant) -> None:
    """All machines on one ledger have one key: links, sessions and the broker's session are the same on each."""
    own = signing_key(data)

    def exchange(tx: Connection) -> str:
        shared = key_values.get(tx, SIGNING_KEY)
        if shared is None:
            key_values.put(tx, SIGNING_KEY, own, now)
        return own if shared is None else str(shared)

    shared = await database.write(exchange)
    if shared != own:
        write_private(data / SIGNING_KEY, shared + "\n")


def mqtt_client_id(data: Path) -> str:
    """MQTT client id of this data directory, stable across restarts.

    Unique per directory, because two services with one client id would take over each other's sessions and alarms.
    """
    return f"fengshao-{hashlib.sha256(b'session ' + signing_key(data).encode()).hexdigest()[:6]}"


def push_secrets(environ: Mapping[str, str]) -> dict[str, Secret]:
    """Platform -> token that signs its pushes, from environment variables such as `FENGSHAO_IOTDA_PUSH_TOKEN`."""
    tokens = {platform: environ.get(f"FENGSHAO_{platform.upper()}_PUSH_TOKEN", "") for platform in SIGNATURE_CHECKS}
    return {platform: Secret(token) for platform, token in tokens.items() if token}
