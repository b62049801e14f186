"""Problem documents (RFC 9457)."""

from __future__ import annotations

from console.http.problems import format_path


def test_a_field_path_is_formatted_as_text() -> None:
    assert format_path((2, "identities", 0, "platform")) == "[2].identities[0].platform"
    assert format_path(()) == ""
