"""What all commands share: user errors printed without a traceback, and the kinds of path they take."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from app.errors import UserError
from store.errors import IdentityTaken

F = TypeVar("F", bound=Callable[..., Any])
FOLDER = click.Path(path_type=Path, file_okay=False)
FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


def report_user_errors(command: F) -> F:
    """Print a UserError as one message on stderr and exit with 1; any other exception keeps its traceback.

    IdentityTaken is the store's own error for something the operator can put right as well.
    """

    @wraps(command)
    def run(*args: Any, **options: Any) -> Any:
        try:
            return command(*args, **options)
        except (UserError, IdentityTaken) as error:
            click.echo(str(error), err=True)
            sys.exit(1)

    return run  # type: ignore[return-value]
