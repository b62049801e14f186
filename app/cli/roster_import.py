"""Imports an iCalendar file into the roster: through the running service, or into the database of one that is down."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlencode

from sqlalchemy import Connection

from alerts.roster.ical_import import CalendarImport, ImportSettings, read_calendar
from alerts.roster.ical_lines import BadCalendar
from app.cli.database import with_database
from app.clock import Clock
from app.config.catalog import load_roles
from app.config.faults import ConfigError, ConfigFault
from app.config.site import site_zone
from app.datadir.control_socket import ServiceNotRunning, upload
from console.api.calendars import store_calendar
from domain import Instant
from store.database import registry
from store.database.system import audit

BY = "command line"


def import_calendar(file: Path, data: Path, site: Path | None, given: dict[str, str]) -> tuple[int, int]:
    """Import a calendar; `given` are person, cell and role of events that name none. Raises ConfigError."""
    content = file.read_bytes()
    try:
        answer = upload(data, f"/api/v1/rosters/import?{urlencode(given)}", content)
        return len(answer["duties"]), len(answer["overrides"])
    except ServiceNotRunning:
        found = with_database(data, lambda tx: _import(tx, file, content, site, given, Clock()()))
        return len(found.duties), len(found.overrides)


def _import(
    tx: Connection, file: Path, content: bytes, site: Path | None, given: dict[str, str], now: Instant
) -> CalendarImport:
    community, roles = registry.community(tx), load_roles(site)
    known = {"person": community.people, "cell": community.cells, "role": roles}
    unknown = [name for name, value in given.items() if value not in known[name]]
    if unknown:
        message = "{!r} does not exist in the registry: import the site first"
        raise ConfigError([ConfigFault(str(file), 1, 1, name, message.format(given[name])) for name in unknown])
    names = {name: found.zh for name, found in roles.items()}
    try:
        found = read_calendar(content, community, ImportSettings(site_zone(site), now, names, made_by=BY, **given))
    except BadCalendar as error:
        raise ConfigError(
            [ConfigFault(str(file), fault.line, 1, fault.field, fault.message) for fault in error.faults]
        ) from None
    store_calendar(tx, found, now)
    detail = {"duties": len(found.duties), "overrides": len(found.overrides)}
    audit.record(tx, now, BY, "calendar imported", detail)
    return found
