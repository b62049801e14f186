"""What DIR keeps to itself: the administrator's token and the signing key, mode 0600, and the lock of one service."""

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
    """The administrator's token in the environment is too short to be one."""


def _read_or_create(path: Path) -> tuple[str, bool]:
    """The text of this file, made of 256 random bits at its first use, and whether it is new."""
    try:
        return path.read_text("ascii").strip(), False
    except FileNotFoundError:
        text = secrets.token_urlsafe(32)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text + "\n")
        return text, True


def admin_token(data: Path, environ: Mapping[str, str] = os.environ) -> tuple[str, bool]:
    """The administrator's token and whether it was made just now (and must be shown once)."""
    given = environ.get(TOKEN_VARIABLE, "")
    if not given:
        return _read_or_create(data / TOKEN_FILE)
    if len(given) < TOKEN_LENGTH_MIN:
        raise WeakToken(f"{TOKEN_VARIABLE} has {len(given)} characters: write at least {TOKEN_LENGTH_MIN}, random ones")
    return given, False


def signing_key(data: Path) -> str:
    """What signs sessions and workers' links; the same after a restart."""
    return _read_or_create(data / "signing.key")[0]


def mqtt_client_id(data: Path) -> str:
    """Our name at the broker: the same after a restart, and no other DIR's, or that one would get our alarms."""
    return f"fengshao-{hashlib.sha256(b'session ' + signing_key(data).encode()).hexdigest()[:6]}"


def push_secrets(environ: Mapping[str, str]) -> dict[str, Secret]:
    """The tokens with which platforms sign their pushes, from the environment: `FENGSHAO_IOTDA_PUSH_TOKEN`."""
    named = {platform: environ.get(f"FENGSHAO_{platform.upper()}_PUSH_TOKEN", "") for platform in SIGNATURE_CHECKS}
    return {platform: Secret(token) for platform, token in named.items() if token}
