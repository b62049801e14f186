"""`/places/summary`: compounds with their worst open alert, worst first: a wall need not load every flat."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Iterable
from typing import Annotated, Any

from fastapi import Query

from console.api.devices import visible_places
from console.http.authorization import NonLinkUser
from console.http.openapi import JsonResponse, documented_router
from console.http.requests import Deps, PageParams, item_response
from console.schemas.registry import PlaceGroup, PlaceGroupPage
from console.timestamps import to_schema
from console.views.town_map import PlaceMap, find_spot, map_place_view
from domain import Place, Severity
from domain.people import Community
from store.database.alerts import statistics

router = documented_router(tags=["places"])

_SEVERITIES = tuple(Severity)


class _MapCache:
    """The map of the community's present version."""

    def __init__(self) -> None:
        self._map: PlaceMap | None = None

    async def get(self, community: Community) -> PlaceMap:
        if self._map is None or self._map.community is not community:
            self._map = await asyncio.to_thread(PlaceMap, community)
        return self._map


_MAP_CACHE = _MapCache()


class _OpenAlerts:
    """Open alerts of the danger ledger, counted by compound and by building."""

    def __init__(self, community: Community, counted: Iterable[tuple[str, str, int]]) -> None:
        self._by_place: dict[str, Counter[str]] = {}
        for place, severity, number in counted:
            spot = find_spot(community, place)
            for node in set() if spot is None else {spot.group.id, spot.tile.id}:
                self._by_place.setdefault(node, Counter())[severity] += number

    def counts_under(self, place: str) -> dict[str, Any]:
        here = self._by_place.get(place, Counter())
        return {"open": here.total(), "worst": next((one.value for one in _SEVERITIES if here[one.value]), None)}


@router.get("/places/summary", summary="Compounds (or what stands for them) with open alerts, the worst first")
async def places_summary(
    deps: Deps,
    user: NonLinkUser,
    pages: PageParams,
    place: Annotated[str | None, Query(description="this place and what lies under it")] = None,
    tiles: Annotated[bool, Query(description="with the buildings of each, else their number")] = False,
) -> JsonResponse[PlaceGroupPage]:
    community = deps.registry.community()
    town, reach = await _MAP_CACHE.get(community), visible_places(deps, user, place)
    counts = _OpenAlerts(community, await deps.database.read(statistics.active_by_place))
    lines = sorted(_group_rows(town, reach, counts), key=lambda line: line["key"])
    kept = [line for line in lines if pages.after is None or line["key"] > pages.after][: pages.limit + 1]
    following = kept[pages.limit - 1]["key"] if len(kept) > pages.limit else None
    items = [to_schema(PlaceGroup, _group_view(community, line, counts, tiles)) for line in kept[: pages.limit]]
    total = len(community.places) if reach is None else len(reach & community.places.keys())
    return item_response(deps, PlaceGroupPage(items=items, next=pages.sign_cursor(following), places=total))


def _group_rows(town: PlaceMap, reach: Collection[str] | None, counts: _OpenAlerts) -> Iterable[dict[str, Any]]:
    for group, tiles in town.groups.items():
        seen = [tile for tile in tiles.values() if reach is None or group in reach or tile.id in reach]
        if reach is None or group in reach or seen:
            here = counts.counts_under(group)
            # Sorts as text: worst first, then the most alerts, then by id. It is the cursor, too.
            rank = _SEVERITIES.index(Severity(here["worst"])) if here["worst"] else len(_SEVERITIES)
            key = f"{rank}/{999_999_999 - here['open']:09}/{group}"
            yield {"key": key, "group": town.community.places[group], "here": here, "tiles": seen}


def _group_view(community: Community, line: dict[str, Any], counts: _OpenAlerts, with_tiles: bool) -> dict[str, Any]:
    tiles: list[Place] = line["tiles"]
    shown = (
        [{**map_place_view(community, tile), **counts.counts_under(tile.id)} for tile in tiles]
        if with_tiles
        else len(tiles)
    )
    return {**map_place_view(community, line["group"]), **line["here"], "tiles": shown}
