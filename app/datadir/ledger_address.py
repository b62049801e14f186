"""Where the ledger of a data directory is: in its file, or on a PostgreSQL server that settings or environment name.

DIR remembers the server (`DIR/ledger.url`, without the password), so that commands that know only DIR, and a service
that is started without the setting, open the ledger that the service wrote, and never an empty one beside it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from app.config.settings import LedgerSettings
from app.errors import UserError
from app.private_files import write_private
from store.database.database import sqlite_url

DATABASE_FILE: Final = "ledger.db"
ADDRESS_FILE: Final = "ledger.url"
URL_VARIABLE: Final = "FENGSHAO_LEDGER_URL"
PASSWORD_VARIABLE: Final = LedgerSettings().password_env
_SECRET_PARAMETERS: Final = frozenset({"password", "sslpassword"})
"""Of libpq. They would stand in DIR/ledger.url, in messages and in the arguments of pg_dump."""


class BadLedgerUrl(UserError):
    """The URL of the ledger is not one of a PostgreSQL database, or contradicts what is in DIR."""


def ledger_url(data: Path, settings: LedgerSettings | None = None, environ: Mapping[str, str] = os.environ) -> URL:
    """The URL of the ledger of DIR, with its password: by the environment, the settings, DIR/ledger.url, in this order;
    without any of them DIR/ledger.db. Raises BadLedgerUrl."""
    own = settings or LedgerSettings()
    remembered = _remembered(data)
    if given := environ.get(URL_VARIABLE, ""):
        url = parse_url(given, URL_VARIABLE)
    elif own.url:
        url = _with_password(own, "ledger.url", environ)
    elif remembered is not None:
        url = _with_password(remembered, str(data / ADDRESS_FILE), environ)
    else:
        return make_url(sqlite_url(data / DATABASE_FILE))
    if remembered is None and (data / DATABASE_FILE).exists():
        raise BadLedgerUrl(
            f"the ledger of {data} is in {DATABASE_FILE}, and {printable(url)} is named: take it there with"
            f" `fengshao migrate ledger --data {data} --to URL`, or remove the file if it is not wanted"
        )
    return url


def parse_url(text: str, source: str) -> URL:
    """The URL of a PostgreSQL database; `source` names the setting at fault. Raises BadLedgerUrl, without the text,
    which may hold a password."""
    try:
        url = make_url(text)
    except ArgumentError:
        raise BadLedgerUrl(f"{source}: no URL: write postgresql://USER@HOST:5432/DATABASE") from None
    if url.drivername not in ("postgresql", "postgres") or not url.database:
        raise BadLedgerUrl(f"{source}: no PostgreSQL database: write postgresql://USER@HOST:5432/DATABASE")
    if _SECRET_PARAMETERS & url.query.keys():
        raise BadLedgerUrl(f"{source}: a password in its parameters: set it in the environment as {PASSWORD_VARIABLE}")
    return url.set(drivername="postgresql")


def remember(data: Path, url: URL, password_env: str = "") -> None:
    """Keep the address in DIR, without its password."""
    file = data / ADDRESS_FILE
    text = f"{without_password(url).render_as_string()}\n{password_env or LedgerSettings().password_env}\n"
    if not file.exists() or file.read_text("utf-8") != text:
        write_private(file, text)


def forget(data: Path) -> None:
    """From now on the ledger is in DIR/ledger.db."""
    (data / ADDRESS_FILE).unlink(missing_ok=True)


def has_ledger(data: Path, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether DIR has a ledger, in its file or on a server."""
    on_server = (data / ADDRESS_FILE).exists() or bool(environ.get(URL_VARIABLE, ""))
    return on_server or (data / DATABASE_FILE).exists()


def without_password(url: URL) -> URL:
    """The URL without its password. `URL.set(password=None)` keeps it."""
    return URL.create(url.drivername, url.username, None, url.host, url.port, url.database, url.query)


def printable(url: URL) -> str:
    """The URL with *** for the password."""
    return url.render_as_string(hide_password=True)


def _remembered(data: Path) -> LedgerSettings | None:
    try:
        lines = (data / ADDRESS_FILE).read_text("utf-8", "replace").splitlines()
    except FileNotFoundError:
        return None
    if len(lines) != 2:
        raise BadLedgerUrl(
            f"{data / ADDRESS_FILE}: is damaged: write the URL of the ledger, without its password, into the first "
            f"line and {LedgerSettings().password_env} into the second"
        )
    url, password_env = lines
    return LedgerSettings(url=url, password_env=password_env)


def _with_password(settings: LedgerSettings, source: str, environ: Mapping[str, str]) -> URL:
    """Without the variable no password is sent: the server may trust the socket, a certificate or a password file."""
    url = parse_url(settings.url, source)
    if url.password is not None:
        raise BadLedgerUrl(f"{source}: a password stands in it: set it in the environment as {settings.password_env}")
    return url.set(password=environ.get(settings.password_env) or None)
