"""Which filters the broker may still hold for our session from an earlier start, when the site has others since."""

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


def former_filters(ledger: Database, folder: SiteConfig, now: Instant) -> list[str]:
    """All filters that this DIR ever asked for, with the present ones, which are noted for the next start.

    A start that found the broker gone has taken nothing back yet: so none is forgotten before KEPT_MAX others came.
    """
    present = list(Routes(folder.settings.intake.filters).subscriptions)

    def work(tx: Connection) -> list[str]:
        before = list(key_values.get(tx, KEY, []))
        known = list(dict.fromkeys([*present, *before]))[:FILTERS_MAX]
        if known != before:
            key_values.put(tx, KEY, known, now)
        return known

    return ledger.write_blocking(work)
