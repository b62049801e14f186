"""Secrets come from environment variables."""

from __future__ import annotations

import pytest

from app.config.secrets import MissingSecret, read_secret


def test_a_missing_secret_names_its_variable_and_the_setting_that_needs_it() -> None:
    assert read_secret("TOKEN", "history", {"TOKEN": "s3cret"}).reveal() == "s3cret"
    for environ in ({}, {"TOKEN": ""}):
        with pytest.raises(MissingSecret, match=r"^history: the environment variable TOKEN is not set; .*site\.yaml"):
            read_secret("TOKEN", "history", environ)
