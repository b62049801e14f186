"""`/places/summary`: compounds with their open alerts, worst first, so that the wall need not load every flat."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Iterable
from collections.abc import Set as AbstractSet
from typing import Annotated, Any

from fastapi import Query

from console.api.devices import visible_places
from console.http.openapi import JsonResponse, documented_router
from console.http.requests import Deps, PageParams, item_response
from console.http.requirements import NonLinkUser
from console.schemas.registry import PlaceGroup, PlaceGroupPage
from console.timestamps import to_schema
from console.views.place_map import PlaceMap, find_spot, map_place_view
from domain import Place, Severity
from domain.people import Community
from store.database.alerts import statistics

router = documented_router(tags=["places"])

_SEVERITIES = tuple(Severity)


class _MapCache:
    """The map of the latest community, built again when the community changes."""

    def __init__(self) -> None:
        self._map: PlaceMap | None = None

    async def get(self, community: Community) -> PlaceMap:
        if self._map is None or self._map.community is not community:
            self._map = await asyncio.to_thread(PlaceMap, community)
        return self._map


_MAP_CACHE = _MapCache()


class _OpenAlerts:
    """Open alerts of the danger ledger, counted by compound and by building."""

    def __init__(self, community: Community, rows: Iterable[tuple[str, str, int]]) -> None:
        self._by_place: dict[str, Counter[str]] = {}
        for place, severity, number in rows:
            spot = find_spot(community, place)
            for place_id in set() if spot is None else {spot.group.id, spot.tile.id}:
                self._by_place.setdefault(place_id, Counter())[severity] += number

    def counts_under(self, place: str) -> dict[str, Any]:
        counts = self._by_place.get(place, Counter())
        return {
            "open": counts.total(),
            "worst": next((severity.value for severity in _SEVERITIES if counts[severity.value]), None),
        }


@router.get("/places/summary", summary="Compounds, or places in their role, with open alerts, worst first")
async def places_summary(
    deps: Deps,
    user: NonLinkUser,
    pages: PageParams,
    place: Annotated[str | None, Query(description="this place and all places under it")] = None,
    tiles: Annotated[bool, Query(description="with the buildings of each, else their number")] = False,
) -> JsonResponse[PlaceGroupPage]:
    community = deps.registry.community()
    place_map, visible = await _MAP_CACHE.get(community), visible_places(deps, user, place)
    alerts = _OpenAlerts(community, await deps.database.read(statistics.active_by_place))
    rows, total = await asyncio.to_thread(_sorted_rows, place_map, visible, alerts)
    page_rows = [row for row in rows if pages.after is None or row["key"] > pages.after][: pages.limit + 1]
    next_key = page_rows[pages.limit - 1]["key"] if len(page_rows) > pages.limit else None
    items = [to_schema(PlaceGroup, _group_view(community, row, alerts, tiles)) for row in page_rows[: pages.limit]]
    return item_response(deps, PlaceGroupPage(items=items, next=pages.sign_cursor(next_key), places=total))


def _sorted_rows(
    place_map: PlaceMap, visible: AbstractSet[str] | None, alerts: _OpenAlerts
) -> tuple[list[dict[str, Any]], int]:
    """Every group, and the number of places; in a thread: a district has 9,000 buildings."""
    places = place_map.community.places
    total = len(places) if visible is None else len(visible & places.keys())
    return sorted(_group_rows(place_map, visible, alerts), key=lambda row: row["key"]), total


def _group_rows(place_map: PlaceMap, visible: Collection[str] | None, alerts: _OpenAlerts) -> Iterable[dict[str, Any]]:
    for group, tiles in place_map.groups.items():
        visible_tiles = [tile for tile in tiles.values() if visible is None or group in visible or tile.id in visible]
        if visible is None or group in visible or visible_tiles:
            counts = alerts.counts_under(group)
            # Sorts as text: worst first, then the most alerts, then by id. It is the cursor, too.
            rank = _SEVERITIES.index(Severity(counts["worst"])) if counts["worst"] else len(_SEVERITIES)
            key = f"{rank}/{999_999_999 - counts['open']:09}/{group}"
            yield {"key": key, "group": place_map.community.places[group], "counts": counts, "tiles": visible_tiles}


def _group_view(community: Community, row: dict[str, Any], alerts: _OpenAlerts, with_tiles: bool) -> dict[str, Any]:
    tiles: list[Place] = row["tiles"]
    tile_views = (
        [{**map_place_view(community, tile), **alerts.counts_under(tile.id)} for tile in tiles]
        if with_tiles
        else len(tiles)
    )
    return {**map_place_view(community, row["group"]), **row["counts"], "tiles": tile_views}
