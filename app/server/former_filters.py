"""Filters that the broker may still hold for our session from an earlier start, when the site has others now."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection

from app.config.site import SiteConfig
from domain import Instant
from ingest.routing.routes import Routes
from store.database.database import Database
from store.database.system import key_values

KEY: Final = "filters"
FILTERS_MAX: Final = 1_000


def former_filters(database: Database, config: SiteConfig, now: Instant) -> list[str]:
    """All filters that this data directory ever subscribed to; the present ones are stored for the next start.

    A start without a reachable broker has unsubscribed from nothing: so filters are dropped from the list only beyond
    FILTERS_MAX.
    """
    present = list(Routes(config.settings.intake.filters).subscriptions)

    def update(tx: Connection) -> list[str]:
        stored = list(key_values.get(tx, KEY, []))
        filters = list(dict.fromkeys([*present, *stored]))[:FILTERS_MAX]
        if filters != stored:
            key_values.put(tx, KEY, filters, now)
        return filters

    return database.write_blocking(update)
