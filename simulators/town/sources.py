"""All sources of events of a town: every kind of device belongs to one of them."""

from __future__ import annotations

from simulators.town.citizens.source import CitizenSource
from simulators.town.rooms.source import RoomSource
from simulators.town.street.source import StreetSource
from simulators.town.town import EventSource


def all_sources() -> tuple[EventSource, ...]:
    """Those that need no optional library."""
    return (RoomSource(), StreetSource(), CitizenSource())
