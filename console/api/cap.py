"""`/cap/alerts/{id}.xml` and `/cap/feed.xml`: alerts in the Common Alerting Protocol, for city platforms."""

from __future__ import annotations

from typing import Final

from fastapi import Request
from starlette.responses import Response

from console.api.alerts import require_visible_alert, seen_by
from console.api.devices import visible_places
from console.http.openapi import documented_router
from console.http.personal_data import ALERT_FIELDS, gathered_reads
from console.http.requests import Deps, PageParams
from console.http.requirements import CurrentUser, NonLinkUser
from console.views import cap, cap_feed
from console.views.cap_area import cap_area
from domain import Ledger
from store.database.alerts.feed import list_changed

router = documented_router(prefix="/cap", tags=["cap"])

FEED_ALERTS_MAX: Final = 100
VISIBLE_ONLY: Final = {"Cache-Control": "private, no-cache"}
"""A copy may be stored by the client and must be validated: what a token sees differs by token."""


class CapMessage(Response):
    """A CAP 1.2 message."""

    media_type = cap.MEDIA_TYPE


class AtomFeed(Response):
    """An Atom feed."""

    media_type = cap_feed.FEED_TYPE


@router.get(
    "/alerts/{alert_id}.xml",
    summary="One alert as a CAP 1.2 message",
    response_class=CapMessage,
    dependencies=[gathered_reads(ALERT_FIELDS)],
)
async def get_cap_message(request: Request, deps: Deps, user: CurrentUser, alert_id: str) -> Response:
    view = await require_visible_alert(deps, user, alert_id)
    area = cap_area(deps.registry.community(), view["place"], view["address"])
    text = cap.document(view, area, deps.site.name, deps.site.zone)
    return conditional_response(request, text, cap.MEDIA_TYPE, cap_feed.validator([text]))


@router.get(
    "/feed.xml",
    summary="Dangers as an Atom feed of CAP messages, the most recently changed first",
    response_class=AtomFeed,
    dependencies=[gathered_reads(ALERT_FIELDS)],
)
async def get_feed(request: Request, deps: Deps, user: NonLinkUser, pages: PageParams) -> Response:
    places = visible_places(deps, user, None)
    limit = min(pages.limit, FEED_ALERTS_MAX)
    page = await deps.database.read(lambda tx: list_changed(tx, Ledger.DANGER, places, limit, pages.after))
    cursor = pages.sign_cursor(page.next)
    items = [seen_by(deps, dict(view), user) for view in page.items]
    text = cap_feed.feed(items, deps.site.name, deps.site.zone, deps.clock(), cursor)
    versions = [f"{view['id']}-{view['updated_at']}-{view['severity']}" for view in page.items]
    return conditional_response(
        request, text, cap_feed.FEED_TYPE, cap_feed.validator([deps.site.name, pages.after, page.next, *versions])
    )


def conditional_response(request: Request, text: str, media_type: str, entity_tag: str) -> Response:
    """The document, or 304 when the client has this version (If-None-Match, RFC 9110 section 13.1.2)."""
    headers = {**VISIBLE_ONLY, "ETag": entity_tag}
    known = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    if entity_tag in known or "*" in known:
        return Response(status_code=304, headers=headers)
    return Response(text, media_type=media_type, headers=headers)
