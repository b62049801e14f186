"""Secrets in the dependencies of the console do not show themselves."""

from __future__ import annotations

from domain.secret import Secret


def test_a_secret_does_not_show_itself() -> None:
    secret = Secret("hunter2")

    assert (repr(secret), str(secret), f"{secret}", secret.reveal()) == ("***", "***", "***", "hunter2")
