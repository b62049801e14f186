"""`/refusals` and `/audit`: what was not understood and why, and who did what. Newest first."""

from __future__ import annotations

import base64
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from console.api.asking import Asked, Pages, Text, asked_choices, asked_period, listed
from console.api.guarding import Witness, allowed
from console.auth import Principal
from domain import Reason
from store.ledger import audit, refusals

router = APIRouter(tags=["refusals"])

PAYLOAD_SHOWN: Final = 2_000


@router.get("/refusals", summary="Messages that did not become a reading, newest first")
async def list_refusals(
    services: Asked,
    who: Witness,
    pages: Pages,
    source: Text = None,
    reason: Text = None,
    since: Annotated[str | None, Query(alias="from")] = None,
    until: Annotated[str | None, Query(alias="to")] = None,
) -> Response:
    reasons = asked_choices("reason", [reason or ""], Reason)
    begin, end = asked_period(services, since, until)
    page = await services.ledger.read(
        lambda tx: refusals.page(
            tx,
            pages.limit,
            pages.after,
            source=source or None,
            reason=reasons[0] if reasons else None,
            since=begin,
            until=None if end is None else end + 1,
        )
    )
    views = [refusal_view(kept, with_payload=who.sees_names) for kept in page.items]
    return listed(services, views, pages.seal(page.next))


@router.get("/audit", tags=["audit"], summary="Who did what, newest first")
async def list_audit(
    services: Asked, _who: Annotated[Principal, Depends(allowed("audit"))], pages: Pages, actor: Text = None
) -> Response:
    page = await services.ledger.read(lambda tx: audit.page(tx, pages.limit, pages.after, actor=actor or None))
    views = [{"at": act.at, "actor": act.actor, "action": act.action, "detail": act.detail} for act in page.items]
    return listed(services, views, pages.seal(page.next))


def refusal_view(kept: refusals.Kept, *, with_payload: bool) -> dict[str, Any]:
    one = kept.refusal
    view = {
        "id": str(kept.n),
        "at": one.at,
        "source": one.source,
        "topic": one.topic,
        "reason": one.reason,
        "detail": one.detail,
        "platform": one.platform,
        "identity": one.identity,
        "danger": one.danger,
        "proposed_kind": one.proposed_kind,
    }
    return {**view, **payload_view(one.payload)} if with_payload else view


def payload_view(payload: bytes) -> dict[str, Any]:
    """The bytes as text when they are text, else as base64; only their head when they are many."""
    head = payload[:PAYLOAD_SHOWN]
    try:
        shown = {"payload": head.decode(), "payload_encoding": "text"}
    except UnicodeDecodeError:
        shown = {"payload": base64.b64encode(head).decode(), "payload_encoding": "base64"}
    return {**shown, "payload_bytes": len(payload)}
