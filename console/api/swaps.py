"""`/rosters/swaps`: one person proposes to swap shifts, the other agrees or declines; without consent nothing changes.

The other person answers with a token of his own, or with the signed link of the swap, which expires with it. Nobody
answers on behalf of another.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any, Final

from fastapi import Query, Request
from msgspec.structs import replace
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from alerts.ports import Transaction
from console import messages_zh
from console.api.on_duty import name_of
from console.api.roster_overrides import Reason, check_people_and_scope, parse_hours
from console.dependencies import ConsoleDependencies
from console.http import examples
from console.http.authorization import require
from console.http.openapi import JsonResponse, documented_router
from console.http.problems import FieldError, Problem, invalid, not_found
from console.http.requests import Deps, item_response, list_response, parse_body, parse_time_field
from console.http.requirements import SECRET_IN_ADDRESS, NonLinkUser
from console.schemas import rosters as schema
from console.schemas.references import Page
from console.security.auth import AccessRole, ClaimsSigner, Principal
from console.security.swap_codes import SwapCodes
from console.views.rosters import swap_view
from domain import DAY, Instant
from domain.rosters import Swap, SwapState
from domain.specs import Id, Text
from store.database.alerts.repository import SqlAlertStore
from store.database.registry import rosters
from store.database.system import audit

router = documented_router(tags=["rosters"])

EXPIRES_AFTER: Final = 3 * DAY
LISTED: Final = 200
BY_LINK: Final = "link"


class SwapBody(BaseModel):
    """`other` works the turns of `asker` from `from` to `until`; `asker` those of `other` in `back_*`, if given.

    `expires` defaults to three days; the answer must come before the first of the turns in any case.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    asker: Id
    other: Id
    since: Annotated[str, Field(alias="from")]
    until: str
    back_from: str | None = None
    back_until: str | None = None
    cell: Id | None = None
    role: Id | None = None
    expires: str | None = None
    reason: Reason


class Answer(StrEnum):
    """The answer of the other person."""

    ACCEPT = "accept"
    DECLINE = "decline"


class AnswerBody(BaseModel):
    """An answer, with the signed link of the swap unless the token of the request belongs to the other person."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    answer: Answer
    reason: Annotated[Text, Field(max_length=500)] = ""


class LinkAnswerBody(AnswerBody):
    """An answer with the signed link of the swap."""

    link: Annotated[Text, Field(max_length=1000)]


class WithdrawBody(BaseModel):
    """Why a swap is withdrawn."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reason: Reason


_SWAP: Final = TypeAdapter(SwapBody)
_ANSWER: Final = TypeAdapter(AnswerBody)
_LINK_ANSWER: Final = TypeAdapter(LinkAnswerBody)
_WITHDRAW: Final = TypeAdapter(WithdrawBody)


@router.get("/rosters/swaps", summary="Proposed and settled swaps, the newest first")
async def list_swaps(deps: Deps, user: NonLinkUser) -> JsonResponse[Page[schema.Swap]]:
    found, now = await recent_swaps(deps), deps.clock()
    views = [swap_view(swap, now, name_of(deps, user), _link_for(deps, user, swap, now)) for swap in found]
    return list_response(deps, views)


@router.post(
    "/rosters/swaps",
    status_code=201,
    summary="Propose a swap: it takes effect when the other person agrees",
    openapi_extra=examples.request_body(examples.SWAP, _SWAP),
)
async def propose_swap(request: Request, deps: Deps, user: NonLinkUser) -> JsonResponse[schema.Swap]:
    body, now = await parse_body(request, _SWAP), deps.clock()
    if user.person != body.asker or user.role is AccessRole.VIEWER:
        _require_roster(user, messages_zh.NOT_THE_ASKER)
    swap = _swap(deps, user, body, now)

    code = SwapCodes(deps.security.signing_key.reveal().encode()).code_of(swap)

    def work(tx: Any) -> None:
        rosters.add_swap(tx, swap)
        audit.record(tx, now, user.person or user.token, "swap proposed", _detail(swap))
        store = SqlAlertStore(tx)
        deps.desk.roster_messages.swap_asked(Transaction(store, now), swap, code, f"/swap#{signed_link(deps, swap)}")

    await deps.database.write(work)
    deps.desk.on_outbox()
    view = swap_view(swap, now, name_of(deps, user), _link_for(deps, user, swap, now))
    return item_response(deps, view, 201)


