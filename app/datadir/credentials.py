"""Credentials in a data directory, mode 0600: admin token, signing key; the MQTT client id is derived from the key."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from app.errors import UserError
from domain.secret import Secret
from ingest.http_push.signatures import SIGNATURE_CHECKS

TOKEN_VARIABLE = "FENGSHAO_ADMIN_TOKEN"  # noqa: S105 (a name, not a token)
TOKEN_FILE = "admin.token"  # noqa: S105
TOKEN_LENGTH_MIN = 16


class WeakToken(UserError):
    """The admin token in the environment is shorter than TOKEN_LENGTH_MIN."""


def _read_or_create(path: Path) -> tuple[str, bool]:
    """The text of the file and False; without a file creates one with 256 random bits and returns them and True."""
    try:
        return path.read_text("ascii").strip(), False
    except FileNotFoundError:
        text = secrets.token_urlsafe(32)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text + "\n")
        return text, True


def admin_token(data: Path, environ: Mapping[str, str] = os.environ) -> tuple[str, bool]:
    """The admin token, and whether it was created now, so that it must be shown once. Raises WeakToken."""
    given = environ.get(TOKEN_VARIABLE, "")
    if not given:
        return _read_or_create(data / TOKEN_FILE)
    if len(given) < TOKEN_LENGTH_MIN:
        raise WeakToken(f"{TOKEN_VARIABLE} has {len(given)} characters: write at least {TOKEN_LENGTH_MIN}, random ones")
    return given, False


def signing_key(data: Path) -> str:
    """The key that signs sessions and workers' links; stable across restarts."""
    return _read_or_create(data / "signing.key")[0]


def mqtt_client_id(data: Path) -> str:
    """MQTT client id of this data directory, stable across restarts.

    Unique per directory, because two services with one client id would take over each other's sessions and alarms.
    """
    return f"fengshao-{hashlib.sha256(b'session ' + signing_key(data).encode()).hexdigest()[:6]}"


def push_secrets(environ: Mapping[str, str]) -> dict[str, Secret]:
    """Platform -> token that signs its pushes, from environment variables such as `FENGSHAO_IOTDA_PUSH_TOKEN`."""
    tokens = {platform: environ.get(f"FENGSHAO_{platform.upper()}_PUSH_TOKEN", "") for platform in SIGNATURE_CHECKS}
    return {platform: Secret(token) for platform, token in tokens.items() if token}
