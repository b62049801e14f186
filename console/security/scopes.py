"""Scopes of tokens: parts of what a role may do, for machines that need no more. Pure."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_API: Final = "/api/v1/"
_SESSION: Final = "session"
"""Who is logged in, and logging out: for every scope."""
_ACTIONS: Final = re.compile(r"(?:alerts|silences)(?:/.*)?|reports(?:/(?!erase$).*)?|rules/[^/]+/reset")
"""What people do about alerts. Rulebooks are published, and reports erased, outside of this scope."""
_DEVICE_ROOTS: Final = frozenset({"devices", "readings", "refusals", "places", "cells", "doctor"})


class TokenScope(StrEnum):
    """What a token may do of its role's permissions."""

    READ = "read"
    """Read everything the role may read; change nothing."""
    ACTIONS = "actions"
    """Read, and act on alerts, reports and silences; change no registry, roster or account."""
    DEVICES = "devices"
    """Devices, their readings, refused messages and places; no people, no alerts."""


def is_in_scope(scope: TokenScope | None, method: str, path: str) -> bool:
    """Whether a request is within a scope; without one every request is.

    >>> is_in_scope(TokenScope.READ, "GET", "/api/v1/people"), is_in_scope(TokenScope.READ, "POST", "/api/v1/people")
    (True, False)
    >>> is_in_scope(TokenScope.DEVICES, "GET", "/api/v1/people")
    False
    """
    if scope is None:
        return True
    below = path.removeprefix(_API)
    root = below.partition("/")[0]
    if root == _SESSION:
        return True
    is_read = method in SAFE_METHODS
    if scope is TokenScope.READ:
        return is_read
    if scope is TokenScope.ACTIONS:
        return is_read or _ACTIONS.fullmatch(below) is not None
    return path.startswith(_API) and root in _DEVICE_ROOTS
