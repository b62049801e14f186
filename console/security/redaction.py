"""What only the keeper of the registry sees of devices: names that are also keys, and attributes that are secrets.

Pure: no request and no store. Everybody else sees a fingerprint, the same wherever the same secret would stand.
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
    """A device's view as this reader may see it."""
    if user.sees_secrets:
        return dict(view)
    attributes = {name: HIDDEN if is_secret_name(name) else value for name, value in view["attributes"].items()}
    return {**view, "identities": _redact_identities(view["identities"]), "attributes": attributes}


def redact_unregistered_device(view: Mapping[str, Any], user: Principal) -> dict[str, Any]:
    """A device to claim as this reader may see it."""
    if user.sees_secrets:
        return dict(view)
    own = [one["id"] for one in view["identities"] if is_secret(one["platform"])]
    told = {name: _hide_secrets(view[name], own) for name in ("identity", "vendor", "model", "name", "obstacle")}
    return {**view, **told, "identities": _redact_identities(view["identities"])}


def redact_refusal(view: Mapping[str, Any], user: Principal) -> dict[str, Any]:
    """A refusal's view, still without its payload, as this reader may see it."""
    if user.sees_secrets:
        return dict(view)
    own = secrets_of(view["platform"], view["identity"], view["topic"])
    return {**view, **{name: _hide_secrets(view[name], own) for name in ("topic", "detail", "identity")}}


def redact_payload(one: Refusal, user: Principal) -> bytes:
    """A refused message's bytes as this reader may see them."""
    payload = one.payload
    if user.sees_secrets:
        return payload
    for secret in secrets_of(one.platform, one.identity, one.topic):
        payload = payload.replace(secret.encode(), hidden(secret).encode())
    try:
        return _JSON_FIELD.sub(_redact_field, payload.decode()).encode()
    except UnicodeDecodeError:
        return payload


def _redact_field(found: re.Match[str]) -> str:
    return f'{found[1]}"{HIDDEN}"' if is_secret_name(found["name"]) else found[0]


def _redact_identities(written: Any) -> list[dict[str, str]]:
    return [{**one, "id": hidden(one["id"]) if is_secret(one["platform"]) else one["id"]} for one in written]


def _hide_secrets(text: str | None, secrets: list[str]) -> str | None:
    for secret in secrets:
        text = None if text is None else text.replace(secret, hidden(secret))
    return text
