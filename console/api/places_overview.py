"""`/places/overview`: one step of the map, so that the wall loads what it shows and no more."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import Query

from console.http.openapi import JsonResponse, documented_router
from console.http.problems import not_found
from console.http.requests import Deps, item_response
from console.http.requirements import NonLinkUser
from console.schemas.place_map import MapPlace, OverviewPlace, PlaceOverview
from console.views.place_overview import Counts, OpenDangers, Overview, OverviewItem, overview, start
from domain import Place
from domain.people import Community
from domain.places import self_and_ancestors
from store.database.alerts import statistics

router = documented_router(tags=["places"])


@router.get("/places/overview", summary="The map of a place: the places directly below it, worst first")
async def places_overview(
    deps: Deps,
    user: NonLinkUser,
    place: Annotated[
        str | None, Query(description="a place; without it, the outermost one that has several below it")
    ] = None,
) -> JsonResponse[PlaceOverview]:
    """Each place has the open dangers in it and below it, and its outline (RFC 7946 geometry, WGS-84) when the site
    has one in places.geojson, else its point."""
    community = deps.registry.community()
    if place is not None and not _is_visible(community, place, user.place):
        raise not_found("place", place)
    outlines = await asyncio.to_thread(deps.registry.outlines)
    rows = await deps.database.read(statistics.open_dangers_by_place)
    dangers = [OpenDangers(*row) for row in rows]
    shown = start(community, user.place) if place is None else place
    found = overview(community, outlines, dangers, shown, user.place)
    return item_response(deps, _view(community, found, shown))


def _is_visible(community: Community, place: str, limit: str | None) -> bool:
    path = [node.id for node in self_and_ancestors(community.places, place)]
    return bool(path) and (limit is None or limit in path)


def _view(community: Community, found: Overview, place: str | None) -> PlaceOverview:
    return PlaceOverview(
        place=place,
        path=[_map_place(community, one) for one in found.path],
        items=[_item(community, item) for item in found.items],
        quiet=found.quiet,
        elsewhere=found.elsewhere,
        open_here=found.here.open,
        places=len(community.places) if place is None else community.place_tree.number_below(place),
    )


def _map_place(community: Community, place: Place) -> MapPlace:
    return MapPlace(id=place.id, name=place.name, level=place.level, role=community.role_of(place))


def _item(community: Community, item: OverviewItem) -> OverviewPlace:
    counts: Counts = item.counts
    place = item.place
    return OverviewPlace(
        id=place.id,
        name=place.name,
        level=place.level,
        role=community.role_of(place),
        open=counts.open,
        worst=counts.worst,
        untaken=counts.untaken,
        stale=counts.stale,
        shelved=counts.shelved,
        places=item.places,
        geometry=item.geometry,
    )
