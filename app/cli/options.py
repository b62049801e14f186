"""What all commands share: expected trouble told without a traceback, and the kinds of path they take."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from app.cli.init import FolderInUse
from app.config.addresses import BadAddress
from app.config.settings import MissingSecret
from app.config.yaml_files import WrittenError
from app.datadir.control_socket import Answered
from app.datadir.credentials import BadToken, InUse
from app.mqtt_client import BrokerUnavailable
from app.server.channels import ChannelNotConfigured
from store.errors import IdentityTaken

EXPECTED = (
    WrittenError,
    IdentityTaken,
    BrokerUnavailable,
    ChannelNotConfigured,
    Answered,
    FolderInUse,
    BadToken,
    InUse,
    BadAddress,
    MissingSecret,
)
"""What a person can put right: told in its own words, without a traceback."""

F = TypeVar("F", bound=Callable[..., Any])
FOLDER = click.Path(path_type=Path, file_okay=False)
FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


def told(command: F) -> F:
    """Shows expected trouble as it was worded and ends with 1."""

    @wraps(command)
    def run(*args: Any, **options: Any) -> Any:
        try:
            return command(*args, **options)
        except EXPECTED as trouble:
            click.echo(str(trouble), err=True)
            sys.exit(1)

    return run  # type: ignore[return-value]
