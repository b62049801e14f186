"""`/refusals`, `/claimable`, `/unmapped`: messages that became no reading. Newest first."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any, Final

from fastapi import Query, Request
from msgspec import to_builtins
from pydantic import BaseModel, ConfigDict, TypeAdapter

from console import messages_zh
from console.http import examples
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
from console.http.requirements import RefusalReader, RegistryAdmin
from console.schemas import messages as schema
from console.schemas.references import Page
from console.security.auth import Principal
from console.security.redaction import redact_payload, redact_refusal, redact_unregistered_device
from console.timestamps import to_schema
from domain import Instant, Lane, RefusalReason
from ingest.frame import REPLAY_SESSION, Frame
from ingest.results import Refusal
from store.database.refusals import refusals, replays, unregistered_devices
from store.database.system import audit

router = documented_router(tags=["refusals"])

PAYLOAD_BYTES_MAX: Final = 2_000
REPLAY_BATCH: Final = 500


@router.get("/refusals", summary="Messages that did not become a reading, newest first")
async def list_refusals(
    deps: Deps,
    user: RefusalReader,
    pages: PageParams,
    source: OptionalText = None,
    reason: OptionalText = None,
    identity: Annotated[str | None, Query(description="the id of a device on its platform")] = None,
    since: Annotated[str | None, Query(alias="from")] = None,
    until: Annotated[str | None, Query(alias="to")] = None,
) -> JsonResponse[schema.RefusalPage]:
    reasons = parse_choices("reason", [reason or ""], RefusalReason)
    begin, end = parse_period(deps, since, until)
    filters = refusals.RefusalFilter(
        source=source or None,
        reason=reasons[0] if reasons else None,
        identity=identity or None,
        since=begin,
        until=None if end is None else end + 1,
    )
    page = await deps.database.read(lambda tx: refusals.list_refusals(tx, pages.limit, pages.after, filters))
    sums = await deps.database.read(lambda tx: refusals.count_refusals(tx, filters))
    views = [to_schema(schema.Refusal, refusal_view(stored, user)) for stored in page.items]
    return item_response(
        deps, schema.RefusalPage(items=views, next=pages.sign_cursor(page.next), summary=refusal_summary(sums))
    )


class ReplayBody(BaseModel):
    """Which refusals are processed again; without filters all of them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str | None = None
    reason: RefusalReason | None = None
    identity: str | None = None


_REPLAY_BODY: Final = TypeAdapter(ReplayBody)


@router.post(
    "/refusals/replay",
    summary="Process refused messages again, after a mapping was corrected or a device registered",
    openapi_extra=examples.request_body({"reason": "unknown_device"}, _REPLAY_BODY),
)
async def replay(request: Request, deps: Deps, user: RegistryAdmin) -> JsonResponse[schema.ReplayResult]:
    if deps.intake.accept is None:
        raise Problem(404, messages_zh.NOT_AVAILABLE)
    body = await parse_body(request, _REPLAY_BODY)
    filters = refusals.RefusalFilter(body.source, body.reason, body.identity)
    total = last = 0
    list_batch = partial(replays.list_replayable, limit=REPLAY_BATCH, filters=filters)
    while batch := await deps.database.read(partial(list_batch, after=last)):
        # Journaled before they are marked: a crash in between replays some of them twice, and loses none.
        await deps.intake.accept(frames_to_replay(batch))
        await deps.database.write(partial(_mark_replayed, batch=batch, user=user, now=deps.clock()))
        total, last = total + len(batch), batch[-1].n
    return item_response(deps, schema.ReplayResult(replayed=total))