@router.post(
    "/rosters/swaps/{swap_id}/answer",
    summary="Agree or decline, with a token of the other person",
    openapi_extra=examples.request_body(examples.SWAP_ANSWER, _ANSWER),
)
async def answer_swap(request: Request, deps: Deps, user: NonLinkUser, swap_id: str) -> JsonResponse[schema.Swap]:
    body, swap = await parse_body(request, _ANSWER), await _stored(deps, swap_id)
    if user.person != swap.other:
        raise Problem(403, messages_zh.NOT_THE_OTHER.format(name=name_of(deps, user)(swap.other)))
    settled = await _answer(deps, swap, body, user.token)
    return item_response(deps, swap_view(settled, deps.clock(), name_of(deps, user)))


@router.get("/swap", dependencies=[SECRET_IN_ADDRESS], summary="The swap of a signed link; needs no login")
async def read_swap_of_link(deps: Deps, link: Annotated[str, Query(max_length=1000)]) -> JsonResponse[schema.Swap]:
    swap = await _of_link(deps, link)
    return item_response(deps, swap_view(swap, deps.clock(), _plain_name(deps)))


@router.post(
    "/swap",
    dependencies=[SECRET_IN_ADDRESS],
    summary="Agree or decline with the signed link of a swap; needs no login",
    openapi_extra=examples.request_body({**examples.SWAP_ANSWER, "link": "..."}, _LINK_ANSWER),
)
async def answer_swap_by_link(request: Request, deps: Deps) -> JsonResponse[schema.Swap]:
    body = await parse_body(request, _LINK_ANSWER)
    settled = await _answer(deps, await _of_link(deps, body.link), body, BY_LINK)
    return item_response(deps, swap_view(settled, deps.clock(), _plain_name(deps)))


@router.post(
    "/rosters/swaps/{swap_id}/withdraw",
    summary="Withdraw a swap, also one that was agreed: the roster holds again",
    openapi_extra=examples.request_body({"reason": "不用换了"}, _WITHDRAW),
)
async def withdraw_swap(request: Request, deps: Deps, user: NonLinkUser, swap_id: str) -> JsonResponse[schema.Swap]:
    body, now = await parse_body(request, _WITHDRAW), deps.clock()
    swap = await _stored(deps, swap_id)
    if user.person not in (swap.asker, swap.other):
        _require_roster(user, messages_zh.NOT_THE_ASKER)
    if swap.state_at(now) not in (SwapState.PROPOSED, SwapState.ACCEPTED):
        raise _settled(swap, now)
    withdrawn = replace(swap, state=SwapState.WITHDRAWN, answered_at=now, answer_reason=body.reason)

    def work(tx: Any) -> None:
        if not rosters.settle_swap(tx, withdrawn, swap.state):
            raise _settled(swap, now)
        rosters.remove_overrides_of_swap(tx, swap.id, now)
        by, detail = user.person or user.token, {**_detail(swap), "why_withdrawn": body.reason}
        audit.record(tx, now, by, "swap withdrawn", detail)
        deps.desk.roster_messages.swap_withdrawn(Transaction(SqlAlertStore(tx), now), withdrawn, by)

    await deps.database.write(work)
    deps.desk.on_outbox()
    await deps.registry.reload()
    return item_response(deps, swap_view(withdrawn, now, name_of(deps, user)))


async def _answer(deps: ConsoleDependencies, swap: Swap, body: AnswerBody, by: str) -> Swap:
    """Settle a swap by the other person's answer; `by` is the token or link that gave it."""
    now, agreed = deps.clock(), body.answer is Answer.ACCEPT
    if swap.state_at(now) is not SwapState.PROPOSED:
        raise _settled(swap, now)
    state = SwapState.ACCEPTED if agreed else SwapState.DECLINED
    settled = replace(swap, state=state, answered_at=now, answered_by=by, answer_reason=body.reason)

    def work(tx: Any) -> None:
        if not rosters.settle_swap(tx, settled, SwapState.PROPOSED):
            raise _settled(swap, now)
        if agreed:
            rosters.add_overrides(tx, settled.overrides(now, by), now)
        detail = {**_detail(swap), "answer_reason": body.reason, "answered_with": by}
        audit.record(tx, now, swap.other, f"swap {state.value}", detail)
        deps.desk.roster_messages.swap_answered(Transaction(SqlAlertStore(tx), now), settled)

    await deps.database.write(work)
    deps.desk.on_outbox()
    if agreed:
        await deps.registry.reload()
    return settled


