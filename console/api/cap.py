"""`/cap/alerts/{id}.xml` and `/cap/feed.xml`: alerts for city platforms that speak the Common Alerting Protocol."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from console.api.alerts import seen_alert
from console.api.devices import seen_places
from console.http.authorization import Member, Who
from console.http.openapi import described_router
from console.http.requests import Asked
from console.views import cap
from domain import Ledger
from store.database.alerts import queries

router = described_router(prefix="/cap", tags=["cap"])

FEED_LENGTH: Final = 100


class CapMessage(Response):
    """A CAP 1.2 message."""

    media_type = cap.MEDIA_TYPE


class AtomFeed(Response):
    """An Atom feed."""

    media_type = cap.FEED_TYPE


@router.get("/alerts/{alert_id}.xml", summary="One alert as a CAP 1.2 message", response_class=CapMessage)
async def one_message(services: Asked, who: Who, alert_id: str) -> Response:
    view = await seen_alert(services, who, alert_id)
    return Response(cap.document(view, services.site.name, services.site.zone), media_type=cap.MEDIA_TYPE)


@router.get("/feed.xml", summary="The newest dangers as an Atom feed of CAP messages", response_class=AtomFeed)
async def newest(services: Asked, who: Member) -> Response:
    places = seen_places(services, who, None)
    wanted = queries.AlertFilter(ledger=Ledger.DANGER, place=None if places is None else sorted(places))
    page = await services.ledger.read(lambda tx: queries.page(tx, wanted, FEED_LENGTH))
    text = cap.feed(page.items, services.site.name, services.site.zone, services.clock())
    return Response(text, media_type=cap.FEED_TYPE)
