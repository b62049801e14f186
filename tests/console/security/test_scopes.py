"""What a token may do within its scope."""

from __future__ import annotations

import pytest

from console.security.scopes import TokenScope, is_in_scope


@pytest.mark.parametrize(
    ("scope", "method", "path", "allowed"),
    [
        (None, "DELETE", "users/li", True),
        ("read", "GET", "people", True), ("read", "POST", "alerts/1/acknowledge", False),
        ("read", "DELETE", "session", True),
        ("actions", "POST", "alerts/1/acknowledge", True), ("actions", "POST", "silences", True),
        ("actions", "PUT", "people/x", False), ("actions", "GET", "people", True),
        ("actions", "POST", "tokens", False),
        ("actions", "POST", "rules/gas-low/reset", True), ("actions", "PUT", "rules/books/gas", False),
        ("actions", "POST", "rules/books/gas/remove", False), ("actions", "POST", "rules/reload", False),
        ("actions", "POST", "reports/5/verify", True), ("actions", "POST", "reports/erase", False),
        ("devices", "PUT", "devices/x", True), ("devices", "GET", "refusals", True),
        ("devices", "GET", "people", False),
        ("devices", "GET", "alerts", False), ("devices", "POST", "users", False), ("devices", "GET", "session", True),
    ],
)  # fmt: skip
def test_a_scope_is_a_part_of_the_role(scope: str | None, method: str, path: str, allowed: bool) -> None:
    named = None if scope is None else TokenScope(scope)
    assert is_in_scope(named, method, f"/api/v1/{path}") is allowed


def test_the_scope_of_devices_reaches_no_page_outside_the_api() -> None:
    assert not is_in_scope(TokenScope.DEVICES, "GET", "/cap/feed.xml")
    assert is_in_scope(TokenScope.READ, "GET", "/cap/feed.xml")
