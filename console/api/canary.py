"""`/canary`: the last self-test, and one now."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from alerts.cases.canary import CanaryResult
from console import messages_zh
from console.http.openapi import JsonResponse, documented_router
from console.http.problems import Problem, not_found
from console.http.requests import Deps, item_response
from console.http.requirements import NonLinkUser, Requirement
from console.schemas.statistics import Canary
from console.security.auth import Principal
from console.timestamps import Timestamp

router = documented_router(tags=["health"])


@router.get("/canary", summary="The last self-test: how long each step took; 404 before the first")
async def get_canary(deps: Deps, _user: NonLinkUser) -> JsonResponse[Canary]:
    canary = deps.canary
    if canary is None or canary.last is None:
        raise not_found("canary")
    return item_response(deps, _view(canary.last))


@router.post("/canary", summary="Run a self-test now: a message from the broker to the provider of its recipient")
async def run_canary(deps: Deps, _user: Annotated[Principal, Depends(Requirement("verify"))]) -> JsonResponse[Canary]:
    if deps.canary is None:
        raise not_found("canary")
    result = await deps.canary.test(deps.clock())
    if result is None:
        raise Problem(409, messages_zh.CANARY_NOBODY)
    return item_response(deps, _view(result))


def _view(result: CanaryResult) -> Canary:
    return Canary(at=Timestamp(result.at), channel=result.channel, problem=result.problem, steps_ms=result.steps)
