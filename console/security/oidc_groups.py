"""Roles and places from the groups that an identity provider names in its ID token. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from console.security.auth import AccessRole


class GroupRole(msgspec.Struct, frozen=True):
    """What a member of a group may do here: a role, in this place and below (None: everywhere)."""

    group: str
    role: AccessRole
    place: str | None = None


def groups_of(claims: Mapping[str, Any], path: str) -> frozenset[str]:
    """The groups in a claim: a list of names, or one name. A dot leads into an object: `realm_access.roles`.

    A claim whose own name has dots, as an address has, is found by its whole name first. Anything else names no group.

    >>> sorted(groups_of({"realm_access": {"roles": ["duty", 5]}}, "realm_access.roles"))
    ['duty']
    """
    value: Any = claims
    for name in [path] if path in claims else path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    names = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    return frozenset(name for name in names if isinstance(name, str))


def role_of_groups(groups: frozenset[str], mapping: Sequence[GroupRole]) -> GroupRole | None:
    """The first line of the mapping whose group is among these: the order of the lines decides. None: no line is."""
    return next((line for line in mapping if line.group in groups), None)
