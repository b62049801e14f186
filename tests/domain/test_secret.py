"""A secret is never shown by mistake."""

from __future__ import annotations

from domain.secret import Secret


def test_a_secret_shows_itself_only_when_asked() -> None:
    secret = Secret("hunter2")

    assert "hunter2" not in f"{secret} {secret!r} {[secret]} {vars(secret).keys()}"
    assert secret.reveal() == "hunter2"