def _swap(deps: ConsoleDependencies, user: Principal, body: SwapBody, now: Instant) -> Swap:
    check_people_and_scope(deps, {"asker": body.asker, "other": body.other}, body.cell, body.role)
    if body.asker == body.other:
        raise invalid(FieldError("other", messages_zh.SAME_PERSON))
    since, until = parse_hours(deps, body.since, body.until, now)
    back_since = back_until = None
    if body.back_from is not None or body.back_until is not None:
        back = (body.back_from or "", body.back_until or "")
        back_since, back_until = parse_hours(deps, *back, now, ("back_from", "back_until"))
    expires = parse_time_field(deps, "expires", body.expires) or now + EXPIRES_AFTER
    begins = min(since, since if back_since is None else back_since)
    if expires <= now:
        raise invalid(FieldError("expires", messages_zh.TO_BEFORE_FROM))
    return Swap(
        id=f"s-{secrets.token_hex(6)}",
        asker=body.asker,
        other=body.other,
        since=since,
        until=until,
        expires_at=min(expires, begins) if begins > now else expires,
        back_since=back_since,
        back_until=back_until,
        cell=body.cell,
        role=body.role,
        reason=body.reason,
        proposed_at=now,
        proposed_by=user.person or user.token,
    )


async def _stored(deps: ConsoleDependencies, swap_id: str) -> Swap:
    swap = await deps.database.read(lambda tx: rosters.get_swap(tx, swap_id))
    if swap is None:
        raise not_found("swap", swap_id)
    return swap


async def _of_link(deps: ConsoleDependencies, link: str) -> Swap:
    claims = _signer(deps).verify(link, deps.clock()) or {}
    swap = await deps.database.read(lambda tx: rosters.get_swap(tx, str(claims.get("s"))))
    if swap is None or swap.other != claims.get("p"):
        raise Problem(403, messages_zh.BAD_LINK)
    return swap


def _signer(deps: ConsoleDependencies) -> ClaimsSigner:
    return ClaimsSigner(deps.security.signing_key.reveal().encode(), "swap")


def _link_for(deps: ConsoleDependencies, user: Principal, swap: Swap, now: Instant) -> str | None:
    """The link with which the other person answers, for those who may change the roster to pass on; never for the one
    who asks, who could agree with it for the other."""
    if swap.state_at(now) is not SwapState.PROPOSED or user.person == swap.asker:
        return None
    if not user.has_permission("roster") or user.place is not None:
        return None
    return f"/swap#{signed_link(deps, swap)}"


def signed_link(deps: ConsoleDependencies, swap: Swap) -> str:
    """The signed link with which the person who was asked answers."""
    return _signer(deps).sign({"s": swap.id, "p": swap.other}, swap.expires_at)


async def recent_swaps(deps: ConsoleDependencies) -> Sequence[Swap]:
    """The newest swaps, in every state."""
    return await deps.database.read(lambda tx: rosters.list_swaps(tx, LISTED))


def _plain_name(deps: ConsoleDependencies) -> Any:
    """Names of colleagues for the person who was asked; nothing else of them is shown."""
    people = deps.registry.community().people
    return lambda person: people[person].name if person in people else person


def _settled(swap: Swap, now: Instant) -> Problem:
    return Problem(409, messages_zh.SWAP_SETTLED.format(state=messages_zh.SWAP_STATES[swap.state_at(now).value]))


def _require_roster(user: Principal, detail: str) -> None:
    if not user.has_permission("roster"):
        raise Problem(403, detail)
    require(user, "roster")


def _detail(swap: Swap) -> dict[str, str | int | None]:
    return {
        "id": swap.id,
        "asker": swap.asker,
        "other": swap.other,
        "from": swap.since,
        "until": swap.until,
        "back_from": swap.back_since,
        "back_until": swap.back_until,
        "reason": swap.reason,
    }