@router.get("/claimable", summary="Devices that send or are announced and are not registered, dangers first")
async def list_unregistered(
    deps: Deps, user: RefusalReader, pages: PageParams
) -> JsonResponse[schema.UnregisteredDevicePage]:
    devices = await deps.database.read(
        lambda tx: unregistered_devices.list_unregistered(
            tx, pages.limit, deps.registry.is_registered, deps.registry.guess_kind
        )
    )
    unknown = refusals.RefusalFilter(reason=RefusalReason.UNKNOWN_DEVICE)
    sums = await deps.database.read(lambda tx: refusals.count_refusals(tx, unknown))
    counted_platforms = {row.source for row in sums if row.counted}
    views = [
        to_schema(
            schema.UnregisteredDevice,
            {**redact_unregistered_device(to_builtins(device), user), "at_least": device.platform in counted_platforms},
        )
        for device in devices
    ]
    return item_response(deps, schema.UnregisteredDevicePage(items=views, next=None, summary=refusal_summary(sums)))


def refusal_summary(sums: Sequence[refusals.RefusalCount]) -> schema.RefusalSummary:
    """Totals of refusals. Beyond the hourly limit messages are only counted, so no list contains them."""
    return schema.RefusalSummary(
        kept=sum(row.kept for row in sums),
        counted=sum(row.counted for row in sums),
        by=[to_schema(schema.RefusalCount, row) for row in sums],
    )


@router.get("/unmapped", summary="Fields that devices send and no mapping uses, the most frequent first")
async def list_unmapped(
    deps: Deps, _user: RefusalReader, pages: PageParams
) -> JsonResponse[Page[schema.UnmappedField]]:
    fields = sorted(deps.intake.unmapped_fields().items(), key=lambda item: (-item[1], item[0]))
    views = [
        schema.UnmappedField(platform=platform, kind=kind, field=field, count=count)
        for (platform, kind, field), count in fields
    ]
    return list_response(deps, views[: pages.limit])


def frames_to_replay(rows: Sequence[refusals.StoredRefusal]) -> list[Frame]:
    """The messages as they were received.

    A message about several unregistered devices was refused once for each, and is replayed once. Equal messages of one
    device are separate messages (a button pressed twice), and are replayed as often as they were received.
    """
    occurrences = Counter((row.lane, row.pos, _frame(row.refusal), row.refusal.identity) for row in rows)
    copies: dict[tuple[Lane, int, Frame], int] = {}
    for (lane, pos, frame, _), count in occurrences.items():
        copies[lane, pos, frame] = max(count, copies.get((lane, pos, frame), 0))
    return [frame for (_, _, frame), count in copies.items() for _ in range(count)]


def _frame(refusal: Refusal) -> Frame:
    return Frame(refusal.topic, refusal.payload, refusal.at, REPLAY_SESSION, 1)


def _mark_replayed(tx: Any, batch: Sequence[refusals.StoredRefusal], user: Principal, now: Instant) -> None:
    replays.mark_replayed(tx, batch, now)
    audit.record(tx, now, user.token, "refusals replayed", {"messages": len(batch)})


def refusal_view(stored: refusals.StoredRefusal, user: Principal) -> dict[str, Any]:
    """A refusal for this user; the payload only for users who see residents' names."""
    refusal = stored.refusal
    view = {
        "id": str(stored.n),
        "at": refusal.at,
        "source": refusal.source,
        "topic": refusal.topic,
        "reason": refusal.reason,
        "detail": refusal.detail,
        "platform": refusal.platform,
        "identity": refusal.identity,
        "danger": refusal.danger,
        "proposed_kind": refusal.proposed_kind,
    }
    view = redact_refusal(view, user)
    return {**view, **payload_view(redact_payload(refusal, user))} if user.sees_names else view


def payload_view(payload: bytes) -> dict[str, Any]:
    """The payload as text when it is UTF-8, else as base64; at most `PAYLOAD_BYTES_MAX` bytes of it."""
    head = payload[:PAYLOAD_BYTES_MAX]
    try:
        shown = {"payload": head.decode(), "payload_encoding": "text"}
    except UnicodeDecodeError:
        shown = {"payload": base64.b64encode(head).decode(), "payload_encoding": "base64"}
    return {**shown, "payload_bytes": len(payload)}
