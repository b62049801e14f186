"""QR codes of places, by which residents report without typing an address: as SVG, as a sheet to print, revocable."""

from __future__ import annotations

import asyncio
import io
from html import escape
from typing import Annotated, Any, Final

import segno
from fastapi import Depends, Query, Request
from starlette.responses import Response

from console import report_messages_zh
from console.api.devices import visible_places
from console.api.report_access import links_of
from console.http.openapi import JsonResponse, PageResponse, SvgResponse, documented_router
from console.http.problems import FieldError, invalid, not_found
from console.http.requests import Deps, item_response
from console.http.requirements import Requirement
from console.schemas.reports import PlaceCodeView, RevokedCodes
from console.security.auth import Principal
from console.timestamps import Timestamp
from console.views.report_places import PUBLIC_ROLES
from domain import Place
from domain.people import Community
from store.database.reports import place_codes
from store.database.reports.place_codes import PlaceCode
from store.database.system import audit

router = documented_router(tags=["places"])

CodeAdmin = Annotated[Principal, Depends(Requirement("registry"))]
SHEET_MAX: Final = 240
"""Codes of one sheet: twenty pages."""
ERROR_CORRECTION: Final = "m"
"""15 % of the code may be scratched or dirty (ISO/IEC 18004)."""
QUIET_ZONE: Final = 4
"""Modules around the code (ISO/IEC 18004)."""


@router.get("/places/{place_id}/qr.svg", summary="The QR code of a place for reports", response_class=SvgResponse)
async def place_qr(request: Request, deps: Deps, user: CodeAdmin, place_id: str) -> Response:
    place = visible_place(deps, user, place_id)
    code = (await _codes(deps, user, [place]))[place.id]
    svg = io.BytesIO()
    segno.make(_url(request, deps, code), error=ERROR_CORRECTION, micro=False).save(
        svg, kind="svg", scale=8, border=QUIET_ZONE, title=deps.registry.community().address(place.id)
    )
    return SvgResponse(svg.getvalue(), headers={"Cache-Control": "no-store"})


@router.get("/places/{place_id}/qr", summary="The address in the QR code of a place; made if there is none")
async def place_code(request: Request, deps: Deps, user: CodeAdmin, place_id: str) -> JsonResponse[PlaceCodeView]:
    place = visible_place(deps, user, place_id)
    code = (await _codes(deps, user, [place]))[place.id]
    path = f"/r/{links_of(request).place_token(code.id)}"
    return item_response(deps, PlaceCodeView(place=place.id, path=path, created_at=Timestamp(code.created_at)))


@router.delete("/places/{place_id}/qr", summary="Revoke the QR codes of a place: those on walls no longer name it")
async def revoke_code(deps: Deps, user: CodeAdmin, place_id: str) -> JsonResponse[RevokedCodes]:
    place, now = visible_place(deps, user, place_id), deps.clock()

    def work(tx: Any) -> int:
        revoked = place_codes.revoke_codes(tx, place.id, now)
        by = user.person or user.token
        audit.record(tx, now, by, "place codes revoked", {"place": place.id, "codes": revoked})
        return revoked

    return item_response(deps, RevokedCodes(revoked=await deps.database.write(work)))


@router.get(
    "/places-qr-sheet",
    summary="A page to print: the QR codes of the places under one, with their addresses",
    response_class=PageResponse,
)
async def qr_sheet(
    request: Request,
    deps: Deps,
    user: CodeAdmin,
    place: Annotated[str, Query(description="this place and all places under it")],
    level: Annotated[str | None, Query(description="places of this level only")] = None,
) -> PageResponse:
    community = deps.registry.community()
    visible_place(deps, user, place)
    wanted = await asyncio.to_thread(_wanted, community, place, level)
    if len(wanted) > SHEET_MAX:
        raise invalid(FieldError("place", report_messages_zh.TOO_MANY_CODES.format(count=len(wanted), limit=SHEET_MAX)))
    codes = await _codes(deps, user, wanted)
    cards = [_card(community.address(one.id), _url(request, deps, codes[one.id])) for one in wanted]
    return PageResponse(_sheet(deps.site.name, cards))


def _wanted(community: Community, place: str, level: str | None) -> list[Place]:
    """In a thread: a district has 170,000 places."""
    inside = (community.places[name] for name in sorted(community.place_tree.inside(place)))
    return [one for one in inside if (one.level == level if level else community.role_of(one) in PUBLIC_ROLES)]


def visible_place(deps: Deps, user: Principal, place_id: str) -> Place:
    """A place; 404 unless this user may see it."""
    place, visible = deps.registry.community().places.get(place_id), visible_places(deps, user, None)
    if place is None or (visible is not None and place_id not in visible):
        raise not_found("place", place_id)
    return place


async def _codes(deps: Deps, user: Principal, places: list[Place]) -> dict[str, PlaceCode]:
    """The valid code of each place; made where there is none."""
    now, by = deps.clock(), user.person or user.token

    def work(tx: Any) -> dict[str, PlaceCode]:
        codes = {place.id: place_codes.valid_code(tx, place.id) for place in places}
        made = {id: place_codes.create_code(tx, id, by, now) for id, code in codes.items() if code is None}
        if made:
            audit.record(tx, now, by, "place codes made", {"codes": len(made), "first": next(iter(made))})
        return {**{id: code for id, code in codes.items() if code is not None}, **made}

    return await deps.database.write(work)


def _url(request: Request, deps: Deps, code: PlaceCode) -> str:
    base = deps.reports.public_url or str(request.base_url)
    return f"{base.rstrip('/')}/r/{links_of(request).place_token(code.id)}"


def _card(address: str, url: str) -> str:
    qr = segno.make(url, error=ERROR_CORRECTION, micro=False)
    svg = qr.svg_inline(scale=4, border=QUIET_ZONE, omitsize=True)
    return report_messages_zh.QR_CARD.format(svg=svg, address=escape(address))


def _sheet(site: str, cards: list[str]) -> str:
    return report_messages_zh.QR_SHEET.format(site=escape(site), cards="".join(cards))
