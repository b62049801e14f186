"""Redacts secrets of devices for everybody but the registry's administrator. Pure.

Secrets are identities that are also access tokens, and attributes with names such as `app_key`. A secret identity is
replaced by a fingerprint, which is the same everywhere, so that devices can still be told apart.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from console.security.auth import Principal
from domain.identities import hidden, is_secret, secrets_of
from ingest.results import Refusal

HIDDEN: Final = "***"

_SECRET_NAME: Final = re.compile(
    r"token|secret|passw|passphrase|pwd|psk|credential|(?:api|app|access|private|nwk|net|skey|master|auth|encrypt\w*)"
    r"[_ -]?s?[_ -]?key|^key$|密码|口令|密钥|令牌",
    re.IGNORECASE,
)
_JSON_FIELD: Final = re.compile(r'("(?P<name>(?:[^"\\]|\\.){1,100})"\s*:\s*)(?P<value>"(?:[^"\\]|\\.)*"?|[^\s,}\]]+)')


def is_secret_name(name: str) -> bool:
    """Whether an attribute or field of this name holds a secret.

    >>> is_secret_name("access_token"), is_secret_name("AppKey"), is_secret_name("设备密码"), is_secret_name("keypad")
    (True, True, True, False)
    """
    return _SECRET_NAME.search(name) is not None


def redact_device(view: Mapping[str, Any], user: Principal) -> dict[str, Any]:
    """A device's view for this user."""
    if user.sees_secrets:
        return dict(view)
    attributes = {name: HIDDEN if is_secret_name(name) else value for name, value in view["attributes"].items()}
    return {**view, "identities": _redact_identities(view["identities"]), "attributes": attributes}


def redact_unregistered_device(view: Mapping[str, Any], user: Principal) -> dict[str, Any]:
    """The view of an unregistered device for this user."""
    if user.sees_secrets:
        return dict(view)
    own = [identity["id"] for identity in view["identities"] if is_secret(identity["platform"])]
    redacted = {name: _hide_secrets(view[name], own) for name in ("identity", "vendor", "model", "name", "obstacle")}
    return {**view, **redacted, "identities": _redact_identities(view["identities"])}


def redact_refusal(view: Mapping[str, Any], user: Principal) -> dict[str, Any]:
    """A refusal's view without its payload, for this user."""
    if user.sees_secrets:
        return dict(view)
    own = secrets_of(view["platform"], view["identity"], view["topic"])
    return {**view, **{name: _hide_secrets(view[name], own) for name in ("topic", "detail", "identity")}}


def redact_payload(refusal: Refusal, user: Principal) -> bytes:
    """The payload of a refused message for this user."""
    payload = refusal.payload
    if user.sees_secrets:
        return payload
    for secret in secrets_of(refusal.platform, refusal.identity, refusal.topic):
        payload = payload.replace(secret.encode(), hidden(secret).encode())
    try:
        return _JSON_FIELD.sub(_redact_field, payload.decode()).encode()
    except UnicodeDecodeError:
        return payload


def _redact_field(match: re.Match[str]) -> str:
    return f'{match[1]}"{HIDDEN}"' if is_secret_name(match["name"]) else match[0]


def _redact_identities(identities: Any) -> list[dict[str, str]]:
    return [
        {**identity, "id": hidden(identity["id"]) if is_secret(identity["platform"]) else identity["id"]}
        for identity in identities
    ]


def _hide_secrets(text: str | None, secrets: list[str]) -> str | None:
    for secret in secrets:
        text = None if text is None else text.replace(secret, hidden(secret))
    return text
