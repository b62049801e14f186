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
from console.http.authorization import RefusalReader, RegistryAdmin, user_allowed_to
from console.http.openapi import JsonResponse, documented_router
from console.http.problems import Problem
from console.http.requests import (
    Deps,
    OptionalText,
    PageParams,
    item_response,
    list_response,
    parse_body,
    parse_choices,
    parse_period,
)
from console.schemas import messages as schema
from console.schemas.parts import Page
from console.security.auth import Principal
from console.security.redaction import redact_payload, redact_refusal, redact_unregistered_device
from console.timestamps import to_schema
from domain import Instant, Lane, RefusalReason
from ingest.frame import REPLAY_SESSION, Frame
from ingest.results import Refusal
from store.database.refusals import refusals, replays, unregistered_devices
from store.database.system import audit

router = documented_router(tags=["refusals"])
audit_router = documented_router(tags=["audit"])

PAYLOAD_BYTES_MAX: Final = 2_000
REPLAY_BATCH: Final = 500


@router.get("/refusals", summary="Messages that did not become a reading, newest first")
async def list_refusals(
    deps: Deps,
    user: RefusalReader,
    pages: PageParams,
    source: OptionalText = None,
    reason: OptionalText = None,
    identity: Annotated[str | None, Query(description="a device as its platform calls it")] = None,
    since: Annotated[str | None, Query(alias="from")] = None,
    until: Annotated[str | None, Query(alias="to")] = None,
) -> JsonResponse[schema.RefusalPage]:
    reasons = parse_choices("reason", [reason or ""], RefusalReason)
    begin, end = parse_period(deps, since, until)
    wanted: dict[str, Any] = {
        "source": source or None,
        "reason": reasons[0] if reasons else None,
        "since": begin,
        "until": None if end is None else end + 1,
    }
    page = await deps.database.read(
        lambda tx: refusals.list_refusals(tx, pages.limit, pages.after, identity=identity or None, **wanted)
    )
    sums = await deps.database.read(lambda tx: refusals.count_refusals(tx, **wanted))
    views = [to_schema(schema.Refusal, refusal_view(kept, user)) for kept in page.items]
    return item_response(
        deps, schema.RefusalPage(items=views, next=pages.sign_cursor(page.next), summary=refusal_summary(sums))
    )


