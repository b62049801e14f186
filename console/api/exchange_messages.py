"""`/exchange/targets`, `/exchange/dead-letters`: what is sent to outside systems, and what was given up.

`/exchange/systems`: outside systems by name, for whoever hands an alert over.

`/exchange/care/events`: events of people who consented, for a care platform.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from fastapi import Depends, Query, Request
from msgspec.structs import asdict
from starlette.responses import Response

from alerts.exchange.care import to_csv
from alerts.exchange.messages import SYSTEM_PREFIX, MessageState, OutgoingMessage, TargetStatus
from console import messages_zh
from console.api.exchange import SystemRequirement
from console.http.openapi import JsonResponse, documented_router
from console.http.problems import Problem, not_found
from console.http.requests import Deps, OptionalText, PageParams, item_response, list_response, parse_time_field
from console.http.requirements import Requirement
from console.partners import CARE_SYSTEM, ExchangeDependencies
from console.schemas import exchange as schema
from console.schemas.references import Page
from console.schemas.registry import Words
from console.security.auth import Principal
from console.timestamps import to_schema
from store.database.exchange import care, outbox
from store.database.exchange.outbox import MessageFilter
from store.database.system import audit

router = documented_router(prefix="/exchange", tags=["exchange"])

CSV: Final = "text/csv; charset=utf-8"
PartnerReader = Annotated[Principal, Depends(Requirement("partners"))]
ReturningUser = Annotated[Principal, Depends(Requirement("return"))]


@router.get("/targets", summary="Subscribers and outside systems that messages are sent to, and how they do")
async def list_targets(deps: Deps, _user: PartnerReader) -> JsonResponse[Page[schema.ExchangeTarget]]:
    exchange = _exchange(deps)
    names = sorted(exchange.targets)
    rows = await deps.database.read(lambda tx: [outbox.target_status(tx, name) for name in names])
    return list_response(deps, [_target_view(exchange, row) for row in rows])


@router.get("/systems", summary="Outside systems by name, and to which of them an alert may be returned")
async def list_systems(deps: Deps, _user: ReturningUser) -> JsonResponse[Page[schema.OutsideSystem]]:
    exchange = deps.exchange
    if exchange is None:
        return list_response(deps, [])
    bodies = {name: SYSTEM_PREFIX + name for name in exchange.systems if SYSTEM_PREFIX + name in exchange.targets}
    views = [
        schema.OutsideSystem(id=name, name=_words(exchange, name), body=bodies.get(name))
        for name in sorted(exchange.systems)
    ]
    return list_response(deps, views)


@router.get("/dead-letters", summary="Messages that were given up, newest first")
async def list_dead_letters(
    deps: Deps, _user: PartnerReader, pages: PageParams, target: OptionalText = None
) -> JsonResponse[Page[schema.ExchangeMessage]]:
    filters = MessageFilter(MessageState.DEAD, target or None)
    page = await deps.database.read(lambda tx: outbox.list_messages(tx, filters, pages.limit, pages.after))
    return list_response(deps, [_message_view(deps, row) for row in page.items], pages.sign_cursor(page.next))


@router.post("/dead-letters/{number}/resend", summary="Send a message again that was given up")
async def resend(deps: Deps, user: PartnerReader, number: str) -> JsonResponse[schema.ExchangeMessage]:
    now = deps.clock()
    key = int(number) if number.isdecimal() and len(number) <= 18 else 0

    def work(tx: Any) -> OutgoingMessage | None:
        if not outbox.resend(tx, key, now):
            return None
        audit.record(tx, now, user.person or user.token, "message resent", {"message": number})
        return outbox.get_message(tx, key)

    message = await deps.database.write(work)
    if message is None:
        raise not_found("dead_letter", number)
    if deps.exchange is not None and message.target in deps.exchange.targets:
        deps.exchange.resume(message.target)
    return item_response(deps, _message_view(deps, message))


@router.get(
    "/care/events",
    dependencies=[Depends(SystemRequirement(system=CARE_SYSTEM))],
    summary="Alerts of people who consented to the export, oldest change first; as JSON, or as CSV with format=csv",
)
async def list_care_events(
    request: Request,
    deps: Deps,
    pages: PageParams,
    since: Annotated[str | None, Query(description="changed at or after")] = None,
    format: Annotated[Literal["json", "csv"], Query()] = "json",
) -> JsonResponse[Page[schema.CareEvent]]:
    begin = parse_time_field(deps, "since", since)
    community = deps.registry.community()
    page = await deps.database.read(
        lambda tx: care.list_care_events(tx, community, begin or 0, pages.limit, pages.after)
    )
    cursor = pages.sign_cursor(page.next)
    if format == "csv":
        link = {} if cursor is None else {"Link": f'<{request.url.path}?format=csv&next={cursor}>; rel="next"'}
        return Response(to_csv(page.items), media_type=CSV, headers=link)  # type: ignore[return-value]
    return list_response(deps, [to_schema(schema.CareEvent, item) for item in page.items], cursor)


def _exchange(deps: Deps) -> ExchangeDependencies:
    if deps.exchange is None:
        raise Problem(404, messages_zh.NOT_AVAILABLE)
    return deps.exchange


def _words(exchange: ExchangeDependencies | None, target: str) -> Words:
    zh, en = (target, target) if exchange is None else exchange.title_of(target)
    return Words(zh=zh, en=en)


def _target_view(exchange: ExchangeDependencies, status: TargetStatus) -> schema.ExchangeTarget:
    kind = "system" if status.id.startswith(SYSTEM_PREFIX) else "subscriber"
    return to_schema(schema.ExchangeTarget, {**asdict(status), "kind": kind, "name": _words(exchange, status.id)})


def _message_view(deps: Deps, message: OutgoingMessage) -> schema.ExchangeMessage:
    event = message.event
    view = {
        "id": str(message.n),
        "target": message.target,
        "name": _words(deps.exchange, message.target),
        "title": str(event.data.get("title", "")),
        "type": event.type,
        "subject": event.subject,
        "alert": None if event.alert is None else str(event.alert),
        "state": message.state,
        "attempts": message.attempts,
        "status": message.status,
        "error": message.error,
        "failure": message.failure,
        "reason": "" if message.failure is None else messages_zh.EXCHANGE_FAILURES[message.failure],
        "created_at": message.created_at,
        "settled_at": message.settled_at,
        "data": event.data,
    }
    return to_schema(schema.ExchangeMessage, view)
