"""Groups of an ID token: the shapes that providers use, and which line of a mapping counts."""

from __future__ import annotations

from typing import Any

import pytest

from console.security.auth import AccessRole
from console.security.oidc_groups import GroupRole, groups_of, role_of_groups

DUTY, CHIEF = GroupRole("duty", AccessRole.OPERATOR, "c1"), GroupRole("chief", AccessRole.DISPATCHER)


@pytest.mark.parametrize(
    ("claims", "path", "groups"),
    [
        ({"groups": ["duty", "x"]}, "groups", {"duty", "x"}),
        ({"groups": "duty"}, "groups", {"duty"}),
        ({"realm_access": {"roles": ["duty"]}}, "realm_access.roles", {"duty"}),
        ({"https://id.example/groups": ["duty"]}, "https://id.example/groups", {"duty"}),
        ({"groups": [1, None, {"duty": 1}]}, "groups", set()),
        ({"groups": {"duty": True}}, "groups", set()),
        ({}, "realm_access.roles", set()),
    ],
)
def test_groups_are_found_in_the_shapes_of_providers(claims: dict[str, Any], path: str, groups: set[str]) -> None:
    assert groups_of(claims, path) == groups


def test_the_first_line_that_fits_counts() -> None:
    assert role_of_groups(frozenset({"duty", "chief"}), (CHIEF, DUTY)) is CHIEF
    assert role_of_groups(frozenset({"duty"}), (CHIEF, DUTY)) is DUTY
    assert role_of_groups(frozenset({"other"}), (CHIEF, DUTY)) is None