class ReplayBody(BaseModel):
    """Which refusals are tried again; nothing named means all of them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str | None = None
    reason: RefusalReason | None = None
    identity: str | None = None


_REPLAY_BODY: Final = TypeAdapter(ReplayBody)


@router.post(
    "/refusals/replay",
    summary="Try refused messages again, after a mapping was mended or a device registered",
    openapi_extra=examples.request_body({"reason": "unknown_device"}, _REPLAY_BODY),
)
async def replay(request: Request, deps: Deps, user: RegistryAdmin) -> JsonResponse[schema.ReplayResult]:
    if deps.intake.accept is None:
        raise Problem(404, messages_zh.NOT_AVAILABLE)
    wanted = await parse_body(request, _REPLAY_BODY)
    total = last = 0
    list_page = partial(replays.list_replayable, limit=REPLAY_BATCH, **wanted.model_dump())
    while found := await deps.database.read(partial(list_page, after=last)):
        # Journaled before they are marked: a crash in between tries some of them twice, and loses none.
        await deps.intake.accept(frames_to_replay(found))
        await deps.database.write(partial(_mark_replayed, found=found, user=user, now=deps.clock()))
        total, last = total + len(found), found[-1].n
    return item_response(deps, schema.ReplayResult(replayed=total))


@router.get("/claimable", summary="Devices that speak or are described and are not registered, dangers first")
async def list_unregistered(
    deps: Deps, user: RefusalReader, pages: PageParams
) -> JsonResponse[schema.UnregisteredDevicePage]:
    found = await deps.database.read(
        lambda tx: unregistered_devices.list_unregistered(
            tx, pages.limit, deps.registry.is_registered, deps.registry.guess_kind
        )
    )
    sums = await deps.database.read(lambda tx: refusals.count_refusals(tx, reason=RefusalReason.UNKNOWN_DEVICE))
    beyond = {one.source for one in sums if one.counted}
    views = [
        to_schema(
            schema.UnregisteredDevice,
            {**redact_unregistered_device(to_builtins(one), user), "at_least": one.platform in beyond},
        )
        for one in found
    ]
    return item_response(deps, schema.UnregisteredDevicePage(items=views, next=None, summary=refusal_summary(sums)))


def refusal_summary(sums: Sequence[refusals.RefusalCount]) -> schema.RefusalSummary:
    """What was refused in all. Beyond the limit of an hour messages are only counted: no list shows those."""
    return schema.RefusalSummary(
        kept=sum(one.kept for one in sums),
        counted=sum(one.counted for one in sums),
        by=[to_schema(schema.RefusalCount, one) for one in sums],
    )


@router.get("/unmapped", summary="Fields that devices send and no mapping takes, the most frequent first")
async def list_unmapped(
    deps: Deps, _user: RefusalReader, pages: PageParams
) -> JsonResponse[Page[schema.UnmappedField]]:
    seen = sorted(deps.intake.unmapped_fields().items(), key=lambda one: (-one[1], one[0]))
    views = [
        schema.UnmappedField(platform=platform, kind=kind, field=field, count=count)
        for (platform, kind, field), count in seen
    ]
    return list_response(deps, views[: pages.limit])


def frames_to_replay(found: Sequence[refusals.StoredRefusal]) -> list[Frame]:
    """The messages as they came. One that named several strangers was refused once for each and comes once; equal
    bytes of one stranger are two messages (a button pressed twice)."""
    times = Counter((kept.lane, kept.pos, _frame(kept.refusal), kept.refusal.identity) for kept in found)
    most: dict[tuple[Lane, int, Frame], int] = {}
    for (lane, pos, frame, _), count in times.items():
        most[lane, pos, frame] = max(count, most.get((lane, pos, frame), 0))
    return [frame for (_, _, frame), count in most.items() for _ in range(count)]


def _frame(refusal: Refusal) -> Frame:
    return Frame(refusal.topic, refusal.payload, refusal.at, REPLAY_SESSION, 1)


def _mark_replayed(tx: Any, found: Sequence[refusals.StoredRefusal], user: Principal, now: Instant) -> None:
    replays.mark_replayed(tx, found, now)
    audit.record(tx, now, user.token, "refusals replayed", {"messages": len(found)})


@audit_router.get("/audit", summary="Who did what, newest first")
async def list_audit(
    deps: Deps,
    _user: Annotated[Principal, Depends(user_allowed_to("audit"))],
    pages: PageParams,
    actor: OptionalText = None,
) -> JsonResponse[Page[schema.AuditEntry]]:
    page = await deps.database.read(lambda tx: audit.list_entries(tx, pages.limit, pages.after, actor=actor or None))
    return list_response(deps, [to_schema(schema.AuditEntry, act) for act in page.items], pages.sign_cursor(page.next))


def refusal_view(kept: refusals.StoredRefusal, user: Principal) -> dict[str, Any]:
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
    view = redact_refusal(view, user)
    return {**view, **payload_view(redact_payload(one, user))} if user.sees_names else view


def payload_view(payload: bytes) -> dict[str, Any]:
    """The bytes as text when they are text, else as base64; only their head when they are many."""
    head = payload[:PAYLOAD_BYTES_MAX]
    try:
        shown = {"payload": head.decode(), "payload_encoding": "text"}
    except UnicodeDecodeError:
        shown = {"payload": base64.b64encode(head).decode(), "payload_encoding": "base64"}
    return {**shown, "payload_bytes": len(payload)}
