"""`/swap/link`: the code of a text message becomes the signed link of its swap. Needs no login, and changes nothing."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from console import messages_zh
from console.api.swaps import recent_swaps, signed_link
from console.http import examples
from console.http.authorization import client_address
from console.http.openapi import JsonResponse, documented_router
from console.http.problems import Problem
from console.http.requests import Deps, item_response, parse_body
from console.http.requirements import PUBLIC
from console.schemas.rosters import SwapLink
from console.security.swap_codes import CodeRateLimit, SwapCodes
from domain.specs import Text

router = documented_router(tags=["rosters"], dependencies=[PUBLIC])


class CodeBody(BaseModel):
    """The digits of the text message."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: Annotated[Text, Field(min_length=1, max_length=32)]


_CODE: Final = TypeAdapter(CodeBody)


@router.post(
    "/swap/link",
    summary="The signed link of the swap whose code stands in a text message; needs no login",
    openapi_extra=examples.request_body({"code": "20481632"}, _CODE),
)
async def read_swap_link(request: Request, deps: Deps) -> JsonResponse[SwapLink]:
    body, now, client = await parse_body(request, _CODE), deps.clock(), client_address(request)
    recent = await recent_swaps(deps)
    # Nothing is awaited from here to the count of a failure: requests at the same time would all pass the limit.
    limit: CodeRateLimit = request.app.state.swap_codes
    wait_ms = limit.wait_ms(client, now)
    if wait_ms:
        seconds = -(-wait_ms // 1000)
        raise Problem(429, messages_zh.TOO_MANY_CODES.format(seconds=seconds), headers={"Retry-After": str(seconds)})
    codes = SwapCodes(deps.security.signing_key.reveal().encode())
    open_swaps = [swap for swap in recent if swap.expires_at > now]
    swap = codes.find(body.code, open_swaps)
    if swap is None:
        limit.record_failure(client, now)
        raise Problem(409, messages_zh.BAD_CODE)
    return item_response(deps, SwapLink(signed_link(deps, swap)))
