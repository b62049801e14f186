"""`/cap/alerts/{id}.xml` and `/cap/feed.xml`: alerts in the Common Alerting Protocol, for city platforms."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from console.api.alerts import require_visible_alert
from console.api.devices import visible_places
from console.http.authorization import CurrentUser, NonLinkUser
from console.http.openapi import documented_router
from console.http.requests import Deps
from console.views import cap
from domain import Ledger
from store.database.alerts import queries

router = documented_router(prefix="/cap", tags=["cap"])

FEED_ALERTS_MAX: Final = 100


class CapMessage(Response):
    """A CAP 1.2 message."""

    media_type = cap.MEDIA_TYPE


class AtomFeed(Response):
    """An Atom feed."""

    media_type = cap.FEED_TYPE


@router.get("/alerts/{alert_id}.xml", summary="One alert as a CAP 1.2 message", response_class=CapMessage)
async def get_cap_message(deps: Deps, user: CurrentUser, alert_id: str) -> Response:
    view = await require_visible_alert(deps, user, alert_id)
    return Response(cap.document(view, deps.site.name, deps.site.zone), media_type=cap.MEDIA_TYPE)


@router.get("/feed.xml", summary="The newest dangers as an Atom feed of CAP messages", response_class=AtomFeed)
async def get_feed(deps: Deps, user: NonLinkUser) -> Response:
    places = visible_places(deps, user, None)
    filters = queries.AlertFilter(ledger=Ledger.DANGER, place=None if places is None else sorted(places))
    page = await deps.database.read(lambda tx: queries.list_alerts(tx, filters, FEED_ALERTS_MAX))
    text = cap.feed(page.items, deps.site.name, deps.site.zone, deps.clock())
    return Response(text, media_type=cap.FEED_TYPE)
