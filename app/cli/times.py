"""Parses times and durations of command line options, in the zone of the site."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

from app.config.site import site_zone
from app.datadir.control_socket import ServiceNotRunning, request
from app.errors import UserError
from domain import Instant
from domain.duration import parse_duration
from domain.times import parse_rfc3339


def zone_of(data: Path, site: Path | None) -> ZoneInfo:
    """The zone of local times: of the site whose service runs on DIR, else of `--site`, else the default."""
    try:
        return ZoneInfo(request(data, "GET", "/api/v1/session")["site"]["timezone"])
    except ServiceNotRunning:
        return site_zone(site)


def parse_time(text: str, zone: ZoneInfo) -> Instant:
    """An RFC 3339 time; one without an offset is local time of `zone`. Raises UserError."""
    try:
        return parse_rfc3339(text, zone)
    except ValueError as error:
        raise UserError(f"this is no RFC 3339 time: {text!r} (2026-11-21T22:05:00+08:00)") from error


def parse_since(text: str) -> int:
    """The duration of `--since` in ms. Raises UserError."""
    try:
        return parse_duration(text)
    except ValueError as error:
        raise UserError(f"--since is {error}") from error
