"""`/refusals` and `/audit`: what was not understood and why, and who did what. Newest first."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any, Final

from fastapi import Depends, Query, Request
from msgspec import to_builtins
from pydantic import BaseModel, ConfigDict, TypeAdapter

from console import messages_zh
from console.http import examples
from console.http.authorization import Registrar, Witness, allowed
from console.http.openapi import Answer, described_router
from console.http.problems import Problem
from console.http.requests import Asked, Pages, Text, asked_choices, asked_period, listed, shown, written_one
from console.schemas import messages as schema
from console.schemas.parts import Page
from console.security.auth import Principal
from console.security.redaction import claimable_for, payload_for, refusal_for
from console.timestamps import typed
from domain import Instant, Lane, Reason
from ingest.frame import REPLAY, Frame
from ingest.results import Refusal
from store.database.refusals import refusals, replays
from store.database.refusals.unregistered_devices import claimable
from store.database.system import audit

router = described_router(tags=["refusals"])
audit_router = described_router(tags=["audit"])

PAYLOAD_SHOWN: Final = 2_000
REPLAYED_AT_ONCE: Final = 500


@router.get("/refusals", summary="Messages that did not become a reading, newest first")
async def list_refusals(
    services: Asked,
    who: Witness,
    pages: Pages,
    source: Text = None,
    reason: Text = None,
    identity: Annotated[str | None, Query(description="a device as its platform calls it")] = None,
    since: Annotated[str | None, Query(alias="from")] = None,
    until: Annotated[str | None, Query(alias="to")] = None,
) -> Answer[schema.Refusals]:
    reasons = asked_choices("reason", [reason or ""], Reason)
    begin, end = asked_period(services, since, until)
    wanted: dict[str, Any] = {
        "source": source or None,
        "reason": reasons[0] if reasons else None,
        "since": begin,
        "until": None if end is None else end + 1,
    }
    page = await services.ledger.read(
        lambda tx: refusals.page(tx, pages.limit, pages.after, identity=identity or None, **wanted)
    )
    sums = await services.ledger.read(lambda tx: refusals.sums(tx, **wanted))
    views = [typed(schema.Refusal, refusal_view(kept, who)) for kept in page.items]
    return shown(services, schema.Refusals(items=views, next=pages.seal(page.next), summary=summary(sums)))


class WrittenReplay(BaseModel):
    """Which refusals are tried again; nothing named means all of them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str | None = None
    reason: Reason | None = None
    identity: str | None = None


_REPLAY: Final = TypeAdapter(WrittenReplay)


@router.post(
    "/refusals/replay",
    summary="Try refused messages again, after a mapping was mended or a device registered",
    openapi_extra=examples.body({"reason": "unknown_device"}, _REPLAY),
)
async def replay(request: Request, services: Asked, who: Registrar) -> Answer[schema.Replayed]:
    if services.intake.accept is None:
        raise Problem(404, messages_zh.NOT_OFFERED)
    wanted = await written_one(request, _REPLAY)
    total = last = 0
    untried = partial(replays.untried, limit=REPLAYED_AT_ONCE, **wanted.model_dump())
    while found := await services.ledger.read(partial(untried, after=last)):
        # Journaled before they are marked: a crash in between tries some of them twice, and loses none.
        await services.intake.accept(frames_of(found))
        await services.ledger.run(partial(_tried, found=found, who=who, now=services.clock()))
        total, last = total + len(found), found[-1].n
    return shown(services, schema.Replayed(replayed=total))


@router.get("/claimable", summary="Devices that speak or are described and are not registered, dangers first")
async def list_claimable(services: Asked, who: Witness, pages: Pages) -> Answer[schema.Claimables]:
    found = await services.ledger.read(
        lambda tx: claimable(tx, pages.limit, services.registry.is_registered, services.registry.kind_like)
    )
    sums = await services.ledger.read(lambda tx: refusals.sums(tx, reason=Reason.UNKNOWN_DEVICE))
    beyond = {one.source for one in sums if one.counted}
    views = [
        typed(schema.Claimable, {**claimable_for(to_builtins(one), who), "at_least": one.platform in beyond})
        for one in found
    ]
    return shown(services, schema.Claimables(items=views, next=None, summary=summary(sums)))


def summary(sums: Sequence[refusals.Sum]) -> schema.RefusedSums:
    """What was refused in all. Beyond the limit of an hour messages are only counted: no list shows those."""
    return schema.RefusedSums(
        kept=sum(one.kept for one in sums),
        counted=sum(one.counted for one in sums),
        by=[typed(schema.RefusedSum, one) for one in sums],
    )


@router.get("/unmapped", summary="Fields that devices send and no mapping takes, the most frequent first")
async def list_unmapped(services: Asked, _who: Witness, pages: Pages) -> Answer[Page[schema.Unmapped]]:
    seen = sorted(services.intake.unmapped().items(), key=lambda one: (-one[1], one[0]))
    views = [
        schema.Unmapped(platform=platform, kind=kind, field=field, count=count)
        for (platform, kind, field), count in seen
    ]
    return listed(services, views[: pages.limit])


def frames_of(found: Sequence[refusals.Kept]) -> list[Frame]:
    """The messages as they came. One that named several strangers was refused once for each and comes once; equal
    bytes of one stranger are two messages (a button pressed twice)."""
    times = Counter((kept.lane, kept.pos, _frame(kept.refusal), kept.refusal.identity) for kept in found)
    most: dict[tuple[Lane, int, Frame], int] = {}
    for (lane, pos, frame, _), count in times.items():
        most[lane, pos, frame] = max(count, most.get((lane, pos, frame), 0))
    return [frame for (_, _, frame), count in most.items() for _ in range(count)]


def _frame(refusal: Refusal) -> Frame:
    return Frame(refusal.topic, refusal.payload, refusal.at, REPLAY, 1)


def _tried(tx: Any, found: Sequence[refusals.Kept], who: Principal, now: Instant) -> None:
    replays.tried(tx, found, now)
    audit.write(tx, now, who.token, "refusals replayed", {"messages": len(found)})


@audit_router.get("/audit", summary="Who did what, newest first")
async def list_audit(
    services: Asked, _who: Annotated[Principal, Depends(allowed("audit"))], pages: Pages, actor: Text = None
) -> Answer[Page[schema.Act]]:
    page = await services.ledger.read(lambda tx: audit.page(tx, pages.limit, pages.after, actor=actor or None))
    return listed(services, [typed(schema.Act, act) for act in page.items], pages.seal(page.next))


def refusal_view(kept: refusals.Kept, who: Principal) -> dict[str, Any]:
    """A refusal as this reader may see it; the message itself only where residents' names are seen too."""
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
    view = refusal_for(view, who)
    return {**view, **payload_view(payload_for(one, who))} if who.sees_names else view


def payload_view(payload: bytes) -> dict[str, Any]:
    """The bytes as text when they are text, else as base64; only their head when they are many."""
    head = payload[:PAYLOAD_SHOWN]
    try:
        shown = {"payload": head.decode(), "payload_encoding": "text"}
    except UnicodeDecodeError:
        shown = {"payload": base64.b64encode(head).decode(), "payload_encoding": "base64"}
    return {**shown, "payload_bytes": len(payload)}
