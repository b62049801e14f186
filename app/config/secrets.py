"""Reads secrets from environment variables: they never stand in a file of the site."""

from __future__ import annotations

import os
from collections.abc import Mapping

from app.errors import UserError
from domain.secret import Secret


class MissingSecret(UserError):
    """The environment variable of a configured secret is not set."""

    def __init__(self, variable: str, user: str) -> None:
        super().__init__(
            f"{user}: the environment variable {variable} is not set; set it, or remove {user} from site.yaml"
        )


def read_secret(variable: str, user: str, environ: Mapping[str, str] = os.environ) -> Secret:
    """The secret in `variable`. Raises MissingSecret, which names `user`, the setting that needs it."""
    value = environ.get(variable, "")
    if not value:
        raise MissingSecret(variable, user)
    return Secret(value)
