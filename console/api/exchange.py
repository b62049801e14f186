"""`/exchange/{system}`: cases of outside systems come in, and changes of their states.

A token of such a system is good for these endpoints of that system only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import Depends, Query, Request
from pydantic import TypeAdapter
from starlette.responses import Response

from alerts.alert import State
from alerts.channels.cloudevents import InvalidSignature, verify
from alerts.exchange.incoming import FaultCode, MappingFault, UnmappableCase
from alerts.exchange.messages import SYSTEM_PREFIX, CaseLink, OutgoingMessage, PushOutcome
from alerts.exchange.service import UnknownCase
from alerts.exchange.targets import event_id
from console import messages_zh
from console.api.report_status import photo_response
from console.http import examples
from console.http.authorization import authenticate, record_login_failure, require_own_header
from console.http.openapi import JpegResponse, JsonResponse, documented_router
from console.http.problems import FieldError, Problem, invalid, not_found
from console.http.requests import Deps, item_response, list_response, parse_body
from console.http.requirements import SECRET_IN_ADDRESS, Requirement
from console.partners import ExchangeDependencies
from console.schemas import exchange as schema
from console.schemas.references import Page
from console.security.auth import AccessRole, LoginFailure, Principal, photo_of_link
from console.timestamps import Timestamp, to_schema
from store.database.alerts import queries
from store.database.exchange import cases, outbox
from store.database.reports import photos

router = documented_router(prefix="/exchange", tags=["exchange"])

_BODY: Final = TypeAdapter(dict[str, Any])


class SystemRequirement(Requirement):
    """A token of an outside system, or an administrator; 401 or 403 for everybody else."""

    def __init__(self, system: str | None = None) -> None:
        """`system` None: the one that the path names."""
        super().__init__("exchange")
        self._system = system

    async def __call__(self, request: Request) -> Principal:  # type: ignore[override]
        principal = await authenticate(request)
        if principal is None:
            if request.headers.get("authorization"):
                await record_login_failure(request, LoginFailure.TOKEN)
            detail = messages_zh.WRONG_TOKEN if request.headers.get("authorization") else messages_zh.NOT_LOGGED_IN
            raise Problem(401, detail, headers={"WWW-Authenticate": "Bearer"})
        require_own_header(request, principal)
        self.enforce(principal)
        system = self._system or request.path_params["system"]
        if principal.role is AccessRole.EXCHANGE and principal.platform != system:
            raise Problem(403, messages_zh.OTHER_SYSTEM.format(system=principal.platform))
        return principal


SYSTEM: Final = Depends(SystemRequirement())


@router.post(
    "/{system}/cases",
    dependencies=[SYSTEM],
    status_code=201,
    summary="A case of an outside system in its own field names: opened, repeated (200) or updated (200)",
    openapi_extra=examples.request_body(examples.EXTERNAL_CASE, _BODY),
)
async def push_case(request: Request, deps: Deps, system: str) -> JsonResponse[schema.PushedCase]:
    exchange = await require_system(request, deps, system, signed=True)
    body = await parse_body(request, _BODY)
    try:
        result = await exchange.cases.receive_case(system, body)
    except UnmappableCase as refused:
        raise _unmappable(refused) from None
    view = {**await _case_view(deps, result.link), "outcome": result.outcome}
    status = 201 if result.outcome is PushOutcome.OPENED else 200
    return item_response(deps, to_schema(schema.PushedCase, view), status)


@router.get(
    "/{system}/changes",
    dependencies=[SYSTEM],
    summary="For a system that cannot receive: the messages for it, oldest first; `cursor` confirms those up to it",
)
async def fetch_changes(
    request: Request,
    deps: Deps,
    system: str,
    cursor: Annotated[str | None, Query(pattern=r"^[0-9]{1,18}$", description="of the last message received")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> JsonResponse[Page[schema.FetchedMessage]]:
    exchange = await require_system(request, deps, system)
    renderer = exchange.renderers.get(system)
    if renderer is None:
        raise Problem(409, messages_zh.SYSTEM_IS_SENT_TO)
    target, now = SYSTEM_PREFIX + system, deps.clock()

    def work(tx: Any) -> list[OutgoingMessage]:
        if cursor is not None:
            outbox.confirm_fetched(tx, target, int(cursor), now)
        return outbox.fetch(tx, target, limit)

    rows = await deps.database.write(work)
    views = [
        schema.FetchedMessage(
            id=event_id(row), cursor=str(row.event.n), at=Timestamp(row.event.at), body=renderer.fields(row)
        )
        for row in rows
    ]
    return list_response(deps, views)


@router.get(
    "/{system}/cases/{external_id}",
    dependencies=[SYSTEM],
    summary="A case under its number in an outside system, or under ours",
)
async def get_case(request: Request, deps: Deps, system: str, external_id: str) -> JsonResponse[schema.ExternalCase]:
    await require_system(request, deps, system)
    link = await _require_link(deps, system, external_id)
    return item_response(deps, to_schema(schema.ExternalCase, await _case_view(deps, link)))


@router.post(
    "/{system}/cases/{external_id}/events",
    dependencies=[SYSTEM],
    summary="A case changed its state there; the answer says what that changed here",
    openapi_extra=examples.request_body(examples.EXTERNAL_STATE, _BODY),
)
async def push_state(request: Request, deps: Deps, system: str, external_id: str) -> JsonResponse[schema.ReceivedState]:
    exchange = await require_system(request, deps, system, signed=True)
    body = await parse_body(request, _BODY)
    try:
        received = await exchange.cases.receive_state(system, external_id, body)
    except UnmappableCase as refused:
        raise _unmappable(refused) from None
    except UnknownCase:
        raise not_found("external_case", external_id) from None
    return item_response(deps, to_schema(schema.ReceivedState, received))


@router.get(
    "/{system}/cases/{external_id}/events",
    dependencies=[SYSTEM],
    summary="The changes of state that an outside system reported",
)
async def list_states(
    request: Request, deps: Deps, system: str, external_id: str
) -> JsonResponse[Page[schema.ReceivedState]]:
    await require_system(request, deps, system)
    link = await _require_link(deps, system, external_id)
    events = await deps.database.read(lambda tx: cases.list_received(tx, system, link.external_id))
    return list_response(deps, [to_schema(schema.ReceivedState, event) for event in events])


@router.get(
    "/photos/{signed}",
    dependencies=[SECRET_IN_ADDRESS],
    summary="A photo that a message to an outside system refers to; the URL is signed and valid for a week",
    response_class=JpegResponse,
)
async def get_linked_photo(deps: Deps, signed: str) -> Response:
    key = deps.security.signing_key.reveal().encode()
    number = photo_of_link(key, signed, deps.clock())
    if number is None:
        raise not_found("photo")
    photo = await deps.database.read(lambda tx: photos.get_photo(tx, number))
    return await photo_response(deps, photo)


async def require_system(request: Request, deps: Deps, system: str, *, signed: bool = False) -> ExchangeDependencies:
    """The exchange; 404 for a system that is not configured.

    `signed`: a push of a system with a push secret must bear its signature.
    """
    exchange = deps.exchange
    if exchange is None or system not in exchange.systems:
        raise not_found("system", system)
    secret = exchange.push_secrets.get(system)
    if signed and secret is not None:
        try:
            verify(dict(request.headers), await request.body(), [secret.reveal()], deps.clock())
        except InvalidSignature as refused:
            await record_login_failure(request, LoginFailure.SIGNATURE)
            raise Problem(401, f"{messages_zh.WRONG_SIGNATURE}（{refused}）") from None
    return exchange


async def _require_link(deps: Deps, system: str, external_id: str) -> CaseLink:
    link = await deps.database.read(lambda tx: cases.find_link(tx, system, external_id))
    if link is None:
        raise not_found("external_case", external_id)
    return link


async def _case_view(deps: Deps, link: CaseLink) -> dict[str, Any]:
    alert: Mapping[str, Any] | None = await deps.database.read(lambda tx: queries.get_alert(tx, str(link.alert)))
    return {
        "external_id": link.external_id,
        "their_id": link.their_id,
        "direction": link.direction,
        "alert": str(link.alert),
        "alert_state": None if alert is None else State(alert["state"]),
        "state": link.state,
        "deadline": None if link.their_deadline is None else Timestamp(link.their_deadline),
        "fields": link.fields,
        "opened_at": link.opened_at,
        "updated_at": link.updated_at,
    }


def _unmappable(refused: UnmappableCase) -> Problem:
    """422 with each field in their words, and what to write."""
    return invalid(*(FieldError(fault.field, _sentence(fault)) for fault in refused.faults))


def _sentence(fault: MappingFault) -> str:
    detail = messages_zh.MAPPED_FIELDS[fault.detail] if fault.code is FaultCode.REQUIRED else fault.detail
    return messages_zh.MAPPING_FAULTS[fault.code].format(detail=detail)
