"""Checks the signature of a push, for platforms that document one."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from typing import Final


def _check_iotda(headers: Mapping[str, str], token: str) -> bool:
    """IoTDA: SHA-256 of token, timestamp and nonce, sorted and concatenated.

    >>> headers = {"timestamp": "1767225660000", "nonce": "a1b2", "signature": "zz"}
    >>> _check_iotda(headers, "our-token"), _check_iotda({}, "our-token")
    (False, False)
    """
    parts = sorted((token, headers.get("timestamp", ""), headers.get("nonce", "")))
    expected = hashlib.sha256("".join(parts).encode()).hexdigest()
    return hmac.compare_digest(expected.encode(), headers.get("signature", "").lower().encode())


SIGNATURE_CHECKS: Final[dict[str, Callable[[Mapping[str, str], str], bool]]] = {"iotda": _check_iotda}
"""By platform: whether the headers (lower-case names) are signed with the token."""
